"""The tokens of C++ text: what is compared, so that comments and layout do not matter."""

from __future__ import annotations

import re

SEP = "\x1f"  # stands between two tokens

# What is not closed goes on to the end, and an escaped quote opens nothing: looked for again and again, the end of a
# text would be found in quadratic time.
_TOKEN = re.compile(
    r"//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z)"  # comments: no group
    r"|((?:u8|[uUL])?R\"([^()\\\s]{0,16})\(.*?(?:\)\2\"|\Z)"  # raw strings
    r"|(?:u8|[uUL])?\"(?:\\.|[^\"\\\n])*\"|(?:u8|[uUL])?'(?:\\.|[^'\\\n])*'"
    r"|\d(?:'?[\w.])*|\w+|::|->|\\[\"']|[^\s\w])",
    re.DOTALL,
)


def tokens(code: str) -> str:
    """`code` without comments, its tokens set apart by `SEP`: equal for equal meaning, whatever the layout."""
    return SEP.join(token for token, _ in _TOKEN.findall(code) if token)


def longest(wanted: str) -> str:
    """The longest of some tokens: where it does not stand, they do not stand together either."""
    return max(wanted.split(SEP), key=len)


def among(wanted: str, given: str) -> bool:
    """Whether the tokens `wanted` follow each other somewhere in the tokens `given`."""
    return bool(wanted) and f"{SEP}{wanted}{SEP}" in f"{SEP}{given}{SEP}"
