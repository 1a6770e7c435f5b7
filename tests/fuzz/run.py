"""Runs a target: so many inputs, none of them longer than it may take."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, seed, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.targets import Target

SECONDS = 10  # for one input


@dataclass(slots=True)
class Count:
    """What was run."""

    inputs: int = 0
    slowest: float = 0.0


class HangError(Exception):
    """An input took too long."""


@contextmanager
def limited() -> Iterator[None]:
    """Raises `HangError` after `SECONDS` of processor time."""

    def stop(*_: object) -> None:
        raise HangError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fuzz(target: Target, inputs: int, start: int) -> Count:
    """So many inputs from a seed. Raises what the target raised, with the smallest input that hypothesis found."""
    count = Count()

    @seed(start)
    @settings(max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(target.inputs)
    def check(given: Any) -> None:
        before = time.process_time()
        with limited():
            target.check(given)
        count.inputs += 1
        count.slowest = max(count.slowest, time.process_time() - before)

    check()
    return count
