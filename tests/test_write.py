"""Writing to a tree: all or nothing, recoverable, and undoable."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from transformer.errors import Interrupted, TransformerError, UsageError
from transformer.write import (
    FileChange,
    Receipt,
    ReceiptFile,
    WriteError,
    apply,
    commit,
    dirty_files,
    last_applied,
    receipt_from_json,
    receipt_to_json,
    recover,
    state_folder,
    undo,
    why_no_git,
)

PROJECT = Path(__file__).resolve().parent.parent

OLD = {"a.cpp": b"int a;\n", "b.cpp": b"int b;\r\nint c;\r\n", "c.bin": b"\x00\xff\xfe no newline"}
NEW = {
    "a.cpp": b"int a; // 1\n",
    "b.cpp": b"int b;\r\nint d;\r\n",
    "c.bin": b"\x00\x01\xff",
    "new/deep/d.cpp": b"int d;\n",
}
CHANGES = [FileChange(path, OLD.get(path), after) for path, after in NEW.items()]

Snapshot = dict[str, tuple[bytes | None, int]]


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's state folder nor the user's git settings take part, and no test waits for the disk."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TEST_FSYNC", "0")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann Example")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return fill(tmp_path / "tree")


@pytest.fixture(scope="session")
def _first_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = fill(tmp_path_factory.mktemp("first") / "repo")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-m", "start")
    return root


@pytest.fixture
def repo(tmp_path: Path, _first_repo: Path) -> Path:
    root = shutil.copytree(_first_repo, tmp_path / "repo")
    git(root, "update-index", "-q", "--refresh")
    return root


def fill(root: Path) -> Path:
    root.mkdir(parents=True)
    for path, data in OLD.items():
        (root / path).write_bytes(data)
    return root


def git(root: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TEST_FSYNC": "0"}
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def snapshot(root: Path) -> Snapshot:
    """Every path of the tree, but for git's own folder."""
    found: Snapshot = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] != ".git":
            found[name] = (path.read_bytes() if path.is_file() else None, stat.S_IMODE(path.lstat().st_mode))
    return found


def files_of(root: Path) -> dict[str, bytes]:
    return {name: data for name, (data, _) in snapshot(root).items() if data is not None}


def runs(root: Path) -> list[Path]:
    return sorted(state_folder(root).glob("runs/*"))


def fail_replace(monkeypatch: pytest.MonkeyPatch, root: Path, index: int, error: BaseException) -> None:
    """Let the rename number `index` inside the tree fail, once."""
    real = os.replace
    seen: list[str] = []

    def replace(source: Path, target: Path) -> None:
        if Path(target).is_relative_to(root) and ".git" not in Path(target).parts:
            seen.append(str(target))
            if len(seen) == index + 1:
                raise error
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


# apply


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


# apply: refused before anything is written


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


# apply: failing half-way


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


def test_going_back_fails_as_well(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "b.cpp":
            (tree / "a.cpp").write_bytes(b"theirs")
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(WriteError, match=r"putting the files back failed too: .*a.cpp") as caught:
            apply(tree, CHANGES, label="x")
    assert "nothing was changed" not in caught.value.message
    (folder,) = runs(tree)
    assert str(folder) in caught.value.help
    (tree / "a.cpp").write_bytes(OLD["a.cpp"])
    assert recover(tree) is not None
    assert files_of(tree) == OLD


def test_notes_that_are_no_data(tree: Path) -> None:
    with pytest.raises(WriteError, match=r"not JSON serializable.*nothing was changed"):
        apply(tree, CHANGES, label="x", notes={"plan": object()})
    assert files_of(tree) == OLD
    assert runs(tree) == []


# crashes

CRASH = """
    import os, sys
    from pathlib import Path
    from transformer.write import FileChange, apply, undo
    os.fsync = lambda handle: None
    root, when, verb = Path({root!r}), {when}, {verb!r}
    real, seen = os.replace, []
    def replace(source, target):
        if Path(target).is_relative_to(root) and ".git" not in Path(target).parts:
            if when == len(seen):
                os._exit(9)
            seen.append(target)
        elif when == "end" and len(seen) >= 3:
            os._exit(9)
        real(source, target)
        if when == "done" and len(seen) >= 3 and Path(target).name == "journal.json":
            os._exit(9)
    os.replace = replace
    apply(root, {changes}, label="port") if verb == "apply" else undo(root)
"""


def crash(root: Path, when: int | str, verb: str = "apply") -> None:
    """Kill a process at a rename: of file number `when`, or of the journal at the end."""
    script = textwrap.dedent(CRASH).format(root=str(root), when=repr(when), verb=verb, changes=CHANGES)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=child_env(), check=False)
    assert done.returncode == 9, done.stderr


