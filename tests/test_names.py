"""What a changed header concerns, asked of its syntax tree."""

import pytest

from transformer.edit import Edit, digest
from transformer.types.names import new_names
from transformer.workspace import MemoryStore, Workspace

TEXT = """\
#pragma once
enum kind { KIND_A, KIND_B };
struct graph {
    int * moe(int a, int (*f)(int, int), int b = area(1, 2)) const;
    template <typename T> void each(T t);
    int member;
};
int graph::outer(int a);
inline int call() { return area(3); }
"""


@pytest.mark.parametrize(
    ("before", "text", "names"),
    [
        ("int b = area(1, 2)", ", int fresh", {"moe", "fresh"}),
        ("area(1, 2", ", 3", {"area"}),
        ("int (*f)(int, int", ", float", {"f", "float"}),
        ("(T t", ", int", {"each"}),
        ("outer(int a", ", bool", {"outer", "bool"}),
        ("KIND_B", ", KIND_C", {"KIND_A", "KIND_B", "KIND_C"}),
        ("int member;", " int other_one;", {"other_one"}),
        ("return area(3)", " + 7", set()),
        ("#pragma once\n", "struct graph;\n", set()),
    ],
)
def test_names(before, text, names):
    data = TEXT.encode()
    place = TEXT.index(before) + len(before)
    edit = Edit("a.h", place, place, text.encode(), digest(data), "", 1)
    other = Edit("a.cpp", 0, 0, b"int x;", digest(b""), "", 1)
    workspace = Workspace(MemoryStore({"a.h": data, "a.cpp": b""}))
    assert new_names(workspace, [("a.cpp", (other,)), ("a.h", (edit,))]) == {"a.h": names}


def test_a_new_header_has_no_past():
    made = Edit("b.h", 0, 0, b"int x;", "", "", 1)
    assert new_names(Workspace(MemoryStore({})), [("b.h", (made,))]) == {}
