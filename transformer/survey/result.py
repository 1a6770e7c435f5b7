"""A finished survey, and what is printed of it: a table, a summary, JSON. Without times: two runs are equal."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformer.show.terminal import inert
from transformer.survey.row import STATES, Row, State, Verdict, verdict_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformer.verify import Level

VERSION = 1

_STYLES: dict[State, str] = {
    "ports": "green",
    "partly": "green",
    "native": "cyan",
    "foreign": "dim",
    "partial": "yellow",
}
_HEAD = ("revision", "date", "state", "changed", "satisfied", "not needed", "blocked", "seconds")
Line = tuple[str | tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the survey names it."""

    name: str
    makes: str
    required: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """All rows, oldest first, and how they were made."""

    arch: str
    """The architecture, as model files name it."""
    title: str
    repository: str
    span: str
    level: Level
    rules: tuple[Rule, ...]
    rows: tuple[Row, ...]
    foreign: str = ""
    """The folder of a pack whose Python was run though it is not part of the installation."""

    @property
    def states(self) -> dict[State, int]:
        """How many revisions are in each state, in the order of the states."""
        counted = Counter(row.verdict.state for row in self.rows)
        return {state: counted[state] for state in STATES if counted[state]}

    @property
    def obstacles(self) -> list[tuple[str, str, int]]:
        """Rule, reason and number of revisions of all that does not fit, the most frequent first."""
        found: Counter[tuple[str, str]] = Counter()
        for row in self.rows:
            cells = zip(self.rules, row.verdict.cells, strict=False)
            found.update((rule.name, cell.note) for rule, cell in cells if cell.word == "blocked")
            if row.verdict.state in ("broken", "conflict", "unsound"):
                found[row.verdict.state, row.verdict.why] += 1
        return sorted(((rule, why, count) for (rule, why), count in found.items()), key=lambda one: (-one[2], one))


def data(survey: Survey) -> dict[str, Any]:
    """The survey as plain data. Equal verdicts stand there once; a revision names its verdict by number."""
    numbers: dict[Verdict, int] = {}
    for row in survey.rows:
        numbers.setdefault(row.verdict, len(numbers))
    total = len(survey.rows)
    return {
        "version": VERSION,
        "pack": survey.title,
        "foreign": survey.foreign or None,
        "repository": survey.repository,
        "range": survey.span,
        "verified": survey.level,
        "rules": [{"rule": each.name, "makes": each.makes, "required": each.required} for each in survey.rules],
        "summary": {
            "revisions": total,
            "states": [
                {"state": state, "means": STATES[state], "revisions": count, "percent": round(100 * count / total, 2)}
                for state, count in survey.states.items()
            ],
        },
        "obstacles": [{"rule": rule, "why": why, "revisions": count} for rule, why, count in survey.obstacles],
        "verdicts": [verdict_data(each) for each in numbers],
        "revisions": [
            {"revision": row.revision, "date": row.date, "subject": row.subject, "verdict": numbers[row.verdict]}
            for row in survey.rows
        ],
    }


def as_json(survey: Survey) -> str:
    """The survey as JSON."""
    return inert(json.dumps(data(survey), indent=1, ensure_ascii=False)) + "\n"


# for people


def table(survey: Survey) -> Iterator[Line]:
    """One line for each revision."""
    yield (("{:<12}  {:<10}  {:<8}  {:>7}  {:>9}  {:>10}  {:>7}  {:>7}".format(*_HEAD), "bold"),)
    for row in survey.rows:
        said = row.verdict
        counts = said.count("changed"), said.count("satisfied") + said.count("native"), said.count("not needed")
        took = "cached" if row.cached else f"{row.seconds:.2f}"
        yield (
            f"{row.revision[:12]:<12}  {row.date:<10}  ",
            (f"{said.state:<8}", styled(said.state)),
            f"  {counts[0]:>7}  {counts[1]:>9}  {counts[2]:>10}  {said.count('blocked'):>7}  ",
            (f"{took:>7}", "dim"),
            (f"  {_at(said)}", "dim") if said.why else "",
        )


def summary(survey: Survey) -> Iterator[Line]:
    """How many revisions are in each state, and what stands in the way most often."""
    total = len(survey.rows)
    yield ((f"{survey.title} over {total} revisions of {survey.repository}, verified: {survey.level}", "bold"),)
    for state, count in survey.states.items():
        share = f"{100 * count / total:6.2f} %  {count:>6}  "
        yield f"  {share}", (f"{state:<8}", styled(state)), (f"  {STATES[state]}", "dim")
    for rule, why, count in survey.obstacles[:8]:
        yield (f"  {count:>6} x ", "red"), (rule, "bold"), f": {why}"
    if len(survey.obstacles) > 8:
        yield ((f"  and {len(survey.obstacles) - 8} other obstacles: see --json or --html", "dim"),)


def styled(state: State) -> str:
    """The style of a state in the terminal."""
    return _STYLES.get(state, "red")


def _at(verdict: Verdict) -> str:
    where = verdict.where
    return f"{where}: {verdict.why}" if where and not verdict.why.startswith(where) else verdict.why