def child_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


@pytest.mark.parametrize(
    ("when", "message"),
    [(0, "before its first file: nothing to put back"), (1, "1 of its files put back"), (3, "3 of its files put back")],
)
def test_crash_is_rolled_back_by_the_next_run(tree: Path, when: int, message: str) -> None:
    (tree / "a.cpp").chmod(0o755)
    before = snapshot(tree)
    crash(tree, when)
    assert snapshot(tree) != before  # temporary files at least
    assert last_applied(tree) is None
    assert recover(tree) == f"an earlier run (port) was cut off{': ' if when else ' '}{message}"
    assert snapshot(tree) == before
    assert runs(tree) == []
    assert recover(tree) is None


def test_crash_after_the_last_file_is_finished(tree: Path) -> None:
    crash(tree, "end")
    message = recover(tree)
    assert message == "an earlier run (port) was cut off after its last file: it is complete now"
    assert files_of(tree) == NEW
    last = last_applied(tree)
    assert last is not None
    assert last.label == "port"
    undo(tree)
    assert files_of(tree) == OLD


def test_crash_then_edit_is_refused(tree: Path) -> None:
    crash(tree, 2)
    (tree / "a.cpp").write_bytes(b"mine")
    before = snapshot(tree)
    with pytest.raises(UsageError, match=r"neither as before it nor as it wrote them: a\.cpp$") as caught:
        recover(tree)
    assert snapshot(tree) == before
    assert str(runs(tree)[0]) in caught.value.help
    with pytest.raises(UsageError, match=r"a\.cpp$"):
        apply(tree, CHANGES, label="x")
    assert snapshot(tree) == before


def test_apply_after_a_crash_recovers_by_itself(tree: Path) -> None:
    crash(tree, 2)
    apply(tree, CHANGES, label="again")
    assert files_of(tree) == NEW
    undo(tree)
    assert files_of(tree) == OLD


@pytest.mark.parametrize(("when", "files"), [(0, NEW), (2, NEW), ("end", OLD), ("done", OLD)])
def test_crash_in_undo(tree: Path, when: int | str, files: dict[str, bytes]) -> None:
    """Before its last file an undo is taken back, after it it is finished, and can be tried again."""
    before = snapshot(tree)
    apply(tree, CHANGES, label="port")
    crash(tree, when, "undo")
    message = recover(tree)
    assert message is not None
    assert "undo of port" in message
    assert files_of(tree) == files
    if files == NEW:
        undo(tree)
    assert snapshot(tree) == before
    assert last_applied(tree) is None
    assert runs(tree) == []


def test_crash_after_undo_was_complete_does_not_hold_the_tree(tree: Path) -> None:
    apply(tree, CHANGES, label="port")
    crash(tree, "done", "undo")
    (tree / "a.cpp").write_bytes(b"mine")
    assert recover(tree) == "an earlier run (undo of port) was cut off after its last file: it is complete now"
    assert files_of(tree) == {**OLD, "a.cpp": b"mine"}
    assert last_applied(tree) is None


def test_crash_before_the_journal_leaves_only_rubbish(tree: Path) -> None:
    rubbish = state_folder(tree) / "runs" / "000001-0123abcd"
    rubbish.mkdir(parents=True)
    (rubbish / "0000").write_bytes(b"x")
    assert recover(tree) is None
    apply(tree, CHANGES, label="x")
    assert not rubbish.exists()


