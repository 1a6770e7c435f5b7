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
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from transformer import pack as packs
from transformer import programs
from transformer.draft import write
from transformer.errors import TransformerError, UsageError
from transformer.survey.cache import fingerprint
from transformer.survey.judge import Judge
from transformer.survey.objects import trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from transformer.pack import Home
    from transformer.survey.row import Row
    from transformer.verify import Level

PATIENCE = 20  # seconds for a scheduler to answer
_MOST = 24  # revisions in one piece: neighbours, as they share most files
_WIDE = 16  # packs in one piece: some seconds of work, so that the progress is seen

_ISOLATION = ("PYTHONSAFEPATH", "PYTHONPATH")

_here = threading.local()


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs to know. Without `homes`, each worker uses its own installation."""

    repository: str
    level: Level
    fingerprint: str
    homes: tuple[Home, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """What a worker does at once: pairs of a revision and a pack, and packs that it has to be given, as texts."""

    pairs: tuple[tuple[str, str], ...]
    brought: tuple[tuple[str, Mapping[str, str]], ...] = ()


class Bench:
    """The judges of one thread, a judge for each pack, over the same files: each is parsed once for all of them."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._homes = setup.homes or (packs.home(),)
        installed = [each for each in self._homes if not each.data]
        if fingerprint(*installed) != setup.fingerprint:
            raise UsageError("a worker has other rules or another version", help="install the same everywhere")
        self._given: TemporaryDirectory[str] | None = None
        self._judges: dict[str, Judge] = {}

    def judge(self, name: str, brought: Mapping[str, Mapping[str, str]]) -> Judge:
        """The judge for a pack; it stays, and with it what was said of the revisions before."""
        if name not in self._judges:
            homes = (*self._homes, self._put(brought[name])) if name in brought else self._homes
            beside = next(iter(self._judges.values()), None)
            self._judges[name] = Judge(self.setup.repository, packs.load(name, homes), self.setup.level, beside)
        return self._judges[name]

    def _put(self, files: Mapping[str, str]) -> Home:
        """A folder of packs with one more in it; as long as the bench stays."""
        self._given = self._given or TemporaryDirectory(prefix="packs-")
        write(files, Path(self._given.name))
        return packs.homes([Path(self._given.name)], data=True)[-1]

    def close(self) -> None:
        """End git, and remove the packs that were given."""
        for each in list(self._judges.values())[:1]:
            each.close()
        if self._given is not None:
            self._given.cleanup()


def bench(setup: Setup) -> Bench:
    """The bench of this thread, which stays while the setup does. Raises `UsageError` in another version."""
    found: Bench | None = getattr(_here, "bench", None)
    if found is None or found.setup != setup:
        if found is not None:
            found.close()
        found = _here.bench = Bench(setup)
    return found


def rows(setup: Setup, piece: Piece) -> list[tuple[str, Row]]:
    """What a worker does: the rows of one piece, each with the name of its pack."""
    programs.avoid(*trees(Path(setup.repository)))
    mine, brought = bench(setup), dict(piece.brought)
    return [(name, mine.judge(name, brought).row(revision)) for revision, name in piece.pairs]


def pieces(revisions: Sequence[str], names: Sequence[str], jobs: int, level: Level) -> list[list[tuple[str, str]]]:
    """Runs of neighbours for some packs at a time, enough of them to keep all workers busy to the end.

    All packs have their turn at some revisions before the next ones: so what was parsed is still there.
    """
    long = 1 if level == "types" else max(1, min(_MOST, len(revisions) // (jobs * 4)))
    wide = 1 if level == "types" else _WIDE
    return [
        [(revision, name) for revision in revisions[start : start + long] for name in names[first : first + wide]]
        for start in range(0, len(revisions), long)
        for first in range(0, len(names), wide)
    ]


def spread(executor: Executor, setup: Setup, work: Iterable[Piece], done: Callable[[str, Row], None]) -> None:
    """Have every pair judged; `done` gets the name of the pack and its row as they come."""
    waiting: list[Future[list[tuple[str, Row]]]] = []
    try:
        waiting = [executor.submit(rows, setup, piece) for piece in work]
        for future in as_completed(waiting):
            for name, row in future.result():
                done(name, row)
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
