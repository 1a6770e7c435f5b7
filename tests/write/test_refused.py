"""What is refused before anything is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from writing import CHANGES, NEW, OLD, apply, files_of, runs, snapshot, undo

from transformer.errors import UsageError
from transformer.write import FileChange

Prepare = Callable[[Path], object]


def outside(root: Path) -> Path:
    folder = root.parent / "outside"
    folder.mkdir(exist_ok=True)
    (folder / "a.cpp").write_bytes(OLD["a.cpp"])
    return folder


def link_file_out(root: Path) -> None:
    (root / "link.cpp").symlink_to(outside(root) / "a.cpp")


def link_folder_out(root: Path) -> None:
    (root / "lib").symlink_to(outside(root))


def link_new_out(root: Path) -> None:
    (root / "lib").symlink_to(root.parent / "nowhere")


def loop(root: Path) -> None:
    (root / "loop").symlink_to("loop")


def dangling(root: Path) -> None:
    (root / "dangling.cpp").symlink_to("missing.cpp")


def link_in(root: Path) -> None:
    (root / "link.cpp").symlink_to("a.cpp")


REFUSED: dict[str, tuple[Prepare, FileChange, str]] = {
    "changed": (lambda r: (r / "a.cpp").write_bytes(b"x"), CHANGES[0], "a.cpp has changed since it was read"),
    "gone": (lambda r: (r / "a.cpp").unlink(), CHANGES[0], "a.cpp was removed since it was read"),
    "exists": (lambda r: (r / "n").touch(), FileChange("n", None, b"x"), "n exists already"),
    "dots": (outside, FileChange("../outside/a.cpp", OLD["a.cpp"], b"x"), "is not a path inside the tree"),
    "inner dots": (outside, FileChange("new/../a.cpp", OLD["a.cpp"], b"x"), "is not a path inside the tree"),
    "absolute": (outside, FileChange("/etc/x", None, b"x"), "is not a path inside the tree"),
    "empty": (outside, FileChange("", None, b"x"), "is not a path inside the tree"),
    "nul": (outside, FileChange("a\0b", None, b"x"), "is not a path inside the tree"),
    "file link": (link_file_out, FileChange("link.cpp", OLD["a.cpp"], b"x"), "leads out of the tree"),
    "folder link": (link_folder_out, FileChange("lib/a.cpp", OLD["a.cpp"], b"x"), "leads out of the tree"),
    "new behind link": (link_folder_out, FileChange("lib/n.cpp", None, b"x"), "leads out of the tree"),
    "new behind dangling": (link_new_out, FileChange("lib/n.cpp", None, b"x"), "leads out of the tree"),
    "dangling": (dangling, FileChange("dangling.cpp", None, b"x"), "dangling.cpp exists already"),
    "delete link": (link_in, FileChange("link.cpp", OLD["a.cpp"], None), "is a symlink"),
    "loop": (loop, FileChange("loop", None, b"x"), "loop cannot be followed"),
    "folder": (lambda r: (r / "f").mkdir(), FileChange("f", b"x", b"y"), "f is not a regular file"),
    "pipe": (lambda r: os.mkfifo(r / "p"), FileChange("p", b"x", b"y"), "p is not a regular file"),
    "below a file": (outside, FileChange("a.cpp/n", None, b"x"), "a folder on the way is a file"),
    "read-only file": (lambda r: (r / "a.cpp").chmod(0o444), CHANGES[0], "a.cpp is read-only"),
    "git": (lambda r: (r / ".git").mkdir(), FileChange(".git/config", None, b"x"), "git's own folder"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tree: Path, name: str) -> None:
    prepare, change, message = REFUSED[name]
    prepare(tree)
    before, beside = snapshot(tree), snapshot(tree.parent / "outside")
    with pytest.raises(UsageError) as caught:
        # The others are fine, and must not be written either.
        apply(tree, [change, *(other for other in CHANGES if other.path != change.path)], label="x")
    assert message in caught.value.message
    assert caught.value.exit_code == 2
    assert (snapshot(tree), snapshot(tree.parent / "outside")) == (before, beside)
    assert runs(tree) == []


@pytest.mark.parametrize("folder", [".", "sub"])
def test_read_only_folder(tree: Path, folder: str) -> None:
    (tree / "sub").mkdir()
    (tree / folder).chmod(0o555)
    try:
        with pytest.raises(UsageError, match=rf"its folder {folder} is read-only"):
            apply(tree, [FileChange(f"{folder}/deep/n.cpp", None, b"x")], label="x")
    finally:
        (tree / folder).chmod(0o755)
    assert files_of(tree) == OLD


def test_all_problems_are_named_at_once(tree: Path) -> None:
    (tree / "a.cpp").write_bytes(b"x")
    (tree / "c.bin").chmod(0o444)
    with pytest.raises(UsageError) as caught:
        apply(tree, CHANGES, label="x")
    assert "a.cpp has changed" in caught.value.message
    assert "c.bin is read-only" in caught.value.message


def test_one_file_by_two_names(tree: Path) -> None:
    (tree / "link.cpp").symlink_to("a.cpp")
    twice = [FileChange("a.cpp", OLD["a.cpp"], b"1"), FileChange("link.cpp", OLD["a.cpp"], b"2")]
    with pytest.raises(UsageError, match=r"link.cpp is planned twice"):
        apply(tree, twice, label="x")
    assert (tree / "a.cpp").read_bytes() == OLD["a.cpp"]


def test_link_inside_the_tree_is_written_through(tree: Path) -> None:
    (tree / "link.cpp").symlink_to("a.cpp")
    (tree / "sub").mkdir()
    (tree / "lib").symlink_to("sub")
    apply(tree, [FileChange("link.cpp", OLD["a.cpp"], b"1"), FileChange("lib/x/n.cpp", None, b"2")], label="x")
    assert (tree / "link.cpp").is_symlink()
    assert (tree / "lib").is_symlink()
    assert (tree / "a.cpp").read_bytes() == b"1"
    assert (tree / "sub/x/n.cpp").read_bytes() == b"2"
    undo(tree)
    assert (tree / "a.cpp").read_bytes() == OLD["a.cpp"]
    assert list((tree / "sub").iterdir()) == []


def test_too_little_disk_space(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(f_blocks=100, f_bavail=1, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda place: full)
    with pytest.raises(UsageError, match="not enough disk space"):
        apply(tree, CHANGES, label="x")
    assert files_of(tree) == OLD


def test_unknown_disk_space_is_no_obstacle(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = SimpleNamespace(f_blocks=0, f_bavail=0, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda place: unknown)
    apply(tree, CHANGES, label="x")
    assert files_of(tree) == NEW


def test_not_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        apply(tmp_path / "missing", CHANGES, label="x")
