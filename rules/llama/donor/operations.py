"""Calls of ggml's operations that differ between trees, as words of a template."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from transformer.cpp.lift import Part, Piece, Word, as_argument

from .. import spelling


def _listed(part: Part) -> str:
    """The name and the arguments of a call, as arguments of a word."""
    return ", ".join([json.dumps(part.callee), *(as_argument(each.pieces()) for each in part.given())])


def _trimmed(part: Part) -> Sequence[Piece]:
    return [Word(f"trimmed({_listed(part)})")]


def _selected(part: Part) -> Sequence[Piece]:
    return [Word(f"selected({_listed(part)})")]


def _fused(part: Part) -> Sequence[Piece]:
    return [Word(f'fused("{part.callee}", {len(part.given())}, {as_argument(part.inside())})')]


def _gathered(part: Part) -> Sequence[Piece] | None:
    """The second tensor as a copy, where it is a turned view."""
    graph, tensor, repeated = part.given()
    if repeated.value().callee not in spelling.TURNING:
        return None
    word = Word(f"gathered({as_argument(graph.pieces())}, {as_argument(repeated.pieces())})")
    return [f"{part.callee}(", *graph.pieces(), ", ", *tensor.pieces(), ", ", word, ")"]


WORDS: Mapping[str, Callable[[Part], Sequence[Piece] | None]] = {
    **dict.fromkeys(spelling.TRIMMED, _trimmed),
    **dict.fromkeys(spelling.SELECTING, _selected),
    **dict.fromkeys(spelling.FUSED, _fused),
    **dict.fromkeys(spelling.REPEATING, _gathered),
}
"""The operations, and what becomes of a call of each; `None` where it stays as it is."""
