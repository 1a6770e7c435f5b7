"""No text of a tree makes a regular expression take more than linear time."""

import importlib
import re
import time

import pytest
from casefile import HERE
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import sampled

from transformer.types.includes import _FIRST, _GUARD, Sources, first_include

PROJECT = HERE.parent
LENGTH = 40_000
SECONDS = 2.0  # linear ones take some thousandths
PIECES = ("/", "//", "/*", "/* ", "*/", " ", "\n", "#", "#[", "#[[", "#[[\n", "[", "[[", "[[ ", "[=[ ", '"', '" ', "\\", '\\"',
          "'", "\\'", "' ", 'R"(', 'R"( ', 'R"a( ', "switch(", "switch (", "switch( arch", "a", "add_", "special_id",
          "ggml_tensor", "arch", "arch!", "<", "< ", " at ", " at :1:1", " at a:1", "1", "1'", "[ 1", '#include "',
          "#include <", "#ifndef a ", "a.", "x:1", ":1", "(", ")", "\r\n", "\r", "\\\n", 'u8R"(', "//\\\n", "type =")  # fmt: skip
ONCE = {"rules.llama.operations._NO", "rules.gemma4.vocabulary._SETTING", "transformer.types.includes._FIRST",
        "transformer.types.includes._GUARD"}  # fmt: skip
"""Asked at one place of a text only."""
SHORT = {"transformer.types.check._PLACE": 2_000}
"""Asked of texts that are cut to this length."""


def patterns():
    for folder in ("transformer", "rules"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
            if "re.compile" in path.read_text() and not name.endswith("__main__"):
                for key, value in vars(importlib.import_module(name)).items():
                    if isinstance(value, re.Pattern):
                        yield f"{name}.{key}", value


PATTERNS = dict(patterns())
INLINE = {
    "a type that ends with a name": re.compile(r"(?<!\w)(\w*)ggml_tensor$"),
    "a template argument": re.compile(r"<\s*(\w+)"),
    "a subject": re.compile(r"(?:^|\W)arch\W*$"),
}


@pytest.mark.parametrize(("head", "tail"), sampled([("", ""), ('"', "!"), ("/*", "\n"), ("<", "!")], 1))
@pytest.mark.parametrize("name", [*PATTERNS, *INLINE])
def test_linear(name, head, tail):
    pattern = PATTERNS.get(name) or INLINE[name]
    length = SHORT.get(name, LENGTH)
    look = pattern.match if name in ONCE else lambda text: [None for _ in pattern.finditer(text)]
    for piece in PIECES:
        text = head + piece * (length // len(piece)) + tail
        before = time.process_time()
        look(text.encode() if isinstance(pattern.pattern, bytes) else text)
        assert time.process_time() - before < SECONDS, piece


@pytest.mark.parametrize("banner", ["/" * 80, "/" * 100_000, "//\n" * 100_000, "/*" * 100_000, " \n" * 100_000])
def test_a_banner_takes_no_time(tmp_path, banner):
    (tmp_path / "a.h").write_text("#pragma once\n")
    before = time.process_time()
    opens = "/*/" not in banner and not banner.startswith("/*")
    assert first_include("a.cpp", Sources(tmp_path, {"a.cpp": f'{banner}\n#include "a.h"\n'.encode()})) == ('"a.h"' if opens else "")
    assert time.process_time() - before < 0.5


@settings(max_examples=200, deadline=1000)
@given(st.lists(st.sampled_from(PIECES), max_size=2000).map("".join))
def test_what_opens_a_file_is_found_at_once(text):
    _FIRST.match(text.encode())
    _GUARD.match(text.encode())
