"""The files that a user asks for beside the tree: a patch, the plan as data, a folder of what would change."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer.errors import UsageError
from transformer.show.data import data
from transformer.show.page import html
from transformer.show.patch import patch

if TYPE_CHECKING:
    from pathlib import Path

    from transformer.plan import Plan
    from transformer.verify import Report


@dataclass(frozen=True, slots=True)
class Files:
    """Where they go; `None` where they were not asked for."""

    patch: Path | None = None
    json: Path | None = None
    folder: Path | None = None
    html: Path | None = None

    def check(self, repo: Path) -> None:
        """Raises `UsageError` where one of them cannot be written, or would be written into the tree's own files."""
        root = repo.resolve()
        single = [path for path in (self.patch, self.json, self.html) if path is not None]
        for path in single:
            _check_file(path, root)
        if len({path.resolve() for path in single}) < len(single):
            raise UsageError(f"{single[0]} is named twice", help="give each output a file of its own")
        if self.folder is not None:
            _check_folder(self.folder, root)

    def write(self, plan: Plan, report: Report | None, repo: Path) -> list[Path]:
        """Write them; which they are. Raises `UsageError`. Only a plan that passed is written as a patch or files."""
        passed = report is not None and report.passed
        texts: dict[Path, bytes] = {}
        if self.json is not None:
            texts[self.json] = data(plan, report).encode()
        if self.patch is not None:
            texts[self.patch] = patch(plan) if passed else b""
        if self.html is not None:
            texts[self.html] = html(plan, report, repo.resolve().name).encode()
        if self.folder is not None and passed:
            texts |= {self.folder / path: plan.bytes_after(path) for path in plan.paths}
        for path, text in texts.items():
            _write(path, text, repo.resolve(), self.folder)
        beside = (self.json, self.patch, self.html, self.folder if passed else None)
        return [path for path in beside if path is not None]


def _check_file(path: Path, root: Path) -> None:
    if path.is_dir():
        raise _refusal(path, "is a folder")
    if not path.parent.is_dir():
        raise _refusal(path, f"there is no folder {path.parent}")
    if path.exists() and path.resolve().is_relative_to(root):
        raise _refusal(path, "is a file of the tree already", help="name a new file, or one outside of the tree")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise _refusal(path, "permission denied")


def _check_folder(folder: Path, root: Path) -> None:
    if folder.resolve().is_relative_to(root):
        raise _refusal(folder, "is inside the tree", help="name a folder outside of it, or leave --out away")
    there = next(each for each in (folder, *folder.resolve().parents) if each.exists())
    if not there.is_dir():
        raise _refusal(folder, f"{there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise _refusal(folder, f"permission denied for {there}")


def _write(path: Path, text: bytes, root: Path, folder: Path | None) -> None:
    if folder is not None and path.is_relative_to(folder) and path.resolve().is_relative_to(root):
        raise _refusal(path, "leads into the tree", help="name another folder for --out")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    except OSError as error:
        raise _refusal(path, error.strerror or str(error)) from error


def _refusal(path: Path, why: str, *, help: str = "name another place") -> UsageError:
    return UsageError(f"{path} cannot be written: {why}; the tree was not touched", help=help)
