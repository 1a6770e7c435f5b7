"""A journal is data that anybody may have written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from writing import CHANGES, NEW, OLD, apply, crash, files_of, fill, git, recover, runs, snapshot, undo

from transformer.errors import UsageError
from transformer.write import FileChange, held, last_applied, state_folder, unfinished


def change(root: Path, **fields: object) -> None:
    (folder,) = runs(root)
    path = folder / "journal.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def entry(**fields: object) -> dict[str, object]:
    return {"path": "n", "before": None, "after": "0" * 64, "mode": None, "backup": None, **fields}


ODD = {
    "no version": {"version": None},
    "a label that is no text": {"label": 5},
    "notes that are no object": {"notes": [1]},
    "another state": {"state": "done"},
    "a field too many": {"more": 1},
    "entries that are none": {"entries": {"path": "a.cpp"}},
    "an entry that is none": {"entries": [7]},
    "a path out of the tree": {"entries": [entry(path="../outside")]},
    "an absolute path": {"entries": [entry(path="/etc/passwd")]},
    "a path with a nul": {"entries": [entry(path="a\0b")]},
    "a path that no file has": {"entries": [entry(path="\ud800")]},
    "a folder that no file has": {"folders": ["a/\ud800"]},
    "a path twice": {"entries": [entry(), entry()]},
    "a hash that is none": {"entries": [entry(after="x")]},
    "a mode that is none": {"entries": [entry(mode=-1)]},
    "a mode that is a truth": {"entries": [entry(mode=True)]},
    "a copy elsewhere": {"entries": [entry(before="0" * 64, backup="../../x")]},
    "bytes before without a copy": {"entries": [entry(before="0" * 64)]},
    "a folder out of the tree": {"folders": ["../outside"]},
    "a folder that is no text": {"folders": [[]]},
    "an undo of something elsewhere": {"undoes": "../../elsewhere"},
}


@pytest.mark.parametrize("state", ["applied", "writing"])
@pytest.mark.parametrize("name", ODD)
def test_odd_fields_are_refused(tree: Path, name: str, state: str) -> None:
    apply(tree, CHANGES, label="x")
    change(tree, **{"state": state, **ODD[name]})
    before = snapshot(tree.parent)
    for verb in (undo, recover, last_applied):
        with pytest.raises(UsageError, match="the journal of an earlier run cannot be read"):
            verb(tree)
    assert snapshot(tree.parent) == before


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, "5", "null", "\ufeff{}", '{"version": 1}', "\0"])
def test_odd_documents_are_refused(tree: Path, text: str) -> None:
    apply(tree, CHANGES, label="x")
    (folder,) = runs(tree)
    (folder / "journal.json").write_text(text)
    with pytest.raises(UsageError, match="the journal of an earlier run cannot be read"):
        undo(tree)
    assert files_of(tree) == NEW


def test_a_pipe_or_a_link_in_place_of_a_journal(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    (folder,) = runs(tree)
    (folder / "journal.json").rename(tree.parent / "elsewhere")
    (folder / "journal.json").symlink_to(tree.parent / "elsewhere")
    with pytest.raises(UsageError, match="cannot be read"):
        undo(tree)
    (folder / "journal.json").unlink()
    os.mkfifo(folder / "journal.json")
    with pytest.raises(UsageError, match="cannot be read"):
        undo(tree)
    assert files_of(tree) == NEW


def test_a_linked_journal_is_not_followed(tree: Path, tmp_path: Path) -> None:
    """Neither read nor pruned: what it leads to is somebody else's."""
    other = fill(tmp_path / "other")
    apply(other, CHANGES, label="other")
    (theirs,) = runs(other)
    apply(tree, [FileChange("a.cpp", OLD["a.cpp"], b"1")], label="mine")
    (state_folder(tree) / "runs" / "000009-00000000").symlink_to(theirs)
    before = snapshot(theirs)
    assert last_applied(tree).label == "mine"
    for number in range(9):
        apply(tree, [FileChange("a.cpp", (tree / "a.cpp").read_bytes(), b"more %d" % number)], label="more")
    assert snapshot(theirs) == before


def test_all_journals_behind_a_link(tree: Path, tmp_path: Path) -> None:
    apply(tree, CHANGES, label="x")
    folder = state_folder(tree) / "runs"
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    with pytest.raises(UsageError, match="the folder of the journals is a link"):
        undo(tree)


def test_a_folder_that_leads_out_by_now_is_not_removed(tree: Path, tmp_path: Path) -> None:
    apply(tree, [FileChange("new/deep/d.cpp", None, b"x")], label="x")
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (tree / "new/deep/d.cpp").unlink()
    (tree / "new/deep").rmdir()
    (tree / "new").rmdir()
    (tree / "new").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError):
        undo(tree)
    assert (tmp_path / "outside" / "deep").is_dir()


def test_another_users_run_that_was_cut_off(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git does not trust the folder, so its journals would not be looked at: then nothing is done at all."""
    crash(repo, 2)
    before = snapshot(repo)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for verb in (undo, recover, last_applied, unfinished):
        with pytest.raises(UsageError, match="which another user owns, and runs of that user are recorded") as caught:
            verb(repo)
        assert f"safe.directory {repo}" in caught.value.help
    assert snapshot(repo) == before
    monkeypatch.delenv("GIT_TEST_ASSUME_DIFFERENT_OWNER")
    assert recover(repo) is not None
    assert files_of(repo) == OLD
    assert git(repo, "status", "--porcelain") == ""


@pytest.mark.parametrize("when", [0, 1, 3, "end"])
def test_undo_after_a_kill_takes_the_run_back(tree: Path, when: int | str) -> None:
    """Also where all of its files were there, so that another command would have called it complete."""
    crash(tree, when)
    with held(tree, take_back=True) as hold:
        (settled,) = hold.settled
    assert (settled.undo, settled.done) == (False, False)
    assert files_of(tree) == OLD
    assert last_applied(tree) is None


@pytest.mark.parametrize("when", [0, 2, "end", "done"])
def test_undo_after_a_killed_undo_is_not_the_port_in_place(tree: Path, when: int | str) -> None:
    apply(tree, CHANGES, label="port")
    crash(tree, when, "undo")
    with held(tree, take_back=True) as hold:
        (settled,) = hold.settled
        assert settled.undo
        if not settled.done:
            hold.undo()
    assert files_of(tree) == OLD
    assert last_applied(tree) is None
