"""Surveys of several architectures over the same revisions, and what is printed of them: a table, a summary, JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformer.show.terminal import inert
from transformer.survey.result import Line, Survey, styled
from transformer.survey.row import STATES, State, Verdict, verdict_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformer.draft import Undrafted
    from transformer.verify import Level

VERSION = 2
LETTERS: dict[State, str] = {
    "ports": "P",
    "partly": "p",
    "native": "N",
    "partial": "n",
    "blocked": "x",
    "conflict": "c",
    "unsound": "u",
    "foreign": "-",
    "broken": "?",
}
"""What stands for a state where there is room for one letter only: small ones for what is not whole."""
_LINE = re.compile(r"^(\S+?):\d+: ")  # lines move from revision to revision: the file says where
_OBSTACLES = 8  # that the summary names


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that does not fit: the rule, the reason, the architectures it stops and in how many pairs."""

    rule: str
    why: str
    archs: tuple[str, ...]
    pairs: int


@dataclass(frozen=True, slots=True)
class Atlas:
    """One survey for each architecture, all of the same revisions, and the architectures that have none."""

    repository: str
    span: str
    level: Level
    surveys: tuple[Survey, ...]
    donor: str = ""
    """What the architectures were drafted from; empty for packs that were there."""
    undrafted: tuple[Undrafted, ...] = ()

    @property
    def pairs(self) -> int:
        """How many pairs of an architecture and a revision were looked at."""
        return sum(len(each.rows) for each in self.surveys)

    @property
    def revisions(self) -> int:
        """How many revisions there are."""
        return len(self.surveys[0].rows)

    @property
    def seconds(self) -> float:
        """What the rows took that were not known already, added up."""
        return sum(row.seconds for each in self.surveys for row in each.rows if not row.cached)

    @property
    def states(self) -> dict[State, int]:
        """How many pairs are in each state, in the order of the states."""
        counted = Counter(row.verdict.state for each in self.surveys for row in each.rows)
        return {state: counted[state] for state in STATES if counted[state]}

    @property
    def obstacles(self) -> list[Obstacle]:
        """All that does not fit, by how many architectures it stops, then in how many pairs."""
        archs: dict[tuple[str, str], dict[str, None]] = {}
        pairs: Counter[tuple[str, str]] = Counter()
        for each in self.surveys:
            for rule, why, count in each.obstacles:
                key = rule, _LINE.sub(r"\1: ", why)
                archs.setdefault(key, {})[each.arch] = None
                pairs[key] += count
        found = [Obstacle(*key, tuple(archs[key]), pairs[key]) for key in archs]
        return sorted(found, key=lambda one: (-len(one.archs), -one.pairs, one.rule, one.why))


def data(atlas: Atlas) -> dict[str, Any]:
    """The surveys as plain data: revisions once, verdicts once for each architecture."""
    total = max(atlas.pairs, 1)
    return {
        "version": VERSION,
        "donor": atlas.donor or None,
        "repository": atlas.repository,
        "range": atlas.span,
        "verified": atlas.level,
        "summary": {
            "architectures": len(atlas.surveys) + len(atlas.undrafted),
            "revisions": atlas.revisions,
            "pairs": atlas.pairs,
            "states": [
                {"state": state, "means": STATES[state], "pairs": count, "percent": round(100 * count / total, 2)}
                for state, count in atlas.states.items()
            ],
        },
        "obstacles": [
            {"rule": each.rule, "why": each.why, "architectures": list(each.archs), "pairs": each.pairs}
            for each in atlas.obstacles
        ],
        "revisions": [
            {"revision": row.revision, "date": row.date, "subject": row.subject} for row in atlas.surveys[0].rows
        ],
        "architectures": [_arch(each) for each in atlas.surveys],
        "undrafted": [{"arch": each.name, "why": each.why, "where": each.where} for each in atlas.undrafted],
    }


def _arch(survey: Survey) -> dict[str, Any]:
    """One architecture: its rules, its verdicts, and the number of a verdict for each revision."""
    numbers: dict[Verdict, int] = {}
    for row in survey.rows:
        numbers.setdefault(row.verdict, len(numbers))
    return {
        "arch": survey.arch,
        "pack": survey.title,
        "foreign": survey.foreign or None,
        "rules": [{"rule": each.name, "makes": each.makes, "required": each.required} for each in survey.rules],
        "verdicts": [verdict_data(each) for each in numbers],
        "revisions": [numbers[row.verdict] for row in survey.rows],
    }


def as_json(atlas: Atlas) -> str:
    """The surveys as JSON."""
    return inert(json.dumps(data(atlas), indent=1, ensure_ascii=False)) + "\n"


# for people


def table(atlas: Atlas) -> Iterator[Line]:
    """One line for each architecture: a letter for each revision where they fit, how many are in which state."""
    wide = max(len(each) for each in (*(s.arch for s in atlas.surveys), *(u.name for u in atlas.undrafted), "arch"))
    yield ((f"{'arch':<{wide}}  oldest to newest revision", "bold"),)
    for each in atlas.surveys:
        marks = [(LETTERS[row.verdict.state], styled(row.verdict.state)) for row in each.rows]
        counts = ", ".join(f"{state} {count}" for state, count in each.states.items())
        took = sum(row.seconds for row in each.rows if not row.cached)
        strip: list[str | tuple[str, str]] = [*marks, "  "] if len(marks) <= 60 else []
        yield (f"{each.arch:<{wide}}  ", *strip, counts, (f"  {took:.2f} s" if took else "  cached", "dim"))
    for one in atlas.undrafted:
        yield f"{one.name:<{wide}}  ", ("not drafted", "red"), (f"  {one.why} {one.where}".rstrip(), "dim")


def summary(atlas: Atlas) -> Iterator[Line]:
    """How many pairs are in each state, and what stands in the way of the most architectures."""
    count = len(atlas.surveys) + len(atlas.undrafted)
    of = f" of {atlas.donor}" if atlas.donor else ""
    what = f"{count} architectures{of} over {atlas.revisions} revisions of {atlas.repository}"
    yield ((f"{what}, verified: {atlas.level}", "bold"),)
    for state, pairs in atlas.states.items():
        share = f"  {100 * pairs / atlas.pairs:6.2f} %  {pairs:>6}  "
        yield share, (f"{LETTERS[state]} {state:<8}", styled(state)), (f"  {STATES[state]}", "dim")
    for each in atlas.obstacles[:_OBSTACLES]:
        yield (
            (f"  {len(each.archs):>6} architectures, {each.pairs} pairs: ", "red"),
            (each.rule, "bold"),
            f": {each.why}",
        )
    if len(atlas.obstacles) > _OBSTACLES:
        yield ((f"  and {len(atlas.obstacles) - _OBSTACLES} other obstacles: see --json or --html", "dim"),)
    fresh = sum(not row.cached for each in atlas.surveys for row in each.rows)
    if fresh:
        took = f"  {atlas.seconds / fresh:.3f} s for each of {fresh} pairs that were looked at"
        yield ((f"{took}; {atlas.pairs - fresh} were known", "dim"),)
