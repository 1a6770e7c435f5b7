"""Files of a tree: where a path really leads, and writes that last."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from transformer.edit import digest
from transformer.errors import UsageError

_MOST = 256 * 1024 * 1024


def inside(root: Path, path: str) -> Path:
    """Where the path really leads. Raises UsageError where that is not a place for our files."""
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path or path.startswith("/") or ".." in parts:
        raise UsageError(f"{path!r} is not a path inside the tree")
    try:
        target = root.joinpath(*parts).resolve()
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{path} cannot be followed: {error}", where=path) from error
    if target == root or not target.is_relative_to(root):
        raise UsageError(f"{path} leads out of the tree through a symlink", where=path)
    if ".git" in (part.lower() for part in target.relative_to(root).parts):
        raise UsageError(f"{path} is in git's own folder", where=path)
    return target


@contextmanager
def looking(what: str) -> Iterator[None]:
    """Before anything is written: what the system does not let us see is an error that says what it was about."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{what} cannot be looked at: {reason(error)}", where=what, help="run again") from error


def read(path: str, target: Path) -> bytes | None:
    """The bytes of a regular file, None where there is nothing. Raises UsageError."""
    try:
        if not stat.S_ISREG(target.stat().st_mode):
            raise UsageError(f"{path} is not a regular file", where=path)
        return target.read_bytes()
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise UsageError(f"{path}: a folder on the way is a file", where=path) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {reason(error)}", where=path) from error


def read_own(path: Path) -> bytes:
    """The bytes of one of our own files: a regular one, no link. Raises OSError, and ValueError where it is another."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST:
            raise ValueError("it is no regular file of a usual size")
        return file.read(_MOST)


def hash_of(data: bytes | None) -> str | None:
    """The hash that journals hold; None where there is no file."""
    return None if data is None else digest(data)


def owner(target: Path) -> tuple[int, int] | None:
    """User and group of a file, for the one that replaces it."""
    with suppress(OSError):
        found = target.stat()
        return found.st_uid, found.st_gid
    return None


def write_new(path: Path, data: bytes, mode: int | None, owner: tuple[int, int] | None = None) -> None:
    """Write a file that must not exist yet, down to the disk. Raises OSError.

    Without a mode the user's umask decides.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o666 if mode is None else 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if owner is not None:
            with suppress(OSError):  # only root can give a file away
                os.fchown(handle, *owner)
        if mode is not None:
            os.fchmod(handle, mode)
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last. Some file systems cannot; then nothing is lost but speed of repair."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_parents(targets: Iterable[Path]) -> None:
    """As `sync_folder`, for the folders of these files, which may be new themselves."""
    for folder in {folder for target in targets for folder in (target.parent, target.parent.parent)}:
        sync_folder(folder)


def reason(error: OSError) -> str:
    """Why the operating system refused, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left on the disk"
    return error.strerror or str(error)
