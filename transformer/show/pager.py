"""The pager of git, as the user has set it; what a repository sets by itself is not asked."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from transformer.programs import environment, find

if TYPE_CHECKING:
    from pathlib import Path

_SHELL = "/bin/sh"


def command(repo: Path) -> str:
    """What git would page with: GIT_PAGER, core.pager of the user or the system, PAGER, less; empty for none."""
    for named in (os.environ.get("GIT_PAGER"), _setting(repo), os.environ.get("PAGER")):
        if named is not None:
            return "" if named.strip() in ("", "cat") else named
    return "less" if find("less", repo) else ""


def _setting(repo: Path) -> str | None:
    git = find("git", repo)
    if git is None:
        return None
    for scope in ("--global", "--system"):
        words = [git, "config", scope, "--get", "core.pager"]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd="/", env=environment(repo))
        if done.returncode == 0:
            return done.stdout.strip()
    return None


class Pager:
    """A running pager; what is written to `file` is shown there."""

    def __init__(self, words: str, repo: Path) -> None:
        kept = environment(repo)
        kept.setdefault("LESS", "FRX")
        kept.setdefault("LV", "-c")
        self._process = subprocess.Popen([_SHELL, "-c", words], stdin=subprocess.PIPE, text=True, env=kept)
        assert self._process.stdin is not None
        self.file: TextIO = self._process.stdin  # type: ignore[assignment]

    def close(self) -> None:
        """Wait until the reader has left."""
        with suppress(OSError):
            self.file.close()
        while self._process.poll() is None:
            with suppress(KeyboardInterrupt):  # it is the pager's, which goes on
                self._process.wait()
