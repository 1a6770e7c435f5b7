"""What the survey says of one revision: plain data that travels between processes and lies in the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ports", "partly", "native", "partial", "blocked", "conflict", "unsound", "foreign", "broken"]
Word = Literal["changed", "satisfied", "native", "not needed", "blocked"]

STATES: dict[State, str] = {
    "ports": "every rule is done, and the planned tree is sound",
    "partly": "ports, but an optional rule does not fit",
    "native": "the architecture is there already",
    "partial": "the architecture is there, but not all of it",
    "blocked": "a rule that is required does not fit",
    "conflict": "two rules disagree",
    "unsound": "the planned tree has diagnostics that the pristine one has not",
    "foreign": "not a tree of this family",
    "broken": "could not be read",
}
WORDS: dict[Word, str] = {
    "changed": "the rule changes the tree",
    "satisfied": "true already",
    "native": "true already, in a tree that has the architecture",
    "not needed": "this tree has no use for the rule",
    "blocked": "the rule does not fit",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one rule said, in a word, and why or where."""

    word: Word
    note: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of a tree: equal for trees in which all that was looked at is equal."""

    state: State
    why: str = ""
    where: str = ""
    cells: tuple[Cell, ...] = ()

    def count(self, word: Word) -> int:
        """How many rules said this."""
        return sum(cell.word == word for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Row:
    """A revision and its verdict. `lasting` tells whether it will be the same tomorrow."""

    revision: str
    date: str
    subject: str
    verdict: Verdict
    seconds: float = 0.0
    lasting: bool = True
    cached: bool = False


def to_data(row: Row) -> dict[str, Any]:
    """A row for the cache."""
    return {
        "revision": row.revision,
        "date": row.date,
        "subject": row.subject,
        "seconds": round(row.seconds, 4),
        "verdict": verdict_data(row.verdict),
    }


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON has it."""
    cells = [[cell.word, cell.note] for cell in verdict.cells]
    return {"state": verdict.state, "why": verdict.why, "where": verdict.where, "rules": cells}


def from_data(data: dict[str, Any]) -> Row:
    """A row from the cache. Raises `KeyError`, `TypeError` or `ValueError` where it is no such thing."""
    said = data["verdict"]
    if said["state"] not in STATES:
        raise ValueError(said["state"])
    cells = tuple(Cell(word, note) for word, note in said["rules"])
    verdict = Verdict(said["state"], said["why"], said["where"], cells)
    return Row(data["revision"], data["date"], data["subject"], verdict, float(data["seconds"]), cached=True)
