"""What was read of a tree, remembered, so that one can look again before anything is written."""

from __future__ import annotations

import os
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from transformer.errors import TransformerError
from transformer.workspace import Folders

if TYPE_CHECKING:
    from pathlib import Path

    from transformer.workspace import Store

Written = dict[str, "str | None"]
"""Where files really are, relative to the root, and the hashes of what they hold; `None` where there is none."""

Stamp = tuple[int, int, int, int, int]
"""Which file it is, how large, and when it was last changed: what it holds, and what the system notes of it, in ns."""

_SETTLED = 2 * 10**9
"""How old, in ns, a change has to be for a stamp to tell it from a next one: more than the clock of any file system."""


class Seen:
    """A store that remembers what it gave out: the bytes of each file, and the names in each folder.

    A second look compares stamps, as `git status` does, and bytes wherever a stamp is another one or too young to tell.
    """

    def __init__(self, root: Path, store: Store) -> None:
        self._root = root.resolve()
        self._store = store
        self._files: dict[str, bytes | None] = {}
        self._stamps: dict[str, Stamp | None] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        self._twice: set[str] = set()

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""
        if path not in self._stamps:
            self._stamps[path] = self._stamp(path)
        data = self._store.read(path)
        if self._files.setdefault(path, data) != data:
            self._twice.add(path)
        return data

    def moved(self, written: Written | None = None) -> list[str]:
        """What is not as it was given out, sorted; files that we have `written` since are left out."""
        ours = written or {}
        others = {path: known for path, known in self._files.items() if not ours or self._real(path) not in ours}
        files = [path for path, known in others.items() if not self._same(path, known)]
        folders = [folder for folder in self._folders if self._listed(folder) != self._expected(folder, ours)]
        return sorted({*files, *folders, *self._twice})

    def _stamp(self, path: str) -> Stamp | None:
        """The stamp of a file; `None` where it says nothing, as there is no file or one that has just been changed."""
        try:
            found = os.stat(f"{self._root}/{path}")
        except (OSError, ValueError):
            return None
        if os.name != "posix" or abs(time.time_ns() - found.st_ctime_ns) < _SETTLED:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _same(self, path: str, known: bytes | None) -> bool:
        stamp = self._stamps[path]
        if stamp is not None and stamp == self._stamp(path):
            return True
        try:
            return self._store.read(path) == known
        except TransformerError:  # it cannot be read any more
            return False

    def _listed(self, folder: str) -> set[str]:
        try:
            return set(self._store.list(folder))
        except TransformerError:
            return {""}

    def _expected(self, folder: str, ours: Written) -> set[str]:
        names = set(self._folders[folder])
        base = self._real(folder)
        for path, known in ours.items():
            parent, name = PurePosixPath(path).parent, PurePosixPath(path).name
            if parent == PurePosixPath(base):
                shown = str(PurePosixPath(folder, name))
                names = names - {shown} if known is None else names | {shown}
        return names

    def _real(self, path: str) -> str:
        """Where a path leads, relative to the root; as it is where it leads out."""
        try:
            target = (self._root / path).resolve()
            return target.relative_to(self._root).as_posix()
        except (OSError, RuntimeError, ValueError):
            return path

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        names = self._store.list(folder)
        if self._folders.setdefault(folder, tuple(names)) != tuple(names):
            self._twice.add(folder)
        return names

    def folders(self, folder: str) -> tuple[str, ...]:
        """The paths of the folders in a folder, sorted; none where the store knows of none."""
        return self._store.folders(folder) if isinstance(self._store, Folders) else ()
