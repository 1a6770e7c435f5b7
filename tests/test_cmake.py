"""Source lists in CMake."""



import pytest

from transformer.cmake import SourceList
from transformer.cpp import Source
from transformer.errors import AnchorError
from transformer.outcome import Changes, Satisfied
from transformer.workspace import MemoryStore, Workspace

CASES = {
    "one a line": ("add_library(llama\n    a.cpp\n    b.cpp\n    )\n", "add_library(llama\n    a.cpp\n    new.cpp\n    b.cpp\n    )\n"),
    "beside the parenthesis": ("add_library(llama\n    b.cpp\n    a.cpp)\n", "add_library(llama\n    b.cpp\n    a.cpp\n    new.cpp)\n"),
    "one line": ("add_library(llama a.cpp b.cpp)\n", "add_library(llama a.cpp new.cpp b.cpp)\n"),
    "several on a line": ("add_library(llama\n  a.cpp b.cpp\n  c.cpp)\n", "add_library(llama\n  a.cpp new.cpp b.cpp\n  c.cpp)\n"),
    "not there: the last": ("add_library(llama\n    x.cpp\n    y.cpp\n)\n", "add_library(llama\n    x.cpp\n    y.cpp\n    new.cpp\n)\n"),
    "comment behind": ("add_library(llama\n    a.cpp # (first)\n    b.cpp\n)\n", "add_library(llama\n    a.cpp # (first)\n    new.cpp\n    b.cpp\n)\n"),
    "comment lines": ("add_library(llama\n    # new.cpp, a.cpp :)\n    a.cpp\n    # new.cpp\n)\n", "add_library(llama\n    # new.cpp, a.cpp :)\n    a.cpp\n    new.cpp\n    # new.cpp\n)\n"),
    "bracket comment": ("add_library(llama\n    a.cpp #[[ one\n  two ) ]]\n    b.cpp)\n", "add_library(llama\n    a.cpp #[[ one\n  two ) ]]\n    new.cpp\n    b.cpp)\n"),
    "generator expression": ("add_library(llama\n    $<$<BOOL:${X}>:a.cpp>\n    a.cpp\n    $<JOIN:(x),y>\n)\n", "add_library(llama\n    $<$<BOOL:${X}>:a.cpp>\n    a.cpp\n    new.cpp\n    $<JOIN:(x),y>\n)\n"),
    "quoted": ('add_library(llama\n    "a.cpp"\n    "b).cpp"\n)\n', 'add_library(llama\n    "a.cpp"\n    new.cpp\n    "b).cpp"\n)\n'),
    "part of another": ("add_library(llama\n    x/a.cpp\n    a.cpp.in\n    a.cpp\n    xnew.cpp\n)\n", "add_library(llama\n    x/a.cpp\n    a.cpp.in\n    a.cpp\n    new.cpp\n    xnew.cpp\n)\n"),
    "upper case": ("ADD_LIBRARY (llama\n    a.cpp\n)\n", "ADD_LIBRARY (llama\n    a.cpp\n    new.cpp\n)\n"),
    "tabs": ("add_library(\n\tllama\n\ta.cpp\n)\n", "add_library(\n\tllama\n\ta.cpp\n\tnew.cpp\n)\n"),
    "others around": ("# add_library(llama b.cpp)\nadd_library(other a.cpp)\nadd_library(llama\n    a.cpp)\nset(X \"add_library(llama\")\n", "# add_library(llama b.cpp)\nadd_library(other a.cpp)\nadd_library(llama\n    a.cpp\n    new.cpp)\nset(X \"add_library(llama\")\n"),
    "inside if": ("if(X AND (Y))\n  add_library(llama\n    a.cpp\n  )\nendif()\n", "if(X AND (Y))\n  add_library(llama\n    a.cpp\n    new.cpp\n  )\nendif()\n"),
    "no final newline": ("add_library(llama\n    a.cpp)", "add_library(llama\n    a.cpp\n    new.cpp)"),
}  # fmt: skip


def plan(text):
    tree = Workspace(MemoryStore({"CMakeLists.txt": text.encode()}))
    outcome = SourceList(tree.source("CMakeLists.txt"), "add_library", "llama").add("new.cpp", near="a.cpp")
    return outcome, tree.overlay(outcome.edits).source("CMakeLists.txt").data.decode() if isinstance(outcome, Changes) else text


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_add(before, after, newline):
    outcome, text = plan(before.replace("\n", newline))
    assert isinstance(outcome, Changes)
    assert text == after.replace("\n", newline)
    assert isinstance(plan(text)[0], Satisfied)


def test_what_is_there_stays():
    outcome, _ = plan('add_library(llama\n    a.cpp\n    "new.cpp")\n')
    assert outcome == Satisfied("CMakeLists.txt:3")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("add_library(other a.cpp)\n", "found 0 times"),
        ("add_library(llama a.cpp)\nadd_library(llama a.cpp)\n", "found 2 times"),
        ("# add_library(llama a.cpp)\n", "found 0 times"),
        ("add_library(llama)\n", "is empty"),
        ("add_library(llama\n    a.cpp)\n    b.cpp)\n", "parentheses that do not match"),
        ("add_library(llama a.cpp)\nset(X (a)\n", "parentheses that do not match"),
        ("add_library(llama # a.cpp\n)\n", "is empty"),
        ("", "found 0 times"),
    ],
)
def test_what_is_missing_or_doubtful(text, why):
    with pytest.raises(AnchorError, match=why):
        SourceList(Source("CMakeLists.txt", text.encode()), "add_library", "llama").add("new.cpp", near="a.cpp")
