"""Hunks and patches: small, true, signed, and taken by `git apply`."""



import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transformer.edit import Edit, merge, splice
from transformer.show.hunks import CONTEXT, hunks
from transformer.show.patch import file_patch, quoted


def edit(start, end, text, rule="r"):
    return Edit("f", start, end, text.encode(), "x", "anchor", 1, rule)


def new(text):
    return Edit("f", 0, 0, text.encode(), "", "anchor", 1, "r")


def at(data, old, text, rule="r"):
    """An edit that puts `text` in place of `old`."""
    start = data.index(old)
    return edit(start, start + len(old), text, rule)


def show(before, edits):
    found = hunks(None if before is None else before.encode(), merge(edits))
    return [[each.head, *(line.decode() for line in each.lines)] for each in found]


TEN = "".join(f"{n}\n" for n in range(10))


@pytest.mark.parametrize(
    ("before", "edits", "wanted"),
    [
        (TEN, [], []),
        (TEN, [at(TEN, "5", "5")], []),
        (TEN, [at(TEN, "5", "five")], [["@@ -3,7 +3,7 @@", " 2\n", " 3\n", " 4\n", "-5\n", "+five\n", " 6\n", " 7\n", " 8\n"]]),
        (TEN, [edit(0, 0, "x\n")], [["@@ -1,3 +1,4 @@", "+x\n", " 0\n", " 1\n", " 2\n"]]),
        (TEN, [edit(20, 20, "x\n")], [["@@ -8,3 +8,4 @@", " 7\n", " 8\n", " 9\n", "+x\n"]]),
        ("a\n", [edit(0, 2, "")], [["@@ -1,1 +0,0 @@", "-a\n"]]),
        ("", [edit(0, 0, "a\n")], [["@@ -0,0 +1,1 @@", "+a\n"]]),
        ("", [edit(0, 0, "a"), edit(0, 0, "b")], [["@@ -0,0 +1,1 @@", "+ab"]]),
        ("a", [edit(1, 1, "\nb")], [["@@ -1,1 +1,2 @@", "-a", "+a\n", "+b"]]),
        ("a\n", [edit(2, 2, "b"), edit(2, 2, "c")], [["@@ -1,1 +1,2 @@", " a\n", "+bc"]]),
        ("a\r\nb\rc\n", [edit(3, 4, "x")], [["@@ -1,2 +1,2 @@", " a\r\n", "-b\rc\n", "+x\rc\n"]]),
        ("a\nb\n", [edit(0, 2, ""), edit(2, 2, "a\n")], []),
        ("a\nb\nc\n", [edit(1, 1, "\nx")], [["@@ -1,3 +1,4 @@", " a\n", "+x\n", " b\n", " c\n"]]),
    ],
)  # fmt: skip
def test_hunks(before, edits, wanted):
    assert show(before, edits) == wanted


def test_a_new_file():
    assert show(None, [new("a\nb")]) == [["@@ -0,0 +1,2 @@", "+a\n", "+b"]]
    assert show(None, [new("")]) == []


def test_changes_further_apart_than_their_context_are_hunks_of_their_own():
    text = "".join(f"line {n}\n" for n in range(30))
    near = hunks(text.encode(), merge([at(text, "line 3\n", ""), at(text, "line 10\n", "")]))
    far = hunks(text.encode(), merge([at(text, "line 3\n", "a\nb\n"), at(text, "line 11\n", "")]))
    assert [each.head for each in near] == ["@@ -1,14 +1,12 @@"]
    assert [each.head for each in far] == ["@@ -1,7 +1,8 @@", "@@ -9,7 +10,6 @@"]


def test_a_hunk_knows_the_edits_that_touch_it_and_no_others():
    text = "".join(f"line {n:02}\n" for n in range(40))
    edits = merge(
        [
            at(text, "line 03", "three", "first"),
            edit(text.index("line 04"), text.index("line 04"), "between\n", "second"),
            at(text, "line 20\n", "", "third"),
            at(text, "line 39", "line 39", "idle"),
        ]
    )
    found = hunks(text.encode(), edits)
    assert [[each.rule for each in hunk.edits] for hunk in found] == [["first", "second"], ["third"]]


def test_one_edit_in_two_hunks_and_another_between_that_it_does_not_touch():
    text = "".join(f"line {n:02}\n" for n in range(40))
    span = text[text.index("line 05") : text.index("line 30")]
    large = at(text, span, span.replace("line 06", "six").replace("line 25", "x"), "large")
    found = hunks(text.encode(), merge([large, at(text, "line 30", "thirty", "small")]))
    assert [[each.rule for each in hunk.edits] for hunk in found] == [["large"], ["large", "small"]]


