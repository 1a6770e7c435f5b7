"""What a rule can say: one of four outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformer.edit import Edit


@dataclass(frozen=True, slots=True)
class Changes:
    """The end condition does not hold; these edits make it hold. `done` names the parts that hold already."""

    edits: tuple[Edit, ...]
    done: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Satisfied:
    """The end condition holds; `where` is the evidence (`path:line`).

    `ours` tells whether this tool writes what stands there, or the fork has it in its own words; `None` where one place
    cannot tell: then the architecture as a whole decides.
    """

    where: str
    ours: bool | None = None


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """The fork has no use for the rule."""

    why: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The rule cannot be carried out: a place is missing, doubtful, or holds something foreign."""

    why: str
    where: str = ""
    help: str = ""


Outcome = Changes | Satisfied | NotNeeded | Blocked


def all_of(*outcomes: Outcome) -> Outcome:
    """The outcome of a rule with several parts: blocked by any, changed by any, else satisfied, else not needed."""
    edits: list[Edit] = []
    done: list[str] = []
    satisfied: list[Satisfied] = []
    idle: NotNeeded | None = None
    for outcome in outcomes:
        match outcome:
            case Blocked():
                return outcome
            case Changes():
                edits += outcome.edits
                done += outcome.done
            case Satisfied():
                satisfied.append(outcome)
                done.append(outcome.where)
            case NotNeeded():
                idle = idle or outcome
    if edits:
        return Changes(tuple(edits), tuple(done))
    if satisfied:
        return Satisfied(satisfied[0].where, _ours(satisfied))
    return idle or NotNeeded("nothing to do")


def _ours(parts: list[Satisfied]) -> bool | None:
    """Ours as soon as one part is; the fork's own where all parts that can tell say so."""
    known = [each.ours for each in parts if each.ours is not None]
    return any(known) if known else None
