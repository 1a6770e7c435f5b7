"""Choosing by hand: each rule is shown with its hunks, and taken or left; what belongs together goes together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transformer.effect import effects
from transformer.selection import Links, narrowed
from transformer.show.diff import about, hunk_lines
from transformer.show.pieces import pieces
from transformer.stages import stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformer.edit import Edit
    from transformer.plan import Plan
    from transformer.show.view import View

KEYS = {
    "y": "take this",
    "n": "leave this",
    "a": "take this and all that follows",
    "q": "stop; nothing is written",
    "e": "explain: why, from which facts, whom it affects",
    "s": "split into smaller parts",
    "?": "say this again",
}


@dataclass(slots=True)
class _Choice:
    """What was answered so far: the edits that were taken and those that were left, by identity."""

    links: Links
    taken: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)

    def undecided(self, edits: Iterable[Edit]) -> list[Edit]:
        return [edit for edit in edits if id(edit) not in self.taken | self.left]

    def take(self, edits: Sequence[Edit]) -> list[str]:
        """Take edits with what they need; the other rules that came along."""
        found = self.undecided(self.links.with_needs(edits))
        self.taken |= {id(edit) for edit in found}
        return list(dict.fromkeys(edit.rule for edit in found if edit.rule != edits[0].rule))

    def leave(self, edits: Sequence[Edit]) -> list[str]:
        """Leave edits and what needs them; the other rules that are left with them."""
        found = self.undecided(self.links.with_users(edits))
        self.left |= {id(edit) for edit in found}
        return list(dict.fromkeys(edit.rule for edit in found if edit.rule != edits[0].rule))


def choose_by_hand(plan: Plan, view: View) -> Plan | None:
    """The plan with what was taken; `None` where the reader stopped, or took nothing."""
    choice = _Choice(Links(plan))
    waiting = [choice.links.parts(step.rule.name) for step in plan.changing]
    every = False
    while waiting:
        parts = [part for part in waiting.pop(0) if choice.undecided(part)]
        edits = [edit for part in parts for edit in choice.undecided(part)]
        if not edits:
            continue
        if every:
            choice.take(edits)
            continue
        answer = _asked(plan, view, edits, len(parts) > 1)
        if answer == "q":
            return None
        if answer == "s":
            waiting[:0] = [[part] for part in parts]
            continue
        every = answer == "a"
        others = choice.leave(edits) if answer == "n" else choice.take(edits)
        if others:
            view.say((f"  {'left' if answer == 'n' else 'taken'} with it: {', '.join(others)}", "dim"))
    taken = [edit for edit in plan.edits if id(edit) in choice.taken]
    return narrowed(plan, taken) if taken else None


def _asked(plan: Plan, view: View, edits: Sequence[Edit], splits: bool) -> str:
    """One of the keys that decide: what the reader says to some edits of one rule."""
    stage = next(stages(plan, [("", edits)]))
    shown = list(pieces(plan, stage, effects(plan)))
    head = f"{edits[0].rule}: {edits[0].reason}"
    view.say((f"# {head}", "bold magenta"))
    for piece in shown:
        view.say_all(hunk_lines(piece), fold=False)
    keys = [key for key in KEYS if key != "s" or splits]
    while True:
        answer = view.ask(f"take {edits[0].rule}? [{','.join(keys)}] ")
        if answer == "e":
            for number, note in enumerate(dict.fromkeys(note for piece in shown for note in piece.notes)):
                view.say_all(about(note, view.out.width, again=number > 0))
        elif answer in keys and answer != "?":
            return answer
        else:
            view.say_all(((f"  {key}  {KEYS[key]}", "cyan"),) for key in keys)
