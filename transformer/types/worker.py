"""The worker process: reads batches from its stdin, parses them with libclang, writes findings to its stdout.

Run as a script under `python -I`, so neither the target tree nor its folder can be on the import path.
"""

import os
import pickle
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from transformer.types.clang import Overlay, Parser

MEMORY = 4 << 30  # bytes of address space; the largest unit that was met takes less than one GB
INCLUDE_LINE = re.compile(rb"^[ \t]*#[ \t]*include\b[^\n]*", re.M)


class ParseError(Exception):
    """libclang could not make or keep a translation unit."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What the compiler said, with the path relative to the tree where it is inside it."""

    path: str
    line: int
    column: int
    severity: str  # warning, error or fatal
    text: str
    category: str
    flag: str
    notes: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """`path:line`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Unit:
    """One translation unit to judge."""

    path: str
    touched: bool
    new: bool
    before: tuple[Diagnostic, ...] | None = None
    """What is said of it in the pristine tree, where that is known already."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Units that share their flags, and a first include that is worth precompiling (or none: "")."""

    units: tuple[Unit, ...]
    flags: tuple[str, ...]
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """What holds for all batches: the tree, its planned texts, and a folder for precompiled headers."""

    root: str
    planned: dict[str, bytes]
    scratch: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One unit's diagnostics, planned and (only where there are planned ones) pristine."""

    path: str
    planned: tuple[Diagnostic, ...]
    pristine: tuple[Diagnostic, ...]
    peak_rss_mb: float
    failure: str = ""
    seen: tuple[str, ...] | None = None
    """The files that the planned unit saw, by absolute paths; `None` where that cannot be said for sure."""
    seen_before: tuple[str, ...] | None = None
    """Those of the pristine one; `None` also where it was not parsed."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the compiler said of a unit, and the files that it saw."""

    diagnostics: tuple[Diagnostic, ...]
    seen: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """A precompiled header on disk, and what the compiler said while making it."""

    file: str
    made: Parsed


@dataclass(frozen=True, slots=True)
class Side:
    """The planned or the pristine tree, with the precompiled headers made of it so far."""

    name: str
    overlay: "Overlay"
    prefixes: dict[tuple[object, ...], Prefix | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bench:
    """A worker's tools."""

    parser: "Parser"
    setup: Setup
    planned: Side
    pristine: Side


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer batches until the stream ends, one finding per unit, in order."""
    from transformer.types.clang import Parser

    setup: Setup = pickle.load(source)
    overlay = [(os.path.join(setup.root, path), text) for path, text in setup.planned.items()]
    bench = Bench(Parser(setup.root), setup, Side("planned", overlay), Side("pristine", ()))
    while True:
        try:
            batch: Batch = pickle.load(source)
        except EOFError:
            return
        for unit in batch.units:
            pickle.dump(_examine(bench, batch, unit), sink)
            sink.flush()


def _examine(bench: Bench, batch: Batch, unit: Unit) -> Finding:
    try:
        planned = _parse(bench, bench.planned, batch, unit, batch.prefix)
        pristine = _pristine(bench, batch, unit) if planned.diagnostics else Parsed((), None)
    except ParseError as error:
        return Finding(unit.path, (), (), _peak_rss_mb(), failure=str(error))
    return Finding(
        unit.path, planned.diagnostics, pristine.diagnostics, _peak_rss_mb(), "", planned.seen, pristine.seen
    )


def skeleton(text: bytes) -> bytes:
    """The includes of a text, and nothing else of it."""
    return b"\n".join(INCLUDE_LINE.findall(text)) + b"\n"


def _pristine(bench: Bench, batch: Batch, unit: Unit) -> Parsed:
    if unit.before is not None:
        return Parsed(unit.before, None)
    if not unit.new:
        # The planned text may start with another include than the pristine one: no shared prefix then.
        return _parse(bench, bench.pristine, batch, unit, "" if unit.touched else batch.prefix)
    # A new file has no past, but the warnings of the headers that it includes have. Their errors may be
    # the new file's fault (an include that it lacks), so those stay.
    text = skeleton(bench.setup.planned[unit.path])
    side = Side("skeleton", [(os.path.join(bench.setup.root, unit.path), text)])
    found = _parse(bench, side, batch, unit, "")
    kept = (one for one in found.diagnostics if one.severity == "warning" and one.path != unit.path)
    return Parsed(tuple(kept), found.seen)


def _parse(bench: Bench, side: Side, batch: Batch, unit: Unit, include: str) -> Parsed:
    prefix = _prefix(bench, side, batch, unit) if include else None
    if prefix:
        try:
            found = bench.parser.diagnose(unit.path, (*batch.flags, "-include-pch", prefix.file), side.overlay)
        except ParseError:
            found = None
        if found is not None and all(one.severity != "fatal" for one in found.diagnostics):
            whole = None if found.seen is None or prefix.made.seen is None else prefix.made.seen + found.seen
            return Parsed(prefix.made.diagnostics + found.diagnostics, whole)
    return bench.parser.diagnose(unit.path, batch.flags, side.overlay)


def _prefix(bench: Bench, side: Side, batch: Batch, unit: Unit) -> Prefix | None:
    folder, suffix = os.path.dirname(unit.path), os.path.splitext(unit.path)[1]
    key = (folder, suffix, batch.flags, batch.prefix)
    if key not in side.prefixes:
        target = os.path.join(bench.setup.scratch, f"{side.name}-{os.getpid()}-{len(side.prefixes)}.pch")
        path = os.path.join(folder, f".prefix{suffix}")
        side.prefixes[key] = _precompile(bench, side, batch, path, target)
    return side.prefixes[key]


def _precompile(bench: Bench, side: Side, batch: Batch, path: str, target: str) -> Prefix | None:
    wrapper = (os.path.join(bench.setup.root, path), f"#include {batch.prefix}\n".encode())
    overlay = [*side.overlay, wrapper]
    try:
        # A whole header is several times faster to use, but says at its end what belongs to the end of the
        # unit (a template of a type completed later, say). So it serves only where nothing is said.
        found = bench.parser.precompile(path, batch.flags, overlay, target, whole=True)
        if found.diagnostics:
            found = bench.parser.precompile(path, batch.flags, overlay, target, whole=False)
    except ParseError:
        return None
    return None if any(one.severity == "fatal" for one in found.diagnostics) else Prefix(target, found)


def _peak_rss_mb() -> float:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _limit() -> None:
    """A unit that grows without an end must end this process, not the machine."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Keep the answer stream private: whatever libclang prints goes to stderr."""
    _limit()
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    # First for the one import that pins this very package, last for all others: nothing may hide a standard module.
    sys.path.insert(0, home)
    # By its package name, so that both ends of the pipe pickle the same classes.
    from transformer.types import worker

    sys.path.remove(home)
    sys.path.append(home)
    worker.main()
