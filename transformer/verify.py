"""The verifier: judges the planned tree in memory, before anything is written. Syntax first, then types."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from transformer.cpp import Source, enclosing_lists
from transformer.origin import Origin, origin, spans
from transformer.plan import Plan
from transformer.show.lines import counted

if TYPE_CHECKING:
    from pathlib import Path

    from transformer.edit import Edit
    from transformer.family import Progress
    from transformer.pack import Pack

Level = Literal["syntax", "types", "none"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the planned tree has and the pristine one does not."""

    where: str
    message: str
    severity: str = "error"
    origin: Origin | None = None
    """Who wrote the line, where the plan did."""


@dataclass(frozen=True, slots=True)
class Report:
    """How far the check came (`level`), and what was found."""

    level: Level
    findings: tuple[Finding, ...] = ()
    units: tuple[str, ...] = ()
    pristine_count: int = 0
    seconds: float = 0.0
    peak_rss_mb: float = 0.0
    unchecked: tuple[tuple[str, str], ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def advice(self, pack: Pack) -> str:
        """What to try where something was found: the pack is at fault for what it wrote, else the rules misread."""
        if all(each.origin is not None for each in self.findings):
            return f"the fault is in pack {pack.name}, not in the fork: mend the template lines named above"
        return "the rules misread this fork: report it with the lines above"


def verify(plan: Plan, root: Path, level: Level, progress: Progress, only: Collection[str] | None = None) -> Report:
    """Judge a plan; types only where the syntax is sound, and of the units `only` where these are given.

    Raises `NoCompiler` where types cannot be checked.
    """
    if level == "none":
        return Report("none")
    found = tuple(_syntax(plan))
    if level == "syntax" or found:
        return Report("syntax", found)
    return _types(plan, root, progress, only)


def _syntax(plan: Plan) -> Iterator[Finding]:
    for path, source in plan.after.planned.items():
        if not re.search(r"\.(c|cc|cpp|cu|h|hpp|hh|m|mm)$", path):
            continue
        edits = [edit for edit in plan.edits if edit.path == path]
        touched = spans(edits)
        known = len(plan.before.source(path).faults) if plan.before.exists(path) else 0
        if len(source.faults) > known:
            near = min(source.faults, key=lambda fault: min(abs(fault - start) for start, _ in touched))
            yield Finding(source.where(near), counted(source.faults[known:], "new syntax error"))
        yield from _twins(plan.before.source(path) if plan.before.exists(path) else None, source, edits, touched)


def _twins(
    before: Source | None, source: Source, edits: Sequence[Edit], touched: list[tuple[int, int]]
) -> Iterator[Finding]:
    """Labels, enumerators and keys that edits bring and that occur once more in a list that an edit touched."""
    brought = {word.decode() for edit in edits for word in re.findall(rb"\w+", edit.text)}
    there: Counter[tuple[str, str]] = Counter()
    for kind, names in enclosing_lists(before, [(edit.start, edit.end) for edit in edits]) if before else ():
        there |= Counter((kind, text) for text, _ in names)
    for kind, names in enclosing_lists(source, touched):
        for name, count in Counter(text for text, _ in names).items():
            if count > max(1, there[kind, name]) and name in brought:
                last = max(offset for text, offset in names if text == name)
                yield Finding(source.where(last), f"{name} is there {count} times in one {kind}")


def _types(plan: Plan, root: Path, progress: Progress, only: Collection[str] | None) -> Report:
    from transformer.types.check import check_types
    from transformer.types.names import new_names

    planned = {path: source.data for path, source in plan.after.planned.items()}
    created = [path for path in planned if not plan.before.exists(path)]
    result = check_types(
        root,
        planned,
        created=created,
        names=new_names(plan.before, plan.by_file()),
        include_dirs=plan.pack.family.includes,
        only=only,
        progress=progress,
    )
    found = tuple(
        Finding(f"{d.path}:{d.line}:{d.column}", d.text, d.severity, origin(plan, d.path, d.line)) for d in result.new
    )
    return Report(
        "types",
        found,
        result.units,
        result.pristine_count,
        result.seconds,
        result.peak_rss_mb,
        result.unchecked,
    )
