"""Which translation units a plan can break, their parse in worker processes, and what is new in the result."""

import os
import pickle
import posixpath
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from transformer.cpp.suffixes import FOREIGN, HEADERS, UNITS
from transformer.errors import VerifyError
from transformer.family import Progress
from transformer.types.commands import Commands, compile_commands
from transformer.types.includes import (
    Sources,
    builtin_headers,
    choose_units,
    first_include,
    flags_for,
)
from transformer.types.kept import Kept, default_folder
from transformer.types.memory import Memory
from transformer.types.vetting import vet
from transformer.types.worker import Batch, Diagnostic, Finding, Setup, Unit

WORKER = Path(__file__).with_name("worker.py")
MOST_JOBS = 8
PATIENCE = 300  # seconds without any answer; the slowest unit takes 7 on an idle core
SHARED_FROM = 4  # units with the same first include, from which on precompiling that include pays
# Costs in bytes of source: what the includes of a unit cost, precompiled or not (measured, 5 s per MB).
INCLUDES, PREFIX, PREFIXED, CHUNK = 80_000, 130_000, 3_000, 1_200_000
_PLACE = re.compile(r" at [^()']*:\d+:\d+(?=[)'])")  # "(lambda at file:line:column)"

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class TypeReport:
    """What the compiler says of the planned tree and did not say of the pristine one."""

    units: tuple[str, ...]
    new: tuple[Diagnostic, ...]
    pristine_count: int
    planned_count: int
    seconds: float
    peak_rss_mb: float
    unchecked: tuple[tuple[str, str], ...] = ()  # path, and why nothing or not all of it was judged

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The new diagnostics that no compiler lets pass."""
        return tuple(one for one in self.new if one.severity != "warning")


def _silent(done: int, total: int, path: str) -> None:
    """No progress display."""


def check_types(
    root: Path,
    planned: Mapping[str, bytes],
    *,
    created: Collection[str],
    names: Mapping[str, frozenset[str]],
    include_dirs: Sequence[str],
    only: Collection[str] | None = None,
    jobs: int | None = None,
    progress: Progress = _silent,
) -> TypeReport:
    """Judge the planned tree in memory: `planned` maps paths to their new bytes, and none of it is on disk.

    `names` gives per touched header what its change concerns; units that mention such a name are judged too. For an
    enum that grew, give its other enumerators as well: a switch that was forgotten mentions those, not the new one.
    With `only`, no other unit is judged. Raises `NoCompiler` without builtin headers, `VerifyError` if a worker dies.
    """
    started = time.monotonic()
    root = Path(root).resolve()
    code = {path: text for path, text in planned.items() if path.endswith((*UNITS, *HEADERS))}
    dirs = tuple(one for one in include_dirs if (root / one).is_dir() or any(p.startswith(one + "/") for p in code))
    sources = Sources(root, code, dirs)
    chosen, unchecked = choose_units(sources, names)
    if only is not None:
        chosen, unchecked = chosen & set(only), []
    unchecked += [(path, "not C or C++") for path in planned if path.endswith(FOREIGN)]
    findings: list[Finding] = []
    if chosen:
        commands = compile_commands(root)
        unchecked += commands.notes
        flags = _flags(chosen, sources, commands)
        vet(flags, sources)
        memory = Memory(Kept(default_folder(), sources), flags)
        units = memory.recall(Unit(path, path in code, _is_new(path, created, sources)) for path in sorted(flags))
        batches = _batches(units, flags, sources)
        with closing(_parse_all(root, code, batches, jobs or _cores())) as stream:
            for finding in chain(memory.known, stream):
                findings.append(finding)
                progress(len(findings), len(chosen), finding.path)
        memory.keep(findings)
    unchecked += sources.refused.items()
    return _report(sorted(findings, key=lambda one: one.path), sorted(unchecked), sources, started)


def _flags(chosen: Iterable[str], sources: Sources, commands: Commands) -> dict[str, tuple[str, ...]]:
    builtin = builtin_headers(sources.root)
    return {path: flags_for(path, commands.flags, sources.include_dirs, sources.root, builtin) for path in chosen}


def _is_new(path: str, created: Collection[str], sources: Sources) -> bool:
    return path in sources.planned and (path in created or sources.pristine(path) is None)


def _batches(units: Iterable[Unit], flags: Mapping[str, tuple[str, ...]], sources: Sources) -> list[Batch]:
    """Units grouped by flags and first include, the dearest batch first, so that all workers finish together."""
    groups: dict[tuple[tuple[str, ...], str, str, str], list[Unit]] = {}
    for unit in units:
        folder, suffix = posixpath.dirname(unit.path), posixpath.splitext(unit.path)[1]
        key = flags[unit.path], folder, suffix, first_include(unit.path, sources)
        groups.setdefault(key, []).append(unit)
    priced: list[tuple[int, Batch]] = []
    for (words, _, _, prefix), group in groups.items():
        sizes = {unit: len(sources.read(unit.path) or b"") for unit in group}
        if prefix and len(group) >= SHARED_FROM:
            priced += [(cost, Batch(chunk, words, prefix)) for cost, chunk in _chunks(sizes)]
        else:
            priced += [(INCLUDES + size, Batch((unit,), words)) for unit, size in sizes.items()]
    return [batch for _, batch in sorted(priced, key=lambda one: (-one[0], one[1].units[0].path))]


def _chunks(sizes: Mapping[Unit, int]) -> Iterator[tuple[int, tuple[Unit, ...]]]:
    """Parts of a group of about equal work, few enough to pay for a precompiled header each."""
    chunk: list[Unit] = []
    cost = 0
    for unit in sorted(sizes, key=lambda one: (-sizes[one], one.path)):
        chunk.append(unit)
        cost += PREFIXED + sizes[unit]
        if cost >= CHUNK:
            yield PREFIX + cost, tuple(chunk)
            chunk, cost = [], 0
    if chunk:
        yield PREFIX + cost, tuple(chunk)


def _cores() -> int:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(count or 1, MOST_JOBS)


def _parse_all(
    root: Path, planned: dict[str, bytes], batches: list[Batch], jobs: int
) -> Generator[Finding, None, None]:
    """Findings as they come. Leaving early, by an error or Ctrl-C, ends the workers."""
    todo = deque(batches)
    missing = {unit.path for batch in batches for unit in batch.units}
    answers: queue.SimpleQueue[Finding | VerifyError | None] = queue.SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="types-") as scratch:
        setup = Setup(str(root), planned, scratch)
        workers: list[subprocess.Popen[bytes]] = []
        try:
            for index in range(min(jobs, len(batches))):
                workers.append(_start(scratch, index))
                feeder = threading.Thread(target=_feed, args=(workers[-1], index, setup, todo, answers), daemon=True)
                feeder.start()
            running = len(workers)
            while running:
                try:
                    answer = answers.get(timeout=PATIENCE)
                except queue.Empty:
                    raise _died(f"no unit was finished within {PATIENCE} s", min(missing)) from None
                if isinstance(answer, VerifyError):
                    raise answer
                if answer is None:
                    running -= 1
                else:
                    missing.discard(answer.path)
                    yield answer
            if missing:
                raise _died("a worker ended without an answer", min(missing))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def _start(scratch: str, index: int) -> subprocess.Popen[bytes]:
    with open(_log(scratch, index), "wb") as log:
        return subprocess.Popen(
            # -I: neither the current folder nor PYTHONPATH is on the worker's path. A session of its own:
            # Ctrl-C reaches this process alone, which then ends the workers.
            [sys.executable, "-I", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=scratch,
            start_new_session=True,
        )


def _log(scratch: str, index: int) -> Path:
    return Path(scratch, f"worker-{index}.log")


def _feed(
    worker: subprocess.Popen[bytes],
    index: int,
    setup: Setup,
    todo: deque[Batch],
    answers: "queue.SimpleQueue[Finding | VerifyError | None]",
) -> None:
    """One thread per worker: hand out batches, collect findings, name the unit at which the worker died."""
    assert worker.stdin
    assert worker.stdout
    current = ""
    try:
        pickle.dump(setup, worker.stdin)
        while todo:
            batch = todo.popleft()
            current = batch.units[0].path
            pickle.dump(batch, worker.stdin)
            worker.stdin.flush()
            for unit in batch.units:
                current = unit.path
                finding: Finding = pickle.load(worker.stdout)
                answers.put(_died(finding.failure, current) if finding.failure else finding)
    except IndexError:  # another thread took the last batch
        pass
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # ValueError: closed by whoever stops us
        answers.put(_died(_last_words(worker, _log(setup.scratch, index)), current))
    finally:
        answers.put(None)


def _last_words(worker: subprocess.Popen[bytes], log: Path) -> str:
    code = worker.wait()
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    how = f"libclang was ended by signal {-code}" if code < 0 else f"the worker ended with status {code}"
    return f"{how}: {lines[-1]}" if lines else how


def _died(what: str, path: str) -> VerifyError:
    return VerifyError(
        f"types cannot be verified: {what} (at {path or 'its start'})",
        where=path,
        help="look at that file; to go on without types, check the syntax alone with `--verify syntax`",
    )


def _report(
    findings: Sequence[Finding], unchecked: list[tuple[str, str]], sources: Sources, started: float
) -> TypeReport:
    new: dict[tuple[object, ...], Diagnostic] = {}
    for finding in findings:
        new.update((_identity(one), one) for one in new_diagnostics(finding, sources))
        cut = next((one for one in finding.pristine if one.severity == "fatal"), None)
        if cut:
            unchecked.append((finding.path, f"in part only: {cut.text} ({cut.where})"))
    return TypeReport(
        units=tuple(one.path for one in findings),
        new=tuple(sorted(new.values(), key=lambda one: (one.path, one.line, one.column, one.text))),
        pristine_count=len({_identity(one) for finding in findings for one in finding.pristine}),
        planned_count=len({_identity(one) for finding in findings for one in finding.planned}),
        seconds=time.monotonic() - started,
        peak_rss_mb=max((one.peak_rss_mb for one in findings), default=0.0),
        unchecked=tuple(unchecked),
    )


def _identity(one: Diagnostic) -> tuple[object, ...]:
    return one.path, one.line, one.column, one.severity, one.text


def new_diagnostics(finding: Finding, sources: Sources) -> Iterator[Diagnostic]:
    """Those that the pristine unit has fewer of; lines move, so file, severity, text and flag make the match."""
    spare = Counter(_key(one) for one in finding.pristine)
    unchanged = Counter(_with_lines(finding.pristine, sources.pristine))
    late = []
    for one, (key, line) in zip(finding.planned, _with_lines(finding.planned, sources.read), strict=True):
        # The same words on an unchanged line are the old diagnostic; only what is left is matched blindly.
        if unchanged[key, line]:
            unchanged[key, line] -= 1
            spare[key] -= 1
        else:
            late.append(one)
    for one in late:
        if spare[_key(one)] > 0:
            spare[_key(one)] -= 1
        else:
            yield one


def _with_lines(found: Sequence[Diagnostic], read: Callable[[str], bytes | None]) -> Iterator[tuple[Key, bytes]]:
    texts: dict[str, list[bytes]] = {}
    for one in found:
        if one.path not in texts:
            texts[one.path] = (read(one.path) or b"").split(b"\n")
        lines = texts[one.path]
        yield _key(one), lines[one.line - 1].strip() if 0 < one.line <= len(lines) else b""


def _key(one: Diagnostic) -> Key:
    return one.path, one.severity, _PLACE.sub("", one.text), one.flag
