"""The files that a user asks for beside the tree: a patch, the plan as data, a folder of what would change."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.errors import UsageError
from transformer.show.data import data
from transformer.show.output import refusal, write_all
from transformer.show.patch import patch
from transformer.show.remarks import sarif

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformer.plan import Plan
    from transformer.verify import Report

STDOUT = Path("-")
"""What stands for standard output."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where they go; `None` where they were not asked for, and `-` for standard output."""

    patch: Path | None = None
    json: Path | None = None
    folder: Path | None = None
    html: Path | None = None
    sarif: Path | None = None

    @property
    def _single(self) -> list[Path]:
        """Those that are one file each."""
        return [path for path in (self.patch, self.json, self.html, self.sarif) if path is not None]

    @property
    def piped(self) -> bool:
        """Whether one of them goes to standard output, where nothing else is said then."""
        return STDOUT in self._single

    def check(self, repo: Path) -> None:
        """Raises `UsageError` where one of them cannot be written, or would be written into the tree's own files."""
        root = repo.resolve()
        single = self._single
        for path in single:
            if path != STDOUT:
                check_file(path, root)
        if len({path.resolve() for path in single}) < len(single):
            raise UsageError(f"{single[0]} is named twice", help="give each output a file of its own")
        if self.folder is not None:
            _check_folder(self.folder, root)

    def write(self, plan: Plan, report: Report | None, repo: Path, raw: Callable[[str], None]) -> list[Path]:
        """Write them, all or none; which they are, without what goes to standard output by `raw`. Raises `UsageError`.

        Only a plan that passed is written as a patch or files; without one there is no patch, not an empty one.
        """
        root = repo.resolve()
        passed = report is not None and report.passed
        texts: dict[Path, bytes] = {}
        if self.json is not None:
            texts[self.json] = data(plan, report).encode()
        if self.sarif is not None:
            texts[self.sarif] = sarif(plan, report, repo).encode()
        if self.html is not None:
            from transformer.show.page import html

            texts[self.html] = html(plan, report, repo.resolve().name).encode()
        if self.patch is not None and passed:
            texts[self.patch] = patch(plan)
        piped = texts.pop(STDOUT, b"")
        for path in texts:
            _refuse_planned(path, root, plan.paths)
        if self.folder is not None and passed:
            copies = {self.folder / path: plan.bytes_after(path) for path in plan.paths}
            _refuse_links(copies, root)
            texts |= copies
        write_all(texts)
        if piped:
            raw(piped.decode())
        beside = (self.json, self.sarif, self.html, *((self.patch, self.folder) if passed else ()))
        return [each for each in beside if each not in (None, STDOUT)]

    def without_patch(self, report: Report | None) -> str | None:
        """That no patch was written, and why; `None` where there is one, or none was asked for."""
        if self.patch is None or (report is not None and report.passed):
            return None
        why = "nothing to do" if report is None else "the plan did not pass"
        return f"{why}, no patch written"

    def inside(self, repo: Path) -> bool:
        """Whether one of them lies in the tree, as a file of its own."""
        root = repo.resolve()
        return any(path.resolve().is_relative_to(root) for path in self._single if path != STDOUT)


def check_file(path: Path, root: Path) -> None:
    """Raises `UsageError` where an output cannot be written, or is a file of the tree already, by whatever name."""
    if path.is_dir():
        raise refusal(path, "is a folder")
    if not path.parent.is_dir():
        raise refusal(path, f"there is no folder {path.parent}")
    if path.exists() and not path.is_file():
        raise refusal(path, "is not a regular file")
    if path.exists() and path.resolve().is_relative_to(root):
        raise refusal(path, "is a file of the tree already", help="name a new file, or one outside of the tree")
    if path.exists() and _linked(path, root):
        raise refusal(path, "is a file of the tree by another name (a hard link)")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise refusal(path, "permission denied")


def _linked(path: Path, root: Path) -> bool:
    """Whether a file is one of the tree's by another name. A tree is walked only for a file that has several."""
    found = path.stat()
    if found.st_nlink < 2 or found.st_dev != root.stat().st_dev:
        return False
    for folder, _, names in os.walk(root):
        for name in names:
            each = os.lstat(os.path.join(folder, name))
            if (each.st_dev, each.st_ino) == (found.st_dev, found.st_ino):
                return True
    return False


def _check_folder(folder: Path, root: Path) -> None:
    if folder.resolve().is_relative_to(root):
        raise refusal(folder, "is inside the tree", help="name a folder outside of it, or leave --out away")
    there = next(each for each in (folder, *folder.resolve().parents) if each.exists())
    if not there.is_dir():
        raise refusal(folder, f"{there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise refusal(folder, f"permission denied for {there}")


def _refuse_planned(path: Path, root: Path, planned: list[str]) -> None:
    """An output may be a new file in the tree, but not one that the plan makes."""
    if any((root / each).resolve() == path.resolve() for each in planned):
        raise refusal(path, "is a file that the plan writes", help="name another file, or one outside of the tree")


def _refuse_links(copies: dict[Path, bytes], root: Path) -> None:
    for path in copies:
        if path.resolve().is_relative_to(root):
            raise refusal(path, "leads into the tree", help="name another folder for --out")
