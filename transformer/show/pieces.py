"""What a reader of a diff is shown: hunks with where they are, who made them, from what, and whom they affect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from transformer.cpp.enclosing import enclosing_name
from transformer.cpp.suffixes import CODE
from transformer.effect import ALONE, Effect, effects
from transformer.show.hunks import Hunk, hunks
from transformer.stages import FileStage, Stage, stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.edit import Edit
    from transformer.family import Shown
    from transformer.plan import Plan

By = Literal["file", "rule", "effect"]


@dataclass(frozen=True, slots=True)
class Note:
    """Why a rule changes a hunk: the anchors it found (name, `path:line`), the facts it asked, whom that affects."""

    rule: str
    makes: str
    effect: Effect
    anchors: tuple[tuple[str, str], ...]
    facts: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One hunk. `name` is the function, type or table that it is in."""

    path: str
    hunk: Hunk
    name: str
    notes: tuple[Note, ...]
    new: bool
    gone: bool = False

    def head(self, shift: bool = False) -> str:
        """The `@@` line; with `shift`, for a file that the hunks before this one have changed already."""
        hunk = self.hunk
        old = hunk.new_start if shift else hunk.old_start
        old, new = (old if hunk.old_count else old - 1), (hunk.new_start if hunk.new_count else hunk.new_start - 1)
        head = f"@@ -{old},{hunk.old_count} +{new},{hunk.new_count} @@"
        return f"{head} {self.name}" if self.name else head


@dataclass(frozen=True, slots=True)
class Group:
    """Hunks that are shown together."""

    title: str
    pieces: tuple[Piece, ...]


def groups(plan: Plan, by: By) -> Iterator[Group]:
    """The hunks of a plan, by file, by rule or by effect; a later one is read after the earlier ones."""
    reached = effects(plan)
    for stage in stages(plan, _split(plan, by, reached)):
        yield Group(stage.title, tuple(pieces(plan, stage, reached)))


def _split(plan: Plan, by: By, reached: dict[int, Effect]) -> list[tuple[str, list[Edit]]]:
    if by == "file":
        return [(path, list(edits)) for path, edits in plan.by_file()]
    if by == "rule":
        names = [step.rule.name for step in plan.changing]
        return [(name, [edit for edit in plan.edits if edit.rule == name]) for name in names]
    texts = sorted({each.text for each in reached.values()}, key=lambda text: (text == ALONE, text))
    return [(text, [edit for edit in plan.edits if reached[id(edit)].text == text]) for text in texts]


def pieces(plan: Plan, stage: Stage, reached: dict[int, Effect]) -> Iterator[Piece]:
    """The hunks of a stage."""
    for file in stage.files:
        for hunk in hunks(file.before, file.edits):
            yield _piece(plan, file, hunk, reached)


def _piece(plan: Plan, file: FileStage, hunk: Hunk, reached: dict[int, Effect]) -> Piece:
    own = {(e.start, e.end, e.text): o for e, o in zip(file.edits, file.original, strict=True)}
    edits = [own[each.start, each.end, each.text] for each in hunk.edits]
    notes, gone = tuple(_notes(plan, edits, reached)), file.path in plan.removed
    return Piece(file.path, hunk, _name(plan, edits), notes, file.before is None, gone)


def _name(plan: Plan, edits: Sequence[Edit]) -> str:
    """Where the first edit stands; where it puts something between two functions, nothing is said."""
    first = edits[0]
    if first.creates or not first.path.endswith(CODE):
        return ""
    named = (enclosing_name(plan.before.source(e.path), e.start, e.end) for e in edits)
    return next((" ".join(name.split()) for name in named if name), "")


def _notes(plan: Plan, edits: Sequence[Edit], reached: dict[int, Effect]) -> Iterator[Note]:
    """One for each rule and effect in a hunk."""
    facts = {step.rule.name: step.facts for step in plan.steps}
    kinds = dict.fromkeys((edit.rule, edit.reason, reached[id(edit)]) for edit in edits)
    for rule, reason, whom in kinds:
        own = [e for e in edits if e.rule == rule and reached[id(e)] == whom]
        anchors = tuple(dict.fromkeys((e.anchor, e.where) for e in own))
        yield Note(rule, reason, whom, anchors, facts.get(rule, ()))
