"""Taking back the last run."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from writing import CHANGES, NEW, OLD, apply, fail_replace, files_of, runs, snapshot, undo

from transformer.errors import Interrupted, UsageError
from transformer.write import FileChange, WriteError, last_applied


def test_undo_restores_bytes_modes_and_folders(tree: Path) -> None:
    (tree / "a.cpp").chmod(0o755)
    before = snapshot(tree)
    done = apply(tree, CHANGES, label="port")
    (tree / "a.cpp").chmod(0o600)
    assert undo(tree) == done
    assert snapshot(tree) == before
    assert runs(tree) == []


def test_undo_leaves_folders_that_others_use(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    (tree / "new/other.txt").write_bytes(b"mine")
    undo(tree)
    assert files_of(tree) == {**OLD, "new/other.txt": b"mine"}
    assert not (tree / "new/deep").exists()


def test_undo_names_each_file_that_was_edited(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    (tree / "a.cpp").write_bytes(b"mine")
    (tree / "new/deep/d.cpp").unlink()
    before = snapshot(tree)
    with pytest.raises(UsageError) as caught:
        undo(tree)
    assert "a.cpp has changed since the run" in caught.value.message
    assert "new/deep/d.cpp was removed since the run" in caught.value.message
    assert "b.cpp" not in caught.value.message
    assert snapshot(tree) == before
    assert last_applied(tree) is not None


@pytest.mark.parametrize("index", range(3))
def test_undo_is_all_or_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch, index: int) -> None:
    apply(tree, CHANGES, label="port")
    before = snapshot(tree)
    fail_replace(monkeypatch, tree, index, KeyboardInterrupt())
    with pytest.raises(Interrupted, match="nothing was changed"):
        undo(tree)
    assert snapshot(tree) == before
    assert len(runs(tree)) == 1
    undo(tree)
    assert files_of(tree) == OLD


def test_undo_without_a_run(tree: Path) -> None:
    with pytest.raises(UsageError, match="nothing to undo"):
        undo(tree)


def test_undo_goes_back_run_by_run(tree: Path) -> None:
    apply(tree, CHANGES, label="first")
    apply(tree, [FileChange("a.cpp", NEW["a.cpp"], b"2")], label="second")
    assert undo(tree).label == "second"
    assert files_of(tree) == NEW
    assert undo(tree).label == "first"
    assert files_of(tree) == OLD
    with pytest.raises(UsageError, match="nothing to undo"):
        undo(tree)


def test_failed_run_does_not_hide_the_one_before(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(tree, CHANGES, label="first")
    fail_replace(monkeypatch, tree, 0, OSError(errno.EIO, "Input/output error"))
    with pytest.raises(WriteError):
        apply(tree, [FileChange("a.cpp", NEW["a.cpp"], b"2")], label="second")
    assert undo(tree).label == "first"
    assert files_of(tree) == OLD


def test_last_applied_is_what_apply_returned(tree: Path) -> None:
    assert last_applied(tree) is None
    done = apply(tree, CHANGES, label="port", notes={"rules": [{"id": "enum", "files": 2}]})
    assert last_applied(tree) == done
    assert done.notes == {"rules": [{"id": "enum", "files": 2}]}
