"""What is said of a port that was taken out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from transformer.outcome import Changes
from transformer.show.lines import counted
from transformer.verdict import Complete

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.show.lines import Line
    from transformer.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Retired:
    """A port without which a tree is planned; lines are those of the files as they are then, from 1."""

    title: str = ""
    same: list[tuple[str, int]] = field(default_factory=list)
    """Places that stay, as upstream has them in the same words: file and line."""
    left: list[tuple[str, int, str]] = field(default_factory=list)
    """Places that stay as they are neither the port's any more nor upstream's: file, line and why."""
    again: Sequence[str] = ()
    """Other architectures that are planned again without it."""
    after: Verdict | None = None
    """What the architecture is in the tree without the port."""


def told(found: Retired, repo: str, program: str, width: int, *, done: bool | None) -> Iterator[Line]:
    """What stays, what is left to look at, and what comes next; `done`: whether it went, `None` where nothing could."""
    if found.same:
        files = {path for path, _ in found.same}
        head = f"{counted(found.same, 'place')} in {counted(files, 'file')}"
        yield ("stays, as upstream has it in the same words: ", "bold"), head
        for path, group in groupby(found.same, key=lambda each: each[0]):
            places = ", ".join(str(line) for _, line in group)
            for number, line in enumerate(wrap(f"{path}:{places}", width - 6, break_on_hyphens=False)):
                yield (("    " if number else "  ") + line,)
    if found.left:
        yield ("left, to be looked at: ", "bold yellow"), counted(found.left, "place")
        for path, number, why in found.left:
            yield (f"  {path}:{number}", "yellow"), f": {why}"
    if found.again:
        yield ("planned again without it: ", "bold"), ", ".join(found.again)
    if done is None:
        yield (f"nothing of the port of {found.title} can be taken out: ", "bold"), "nothing was written"
    elif done:
        yield (f"{found.title} is retired: ", "bold green"), "rebuild from a clean build folder; `undo` takes it back"
    else:
        yield (f"{found.title} would be retired: ", "bold"), "nothing was written to the tree"
    if isinstance(found.after, Complete):
        yield (("  it is native here, and whole", "green"),)
    elif found.after is not None:
        plan = found.after.plan
        lacking = counted([step for step in plan.steps if isinstance(step.outcome, Changes)], "rule")
        words = f"{lacking} would add to upstream's own: {program} status {repo} --arch {plan.pack.arch}"
        yield (f"  it is native here; {words}",)
