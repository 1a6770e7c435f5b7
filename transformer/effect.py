"""Whom an edit reaches: this architecture alone, some others, or every model; and why the others stay as they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformer.cpp.enclosing import surroundings
from transformer.cpp.suffixes import CODE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.cpp import Source
    from transformer.edit import Edit
    from transformer.plan import Plan
    from transformer.rule import Rule

ALONE = "this architecture only"
UNSAID = "not said by its rule: take it as every model"


@dataclass(frozen=True, slots=True)
class Effect:
    """Who runs the changed code besides this architecture (`reach`; empty: nobody), and what keeps them as they are."""

    reach: str = ""
    safe: str = ""
    shown: tuple[str, ...] = ()
    """The cases (`rule/name`) or tests (`path::name`) that show it."""

    @property
    def alone(self) -> bool:
        """Whether nobody else is reached."""
        return not self.reach

    @property
    def text(self) -> str:
        """Who is affected, in words."""
        return self.reach or ALONE


def effects(plan: Plan) -> dict[int, Effect]:
    """Whom each edit of a plan reaches, by the edit's identity."""
    return {id(edit): reached for edit, reached in zip(plan.edits, _reached(plan), strict=True)}


def _reached(plan: Plan) -> Iterator[Effect]:
    rules, others = {step.rule.name: step.rule for step in plan.steps}, dict[str, Effect]()
    for edit in plan.edits:
        rule = rules.get(edit.rule)
        source = None if edit.creates else plan.before.source(edit.path)
        if rule is None or is_own(edit, source, plan.pack.own_names, labels=not rule.affects):
            yield Effect()
            continue
        if edit.rule not in others:
            others[edit.rule] = said(rule, plan.context)
        yield others[edit.rule]


def said(rule: Rule[Any], context: Any) -> Effect:
    """What a rule says of those of its edits that reach code of others."""
    named = ", ".join(rule.who(context)) if rule.who is not None else ""
    reach = f"{rule.affects}: {named}" if named else rule.affects
    return Effect(reach or UNSAID, rule.safe, rule.shown)


def is_own(edit: Edit, source: Source | None, names: Sequence[str], *, labels: bool = True) -> bool:
    """Whether an edit can change nothing but the architecture with these names.

    A new file; text that says one of the names, or stands under one; a new entry of a list; a new declaration. Names in
    lower case are looked for in the names of files, functions and types alone. With `labels`, a new label of a switch
    is an entry of a list.
    """
    if edit.creates or source is None or not edit.path.endswith(CODE):
        return True
    removed = source.data[edit.start : edit.end]
    if any(_says(edit.text, name) or _says(removed, name) for name in names):
        return True
    around = surroundings(source, edit.start, edit.end)
    if any(name in each for each in (edit.path, *around.names) for name in names):
        return True
    if removed.strip():
        return False
    return around.kind in ("list", "outside") or (labels and re.match(rb"\s*case\b", edit.text) is not None)


def _says(text: bytes, name: str) -> bool:
    whole = name[:1] in ('"', name[:1].upper())  # a string, or an enumerator
    return whole and re.search(rb"(?<!\w)" + re.escape(name.encode()) + rb"(?!\w)", text) is not None
