"""One process at a time: the lock of a tree."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from transformer.errors import UsageError
from transformer.write.files import reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the tree for this process. Raises `UsageError` at once where another run holds it."""
    from filelock import FileLock, Timeout  # not needed to look at a tree

    lock = FileLock(state / "lock", timeout=0)
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        message = "another run is working on this tree"
        raise UsageError(message, help="wait until it has ended, then try again") from error
    except OSError as error:
        message = f"the state folder cannot be written: {reason(error)}"
        raise UsageError(message, where=str(state)) from error
    try:
        yield
    finally:
        with suppress(OSError):  # the end of the process lets go of it as well
            lock.release()
