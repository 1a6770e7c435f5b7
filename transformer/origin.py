"""Where generated code comes from: the rule that wrote a line, and the line of the template behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from transformer.edit import Edit
    from transformer.plan import Plan

_WORD = re.compile(r"<%.*?%>")
_SHORT = 12  # characters: a shorter line is like many others
_ALIKE = 0.55  # a line of a template keeps at least so much of itself when its words are filled in


@dataclass(frozen=True, slots=True)
class Origin:
    """The rule that wrote a line, and the template line behind it (`template:line`, its text) where one is known."""

    rule: str
    template: str = ""
    text: str = ""


def spans(edits: Sequence[Edit]) -> list[tuple[int, int]]:
    """Where the texts of the edits of one file are, in the planned file."""
    found: list[tuple[int, int]] = []
    shift = 0
    for edit in edits:
        start = edit.start + shift
        found.append((start, start + len(edit.text)))
        shift += len(edit.text) - (edit.end - edit.start)
    return found


def origin(plan: Plan, path: str, line: int) -> Origin | None:
    """Who wrote a line of the planned tree; `None` for a line that was there before."""
    if path not in plan.after.planned:
        return None
    lines = plan.after.source(path).data.split(b"\n")
    start = sum(len(each) + 1 for each in lines[: line - 1])
    end = start + len(lines[line - 1]) if line <= len(lines) else start
    edits = [edit for edit in plan.edits if edit.path == path]
    for edit, (begin, stop) in zip(edits, spans(edits), strict=True):
        if begin < end and stop > start:
            return Origin(edit.rule, *_template(plan, lines[line - 1].decode(errors="replace").strip()))
    return None


def from_pack(plan: Plan, path: str) -> bool:
    """Whether a file of the planned tree holds text of the pack's own templates."""
    edits = [edit for edit in plan.edits if edit.path == path]
    if any(edit.creates for edit in edits):
        return True
    folder = plan.pack.templates
    lines = (line.strip() for edit in edits if b"\n" in edit.text.strip() for line in edit.text.decode().split("\n"))
    return any(_closest([folder], line)[0] for line in lines if len(line) > _SHORT)


def _template(plan: Plan, text: str) -> tuple[str, str]:
    """The line of a template that looks most like a generated one; empty where none does."""
    home = plan.pack.home
    return _closest((plan.pack.templates, home.shared_templates(plan.pack.family.templates)), text)


def _closest(folders: Sequence[Path], text: str) -> tuple[str, str]:
    best, place = _ALIKE, ("", "")
    for folder in folders:
        for name, number, line in _lines(folder):
            ratio = SequenceMatcher(None, _WORD.sub("", line), text, autojunk=False).ratio()
            if ratio > best:
                best, place = ratio, (f"{name}:{number}", line)
    return place


def _lines(folder: Path) -> Iterator[tuple[str, int, str]]:
    for path in sorted(folder.glob("*.j2")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.strip().startswith("<%"):
                yield path.name, number, line.strip()
