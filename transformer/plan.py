"""The plan: the ordered union of all outcomes. The only object that is shown, verified, applied or undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any, Literal

from transformer.edit import Edit, digest, merge
from transformer.errors import AnchorError, TemplateError
from transformer.family import Shown
from transformer.outcome import Blocked, Changes, Outcome, Satisfied
from transformer.pack import Pack
from transformer.rule import C, Rule
from transformer.workspace import Workspace

State = Literal["absent", "partial", "complete"]


@dataclass(frozen=True, slots=True)
class Step:
    """A rule and what it said."""

    rule: Rule[Any]
    outcome: Outcome
    facts: tuple[Shown, ...] = ()
    """What the rule asked about the tree, and the answers."""

    @property
    def open(self) -> bool:
        """Whether the rule is required and does not hold yet."""
        return self.rule.required and isinstance(self.outcome, Changes | Blocked)


@dataclass(frozen=True, slots=True)
class Left:
    """A rule that is not carried out in a tree that has the architecture, and what stands in its way."""

    step: Step
    why: str
    where: str = ""
    help: str = ""


@dataclass(frozen=True)
class Plan:
    """What every rule of a pack said of a tree, and the tree as it would be."""

    pack: Pack
    steps: tuple[Step, ...]
    edits: tuple[Edit, ...]
    before: Workspace
    after: Workspace
    context: Any
    """What the family made of the tree for the rules."""
    left: tuple[Left, ...] = ()
    """Of a tree that has the architecture: what this plan does not do. It adds only what is sound by itself."""
    whole: Plan | None = None
    """Where only a part was chosen: all that could be done."""
    removed: frozenset[str] = frozenset()
    """The files that go: their edits take all of their text."""

    @cached_property
    def state(self) -> State:
        """`absent`: the architecture is not there. `partial`: it is, but not all of it. `complete`: nothing to do."""
        return _state(self.steps)

    @cached_property
    def written(self) -> Mapping[str, bool] | None:
        """The options with which this tool wrote the architecture that is there; `None` where nobody or another did."""
        return None if self.state == "absent" else self.pack.family.written(self.context)

    @property
    def facts(self) -> Sequence[Shown]:
        """What the rules asked about the tree, and the answers."""
        return self.pack.family.facts(self.context)

    @cached_property
    def uncovered(self) -> Sequence[Shown]:
        """What lies in the tree and does not take part in the port."""
        return tuple(self.pack.family.uncovered(self.context, self.edits))

    @property
    def changing(self) -> list[Step]:
        """The steps that this plan carries out."""
        chosen = {edit.rule for edit in self.edits}
        return [s for s in self.steps if isinstance(s.outcome, Changes) and s.rule.name in chosen]

    @property
    def blocked(self) -> list[Step]:
        """The steps of required rules that cannot be carried out."""
        return [s for s in self.steps if s.rule.required and isinstance(s.outcome, Blocked)]

    @property
    def skipped(self) -> list[Step]:
        """The steps of optional rules that cannot be carried out."""
        return [s for s in self.steps if not s.rule.required and isinstance(s.outcome, Blocked)]

    def by_file(self) -> Iterator[tuple[str, tuple[Edit, ...]]]:
        """The edits of each file, sorted by path."""
        for path, group in groupby(self.edits, key=lambda edit: edit.path):
            yield path, tuple(group)

    def bytes_before(self, path: str) -> bytes | None:
        """The file as it was read; `None` for a new one."""
        return self.before.source(path).data if self.before.exists(path) else None

    def bytes_after(self, path: str) -> bytes:
        """The file as it is planned."""
        return self.after.source(path).data

    @property
    def paths(self) -> list[str]:
        """The files that change, sorted."""
        return [path for path, _ in self.by_file()]

    def notes(self) -> dict[str, object]:
        """Who changed what, as data: kept with the journal."""
        edits = [{"rule": e.rule, "reason": e.reason, "anchor": e.anchor, "where": e.where} for e in self.edits]
        head = {"pack": self.pack.name, "arch": self.pack.arch, "options": self.pack.options}
        return {**head, "fingerprint": self.fingerprint, "edits": edits}

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the whole plan: equal for equal edits of equal files."""
        parts = (f"{e.path}:{e.start}:{e.end}:{e.before}:".encode() + e.text for e in self.edits)
        return digest(b"\0".join(parts))


def make(pack: Pack, workspace: Workspace) -> Plan:
    """Let every rule of the pack speak about the tree. Raises `ConflictError` where two of them disagree."""
    context = pack.family.open(workspace, pack)
    steps = tuple(Step(rule, ask(rule, context), tuple(pack.family.asked(context))) for rule in pack.rules)
    left = _left(steps) if _state(steps) == "partial" else ()
    held = {each.step.rule.name for each in left}
    edits = merge(edit for step in steps if step.rule.name not in held for edit in _signed(step))
    return Plan(pack, steps, edits, workspace, workspace.overlay(edits), context, left)


def _state(steps: Sequence[Step]) -> State:
    marked = next(step for step in steps if step.rule.marks)
    if not isinstance(marked.outcome, Satisfied):
        return "absent"
    return "partial" if any(step.open for step in steps) else "complete"


def _left(steps: Sequence[Step]) -> tuple[Left, ...]:
    """What cannot be done, and what is of no use without it."""
    left: dict[str, Left] = {}
    for step in steps:
        if isinstance(step.outcome, Blocked):
            left[step.rule.name] = Left(step, step.outcome.why, step.outcome.where, step.outcome.help)
    found = True
    while found:
        found = False
        for step in steps:
            lacking = [name for name in step.rule.needs if name in left]
            if lacking and isinstance(step.outcome, Changes) and step.rule.name not in left:
                why = f"of no use without {', '.join(lacking)}"
                left[step.rule.name] = Left(step, why, step.outcome.edits[0].where)
                found = True
    return tuple(left[step.rule.name] for step in steps if step.rule.name in left)


def ask(rule: Rule[C], context: C) -> Outcome:
    """What one rule says; a place that does not resolve blocks it."""
    try:
        return rule.plan(context)
    except (AnchorError, TemplateError) as error:
        return Blocked(error.message, error.where, error.help)


def _signed(step: Step) -> Iterator[Edit]:
    if isinstance(step.outcome, Changes):
        for edit in step.outcome.edits:
            yield replace(edit, rule=step.rule.name, reason=step.rule.makes)
