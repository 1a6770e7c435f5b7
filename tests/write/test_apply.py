"""Writing all of a plan."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from writing import CHANGES, NEW, OLD, apply, files_of, runs, undo

from transformer.write import FileChange, Receipt, last_applied


def test_apply_writes_every_file_and_nothing_else(tree: Path) -> None:
    receipt = apply(tree, CHANGES, label="port")
    assert files_of(tree) == NEW
    assert receipt.label == "port"
    assert [file.path for file in receipt.files] == sorted(NEW)
    assert receipt.files[-1].before is None
    assert {path.name for path in tree.iterdir()} == {"a.cpp", "b.cpp", "c.bin", "new"}


def test_apply_deletes(tree: Path) -> None:
    receipt = apply(tree, [FileChange("a.cpp", OLD["a.cpp"], None)], label="x")
    assert not (tree / "a.cpp").exists()
    assert receipt.files[0].after is None
    undo(tree)
    assert files_of(tree) == OLD


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o664])
def test_mode_bits_are_kept(tree: Path, mode: int) -> None:
    (tree / "a.cpp").chmod(mode)
    apply(tree, CHANGES, label="x")
    assert stat.S_IMODE((tree / "a.cpp").stat().st_mode) == mode
    assert (tree / "a.cpp").read_bytes() == NEW["a.cpp"]


def test_new_files_follow_the_umask(tree: Path) -> None:
    before = os.umask(0o027)
    try:
        apply(tree, CHANGES, label="x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tree / "new/deep/d.cpp").stat().st_mode) == 0o640
    assert stat.S_IMODE((tree / "new/deep").stat().st_mode) == 0o750


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbfint x;\r\n", b"a\r\nb\nc\r", bytes(range(256)) * 5000])
def test_bytes_arrive_as_they_are(tree: Path, data: bytes) -> None:
    apply(tree, [FileChange("a.cpp", OLD["a.cpp"], data), FileChange("n", None, data)], label="x")
    assert (tree / "a.cpp").read_bytes() == data == (tree / "n").read_bytes()


def test_short_writes_are_continued(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, bytes(data[:7])))
    apply(tree, CHANGES, label="x")
    assert files_of(tree) == NEW


def test_nothing_to_change_leaves_the_last_run_recorded(tree: Path) -> None:
    apply(tree, CHANGES, label="first")
    receipt = apply(tree, [FileChange("a.cpp", NEW["a.cpp"], NEW["a.cpp"])], label="second")
    last = last_applied(tree)
    assert receipt == Receipt("second", ())
    assert last is not None
    assert last.label == "first"


def test_only_the_latest_runs_are_kept(tree: Path) -> None:
    for number in range(12):
        before = (tree / "a.cpp").read_bytes()
        apply(tree, [FileChange("a.cpp", before, b"%d" % number)], label=f"run {number}")
    assert len(runs(tree)) == 8
    undo(tree)
    assert (tree / "a.cpp").read_bytes() == b"10"
