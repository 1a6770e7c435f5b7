"""The command line under test: in this process for speed, or as a process of its own."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from casefile import FORK, HERE

from transformer import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

PROJECT = HERE.parent
ARCH = "gemma4"
State = dict[str, tuple[object, ...]]


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


def settle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's settings or an installed copy, or waits for the disk."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann Example")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")
    monkeypatch.setenv("GIT_PAGER", "cat")
    for name in ("NO_COLOR", "FORCE_COLOR", "TRANSFORMER_DEBUG", "GITHUB_ACTIONS", "GITHUB_WORKSPACE", "CXX", "CMAKE_BUILD_PARALLEL_LEVEL"):
        monkeypatch.delenv(name, raising=False)


def fork(folder: Path, *, crlf: bool = False, final_newline: bool = True) -> Path:
    """A copy of the example fork."""
    shutil.copytree(FORK, folder)
    for path in folder.rglob("*"):
        if path.is_file() and (crlf or not final_newline):
            data = path.read_bytes()
            data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if crlf else data
            path.write_bytes(data if final_newline else data.rstrip(b"\r\n"))
    return folder


def meant(arguments: tuple[object, ...]) -> list[str]:
    """The words of a command; where it names no architecture, most tests are about the first one."""
    words = [str(each) for each in arguments]
    takes = words[:1] and words[0] in ("run", "status", "verify")
    return [*words, "--arch", ARCH] if takes and not {"--arch", "--help", "-h"} & set(words) else words


def call(*arguments: object, verify: str = "syntax") -> Result:
    """A command in this process. `run` gets a verification level, as types take seconds."""
    words = meant(arguments)
    if words[0] == "run" and "--verify" not in words:
        words += ["--verify", verify]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.main(words)
    return Result(code, out.getvalue(), err.getvalue())


def shell(*arguments: object, cwd: Path = PROJECT, env: dict[str, str] | None = None) -> Result:
    """A command as a process; `env` is added to ours, and what is empty in it is taken away."""
    mixed = {**os.environ, **(env or {})}
    words = [sys.executable, "-m", "transformer", *meant(arguments)]
    kept = {key: value for key, value in mixed.items() if value or key == "PATH"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd, env=kept)
    return Result(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(*arguments: object, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command as a process that can be interrupted, also where we ourselves were started with interrupts ignored."""
    words = [sys.executable, "-m", "transformer", *meant(arguments)]
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed,
        env={**os.environ, **(env or {})},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def state(root: Path) -> State:
    """Every path of a tree, with bytes, mode and time of change; git's own folder left out."""
    found: State = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.split("/")[0] == ".git":
            continue
        facts = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[name] = (content, facts.st_mode, facts.st_mtime_ns if path.is_file() else 0)
    return found


def contents(root: Path) -> dict[str, object]:
    """As `state`, the bytes alone."""
    return {name: facts[0] for name, facts in state(root).items()}


def replace(path: Path, old: str, new: str) -> None:
    """Change a file of a tree; the old text must be there."""
    text = path.read_bytes().decode()
    assert old in text, f"{old!r} is not in {path}"
    path.write_bytes(text.replace(old, new).encode())


def git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def repository(root: Path) -> Path:
    """Make a tree a git repository with everything committed."""
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "start")
    return root
