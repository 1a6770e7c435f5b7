"""A small tree to write to, and what the tests of writing do with it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from transformer.write import FileChange, Receipt, held, state_folder

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


def apply(root: Path, changes: list[FileChange], *, label: str, **more: object) -> Receipt:
    with held(root) as hold:
        return hold.apply(changes, label=label, **more)


def undo(root: Path) -> Receipt:
    with held(root) as hold:
        return hold.undo()


def recover(root: Path) -> str | None:
    """What the next command says of a run that was cut off."""
    with held(root) as hold:
        return hold.note


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


CRASH = """
    import os, sys
    from pathlib import Path
    from transformer.write import FileChange
    from writing import apply, undo
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
    return {**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'tests'}"}
