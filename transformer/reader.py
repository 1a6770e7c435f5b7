"""The one reader of what comes from a tree: regular files inside of it, of a bounded size, within a bounded time.

A tree is other people's work: a path in it can name a pipe that nobody writes to, a device without an end, a symlink
to a file of somebody else, or a file of a gigabyte. None of that may hang a run, or fill the memory.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

from transformer.errors import UsageError

SOURCE = 16 << 20
"""The most bytes of a source file (the largest one that was met has about 2 MB)."""
DATABASE = 64 << 20
"""The most bytes of a compilation database."""
PATIENCE = 20.0
"""The most seconds for one file: a network or a user's file system can be slow without an end."""

_PIECE = 1 << 20
_ENTRIES = 2000  # files of one pack; a symlink to a folder above would make them endless
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


def read(root: Path, path: str, *, most: int = SOURCE) -> bytes | None:
    """The bytes of a file of the tree at `root`, by its path in there; `None` where there is none.

    Raises `UsageError`, with the path as its place, for what is no regular file, lies outside of the tree, is larger
    than `most` bytes, takes too long, or cannot be read.
    """
    try:
        return _bytes(*_real(root, path), path, most)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise _refused(path, f"cannot read {path}: {error.strerror}", "check its permissions") from error
    except RuntimeError as error:  # a symlink to itself, as `resolve` says it
        raise _refused(path, f"cannot read {path}: it is a symlink to itself", "remove it") from error
    except ValueError:  # a path with a NUL: no file has it
        return None


def require_plain(folder: Path, within: Path, *, most: int = SOURCE) -> None:
    """Raises `UsageError` where something in a folder is neither a folder nor a regular file, or not `within` another.

    For folders of others that are then read by their paths: every part is looked at before one of them is opened.
    """
    top, found = within.resolve(), [folder]
    for number, each in enumerate(found):
        if number > _ENTRIES:
            raise _refused(str(folder), f"{folder} holds more than {_ENTRIES} files", "put packs alone into it")
        try:
            kind = os.stat(each)
            inside = Path(each).resolve().is_relative_to(top)
            fault = "" if stat.S_ISDIR(kind.st_mode) else _fault(kind, most)
            if inside and stat.S_ISDIR(kind.st_mode):
                found += [each / name for name in sorted(os.listdir(each))]
        except (OSError, RuntimeError) as error:
            raise _refused(str(each), f"{each} cannot be read: {error}", "remove it, or mend it") from error
        if not inside or fault:
            why = fault or "leads out of its folder through a symlink"
            raise _refused(str(each), f"{each} {why}", "put a regular file in its place")


def why_not(path: str, *, most: int = SOURCE) -> str:
    """Why a compiler should not open this file, wherever it lies; "" where it can, and where there is no file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ""
    if stat.S_ISDIR(found.st_mode):
        return ""
    return _fault(found, most)


def _real(root: Path, path: str) -> tuple[str | Path, os.stat_result]:
    """A path to the file in which no part below the root is a symlink, and what lies there.

    It leads out of the tree nowhere.
    """
    place, found = str(root), None
    for name in path.split("/"):
        if name in ("", ".", ".."):
            break
        place = f"{place}/{name}"
        found = os.lstat(place)
        if stat.S_ISLNK(found.st_mode):
            break
    else:
        if found is not None:
            return place, found
    real = Path(root, path).resolve()
    if not real.is_relative_to(root.resolve()):
        raise _refused(
            path,
            f"{path} leads out of the tree through a symlink",
            "give the tree that the file really is in, or put a copy in the symlink's place",
        )
    return real, os.lstat(real)


def _bytes(real: str | Path, known: os.stat_result, path: str, most: int) -> bytes:
    """The bytes of a file at its real path; looked at before it is opened, as opening can do something to a device."""
    _check(known, path, most)
    handle = os.open(real, _FLAGS | getattr(os, "O_NOFOLLOW", 0))
    try:
        found = os.fstat(handle)
        _check(found, path, most)
        deadline = time.monotonic() + PATIENCE
        pieces, size = [], 0
        room = min(found.st_size + 1, _PIECE)  # a larger buffer costs more than the reading
        while piece := os.read(handle, room):
            pieces.append(piece)
            size += len(piece)
            if size == found.st_size and len(piece) < room:  # its end, as it was not filled
                break
            if size > most:
                raise _refused(path, f"{path} {_large(most)}", "it is no source file, or it is being written to")
            if time.monotonic() > deadline:
                raise _refused(path, f"{path} takes longer than {PATIENCE:.0f} s to read", "copy the tree to a disk")
        return b"".join(pieces)
    finally:
        os.close(handle)


def _check(found: os.stat_result, path: str, most: int) -> None:
    fault = _fault(found, most)
    if fault:
        advice = "remove it from the tree, or put a regular file of a usual size in its place"
        raise _refused(path, f"{path} {fault}", advice)


def _fault(found: os.stat_result, most: int) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file"
    return _large(most) if found.st_size > most else ""


def _large(most: int) -> str:
    return f"is larger than {most >> 20} MB"


def _refused(path: str, why: str, help: str) -> UsageError:
    return UsageError(why, where=path, help=help)
