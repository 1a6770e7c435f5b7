"""The tree of a revision as a workspace that remembers what was looked at, over files parsed once by their blob."""

from __future__ import annotations

import os
import posixpath
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar

from transformer.cpp import CppFile, Source
from transformer.errors import AnchorError
from transformer.workspace import MemoryStore, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformer.survey.objects import Entry, Objects

T = TypeVar("T")

_HOPS = 8  # symlinks that are followed

Look = tuple[str, str]
"""What was asked of a tree: `is` or `blob` of a path, `names` or `all` of a folder."""
Looks = dict[Look, object]
"""What was asked, and the answer. Whoever gets equal answers comes to the same end."""


class Tree:
    """The files of one revision."""

    def __init__(self, objects: Objects, root: str) -> None:
        self.objects = objects
        self._root = root
        self._found: dict[str, Entry | None] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def find(self, path: str) -> Entry | None:
        """What a path leads to, by way of the symlinks inside the tree."""
        if path not in self._found:
            self._found[path] = self._walk(path, _HOPS)
        return self._found[path]

    def _walk(self, path: str, hops: int) -> Entry | None:
        here, entry, parts = self._root, None, path.split("/")
        for index, part in enumerate(parts):
            entry = self.objects.tree(here).get(part)
            if entry is not None and entry.is_link:
                target = os.fsdecode(self.objects.blob(entry.id))
                follow = posixpath.normpath(posixpath.join(*parts[:index], target, *parts[index + 1 :]))
                inside = hops and not follow.startswith(("/", "../")) and follow not in (".", "..")
                return self._walk(follow, hops - 1) if inside else None
            if entry is None or (index + 1 < len(parts) and not entry.is_folder):
                return None
            here = entry.id
        return entry

    def blob(self, path: str) -> str | None:
        """The id of a file."""
        entry = self.find(path)
        return entry.id if entry is not None and entry.is_file else None

    def names(self, folder: str) -> tuple[str, ...]:
        """The paths of the files in a folder, sorted."""
        if folder not in self._names:
            entry = self.find(folder)
            inside = self.objects.tree(entry.id) if entry is not None and entry.is_folder else {}
            paths = sorted(f"{folder}/{name}" for name, each in inside.items() if each.is_file or each.is_link)
            self._names[folder] = tuple(path for path in paths if self.blob(path))
        return self._names[folder]

    def all(self, folder: str) -> str | None:
        """The id of all that is in a folder."""
        entry = self.find(folder)
        return entry.id if entry is not None else None

    def folders(self, folder: str) -> list[str]:
        """The folders in a folder."""
        entry = self.find(folder)
        inside = self.objects.tree(entry.id) if entry is not None and entry.is_folder else {}
        return [f"{folder}/{name}" for name, each in inside.items() if each.is_folder]

    def answer(self, look: Look) -> object:
        """What this tree says to a look."""
        kind, path = look
        match kind:
            case "is":
                return self.blob(path) is not None
            case "blob":
                return self.blob(path)
            case "names":
                return self.names(path)
            case _:
                return self.all(path)

    def gives(self, looks: Looks) -> bool:
        """Whether this tree gives the same answer to each look."""
        return all(self.answer(look) == answer for look, answer in looks.items())


class Library:
    """Files by path and blob, so that one that did not change is parsed once; the oldest leave first."""

    def __init__(self, objects: Objects, limit: int) -> None:
        self._objects = objects
        self._limit = limit
        self._size = 0
        self._sources: OrderedDict[tuple[str, str], Source] = OrderedDict()
        self._files: dict[tuple[str, str], CppFile] = {}
        self._last: tuple[str, Tree] | None = None

    def tree(self, root: str) -> Tree:
        """The tree of a revision; the last one is kept, as the next architecture asks for it again."""
        if self._last is None or self._last[0] != root:
            self._last = root, Tree(self._objects, root)
        return self._last[1]

    def source(self, path: str, blob: str) -> Source:
        """A file. Raises `UsageError` where it is not UTF-8 or too large, and `MissingObjectError`."""
        key = path, blob
        if key not in self._sources:
            data = self._objects.blob(blob, path)
            self._sources[key] = Workspace(MemoryStore({path: data})).source(path)
            self._size += len(data)
            while self._size > self._limit and len(self._sources) > 1:
                oldest, source = self._sources.popitem(last=False)
                self._files.pop(oldest, None)
                self._size -= len(source.data)
        self._sources.move_to_end(key)
        return self._sources[key]

    def file(self, path: str, blob: str) -> CppFile:
        """A file, parsed."""
        source = self.source(path, blob)
        key = path, blob
        if key not in self._files:
            self._files[key] = CppFile(source)
        return self._files[key]


class Revision(Workspace):
    """A revision, seen through `looks`: whatever is asked is written down there with its answer."""

    def __init__(self, tree: Tree, library: Library, looks: Looks) -> None:
        super().__init__(_Blobs(tree, library))
        self._tree = tree
        self._library = library
        self._looks = looks

    def exists(self, path: str) -> bool:
        """Whether the tree has the file."""
        return bool(self._ask("is", path))

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        self._ask("names", folder)
        return [*self._tree.names(folder)]

    def source(self, path: str) -> Source:
        """A file. Raises `AnchorError` where it is missing and `UsageError` where it is not UTF-8."""
        return self._known(path, self._library.source)

    def file(self, path: str) -> CppFile:
        """A file, parsed."""
        return self._known(path, self._library.file)

    def _known(self, path: str, find: Callable[[str, str], T]) -> T:
        blob = self._ask("blob", path)
        if not isinstance(blob, str):
            raise AnchorError(f"{path} is not there", where=path)
        return find(path, blob)

    def _ask(self, kind: str, path: str) -> object:
        look = kind, path
        if look not in self._looks:
            self._looks[look] = self._tree.answer(look)
        return self._looks[look]


class _Blobs:
    """A tree as the store of a workspace, for the planned tree over it."""

    def __init__(self, tree: Tree, library: Library) -> None:
        self._tree = tree
        self._library = library

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""
        blob = self._tree.blob(path)
        return self._library.source(path, blob).data if blob else None

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        return [*self._tree.names(folder)]
