"""Why a line of a tree is as it is: the rule that wrote it or would, from which facts, and who else is affected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from transformer import plan as planning
from transformer.cpp.enclosing import enclosing_name
from transformer.effect import Effect, effects, said
from transformer.errors import UsageError
from transformer.origin import origin, spans
from transformer.outcome import Satisfied
from transformer.past import before, introduced
from transformer.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformer.edit import Edit
    from transformer.family import Shown
    from transformer.plan import Plan, Step

How = Literal["written", "planned", "holds"]
_TELLING = 8  # letters and digits, by which a line is known again


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule behind a line. `how`: this tool wrote the line, would change it, or found that the rule holds there."""

    how: How
    step: Step
    effect: Effect
    anchor: str = ""
    where: str = ""
    template: str = ""
    """The line of a template (`file:line`) that looks most like it, where the rule wrote several lines."""

    @property
    def facts(self) -> tuple[Shown, ...]:
        """What the rule asked about the tree, and the answers."""
        return self.step.facts


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line, what it stands in, and the rules behind it. `base` names the tree before the port, where it is known."""

    path: str
    line: int
    text: str
    inside: str
    reasons: tuple[Reason, ...]
    base: str = ""


def explain(plan: Plan, root: Path, path: str, line: int) -> Explanation:
    """Why a line (from 1) of a file of the tree is as it is. Raises `UsageError` where there is no such line."""
    if not plan.before.exists(path):
        raise UsageError(f"{path} is not there", help="give FILE:LINE with the path below the tree's root")
    source = plan.before.source(path)
    lines = source.data.split(b"\n")
    if not 0 < line <= len(lines):
        raise UsageError(f"{path} has {len(lines)} lines", where=f"{path}:{line}", help="give one of them")
    start = sum(len(each) + 1 for each in lines[: line - 1])
    first = start + len(lines[line - 1]) - len(lines[line - 1].lstrip())
    inside = enclosing_name(source, first, max(start + len(lines[line - 1].rstrip()), first))
    base, reasons = "", tuple(_planned(plan, path, start, start + len(lines[line - 1])))
    if not reasons:
        base, reasons = _written(plan, root, path, line)
    if not reasons:
        reasons = tuple(_holds(plan, path, line, inside))
    text = lines[line - 1].decode(errors="replace").rstrip("\r")
    return Explanation(path, line, text, inside, reasons, base)


def _planned(plan: Plan, path: str, start: int, end: int) -> Iterator[Reason]:
    """The rules whose edits begin on the line."""
    for edit in plan.edits:
        if edit.path == path and not edit.creates and start <= edit.start <= end:
            yield _reason("planned", plan, edit)


def _reason(how: How, plan: Plan, edit: Edit, template: str = "") -> Reason:
    step = next(each for each in plan.steps if each.rule.name == edit.rule)
    return Reason(how, step, effects(plan)[id(edit)], edit.anchor, edit.where, template)


def _written(plan: Plan, root: Path, path: str, line: int) -> tuple[str, tuple[Reason, ...]]:
    """What the same pack makes of the tree before the port, at the line that this one has become.

    The port is this tool's where the tree tells so, or where the history does: templates of today may write otherwise.
    """
    mark = next(step for step in plan.steps if step.rule.marks)
    file = mark.outcome.where.rpartition(":")[0] if isinstance(mark.outcome, Satisfied) else ""
    if not (file and plan.pack.own_names):
        return "", ()
    name, arch = plan.pack.own_names[0], plan.pack.arch
    ours = plan.written is not None or introduced(root, file, name, arch)
    past = before(root, file, name, arch) if ours else None
    if past is None:
        return "", ()
    old = planning.make(plan.pack, Workspace(past))
    if path not in old.after.planned:
        return past.commit, ()
    there = _same_line(plan.before.source(path).data, old.after.source(path).data, line)
    found = origin(old, path, there) if there else None
    if found is None:
        return past.commit, ()
    edits = [edit for edit in old.edits if edit.path == path]
    ends = old.after.source(path)
    touching = [
        edit
        for edit, (begin, stop) in zip(edits, spans(edits), strict=True)
        if edit.rule == found.rule and ends.line(begin) <= there <= ends.line(max(stop - 1, begin))
    ]
    text = ends.data.split(b"\n")[there - 1]
    telling = len(re.findall(rb"\w", text)) >= _TELLING and any(b"\n" in edit.text.strip() for edit in touching)
    template = found.template if telling else ""
    return past.commit, tuple(_reason("written", old, edit, template) for edit in touching[:1])


def _same_line(now: bytes, planned: bytes, line: int) -> int:
    """The number of a line in another version of its file; 0 where that has no such line."""
    if now == planned:
        return line
    matcher = SequenceMatcher(None, now.split(b"\n"), planned.split(b"\n"), autojunk=False)
    blocks = matcher.get_matching_blocks()
    return next((b + line - a for a, b, size in blocks if a < line <= a + size), 0)


def _holds(plan: Plan, path: str, line: int, inside: str) -> Iterator[Reason]:
    """The rules that found their end condition at the line, or in the same function or type."""
    source = plan.before.source(path)
    for step in plan.steps:
        if not isinstance(step.outcome, Satisfied):
            continue
        file, _, number = step.outcome.where.rpartition(":")
        if file != path or not number.isdigit():
            continue
        start = _offset(source.data, int(number))
        named = enclosing_name(source, start, source.line_end(start) - 1)
        if int(number) == line or (inside and named == inside):
            reach = said(step.rule, plan.context) if step.rule.affects else Effect()
            yield Reason("holds", step, reach, where=step.outcome.where)


def _offset(data: bytes, line: int) -> int:
    """The first byte that is no blank on a line."""
    start = 0
    for _ in range(line - 1):
        start = data.find(b"\n", start) + 1
    return start + len(data[start:]) - len(data[start:].lstrip(b" \t"))
