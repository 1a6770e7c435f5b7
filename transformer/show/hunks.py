"""Hunks of a unified diff, taken from the edits themselves: each knows who made it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.edit import Edit

CONTEXT = 3
MARK = b"\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines with their prefix (` `, `-`, `+`), where they start (from 1), and the edits behind them."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[bytes, ...]
    edits: tuple[Edit, ...]

    @property
    def head(self) -> str:
        """The `@@` line."""
        old = self.old_start if self.old_count else self.old_start - 1
        new = self.new_start if self.new_count else self.new_start - 1
        return f"@@ -{old},{self.old_count} +{new},{self.new_count} @@"


@dataclass(frozen=True, slots=True)
class _Region:
    """Whole lines `start..end` (from 0) that some edits change into `after`."""

    start: int
    end: int
    after: list[bytes]
    edits: tuple[Edit, ...]


def hunks(before: bytes | None, edits: Sequence[Edit]) -> list[Hunk]:
    """The hunks of one file; `before` is `None` for a new one. An empty new file has none."""
    if before is None:
        lines = tuple(b"+" + line for line in _lines(edits[0].text))
        return [Hunk(1, 0, 1, len(lines), lines, tuple(edits))] if lines else []
    old = _lines(before)
    parts = [part for group in _groups(before, edits) for part in _parts(before, old, group)]
    return list(_hunks(old, parts))


def _lines(text: bytes) -> list[bytes]:
    """Lines as git counts them: a CR alone ends none."""
    return re.findall(rb"[^\n]*\n|[^\n]+", text)


def _groups(before: bytes, edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Edits that touch the same lines, or lines that follow each other, together."""
    group: list[Edit] = []
    last = 0
    for edit in edits:
        if group and _line_start(before, edit.start) > last:
            yield group
            group, last = [], 0
        group.append(edit)
        last = max(last, _line_end(before, edit.end))
    if group:
        yield group


def _line_start(before: bytes, offset: int) -> int:
    return before.rfind(b"\n", 0, offset) + 1


def _line_end(before: bytes, offset: int) -> int:
    end = before.find(b"\n", offset)
    return len(before) if end < 0 else end + 1


def _parts(before: bytes, old: Sequence[bytes], group: Sequence[Edit]) -> Iterator[_Region]:
    """The lines of a group that really differ, each with the edits that touch them."""
    start, end = _line_start(before, group[0].start), _line_end(before, max(edit.end for edit in group))
    first, count = before.count(b"\n", 0, start), len(_lines(before[start:end]))
    text, spans = b"", []
    position = start
    for edit in group:
        text += before[position : edit.start]
        row = text.count(b"\n")
        text += edit.text
        spans.append((edit, _old_rows(before, start, edit), _new_rows(before, row, edit)))
        position = edit.end
    after = _lines(text + before[position:end])
    matcher = SequenceMatcher(None, old[first : first + count], after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            touching = tuple(e for e, was, now in spans if _meet(was, (a, b)) or _meet(now, (c, d)))
            yield _Region(first + a, first + b, after[c:d], touching or tuple(group))


def _old_rows(before: bytes, start: int, edit: Edit) -> tuple[int, int]:
    """The rows, counted from `start`, that an edit takes bytes from; none where it only puts lines between two."""
    row = before.count(b"\n", start, edit.start)
    if edit.start == edit.end and _is_whole(before, edit):
        return row, row - 1
    return row, before.count(b"\n", start, max(edit.end - 1, edit.start))


def _new_rows(before: bytes, row: int, edit: Edit) -> tuple[int, int]:
    """The rows that an edit leaves bytes in; none where it only takes whole lines."""
    if not edit.text and _is_whole(before, edit):
        return row, row - 1
    return row, row + edit.text.count(b"\n", 0, len(edit.text) - 1)


def _is_whole(before: bytes, edit: Edit) -> bool:
    """Whether an edit begins at the start of a line, and what it takes and what it puts there ends lines."""
    ends = edit.end == _line_start(before, edit.end) and (not edit.text or edit.text.endswith(b"\n"))
    return ends and edit.start == _line_start(before, edit.start)


def _meet(rows: tuple[int, int], lines: tuple[int, int]) -> bool:
    """Whether `rows` (the first and the last one) and `lines` (the first one and the one behind) have one in common."""
    return rows[0] < lines[1] and rows[1] >= lines[0] and lines[0] < lines[1]


def _hunks(old: Sequence[bytes], parts: Sequence[_Region]) -> Iterator[Hunk]:
    group: list[_Region] = []
    shift = 0
    for part in parts:
        if group and part.start - group[-1].end > 2 * CONTEXT:
            yield _hunk(old, group, shift)
            shift += sum(len(each.after) - (each.end - each.start) for each in group)
            group = []
        group.append(part)
    if group:
        yield _hunk(old, group, shift)


def _hunk(old: Sequence[bytes], group: Sequence[_Region], shift: int) -> Hunk:
    start = max(group[0].start - CONTEXT, 0)
    end = min(group[-1].end + CONTEXT, len(old))
    lines: list[bytes] = []
    position = start
    for part in group:
        lines += [b" " + line for line in old[position : part.start]]
        lines += [b"-" + line for line in old[part.start : part.end]]
        lines += [b"+" + line for line in part.after]
        position = part.end
    lines += [b" " + line for line in old[position:end]]
    grown = sum(len(part.after) - (part.end - part.start) for part in group)
    edits = {(e.path, e.start, e.end, e.text): e for part in group for e in part.edits}
    return Hunk(start + 1, end - start, start + 1 + shift, end - start + grown, tuple(lines), tuple(edits.values()))


def closed(line: bytes) -> bytes:
    """A hunk line that ends, as a patch needs it."""
    return line if line.endswith(b"\n") else line + b"\n" + MARK