def test_damaged_journal_is_an_error(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    (journal,) = state_folder(tree).glob("runs/*/journal.json")
    journal.write_text("{")
    with pytest.raises(UsageError, match="journal of an earlier run cannot be read") as caught:
        last_applied(tree)
    assert caught.value.where == str(journal)


def test_damaged_backup_is_an_error(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    (copy,) = state_folder(tree).glob("runs/*/0000")
    copy.write_bytes(b"x")
    with pytest.raises(UsageError, match=r"saved copy of a.cpp is damaged"):
        undo(tree)
    assert files_of(tree) == NEW


# two runs at once


def test_second_run_is_refused_at_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace
    answers: list[subprocess.CompletedProcess[str]] = []
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from transformer.errors import TransformerError
        from transformer.write import FileChange, apply, recover, undo
        root = Path(sys.argv[1])
        for verb in (recover, undo, lambda root: apply(root, [FileChange("n", None, b"x")], label="second")):
            try:
                verb(root)
            except TransformerError as error:
                print(error.exit_code, error.message)
        """
    )

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "b.cpp":
            command = [sys.executable, "-c", script, str(tree)]
            answers.append(subprocess.run(command, capture_output=True, text=True, env=child_env(), timeout=10))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    apply(tree, CHANGES, label="first")
    (answer,) = answers
    assert answer.stdout.splitlines() == ["2 another run is working on this tree"] * 3, answer.stderr
    assert files_of(tree) == NEW


def test_two_trees_do_not_wait_for_each_other(tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = fill(tmp_path / "other")
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "b.cpp":
            apply(other, CHANGES, label="other")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    apply(tree, CHANGES, label="x")
    assert files_of(tree) == files_of(other) == NEW


def test_lock_is_free_after_a_failure(tree: Path) -> None:
    with pytest.raises(UsageError):
        apply(tree, [FileChange("a.cpp", b"wrong", b"x")], label="x")
    apply(tree, CHANGES, label="x")
    assert files_of(tree) == NEW


# undo


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


# receipts


def test_last_applied_is_what_apply_returned(tree: Path) -> None:
    assert last_applied(tree) is None
    done = apply(tree, CHANGES, label="port", notes={"rules": [{"id": "enum", "files": 2}]})
    assert last_applied(tree) == done
    assert done.notes == {"rules": [{"id": "enum", "files": 2}]}


def test_receipt_survives_json() -> None:
    receipt = Receipt("port", (ReceiptFile("a\udcff\u00e4.cpp", None, "00"),), {"why": [1, None]})
    text = receipt_to_json(receipt)
    assert text.isascii()
    assert receipt_from_json(text) == receipt


@pytest.mark.parametrize("text", ["{}", "[]", '{"label": "x", "files": [{"no": 1}], "notes": {}}', "{"])
def test_other_json_is_no_receipt(text: str) -> None:
    with pytest.raises(ValueError, match="not a receipt"):
        receipt_from_json(text)


# where the state is


def test_without_git_the_state_is_in_the_users_folder(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    assert state_folder(tree).is_relative_to(tree.parent / "state" / "transformer")
    assert state_folder(tree).is_dir()


def test_state_home_defaults_to_the_home_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert state_folder(tree).parent == tree.parent / "home/.local/state/transformer"


def test_in_git_the_state_is_in_the_git_folder(repo: Path) -> None:
    apply(repo, CHANGES, label="x")
    assert state_folder(repo) == repo / ".git/transformer"
    status = git(repo, "status", "--porcelain", "--untracked-files=all").split()
    assert status == ["M", "a.cpp", "M", "b.cpp", "M", "c.bin", "??", "new/deep/d.cpp"]
    undo(repo)
    assert git(repo, "status", "--porcelain", "--ignored") == ""


def test_linked_work_trees_are_apart(repo: Path) -> None:
    git(repo, "worktree", "add", "-q", "../linked")
    linked = repo.parent / "linked"
    apply(linked, CHANGES, label="x")
    assert state_folder(linked).is_relative_to(repo / ".git/worktrees")
    assert last_applied(repo) is None
    assert files_of(repo) == OLD


def test_subfolders_of_one_repo_are_apart(repo: Path) -> None:
    one, two = fill(repo / "third_party/lib"), fill(repo / "other/lib")
    apply(one, CHANGES, label="one")
    apply(two, CHANGES, label="two")
    apply(repo, CHANGES, label="top")
    assert len({state_folder(root) for root in (one, two, repo)}) == 3
    assert all(state_folder(root).is_relative_to(repo / ".git/transformer") for root in (one, two, repo))
    assert undo(one).label == "one"
    assert files_of(one) == OLD
    assert files_of(two) == NEW
    assert undo(repo).label == "top"


def test_runs_from_before_git_init_are_found(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    git(tree, "init", "-q")
    undo(tree)
    assert files_of(tree) == OLD


def test_no_place_for_the_state(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "nowhere")
    with pytest.raises(UsageError, match="no folder to keep the journal in"):
        apply(tree, CHANGES, label="x")
    assert files_of(tree) == OLD


def test_unwritable_state_folder(tree: Path) -> None:
    (tree.parent / "state").write_bytes(b"a file")
    with pytest.raises(UsageError, match="state folder cannot be written"):
        apply(tree, CHANGES, label="x")
    assert files_of(tree) == OLD


# dirty files


def test_clean_tree(repo: Path) -> None:
    assert dirty_files(repo) == []
    assert why_no_git(repo) is None


def test_modified_staged_and_deleted_files_count(repo: Path) -> None:
    (repo / "a.cpp").write_bytes(b"x")
    (repo / "b.cpp").unlink()
    (repo / "staged.cpp").write_bytes(b"x")
    git(repo, "add", "staged.cpp")
    assert dirty_files(repo) == ["a.cpp", "b.cpp", "staged.cpp"]


def test_both_names_of_a_moved_file_count(repo: Path) -> None:
    git(repo, "mv", "a.cpp", "moved.cpp")
    assert dirty_files(repo) == ["a.cpp", "moved.cpp"]


def test_untracked_files_count_only_in_the_way(repo: Path) -> None:
    (repo / "new/deep").mkdir(parents=True)
    (repo / "new/deep/d.cpp").write_bytes(b"x")
    (repo / "notes.txt").write_bytes(b"x")
    (repo / ".gitignore").write_text("*.gen\n")
    (repo / "x.gen").write_bytes(b"x")
    assert dirty_files(repo) == []
    assert dirty_files(repo, planned=[*NEW, "x.gen", "missing.cpp"]) == ["new/deep/d.cpp", "x.gen"]


def test_only_files_below_the_root_count(repo: Path) -> None:
    root = fill(repo / "sub dir")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "sub")
    (repo / "a.cpp").write_bytes(b"x")
    (root / "b.cpp").write_bytes(b"x")
    (root / "n.cpp").write_bytes(b"x")
    assert dirty_files(root, planned=["n.cpp"]) == ["b.cpp", "n.cpp"]


def test_odd_names(repo: Path) -> None:
    names = ["[a]*.cpp", "new\nline", "-dash", "\u00e4 b"]
    for name in names:
        (repo / name).write_bytes(b"x")
    assert dirty_files(repo, planned=names) == sorted(names)
    git(repo, "add", ".")
    assert dirty_files(repo) == sorted(names)


def test_no_work_tree(tree: Path, repo: Path) -> None:
    assert dirty_files(tree) is None
    assert why_no_git(tree) == "the folder is not in a git work tree"
    assert dirty_files(repo / ".git") is None


def test_no_git_program(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo.parent / "empty"))
    assert dirty_files(repo) is None
    assert why_no_git(repo) == "git is not installed"
    apply(repo, CHANGES, label="x")
    assert state_folder(repo).is_relative_to(repo.parent / "state")
    with pytest.raises(UsageError, match="cannot commit: git is not installed"):
        commit(repo, ["a.cpp"], "x", False)


def test_dubious_ownership(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    if "dubious" not in (why_no_git(repo) or ""):
        pytest.skip("this git does not look at the owner")
    assert dirty_files(repo) is None
    apply(repo, CHANGES, label="x")
    assert files_of(repo) == NEW


def test_surrounding_git_process_does_not_mislead(repo: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tree, "init", "-q")
    (repo / "a.cpp").write_bytes(b"x")
    monkeypatch.setenv("GIT_DIR", str(tree / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tree))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tree / ".git/index"))
    assert dirty_files(repo) == ["a.cpp"]


def test_program_in_the_tree_is_never_git(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = repo / "git"
    trap.write_text(f"#!/bin/sh\n: > {repo}/ran\n")
    trap.chmod(0o755)
    monkeypatch.setenv("PATH", str(repo))
    monkeypatch.chdir(repo)
    assert dirty_files(repo) is None
    monkeypatch.setenv("PATH", ".")
    assert dirty_files(repo) is None
    assert not (repo / "ran").exists()


def set_traps(root: Path, mark: Path) -> None:
    """Everything that a repository can name to be run by git, as far as we use git."""
    script = root / ".git/trap.sh"
    script.write_text(f"#!/bin/sh\necho $0 >> {mark}\ncat\n")
    script.chmod(0o755)
    for hook in ("pre-commit", "post-commit", "commit-msg", "prepare-commit-msg", "reference-transaction"):
        shutil.copy(script, root / ".git/hooks" / hook)
    for key in ("core.fsmonitor", "filter.t=r.ap.clean", "filter.t=r.ap.process", "gpg.program", "core.editor"):
        git(root, "config", key, str(script))
    git(root, "config", "filter.t=r.ap.required", "true")
    (root / ".git/info/attributes").write_text("* filter=t=r.ap\n")


def test_nothing_that_the_repository_names_is_run(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "By Setting")
    monkeypatch.delenv("GIT_COMMITTER_NAME")
    mark = repo.parent / "ran"
    set_traps(repo, mark)
    (repo / "a.cpp").write_bytes(b"other\n")
    (repo / "n.cpp").write_bytes(b"x\n")
    assert dirty_files(repo, ["n.cpp"]) == ["a.cpp", "n.cpp"]
    commit(repo, ["a.cpp", "n.cpp"], "port", True)
    assert not mark.exists()
    assert git(repo, "show", "-s", "--format=%cn", "HEAD") == "By Setting\n"
    (repo / "a.cpp").write_bytes(b"third\n")
    with pytest.raises(subprocess.CalledProcessError):  # the traps do work
        git(repo, "commit", "-a", "-S", "-m", "x")
    assert mark.exists()


# commit


def test_commit_holds_exactly_the_paths(repo: Path) -> None:
    (repo / ".gitignore").write_text("new/\n")
    apply(repo, [*CHANGES[1:], FileChange("a.cpp", OLD["a.cpp"], None)], label="x")
    (repo / "mine.txt").write_bytes(b"x")
    git(repo, "add", "mine.txt")
    made = commit(repo, list(NEW), "port: add it\n\n# not a comment\n\nwhy\n", True)
    assert git(repo, "rev-parse", "HEAD").strip() == made
    changed = git(repo, "show", "--name-status", "--no-renames", "--format=%B", "HEAD")
    assert changed.split("\n\n") == [
        "port: add it",
        "# not a comment",
        "why",
        "Signed-off-by: Ann Example <ann@example.org>",
        "\nD\ta.cpp\nM\tb.cpp\nM\tc.bin\nA\tnew/deep/d.cpp\n",
    ]
    assert git(repo, "status", "--porcelain").split() == ["A", "mine.txt", "??", ".gitignore"]


def test_commit_without_signoff_from_a_subfolder(repo: Path) -> None:
    root = fill(repo / "sub")
    (root / "link.cpp").symlink_to("a.cpp")
    commit(root, ["a.cpp", "link.cpp"], "sub", False)
    assert git(repo, "show", "--name-only", "--format=%B", "HEAD").split() == ["sub", "sub/a.cpp"]


def test_names_are_no_patterns(repo: Path) -> None:
    (repo / "a.cpp").write_bytes(b"x")
    (repo / "*.cpp").write_bytes(b"x")
    (repo / ":(x).cpp").write_bytes(b"x")
    commit(repo, ["*.cpp", ":(x).cpp"], "star", False)
    assert git(repo, "show", "--name-only", "--format=", "HEAD").split() == ["*.cpp", ":(x).cpp"]
    assert dirty_files(repo) == ["a.cpp"]


def test_failed_commit_leaves_the_index_alone(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(repo, CHANGES, label="x")
    before = git(repo, "status", "--porcelain")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "")
    with pytest.raises(UsageError, match=r"git commit failed: .*ident"):
        commit(repo, list(NEW), "port", False)
    assert git(repo, "status", "--porcelain") == before


def test_commit_of_nothing(repo: Path, tree: Path) -> None:
    with pytest.raises(UsageError, match="git commit failed"):
        commit(repo, ["a.cpp"], "port", False)
    with pytest.raises(UsageError, match="no files are named"):
        commit(repo, [], "port", False)
    with pytest.raises(UsageError, match="not in a git work tree"):
        commit(tree, ["a.cpp"], "port", False)


def test_undo_after_a_commit(repo: Path) -> None:
    apply(repo, CHANGES, label="x")
    commit(repo, list(NEW), "port", False)
    assert dirty_files(repo, list(NEW)) == []
    undo(repo)
    assert files_of(repo) == OLD
    assert dirty_files(repo) == sorted(NEW)
