"""What a commit says of itself: what, why, from which facts, verified how, made by what."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from transformer import __version__
from transformer.effect import effects
from transformer.show.pieces import Note, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.deliver.series import Commit
    from transformer.plan import Plan
    from transformer.verify import Report

WIDTH = 72


def subject(plan: Plan, commit: Commit) -> str:
    """The first line."""
    return f"{plan.pack.arch} : {commit.title}"


def body(plan: Plan, commit: Commit, report: Report | None, *, last: bool) -> str:
    """All but the first line. Only the last commit of a series is the tree that was verified as a whole."""
    notes = list(_notes(plan, commit))
    parts = [*_what(notes), *_others(notes), *_facts(notes), _verified(report, last=last), _made(plan)]
    return "\n\n".join(parts) + "\n"


def _notes(plan: Plan, commit: Commit) -> Iterator[Note]:
    for piece in pieces(plan, commit.stage, effects(plan)):
        yield from piece.notes


def _what(notes: Sequence[Note]) -> Iterator[str]:
    rules = dict.fromkeys((note.rule, note.makes) for note in notes)
    yield "\n".join(_item(f"{makes} ({rule})") for rule, makes in rules)


def _others(notes: Sequence[Note]) -> Iterator[str]:
    reached = dict.fromkeys((note.effect.reach, note.effect.safe) for note in notes if not note.effect.alone)
    if reached:
        yield "Reaches others:\n" + "\n".join(_item(f"{who}: {safe}" if safe else who) for who, safe in reached)


def _facts(notes: Sequence[Note]) -> Iterator[str]:
    facts = dict.fromkeys((fact.name, fact.value, fact.where) for note in notes for fact in note.facts)
    if facts:
        yield "Facts:\n" + "\n".join(_item(f"{name}: {value} ({where})") for name, value, where in facts)


def _verified(report: Report | None, *, last: bool) -> str:
    if report is None or report.level == "none":
        return "Not verified."
    if report.level == "syntax":
        return "Verified: syntax only, no new faults."
    units = f"types of {len(report.units)} translation units, no new diagnostics"
    return fill(f"Verified: {units}{'' if last else '; that is the tree at the end of this series'}.", WIDTH)


def _made(plan: Plan) -> str:
    return f"Made with transformer {__version__}: --arch {plan.pack.words}"


def _item(text: str) -> str:
    return fill(
        text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
