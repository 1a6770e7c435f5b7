"""C++ texts for tests: parsed, changed, and planned twice."""

import pytest

from transformer.cpp import CppFile, Source
from transformer.edit import merge, splice
from transformer.outcome import Changes, Satisfied

NEWLINES = pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])


def parse(text, newline="\n"):
    return CppFile(Source("a.cpp", text.replace("\n", newline).encode()))


def carried_out(file, outcome):
    """The file with the changes made, parsed again."""
    assert isinstance(outcome, Changes), outcome
    return CppFile(Source(file.source.path, splice(file.source.data, merge(outcome.edits))))


def check(before, after, verb, newline="\n", *, twice=True):
    """`verb` makes `after` of `before`, adds no syntax error, and is satisfied the second time."""
    file = parse(before, newline)
    done = carried_out(file, verb(file))
    assert done.source.data.decode() == after.replace("\n", newline)
    assert len(done.source.faults) <= len(file.source.faults)
    if twice:
        assert isinstance(verb(done), Satisfied)


def function(body):
    return f"void f() {{\n{body}}}\n"


def switch(cases):
    return function(f"    switch (x) {{\n{cases}    }}\n")
