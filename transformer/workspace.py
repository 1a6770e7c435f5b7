"""The fork seen in memory: files read on demand, parsed once, with an overlay of planned texts."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from transformer.cpp import CppFile, Source
from transformer.edit import Edit, merge, splice
from transformer.errors import AnchorError, UsageError
from transformer.reader import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Store(Protocol):
    """Where the files of a tree come from. Paths are posix and relative to the root."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""


@runtime_checkable
class Folders(Protocol):
    """A store that knows the folders of a tree as well."""

    def folders(self, folder: str) -> tuple[str, ...]:
        """The paths of the folders in a folder, sorted."""


class DiskStore:
    """A tree on disk. Raises `UsageError` where a file is there but cannot be read, or must not be."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""
        return read(self.root, path)

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        return [*self._inside(folder, lambda each: each.is_file())]

    def folders(self, folder: str) -> tuple[str, ...]:
        """The paths of the folders in a folder, sorted; symlinks are none."""
        return self._inside(folder, lambda each: each.is_dir(follow_symlinks=False))

    def _inside(self, folder: str, wanted: Callable[[os.DirEntry[str]], bool]) -> tuple[str, ...]:
        try:
            with os.scandir(self.root / folder) as entries:
                names = sorted(each.name for each in entries if wanted(each))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            why = f"cannot list {folder}: {error.strerror}"
            raise UsageError(why, where=folder, help="check its permissions") from error
        base = str(PurePosixPath(folder))
        return tuple(names if base == "." else [f"{base}/{name}" for name in names])


class MemoryStore:
    """A tree that is a mapping from path to bytes."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""
        return self.files.get(path)

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        return sorted(path for path in self.files if str(PurePosixPath(path).parent) == (folder or "."))

    def folders(self, folder: str) -> tuple[str, ...]:
        """The paths of the folders in a folder, sorted."""
        parents = {str(each) for path in self.files for each in PurePosixPath(path).parents} - {"."}
        return tuple(sorted(each for each in parents if str(PurePosixPath(each).parent) == (folder or ".")))


class Workspace:
    """A tree in memory. Nothing here ever writes to disk."""

    def __init__(self, store: Store, planned: Mapping[str, Source] | None = None) -> None:
        self._store = store
        self._planned = dict(planned or {})
        self._raw: dict[str, bytes | None] = {}
        self._sources: dict[str, Source] = {}
        self._files: dict[str, CppFile] = {}

    def exists(self, path: str) -> bool:
        """Whether the tree, or the plan, has the file."""
        return path in self._planned or self._read(path) is not None

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        added = {path for path in self._planned if str(PurePosixPath(path).parent) == folder}
        return sorted({*self._store.list(folder), *added})

    def folders(self, folder: str) -> tuple[str, ...]:
        """The paths of the folders in a folder, sorted, as the tree has them; none where its store knows of none."""
        return self._store.folders(folder) if isinstance(self._store, Folders) else ()

    def source(self, path: str) -> Source:
        """A file. Raises `AnchorError` where it is missing and `UsageError` where it is not UTF-8."""
        if path in self._planned:
            return self._planned[path]
        if path not in self._sources:
            data = self._read(path)
            if data is None:
                raise AnchorError(f"{path} is not there", where=path)
            self._sources[path] = Source(path, _utf8(path, data))
        return self._sources[path]

    def _read(self, path: str) -> bytes | None:
        """What the store has of a file, asked for once."""
        if path not in self._raw:
            self._raw[path] = self._store.read(path)
        return self._raw[path]

    def seen(self) -> Iterator[Source]:
        """The files that were read so far, in the order of their paths."""
        yield from (self._sources[path] for path in sorted(self._sources))

    def file(self, path: str) -> CppFile:
        """A file, parsed."""
        if path not in self._files:
            self._files[path] = CppFile(self.source(path))
        return self._files[path]

    def overlay(self, edits: Iterable[Edit]) -> Workspace:
        """The tree as it would be with these edits. Raises `ConflictError`."""
        planned = dict(self._planned)
        for path, group in groupby(merge(edits), key=lambda edit: edit.path):
            changes = tuple(group)
            if changes[0].creates:
                planned[path] = Source(path, changes[0].text)
            else:
                old = self.source(path)
                planned[path] = Source(path, splice(old.data, changes), previous=old, edits=changes)
        after = Workspace(self._store, planned)
        after._sources = self._sources
        after._files = {path: file for path, file in self._files.items() if path not in planned}
        return after

    @property
    def planned(self) -> Mapping[str, Source]:
        """The overlay: planned files by path, in order."""
        return dict(sorted(self._planned.items()))


def _utf8(path: str, data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path} is not UTF-8 (byte 0x{data[error.start]:02x})", where=f"{path}:{line}", help="convert it to UTF-8"
        ) from error
    return data
