"""Being asked to stop by Ctrl-C, `kill` or a closed terminal: one mechanism for run, undo and recovery.

While files are written the request waits until there is a place to stop: between two files, where everything can be
taken back, or behind the last one, where nothing is left to stop.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class _Process:
    """What this process knows of requests to stop: `past` once the tree is written, and how many came since."""

    past: bool = False
    late: int = 0


_process = _Process()


class Stop:
    """A request to stop that waits."""

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """Raises `KeyboardInterrupt` where this process was asked to stop."""
        if self.asked and not _process.past:
            raise KeyboardInterrupt

    def past(self) -> None:
        """The point of no return: what was asked for is done, and a request has nothing left to stop."""
        _process.past = True


def heed() -> None:
    """Let each request raise `KeyboardInterrupt`; those that the parent had us ignore (`nohup`) stay ignored."""
    for number in REQUESTS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def begin() -> None:
    """Nothing is written yet."""
    _process.past, _process.late = False, 0


@contextmanager
def held_back() -> Iterator[Stop]:
    """Let requests wait. One that is still waiting in the end raises `KeyboardInterrupt` then."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.asked = True

    heeded = [number for number in REQUESTS if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, note) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
    stop.check()


def _stop(_number: int, _frame: FrameType | None) -> None:
    if not _process.past:
        raise KeyboardInterrupt
    _process.late += 1
    if _process.late > 1:  # the reader of our output may be stuck: the rest is said to nobody
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)
