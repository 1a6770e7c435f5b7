"""Spreads revisions over any `concurrent.futures` executor: processes of this machine, or a Dask cluster."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer import pack as packs
from transformer import programs
from transformer.errors import TransformerError, UsageError
from transformer.survey.cache import fingerprint
from transformer.survey.judge import Judge
from transformer.survey.objects import trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from transformer.pack import Home
    from transformer.survey.row import Row
    from transformer.verify import Level

PATIENCE = 20  # seconds for a scheduler to answer
_MOST = 24  # revisions in one piece: neighbours, as they share most files

_ISOLATION = ("PYTHONSAFEPATH", "PYTHONPATH")

_here = threading.local()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to know. `home` is `None` where each worker uses its own installation."""

    repository: str
    arch: str
    level: Level
    fingerprint: str
    home: Home | None = None


def judge(setup: Setup) -> Judge:
    """The judge of this thread; it stays, and with it what it has parsed. Raises `UsageError` in another version."""
    if getattr(_here, "setup", None) != setup:
        home = setup.home or packs.home()
        if fingerprint(home) != setup.fingerprint:
            raise UsageError("a worker has other rules or another version", help="install the same everywhere")
        if getattr(_here, "judge", None) is not None:
            _here.judge.close()
        _here.judge = Judge(setup.repository, packs.load(setup.arch, home), setup.level)
        _here.setup = setup
    found: Judge = _here.judge
    return found


def rows(setup: Setup, revisions: Sequence[str]) -> list[Row]:
    """What a worker does: the rows of one piece."""
    programs.avoid(*trees(Path(setup.repository)))
    each = judge(setup)
    return [each.row(revision) for revision in revisions]


def pieces(revisions: Sequence[str], jobs: int, level: Level) -> list[Sequence[str]]:
    """Runs of neighbours, enough of them to keep all workers busy to the end."""
    size = 1 if level == "types" else max(1, min(_MOST, len(revisions) // (jobs * 4)))
    return [revisions[start : start + size] for start in range(0, len(revisions), size)]


def spread(executor: Executor, setup: Setup, revisions: Sequence[str], jobs: int, done: Callable[[Row], None]) -> None:
    """Have every revision judged; `done` gets each row as it comes."""
    waiting: list[Future[list[Row]]] = []
    try:
        waiting = [executor.submit(rows, setup, piece) for piece in pieces(revisions, jobs, setup.level)]
        for future in as_completed(waiting):
            for row in future.result():
                done(row)
    except BrokenProcessPool as error:
        raise TransformerError(
            "a worker process died", help="fewer --jobs need less memory; --resume goes on where this ended"
        ) from error
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """Processes of this machine; for one job a thread. Ctrl-C ends the survey after the pieces at work."""
    start = multiprocessing.get_context("spawn")  # the progress bar has a thread: forking beside it can hang
    pool: Executor
    with _isolated():
        pool = ThreadPoolExecutor(1) if jobs == 1 else ProcessPoolExecutor(jobs, mp_context=start, initializer=_patient)
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _isolated() -> Iterator[None]:
    """A Python that is started meanwhile imports nothing from the working folder, which may be the tree itself.

    Neither from `PYTHONPATH`: a worker gets our own path before it imports anything of ours.
    """
    before = {name: os.environ.pop(name, None) for name in _ISOLATION}
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _patient() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """A Dask cluster and the number of its workers. They must see the repository under the same path."""
    try:
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        raise UsageError("Dask is not installed", help="install the extra `dask`") from error
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {address}", help="start one with `dask scheduler`") from error
    try:
        workers = len(client.nthreads())
        if not workers:
            raise UsageError(f"the cluster at {address} has no workers", help="start them with `dask worker`")
        yield client.get_executor(pure=False), workers
    finally:
        client.close()
