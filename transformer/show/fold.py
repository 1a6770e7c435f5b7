"""Lines that are too long for a terminal, folded between words; what follows hangs below where the text begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformer.show.terminal import Part

LEAST = 30
"""Columns; a narrower terminal folds by itself."""

_COLUMN = re.compile(r" {0,16}[^ ]{1,16}(?: [^ ]{1,16})? {2,16}(?=[^ ]|$)")
_FAR = 16


def folded(line: tuple[Part, ...], width: int) -> Iterator[tuple[Part, ...]]:
    """A line in as many as it needs. No word is broken, and each part keeps its style."""
    parts = [(each, "") if isinstance(each, str) else each for each in line]
    text = "".join(each for each, _ in parts)
    if len(text) <= width or width < LEAST:
        yield line
        return
    hang = _hang(text)
    start, room = 0, width
    while len(text) - start > room:
        end = text.rfind(" ", start + (hang if not start else 1), start + room + 1)
        if end < 0:
            end = text.find(" ", start + room)
        if end < 0:
            break
        yield _cut(parts, start, end, " " * hang if start else "")
        start = end + len(text[end:]) - len(text[end:].lstrip(" "))
        room = width - hang
    yield _cut(parts, start, len(text), " " * hang if start else "")


def _hang(text: str) -> int:
    """How far what follows is indented: as the second column where that is near, else a bit more than the line."""
    column = _COLUMN.match(text)
    if column is not None and column.end() <= _FAR:
        return column.end()
    return len(text) - len(text.lstrip(" ")) + 4


def _cut(parts: list[tuple[str, str]], start: int, end: int, indent: str) -> tuple[Part, ...]:
    """The parts between two places of their text."""
    found: list[Part] = [indent] if indent else []
    at = 0
    for text, style in parts:
        piece = text[max(start - at, 0) : max(end - at, 0)]
        if piece:
            found.append((piece, style) if style else piece)
        at += len(text)
    return tuple(found)
