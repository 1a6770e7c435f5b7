"""Edits: merged, refused, spliced; outcomes; the overlay of a workspace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer.edit import Edit, digest, merge, splice
from transformer.errors import AnchorError, ConflictError, UsageError
from transformer.outcome import Blocked, Changes, NotNeeded, Satisfied, all_of
from transformer.workspace import DiskStore, MemoryStore, Workspace


def edit(start, end, text, path="a.h", rule="r", before="x"):
    return Edit(path, start, end, text.encode(), before, "anchor", 1, rule)


def texts(edits):
    return [(each.start, each.end, each.text.decode()) for each in edits]


@pytest.mark.parametrize(
    ("given_", "merged"),
    [
        ([], []),
        ([(5, 5, "b"), (1, 2, "a")], [(1, 2, "a"), (5, 5, "b")]),
        ([(3, 3, "x"), (3, 3, "x")], [(3, 3, "x")]),
        ([(3, 3, "b"), (3, 3, "a"), (3, 3, "c")], [(3, 3, "b"), (3, 3, "a"), (3, 3, "c")]),
        ([(1, 4, "r"), (4, 4, "i")], [(1, 4, "r"), (4, 4, "i")]),
        ([(1, 4, "r"), (1, 1, "i")], [(1, 1, "i"), (1, 4, "r")]),
        ([(1, 4, "r"), (4, 6, "s")], [(1, 4, "r"), (4, 6, "s")]),
        ([(1, 4, "r"), (1, 4, "r")], [(1, 4, "r")]),
    ],
    ids=["none", "sorted", "equal", "one point", "behind", "in front", "neighbours", "equal replacements"],
)
def test_merge(given_, merged):
    assert texts(merge(edit(*each) for each in given_)) == merged


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (edit(1, 4, "a"), edit(3, 5, "b")),
        (edit(1, 4, "a"), edit(1, 4, "b")),
        (edit(1, 9, ""), edit(2, 2, "b")),
        (edit(0, 0, "a", before=""), edit(0, 0, "b", before="")),
        (edit(0, 0, "a", before=""), edit(7, 9, "b")),
        (edit(0, 0, "a"), edit(5, 6, "b", before="y")),
    ],
    ids=["overlap", "same span", "insertion in a removal", "two new files", "new and changed", "other bytes"],
)
@pytest.mark.parametrize("flip", [False, True])
def test_conflicts_name_both_rules(left, right, flip):
    from dataclasses import replace

    pair = [replace(left, rule="one.rule"), replace(right, rule="other.rule")]
    with pytest.raises(ConflictError) as caught:
        merge(pair[::-1] if flip else pair)
    assert "one.rule" in caught.value.message
    assert "other.rule" in caught.value.message
    assert caught.value.where == "a.h:1"


def test_edits_of_other_files_do_not_conflict():
    assert [each.path for each in merge([edit(0, 9, "", path="b"), edit(0, 9, "", path="a")])] == ["a", "b"]


@st.composite
def disjoint(draw):
    """Bytes and edits of them that do not overlap, in the order in which rules might say them."""
    data = draw(st.binary(max_size=60))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    words = st.text("ab\n", max_size=4)
    return data, [edit(start, end, draw(words)) for start, end in spans]


@given(disjoint())
def test_splice_of_merged_edits_is_one_after_the_other(given_):
    data, edits = given_
    try:
        merged = merge(edits)
    except ConflictError:
        return
    expected = data
    for each in reversed(merged):
        expected = expected[: each.start] + each.text + expected[each.end :]
    assert splice(data, merged) == expected


A, B = Changes((edit(1, 1, "a"),), ("there:1",)), Changes((edit(2, 2, "b"),))


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], NotNeeded("nothing to do")),
        ([NotNeeded("no"), NotNeeded("never")], NotNeeded("no")),
        ([NotNeeded("no"), Satisfied("a:1"), Satisfied("b:2")], Satisfied("a:1")),
        ([A, Satisfied("here:2"), B], Changes(A.edits + B.edits, ("there:1", "here:2"))),
        ([A, Blocked("why", "a:1", "do")], Blocked("why", "a:1", "do")),
    ],
    ids=["none", "idle", "satisfied", "changes", "blocked"],
)
def test_all_of(parts, whole):
    assert all_of(*parts) == whole


def test_an_overlay_plans_new_and_changed_files_and_leaves_the_tree():
    tree = Workspace(MemoryStore({"src/a.h": b"int a;\n", "src/b.h": b"int b;\n"}))
    old = tree.source("src/a.h")
    after = tree.overlay([old.edit(4, 5, "c", "x"), Edit("src/c.h", 0, 0, b"new\n", "", "x", 1)])
    assert after.source("src/a.h").data == b"int c;\n"
    assert tree.source("src/a.h").data == b"int a;\n"
    assert after.list("src") == ["src/a.h", "src/b.h", "src/c.h"]
    assert list(after.planned) == ["src/a.h", "src/c.h"]
    assert after.exists("src/c.h")
    assert not tree.exists("src/c.h")
    assert after.source("src/b.h") is tree.source("src/b.h")


def test_an_overlay_of_an_overlay():
    first = Workspace(MemoryStore({"a.h": b"int a;\n"}))
    second = first.overlay([first.source("a.h").edit(0, 0, "//\n", "x")])
    third = second.overlay([second.source("a.h").edit(0, 2, "// b", "x")])
    assert third.source("a.h").data == b"// b\nint a;\n"
    assert third.source("a.h").tree.root_node.child_count == 2


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "latin.h").write_bytes(b"int a;\n// \xe9\n")
    (tmp_path / "folder").mkdir()
    tree = Workspace(DiskStore(tmp_path))
    with pytest.raises(UsageError) as caught:
        tree.source("latin.h")
    assert caught.value.where == "latin.h:2"
    with pytest.raises(AnchorError, match="is not there"):
        tree.source("missing.h")
    with pytest.raises(UsageError):
        tree.source("folder")
    assert tree.list("folder") == tree.list("nowhere") == []


def test_a_digest_is_of_the_bytes():
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
