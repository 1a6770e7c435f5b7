"""Edits: the only thing that a plan is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from transformer.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def digest(data: bytes) -> str:
    """SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace bytes `start..end` of `path` by `text`.

    `before` is the digest of the file that the span was computed on; it is empty where the edit makes a new file.
    """

    path: str
    start: int
    end: int
    text: bytes
    before: str
    anchor: str
    line: int
    rule: str = ""
    reason: str = ""

    @property
    def creates(self) -> bool:
        """Whether the edit makes a new file."""
        return not self.before

    @property
    def where(self) -> str:
        """`path:line` in the file as it was read."""
        return f"{self.path}:{self.line}"


def merge(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits by file and place, equal ones once.

    Insertions at one point keep the order in which they came. Raises `ConflictError` where two edits overlap, where
    one makes a file that the other changes, and where they were computed on different bytes.
    """
    unique: dict[tuple[str, int, int, bytes, str], Edit] = {}
    for edit in edits:
        unique.setdefault((edit.path, edit.start, edit.end, edit.text, edit.before), edit)
    ordered = sorted(unique.values(), key=lambda edit: (edit.path, edit.start, edit.end))
    for left, right in pairwise(ordered):
        if left.path == right.path and (left.end > right.start or left.creates or left.before != right.before):
            raise ConflictError(
                f"{left.rule} and {right.rule} both change the same text: "
                f"{left.text.decode()!r} against {right.text.decode()!r}",
                where=right.where,
                help="give one of the two rules the place, or let them write the same text",
            )
    return tuple(ordered)


def splice(data: bytes, edits: Sequence[Edit]) -> bytes:
    """`data` with the edits of one file, in the order of `merge`, carried out."""
    parts: list[bytes] = []
    position = 0
    for edit in edits:
        parts += (data[position : edit.start], edit.text)
        position = edit.end
    return b"".join((*parts, data[position:]))
