"""A plan in stages: groups of its edits, each as it reads when those before it have been carried out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transformer.edit import splice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.edit import Edit
    from transformer.plan import Plan


@dataclass(frozen=True, slots=True)
class FileStage:
    """What a stage does to one file. `edits` have their places in `before`, `original` those in the tree as it was."""

    path: str
    before: bytes | None
    after: bytes
    edits: tuple[Edit, ...]
    original: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """A group of edits, by file."""

    title: str
    files: tuple[FileStage, ...]

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits, as the plan has them."""
        return tuple(edit for file in self.files for edit in file.original)


def stages(plan: Plan, groups: Sequence[tuple[str, Sequence[Edit]]]) -> Iterator[Stage]:
    """The stages of some groups, which share no edit. Those of no edits are left out."""
    texts = {path: plan.bytes_before(path) for path in plan.paths}
    done: set[int] = set()
    place = {id(edit): number for number, edit in enumerate(plan.edits)}
    for title, group in groups:
        files = []
        ordered = sorted(group, key=lambda edit: place[id(edit)])
        for path in dict.fromkeys(edit.path for edit in ordered):
            own = [edit for edit in ordered if edit.path == path]
            earlier = [plan.edits[number] for number in sorted(done) if plan.edits[number].path == path]
            moved = tuple(_moved(edit, earlier, place) for edit in own)
            before = texts[path]
            texts[path] = after = moved[0].text if before is None else splice(before, moved)
            files.append(FileStage(path, before, after, moved, tuple(own)))
        done |= {place[id(edit)] for edit in ordered}
        if files:
            yield Stage(title, tuple(files))


def _moved(edit: Edit, earlier: Sequence[Edit], place: dict[int, int]) -> Edit:
    """An edit where it stands after the earlier ones: those in front of it have moved it."""
    shift = sum(len(each.text) - (each.end - each.start) for each in earlier if place[id(each)] < place[id(edit)])
    return replace(edit, start=edit.start + shift, end=edit.end + shift)
