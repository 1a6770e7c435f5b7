"""A plan cut into commits, in an order in which each of them compiles without those behind it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from transformer.effect import effects
from transformer.selection import Links
from transformer.stages import Stage, stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.edit import Edit
    from transformer.plan import Plan


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: what it is called, what it changes, and whether it reaches other models as well."""

    title: str
    stage: Stage
    shared: bool


def whole(plan: Plan) -> list[Commit]:
    """All of a plan as one commit."""
    stage = next(stages(plan, [(plan.pack.title, plan.edits)]))
    return [Commit("port the architecture", stage, any(not each.alone for each in effects(plan).values()))]


def cut(plan: Plan) -> list[Commit]:
    """A plan in the parts that its family names; of each part, what reaches other models stands first, by itself."""
    parts = plan.pack.family.parts
    if not parts:
        return whole(plan)
    places = _places(plan)
    groups: defaultdict[int, list[Edit]] = defaultdict(list)
    for edit, place in zip(plan.edits, places, strict=True):
        groups[place].append(edit)
    named = [(_title(parts[place // 2].name, place), groups[place]) for place in sorted(groups)]
    shared = [place % 2 == 0 for place in sorted(groups)]
    made = stages(plan, named)
    return [Commit(stage.title, stage, both) for stage, both in zip(made, shared, strict=True)]


def _title(part: str, place: int) -> str:
    return f"{part}, shared with other models" if place % 2 == 0 else part


def _places(plan: Plan) -> list[int]:
    """For each edit, its place in the series: never before an edit that it cannot be without.

    Of part `n`, what reaches other models is at `2 n`, the rest at `2 n + 1`.
    """
    reached, links = effects(plan), Links(plan)
    places = [2 * _part(plan, edit) + (1 if reached[id(edit)].alone else 0) for edit in plan.edits]
    needed = [set(each) for each in links.needs]
    for number in sorted(n for n, place in enumerate(places) if place % 2 == 0):
        for other in _reached(number, needed):  # what is shared brings along what it is made of
            if places[other] == places[number] + 1:
                places[other] = places[number]
    places = [min(places[number] for number in _circle(number, needed)) for number in range(len(places))]
    moved = True
    while moved:
        moved = False
        for number, needs in enumerate(needed):
            least = max((places[other] for other in needs), default=0)
            if least > places[number]:
                places[number], moved = least, True
    return places


def _circle(number: int, needed: Sequence[set[int]]) -> set[int]:
    """An edit and those that it needs and that need it: they are one thing."""
    there = _reached(number, needed)
    return {number} | {other for other in there if number in _reached(other, needed)}


def _reached(number: int, needed: Sequence[set[int]]) -> set[int]:
    found, waiting = set(needed[number]), list(needed[number])
    while waiting:
        new = needed[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _part(plan: Plan, edit: Edit) -> int:
    parts = plan.pack.family.parts
    fitting = [n for n, part in enumerate(parts) if any(fnmatchcase(edit.rule, pattern) for pattern in part.rules)]
    return fitting[0] if fitting else len(parts) - 1


def prefixes(plan: Plan, commits: Sequence[Commit]) -> Iterator[tuple[Commit, list[Edit]]]:
    """Each commit with the edits of the plan that are in the tree after it."""
    done: list[Edit] = []
    for commit in commits:
        done += commit.stage.edits
        kept = {id(edit) for edit in done}
        yield commit, [edit for edit in plan.edits if id(edit) in kept]
