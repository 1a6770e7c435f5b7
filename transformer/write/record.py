"""What a journal says, as data: written down, and read back as something that anybody may have written."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from transformer.errors import TransformerError

T = TypeVar("T")
VERSION = 1
NAME = re.compile(r"\d{6,20}-[0-9a-f]{8}")
"""How the folder of a journal is called: its number in the order of the runs, and something that makes it unique."""

_HASH = re.compile(r"[0-9a-f]{64}")
_COPY = re.compile(r"\d{4,10}")


class WriteError(TransformerError):
    """Writing failed; the message says in what state the tree is."""

    exit_code = 70
    title = "writing"


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """One file that a run changed, with the hashes of its bytes; None where there was no file."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one run did; `notes` is whatever the caller wanted to be remembered with it, `run` the name it goes by."""

    label: str
    files: tuple[ReceiptFile, ...]
    notes: Mapping[str, object] = field(default_factory=dict, hash=False)
    run: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a journal: hashes, the mode bits before, and the copy of the bytes before."""

    path: str
    before: str | None
    after: str | None
    mode: int | None
    backup: str | None


@dataclass(frozen=True, slots=True)
class Journal:
    """One run over the tree. `folders` it creates, outermost first; `undoes` names a journal beside it."""

    folder: Path
    state: Literal["writing", "applied"]
    label: str
    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    notes: Mapping[str, object] = field(default_factory=dict, hash=False)
    undoes: str = ""

    @property
    def unfinished(self) -> bool:
        """Whether the tree may be neither as it was before nor as the run makes it."""
        return self.state == "writing"

    @property
    def receipt(self) -> Receipt:
        """What the run of this journal did, without how it is undone."""
        files = (ReceiptFile(entry.path, entry.before, entry.after) for entry in self.entries)
        return Receipt(self.label, tuple(files), self.notes, self.folder.name)


def encode(journal: Journal) -> bytes:
    """The journal as JSON. Raises TypeError where the notes are no plain data."""
    data = {"version": VERSION, **asdict(replace(journal, notes=dict(journal.notes)))}
    del data["folder"]
    return json.dumps(data, indent=1).encode("ascii")


def decode(folder: Path, text: bytes) -> Journal:
    """The journal that lies in `folder`. Raises ValueError that says what is wrong with it."""
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    found = _Reader(data, "the journal")
    if found.take("version", int) != VERSION:
        raise ValueError("written by another version")
    state = found.take("state", str)
    if state not in ("writing", "applied"):
        raise ValueError(f"state is {state!r}")
    undoes = found.take("undoes", str)
    if undoes and not NAME.fullmatch(undoes):
        raise ValueError(f"undoes is {undoes!r}")
    journal = Journal(
        folder,
        "applied" if state == "applied" else "writing",
        found.take("label", str),
        tuple(_entries(found.take("entries", list))),
        tuple(_path(each) for each in found.take("folders", list)),
        found.take("notes", dict),
        undoes,
    )
    found.end()
    return journal


class _Reader:
    """The fields of one JSON object, each of which is asked for by name and type."""

    def __init__(self, data: object, what: str) -> None:
        if not isinstance(data, dict):
            raise ValueError(f"{what} is no object")
        self._data, self._what = dict(data), what

    def take(self, name: str, kind: type[T]) -> T:
        """A field. Raises ValueError where it is missing or of another type."""
        if name not in self._data:
            raise ValueError(f"{self._what} lacks {name!r}")
        value = self._data.pop(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{name} is {str(value)[:60]!r}")
        return value

    def maybe(self, name: str, kind: type[T]) -> T | None:
        """A field that may be null."""
        if self._data.get(name, "") is None:
            del self._data[name]
            return None
        return self.take(name, kind)

    def end(self) -> None:
        """Raises ValueError where there are more fields."""
        if self._data:
            raise ValueError(f"{self._what} has {sorted(map(str, self._data))[0]!r}")


def _entries(items: list[object]) -> Iterator[Entry]:
    seen: set[str] = set()
    for item in items:
        found = _Reader(item, "an entry")
        path = _path(found.take("path", str))
        before, after = (_matching(found.maybe(name, str), _HASH, name) for name in ("before", "after"))
        mode = found.maybe("mode", int)
        backup = _matching(found.maybe("backup", str), _COPY, "backup")
        found.end()
        if path in seen:
            raise ValueError(f"{path} is there twice")
        if mode is not None and not 0 <= mode <= 0o7777:
            raise ValueError(f"mode is {mode}")
        if (before is None) != (backup is None):
            raise ValueError(f"{path} has no copy of the bytes before")
        seen.add(path)
        yield Entry(path, before, after, mode, backup)


def _matching(value: str | None, pattern: re.Pattern[str], name: str) -> str | None:
    if value is not None and not pattern.fullmatch(value):
        raise ValueError(f"{name} is {value[:60]!r}")
    return value


def _path(value: object) -> str:
    """A path below the tree, by its words alone; whether a link leads out of it is seen when it is used."""
    parts = PurePosixPath(value).parts if isinstance(value, str) else ()
    if not isinstance(value, str) or not parts or value.startswith("/") or ".." in parts or not _names_a_file(value):
        raise ValueError(f"{str(value)[:60]!r} is no path inside the tree")
    return value


def _names_a_file(path: str) -> bool:
    """Whether a file can be called so: JSON can hold a NUL, and half a character."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False