LINES = st.lists(st.sampled_from(["", "a", "b", "}", "\tint x;", "é ü", "x\ry"]), max_size=25)


@st.composite
def changes(draw):
    """A file (LF or CRLF, with or without a final newline, perhaps empty) and edits of it."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    data = newline.join(draw(LINES)) + draw(st.sampled_from(["", newline]))
    raw = data.encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    offsets = [len(data[:cut].encode()) for cut in cuts]
    texts = st.lists(st.sampled_from(["a", "b", "é", newline]), max_size=5).map("".join)
    pairs = zip(offsets[::2], offsets[1::2], strict=False)
    seen, edits = set(), []
    for start, end in pairs:
        if start not in seen:
            seen.add(start)
            edits.append(edit(start, end, draw(texts)))
    return raw, merge(edits)


def carried_out(before, found):
    """The old lines with the hunks in place, checked on the way."""
    old = [line + b"\n" for line in before.split(b"\n")[:-1]] + [each for each in [before.split(b"\n")[-1]] if each]
    result, position = [], 0
    for hunk in found:
        start = hunk.old_start - 1
        result += old[position:start]
        assert len(result) == hunk.new_start - 1
        was = [line[1:] for line in hunk.lines if line[:1] in b" -"]
        now = [line[1:] for line in hunk.lines if line[:1] in b" +"]
        assert old[start : start + hunk.old_count] == was
        assert (len(was), len(now)) == (hunk.old_count, hunk.new_count)
        result += now
        position = start + hunk.old_count
    return b"".join(result + old[position:])


@given(changes())
def test_hunks_carry_out_the_edits_and_are_small(change):
    before, edits = change
    found = hunks(before, edits)
    assert carried_out(before, found) == splice(before, edits)
    for hunk in found:
        assert hunk.edits
        kinds = b"".join(line[:1] for line in hunk.lines)
        context = [len(each) for each in kinds.replace(b"+", b"-").split(b"-")]
        assert max(context[0], context[-1]) <= CONTEXT
        assert all(each <= 2 * CONTEXT for each in context)
        for block in kinds.split(b" "):
            assert block == b"-" * block.count(b"-") + b"+" * block.count(b"+")
    for run in _runs(found):
        assert not set(run[0]) & set(run[1]), "a line is taken out and put back"


def _runs(found):
    """The removed and the added lines of each run of changed lines."""
    for hunk in found:
        removed, added = [], []
        for line in (*hunk.lines, b" "):
            if line[:1] == b" ":
                yield removed, added
                removed, added = [], []
            else:
                (removed if line[:1] == b"-" else added).append(line[1:])


def git(folder, *arguments, data=None):
    return subprocess.run(["git", *arguments], cwd=folder, input=data, capture_output=True, check=False)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    git(folder, "config", "core.autocrlf", "false")
    return folder


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=changes())
def test_git_applies_the_patch(repository, change):
    before, edits = change
    (repository / "f").write_bytes(before)
    patch = b"".join(file_patch("f", before, edits))
    if patch:
        done = git(repository, "apply", "--whitespace=nowarn", "-", data=patch)
        assert done.returncode == 0, (done.stderr, patch)
    assert (repository / "f").read_bytes() == splice(before, edits)


@pytest.mark.parametrize("text", ["", "a\n", "a", "\n", "a\r\nb\r\n", "é"])
@pytest.mark.parametrize("path", ["new", "a b/new", 'q"uote', "ünï", "back\\slash"])
def test_git_applies_a_patch_that_makes_a_file(tmp_path, text, path):
    git(tmp_path, "init", "-q")
    done = git(tmp_path, "apply", "--whitespace=nowarn", "-", data=b"".join(file_patch(path, None, [new(text)])))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / path).read_bytes() == text.encode()


@pytest.mark.parametrize("path", ["a b", 'q"uote', "ünï"])
def test_git_applies_a_patch_of_an_odd_path(tmp_path, path):
    git(tmp_path, "init", "-q")
    (tmp_path / path).write_bytes(b"a\n")
    done = git(tmp_path, "apply", "-", data=b"".join(file_patch(path, b"a\n", [edit(0, 1, "b")])))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / path).read_bytes() == b"b\n"


def test_edits_that_change_nothing_leave_no_trace():
    assert b"".join(file_patch("f", b"a\n", [edit(0, 1, "a")])) == b""


def test_paths_are_written_as_git_writes_them():
    assert quoted("a/b c.h") == b"a/b c.h"
    assert quoted("a/ü\"\\\n") == b'"a/\\303\\274\\"\\\\\\012"'
