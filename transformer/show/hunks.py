"""Hunks of a unified diff, taken from the edits themselves: each knows who made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

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


@dataclass(slots=True)
class _Region:
    """Whole lines `start..end` (from 0) that some edits change into `after`."""

    start: int
    end: int
    after: list[bytes]
    edits: list[Edit]


def hunks(before: bytes | None, edits: Sequence[Edit]) -> list[Hunk]:
    """The hunks of one file; `before` is `None` for a new one."""
    if before is None:
        lines = tuple(b"+" + line for line in edits[0].text.splitlines(keepends=True))
        return [Hunk(1, 0, 1, len(lines), lines, tuple(edits))]
    old = before.splitlines(keepends=True)
    parts = [part for region in _regions(before, edits) for part in _split(region, old)]
    return list(_hunks(old, parts))


def _regions(before: bytes, edits: Sequence[Edit]) -> Iterator[_Region]:
    """Edits that touch the same lines, together."""
    group: list[Edit] = []
    first = last = 0
    for edit in edits:
        start = before.rfind(b"\n", 0, edit.start) + 1
        whole = edit.start == start and (edit.end == edit.start or before[edit.end - 1 : edit.end] == b"\n")
        end = edit.end if whole and _ends(edit) else _line_end(before, edit.end)
        if group and start < last:
            group.append(edit)
            last = max(last, end)
            continue
        if group:
            yield _region(before, first, last, group)
        group, first, last = [edit], start, end
    if group:
        yield _region(before, first, last, group)


def _ends(edit: Edit) -> bool:
    return not edit.text or edit.text.endswith(b"\n")


def _line_end(before: bytes, offset: int) -> int:
    end = before.find(b"\n", offset)
    return len(before) if end < 0 else end + 1


def _region(before: bytes, start: int, end: int, edits: list[Edit]) -> _Region:
    text = b""
    position = start
    for edit in edits:
        text += before[position : edit.start] + edit.text
        position = edit.end
    text += before[position:end]
    line = before.count(b"\n", 0, start)
    count = len(before[start:end].splitlines())
    return _Region(line, line + count, text.splitlines(keepends=True), edits)


def _split(region: _Region, old: Sequence[bytes]) -> Iterator[_Region]:
    """The parts of a region that really differ."""
    before = old[region.start : region.end]
    for tag, a, b, c, d in SequenceMatcher(None, before, region.after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield _Region(region.start + a, region.start + b, region.after[c:d], region.edits)


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
