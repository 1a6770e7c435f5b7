"""What the compiler would open, looked at before it does: it reads a pipe or a device without an end.

Includes are found as `includes` finds them, by their spelling. What is spelled by a macro is not seen here; there the
limits of the worker hold (`worker.MEMORY`, `check.PATIENCE`).
"""

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from transformer.errors import UsageError
from transformer.reader import why_not
from transformer.types.includes import Sources, spelled_includes

_FOLDERS = ("-isystem", "-iquote")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was looked at already: files of the tree per set of folders, and paths of the machine."""

    files: set[tuple[tuple[str, ...], str]] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)

    def fault(self, path: str) -> str:
        """Why the compiler should not open a path; "" where it can."""
        if path not in self.faults:
            self.faults[path] = why_not(path)
        return self.faults[path]


def vet(flags: Mapping[str, tuple[str, ...]], sources: Sources) -> None:
    """Raises `UsageError` at the first include of these units that leads to something that must not be read."""
    seen = _Seen()
    for unit, words in sorted(flags.items()):
        for path in (*_forced(words), os.path.join(sources.root, unit)):
            fault = "" if _relative(path, sources) in sources.planned else seen.fault(path)
            if fault:
                raise _refusal(path, fault, _relative(path, sources))
        _vet_file(unit, tuple(_folders(words)), sources, seen)


def _vet_file(start: str, folders: tuple[str, ...], sources: Sources, seen: _Seen) -> None:
    """One unit, and all of the tree that it includes."""
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if (folders, path) in seen.files:
            continue
        seen.files.add((folders, path))
        for spelled, quoted, line in spelled_includes(sources.read(path) or b""):
            beside = (os.path.join(sources.root, posixpath.dirname(path)),) if quoted else ()
            found = _first((*beside, *folders), spelled, sources)
            if found is None:
                continue
            inside = _relative(found, sources)
            if inside not in sources.planned and (fault := seen.fault(found)):
                raise _refusal(f'"{spelled}"', fault, f"{path}:{line}")
            if inside:
                waiting.append(inside)


def _first(folders: Iterable[str], spelled: str, sources: Sources) -> str | None:
    """The path that an include leads to, as the compiler would find it."""
    for folder in folders:
        path = os.path.normpath(os.path.join(folder, spelled))
        if _relative(path, sources) in sources.planned or (os.path.lexists(path) and not os.path.isdir(path)):
            return path
    return None


def _relative(path: str, sources: Sources) -> str:
    """The path in the tree; "" for what lies outside."""
    top = str(sources.root) + os.sep
    return path[len(top) :].replace(os.sep, "/") if path.startswith(top) else ""


def _folders(flags: tuple[str, ...]) -> Iterator[str]:
    for index, flag in enumerate(flags):
        if flag in _FOLDERS and index + 1 < len(flags):
            yield flags[index + 1]
        elif flag.startswith("-I") and len(flag) > 2:
            yield flag[2:]


def _forced(flags: tuple[str, ...]) -> Iterator[str]:
    for index, flag in enumerate(flags):
        if flag == "-include" and index + 1 < len(flags):
            yield flags[index + 1]


def _refusal(what: str, fault: str, where: str) -> UsageError:
    return UsageError(
        f"the compiler is not let near {what}: it {fault}",
        where=where,
        help="mend that include; to go on without types, check the syntax alone with `--verify syntax`",
    )
