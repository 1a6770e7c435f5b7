"""The tree as it was before a port, from its own git history; nothing is checked out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from transformer.write.git import _line, _output, _run, why_no_git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MADE = r"^Made with transformer \S+: --arch {}(?:\s|$)"
_FARTHEST = 50  # commits that touched one name in one file


@dataclass(frozen=True, slots=True)
class Past:
    """A commit of the repository that a tree lies in, as a store of files."""

    root: Path
    commit: str
    prefix: str

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""
        answer = _run(self.root, ["cat-file", "blob", f"{self.commit}:{self.prefix}{path}"])
        return answer.stdout if answer.returncode == 0 else None

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        answer = _run(self.root, ["ls-tree", "-z", "--full-tree", self.commit, f"{self.prefix}{folder}/"])
        entries = os.fsdecode(answer.stdout).split("\0") if answer.returncode == 0 else []
        names = [name for head, _, name in (each.partition("\t") for each in entries) if head.startswith("100")]
        return sorted(str(PurePosixPath(folder, name.rpartition("/")[2])) for name in names)


def has_history(root: Path) -> bool:
    """Whether a tree is in a git repository that has a commit."""
    return why_no_git(root) is None and _run(root, ["rev-parse", "-q", "--verify", "HEAD"]).returncode == 0


def before(root: Path, path: str, name: str, arch: str) -> Past | None:
    """The tree before a name came into a file: the last commit without it; `None` where there is no such commit.

    Of a series that this tool made for the architecture, it is the tree before the first one.
    """
    if not has_history(root):
        return None
    prefix = _line(root, ["rev-parse", "--show-prefix"])
    for commit in _commits(root, path, name):
        past = Past(root, commit, prefix)
        data = past.read(path)
        if data is not None and name.encode() not in data:
            return Past(root, _below(root, commit, {*made(root, arch)}), prefix)
    return None


def _below(root: Path, commit: str, own: set[str]) -> str:
    while commit in own:
        commit = _line(root, ["rev-parse", f"{commit}^"])
    return commit


def introduced(root: Path, path: str, name: str, arch: str) -> bool:
    """Whether a name came into a file by a commit whose message says that this tool made it for the architecture."""
    newest = _line(root, ["log", "-1", "--format=%H", f"-S{name}", "--", path]) if has_history(root) else ""
    return newest in made(root, arch) if newest else False


def series(root: Path, last: str, arch: str) -> str:
    """The commits of a series that this tool made, by the short name of its last one: that name, or a range."""
    commit = _line(root, ["rev-parse", last])
    below = _below(root, commit, {*made(root, arch)})
    alone = below == commit or below == _line(root, ["rev-parse", f"{commit}^"])
    return last if alone else f"{_line(root, ['rev-parse', '--short', below])}..{last}"


def made(root: Path, arch: str) -> list[str]:
    """The commits below HEAD whose message says that this tool made them for the architecture, the oldest first."""
    words = ["log", "--no-merges", "--format=%H%x00%B%x01", "--fixed-strings", f"--grep=--arch {arch}", "HEAD"]
    pattern = re.compile(_MADE.format(re.escape(arch)), re.MULTILINE)
    entries = (each.strip("\n").partition("\0") for each in os.fsdecode(_output(root, [*words, "--", "."])).split("\1"))
    return [name for name, _, message in entries if pattern.search(message)][::-1]


def _commits(root: Path, path: str, name: str) -> Iterator[str]:
    """HEAD, and then the parents of those that changed how often the file has the name, the newest first."""
    yield _line(root, ["rev-parse", "HEAD"])
    listed = _output(root, ["log", f"-{_FARTHEST}", "--format=%P", f"-S{name}", "--", path])
    yield from (parents.split()[0] for parents in os.fsdecode(listed).splitlines() if parents.strip())
