"""Runs a target: so many inputs, none of them longer than it may take."""

from __future__ import annotations

import json
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import target as aim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.targets import Target

SECONDS = 10  # for one input
BATCH = 2000  # inputs that hypothesis keeps in mind
HERE = Path(__file__).parent


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
    """The corpus of a target, then so many inputs from a seed; hypothesis looks for more of those that come far.

    Raises what the target raised, with the smallest input that hypothesis found. An input is made once in `BATCH`.
    """
    count = Count()
    for each in corpus(target.name):
        _tried(target, each, count)
    for number in range(-(-inputs // BATCH)):

        @seed(start + number)
        @settings(max_examples=min(BATCH, inputs - number * BATCH), deadline=None, database=None,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(target.inputs)
        def check(given: Any) -> None:
            aim(_tried(target, given, count), label="how far it came")

        check()
    return count


def _tried(target: Target, given: Any, count: Count) -> float:
    before = time.process_time()
    with limited():
        far = target.check(given)
    count.inputs += 1
    count.slowest = max(count.slowest, time.process_time() - before)
    return far


def corpus(name: str) -> list[Any]:
    """Inputs that once went wrong, or would have: documents as they are, changes of files as JSON."""
    found = sorted((HERE / "corpus" / name.replace(" ", "_")).glob("*"))
    return [_changes(each) if each.suffix == ".changes" else each.read_bytes() for each in found]


def _changes(path: Path) -> list[Any]:
    listed = json.loads(path.read_text())
    return [(*each[:4], each[4].encode("latin-1")) for each in listed]
