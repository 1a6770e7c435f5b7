"""A write that fails half-way is taken back."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from writing import CHANGES, NEW, OLD, apply, fail_replace, files_of, recover, runs, snapshot

from transformer.errors import Interrupted, TransformerError
from transformer.write import FileChange, WriteError


@pytest.mark.parametrize("index", range(len(CHANGES)))
@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (OSError(errno.EIO, "Input/output error"), WriteError, "Input/output error; nothing was changed"),
        (KeyboardInterrupt(), Interrupted, "interrupted; nothing was changed"),
        (RuntimeError("bug"), WriteError, "RuntimeError('bug'); nothing was changed"),
    ],
)
def test_rolled_back_wherever_it_fails(
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    index: int,
    error: BaseException,
    expected: type[TransformerError],
    message: str,
) -> None:
    (tree / "a.cpp").chmod(0o755)
    before = snapshot(tree)
    fail_replace(monkeypatch, tree, index, error)
    with pytest.raises(expected) as caught:
        apply(tree, CHANGES, label="x")
    assert caught.value.message.endswith(message)
    assert caught.value.exit_code == 70
    assert snapshot(tree) == before
    assert runs(tree) == []
    apply(tree, CHANGES, label="x")
    assert files_of(tree) == NEW


@pytest.mark.parametrize("name", list(NEW))
def test_interrupted_right_after_a_rename(tree: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before, real, seen = snapshot(tree), os.replace, list[Path]()

    def replace(source: Path, target: Path) -> None:
        real(source, target)
        if target == tree / name and not seen:
            seen.append(target)
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(Interrupted, match="nothing was changed"):
        apply(tree, CHANGES, label="x")
    assert snapshot(tree) == before


def test_folder_that_vanished_meanwhile_comes_back(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "0").mkdir()
    (tree / "0/x.cpp").write_bytes(b"x")
    real, seen = os.replace, list[Path]()

    def replace(source: Path, target: Path) -> None:
        if target == tree / "a.cpp" and not seen:
            seen.append(target)
            (tree / "0").rmdir()
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(Interrupted, match="nothing was changed"):
        apply(tree, [FileChange("0/x.cpp", b"x", None), *CHANGES], label="x")
    assert files_of(tree) == {**OLD, "0/x.cpp": b"x"}


def test_failing_rename_names_the_file(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_replace(monkeypatch, tree, 1, OSError(errno.EIO, "Input/output error"))
    with pytest.raises(WriteError, match=r"^b\.cpp could not be written"):
        apply(tree, CHANGES, label="x")


def test_rolled_back_when_the_last_journal_entry_fails(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = os.replace, list[str]()

    def replace(source: Path, target: Path) -> None:
        seen.append(Path(target).name)
        if Path(target).name == "journal.json" and seen.count("journal.json") == 2:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    before = snapshot(tree)
    with pytest.raises(WriteError, match=r"the journal could not be written: .*; nothing was changed"):
        apply(tree, CHANGES, label="x")
    assert snapshot(tree) == before
    assert runs(tree) == []


def test_rolled_back_when_a_deletion_fails(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path == tree / "b.cpp":
            raise OSError(errno.EBUSY, "Device or resource busy")
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    changes = [CHANGES[0], FileChange("b.cpp", OLD["b.cpp"], None)]
    with pytest.raises(WriteError, match=r"b.cpp could not be written: Device or resource busy"):
        apply(tree, changes, label="x")
    assert files_of(tree) == OLD


@pytest.mark.parametrize("call", range(3 + 1 + 4 + 1))
def test_disk_full(tree: Path, monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """Three backups, the journal, four new files, the journal again: each may meet a full disk."""
    real, seen = os.write, list[int]()

    def write(handle: int, data: memoryview) -> int:
        seen.append(len(data))
        if len(seen) == call + 1:
            real(handle, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(os, "write", write)
    before = snapshot(tree)
    with pytest.raises(WriteError, match="no space left on the disk; nothing was changed"):
        apply(tree, CHANGES, label="x")
    assert snapshot(tree) == before
    assert runs(tree) == []


def test_a_full_disk_is_met_before_the_first_rename(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else going back would need the space that is not there."""
    order: list[str] = []
    real_write, real_replace = os.write, os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target).is_relative_to(tree):
            order.append("rename")
        real_replace(source, target)

    def write(handle: int, data: memoryview) -> int:
        order.append("write")
        return real_write(handle, data)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "write", write)
    apply(tree, CHANGES, label="x")
    assert order == ["write"] * 8 + ["rename"] * 4 + ["write"]


def test_bytes_are_on_the_disk_before_they_are_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    renamed: list[tuple[bool, bool]] = []
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        journal = any(path.endswith("/runs") for path in synced)
        renamed.append((str(source) in synced, journal or Path(target).name == "journal.json"))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.readlink(f"/proc/self/fd/{handle}")))
    apply(tree, CHANGES, label="x")
    assert renamed == [(True, True)] * 6
    assert {str(tree), str(tree / "new"), str(tree / "new/deep")} <= set(synced)


def test_someone_else_writes_meanwhile(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "a.cpp" and b"//" in Path(source).read_bytes():
            (tree / "b.cpp").write_bytes(b"theirs")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(WriteError, match=r"b.cpp was changed by someone else meanwhile; nothing was changed"):
        apply(tree, CHANGES, label="x")
    assert files_of(tree) == {**OLD, "b.cpp": b"theirs"}


def test_what_somebody_else_wrote_meanwhile_is_left_to_them(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "b.cpp":
            (tree / "a.cpp").write_bytes(b"theirs")
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(WriteError, match=r"all was put back but a\.cpp, now somebody else's$"):
        apply(tree, CHANGES, label="x")
    assert files_of(tree) == {**OLD, "a.cpp": b"theirs"}
    assert runs(tree) == []


def test_going_back_fails_as_well(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "b.cpp" or (tree / "a.cpp").read_bytes() == NEW["a.cpp"]:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(WriteError, match=r"putting the files back failed too: .*Input/output error") as caught:
            apply(tree, CHANGES, label="x")
    assert "nothing was changed" not in caught.value.message
    (folder,) = runs(tree)
    assert str(folder) in caught.value.help
    assert recover(tree) is not None
    assert files_of(tree) == OLD


def test_notes_that_are_no_data(tree: Path) -> None:
    with pytest.raises(WriteError, match=r"not JSON serializable.*nothing was changed"):
        apply(tree, CHANGES, label="x", notes={"plan": object()})
    assert files_of(tree) == OLD
    assert runs(tree) == []
