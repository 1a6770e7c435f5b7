"""Proving a tree that has the architecture: the plan, its syntax, its types, and what the family can show beyond."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from transformer import plan as planning
from transformer.choose import choose, meant
from transformer.cpp.suffixes import CODE, UNITS
from transformer.errors import UsageError
from transformer.family import Evidence
from transformer.outcome import Satisfied
from transformer.show.lines import counted
from transformer.tree import open_tree, refuse_unmerged, settle
from transformer.verdict import Nothing, Ready, Stuck, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from transformer.build import Builder
    from transformer.family import Family
    from transformer.pack import Home, Pack
    from transformer.plan import Plan
    from transformer.show.view import View

NOT_THERE = 6
"""The exit code where there is no whole port to prove."""
_PLACE = re.compile(r"^(.+?):(\d+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown beside the tree itself: that a model file fits, and what a build computes."""

    model: Path | None = None
    build: bool = False
    folder: Path | None = None
    """Where to build; by default the user's cache."""
    against: Path | None = None
    """The tree of a donor, which is built as well and judges what the build computes."""


def prove(repo: Path, arch: str | None, homes: Sequence[Home], view: View, wanted: Wanted) -> int:
    """Show evidence as it comes; the exit code. Raises `TransformerError`."""
    tree = open_tree(repo)
    pack = choose(meant(arch, homes, tree), {}, tree, there=True)
    view.foreign(pack)
    settle(repo)
    plan = planning.make(pack, tree)
    refuse_unmerged(tree)
    match judge(plan):
        case Stuck() | Ready(completes=False):
            view.nothing_to_prove(plan)
            return NOT_THERE
        case Ready() | Nothing() if not wanted.build:
            view.nothing_to_prove(plan)
            return NOT_THERE
    builders = _builders(pack.family, repo, wanted)
    good = True
    for evidence in chain(_evidence(plan, repo, wanted.model, view), _computed(pack, builders, view)):
        view.evidence(evidence)
        good &= evidence.good is not False
    return 0 if good else 5


def _builders(family: Family[Any], repo: Path, wanted: Wanted) -> list[Builder]:
    """What builds the tree, and behind it what builds the donor."""
    if not wanted.build:
        return []
    if family.recipe is None or family.compute is None:
        raise UsageError(f"no build is known for {family.name}", help="run it again without --build")
    from transformer.build import builder

    if wanted.against is None or family.judge is None:
        return [builder(repo, family.recipe, wanted.folder)]
    judge = family.judge
    return [builder(repo, judge.fork, wanted.folder), builder(wanted.against, judge.donor, wanted.folder)]


def _computed(pack: Pack, builders: Sequence[Builder], view: View) -> Iterator[Evidence]:
    if not builders:
        return
    fork, *donors = builders
    built = fork.run(partial(view.progress, what="building"))
    yield built
    if not built.good or pack.family.compute is None:
        return
    view.close()
    yield from pack.family.compute(pack, fork.folder, partial(view.progress, what="running"))
    for donor in donors:
        view.close()
        made = donor.run(partial(view.progress, what="building the donor"))
        yield replace(made, title="donor")
        if made.good and pack.family.judge is not None:
            view.close()
            ran = partial(view.progress, what="running")
            yield from pack.family.judge.compare(pack, donor.folder, fork.folder, ran)


def _evidence(plan: Plan, repo: Path, model: Path | None, view: View) -> Iterator[Evidence]:
    """What is quickly seen comes first."""
    yield _planned(plan)
    if model is not None and plan.pack.family.prove is not None:
        yield plan.pack.family.prove(plan.pack, model)
    places = anchors(plan)
    faults = tuple(fault for path in places for fault in _faults(plan, path, places[path]))
    text = f"{counted(places, 'file')}, {counted(faults, 'error')} at the anchors"
    yield Evidence("syntax", not faults, text, notes=faults)
    if not faults:
        yield _types(plan, repo, view, [path for path in places if path.endswith(UNITS)])


def _planned(plan: Plan) -> Evidence:
    lacks = [step.rule for step in plan.steps if step.open]
    if not lacks:
        return Evidence("plan", True, f"{counted(plan.steps, 'rule')}, nothing to do")
    text = f"{len(lacks)} of {len(plan.steps)} rules do not hold: the port is not complete"
    return Evidence("plan", False, text, notes=tuple(f"{rule.name}: {rule.makes}" for rule in lacks))


def anchors(plan: Plan) -> dict[str, list[int]]:
    """The files in which the rules found what they want, and the lines."""
    found: dict[str, list[int]] = {}
    for step in plan.steps:
        if isinstance(step.outcome, Satisfied) and (place := _PLACE.match(step.outcome.where)):
            found.setdefault(place[1], []).append(int(place[2]))
    return dict(sorted(found.items()))


def _faults(plan: Plan, path: str, lines: list[int]) -> Iterator[str]:
    """Errors of the syntax tree close to an anchor; macros of public headers make harmless ones elsewhere."""
    if not path.endswith(CODE):
        return
    source = plan.before.source(path)
    for fault in source.faults:
        line = source.data.count(b"\n", 0, fault) + 1
        if any(abs(line - each) <= 5 for each in lines):
            yield f"{path}:{line}: syntax error"


def _types(plan: Plan, repo: Path, view: View, units: list[str]) -> Evidence:
    from transformer.types.check import check_types

    texts = {path: plan.before.source(path).data for path in units}
    dirs = plan.pack.family.includes
    found = check_types(repo, texts, created=units, names={}, include_dirs=dirs, progress=view.progress)
    view.close()
    notes = [f"{one.where}: {one.severity}: {one.text}" for one in found.errors]
    notes += [f"not verified: {path}: {why}" for path, why in found.unchecked]
    warnings = [each for each in found.new if each not in found.errors]
    told = (found.units, "translation unit"), (found.errors, "error"), (warnings, "warning")
    text = ", ".join(counted(*each) for each in told)
    return Evidence("types", not found.errors, text, notes=tuple(notes))
