"""Commits, made from the planned bytes themselves: neither the work tree nor what else is staged takes part."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer.errors import UsageError
from transformer.write.git import _disarmed, _line, _output, _real, _run, why_no_git

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from transformer.stages import Stage


@dataclass(frozen=True, slots=True)
class Repository:
    """The work tree of git that a tree lies in, at its top or below it."""

    root: Path
    prefix: str
    author: str
    """Who commits, as `Name <mail>`."""

    def modes(self, paths: Iterable[str]) -> dict[str, str]:
        """How git has files, by their paths in the tree."""
        found = {}
        for path in paths:
            listed = _line(self.root, ["ls-files", "-s", "--", self._real(path)])
            if listed:
                found[path] = listed.split()[0]
        return found

    def _real(self, path: str) -> str:
        return next(iter(_real(self.root, [path])), path)

    def check(self, branch: str | None) -> None:
        """Raises `UsageError` where nothing can be committed here, or the branch is there already or has no name."""
        if _run(self.root, ["rev-parse", "--verify", "-q", "HEAD"]).returncode:
            raise UsageError("there is no commit yet to build on", help="commit the tree first")
        for state in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD"):
            if _run(self.root, ["rev-parse", "--verify", "-q", state]).returncode == 0:
                raise UsageError(f"git is in the middle of something ({state})", help="finish or abort it first")
        if branch is None:
            return
        if _run(self.root, ["check-ref-format", "--branch", branch]).returncode:
            raise UsageError(f"{branch!r} is no name of a branch", help="see `git check-ref-format --branch NAME`")
        if _run(self.root, ["rev-parse", "--verify", "-q", f"refs/heads/{branch}"]).returncode == 0:
            raise UsageError(f"there is a branch {branch} already", help="say another name")

    def commit(self, stages: Sequence[tuple[str, Stage]], branch: str | None, signoff: bool) -> list[str]:
        """Commit stages with their messages, one on the other; the ids. With `branch`, on a new one, checked out.

        The files of the work tree are to hold the last stage already; of the index, only their entries change.
        """
        armour = _disarmed(self.root)
        head = _line(self.root, ["rev-parse", "HEAD"])
        made: list[str] = []
        entries: dict[str, str] = {}
        with tempfile.TemporaryDirectory() as folder:
            apart = {**armour, "GIT_INDEX_FILE": os.path.join(folder, "index")}
            _output(self.root, ["read-tree", head], apart)
            modes = self.modes({file.path for _, stage in stages for file in stage.files})
            for message, stage in stages:
                entries |= self._stored(stage, modes, armour)
                _output(self.root, ["update-index", "-z", "--index-info"], apart, _joined(entries))
                tree = os.fsdecode(_output(self.root, ["write-tree"], apart)).strip()
                text = f"{message}\nSigned-off-by: {self.author}\n" if signoff else message
                words = ["commit-tree", tree, "-p", made[-1] if made else head, "-F", "-"]
                made.append(os.fsdecode(_output(self.root, words, armour, text.encode())).strip())
        if branch is None:
            _output(self.root, ["update-ref", "-m", "transformer", "HEAD", made[-1], head], armour)
        else:
            _output(self.root, ["update-ref", f"refs/heads/{branch}", made[-1], NONE], armour)
            _output(self.root, ["symbolic-ref", "-m", "transformer", "HEAD", f"refs/heads/{branch}"], armour)
        _output(self.root, ["update-index", "-z", "--index-info"], armour, _joined(entries))
        return made

    def _stored(self, stage: Stage, modes: dict[str, str], armour: dict[str, str]) -> dict[str, str]:
        """Store the files of a stage; a line for the index for each."""
        found = {}
        for file in stage.files:
            path = self._real(file.path)
            words = ["hash-object", "-w", "--stdin", "--path", path]
            name = os.fsdecode(_output(self.root, words, armour, file.after)).strip()
            found[path] = f"{modes.get(file.path, '100644')} {name}\t{self.prefix}{path}\0"
        return found


def _joined(entries: dict[str, str]) -> bytes:
    return os.fsencode("".join(entries.values()))


NONE = "0" * 40


def repository(root: Path) -> Repository:
    """What commits to a tree. Raises `UsageError` where it is in no work tree of git, or nobody has a name."""
    reason = why_no_git(root)
    if reason is not None:
        raise UsageError(f"nothing can be committed: {reason}", help="leave --commit away, or use --patch FILE")
    return Repository(root, _line(root, ["rev-parse", "--show-prefix"]), identity(root))


def identity(root: Path) -> str:
    """Who commits, as git says. Raises `UsageError` where it does not know."""
    answer = _run(root, ["var", "GIT_COMMITTER_IDENT"])
    if answer.returncode:
        raise UsageError("git does not know who you are", help="set user.name and user.email with `git config`")
    return os.fsdecode(answer.stdout).rpartition(">")[0] + ">"
