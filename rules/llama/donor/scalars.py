"""Values that a file holds as one number or as an array: trees before December 2025 read arrays alone in one call."""

from __future__ import annotations

import re

_ONE = re.compile(r'\bml\.get_key_or_arr\(\s*(<%= key\("[\w.]+"\) %>)\s*,\s*([\w.]+)\s*,\s*(true|false)\s*\)')
_READER = """\
<% if scalar_reader == "get_scalar" %>
// one number, where the file holds no array
const auto get_scalar = [&](enum llm_kv kid, uint32_t & result, bool required) {
    const int64_t id = gguf_find_key(ml.meta.get(), ml.llm_kv(kid).c_str());
    const bool is_array = id >= 0 && gguf_get_kv_type(ml.meta.get(), id) == GGUF_TYPE_ARRAY;
    return (required || !is_array) && ml.get_key(kid, result, required);
};

<% endif %>
"""


def scalars(text: str) -> str:
    """A loader in which one number is read by a reader that the fork has, or that comes along.

    To an older tree the same call says something else, and type-checks: a length of 0, and that the key is required.
    """
    read = _ONE.sub(r"<%= scalar_reader %>(\1, \2, \3)", text)
    return _READER + read if read != text else text
