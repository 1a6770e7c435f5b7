"""How ggml rounds on a CPU: activations before they meet a matrix, queries, keys and values in attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Rounding = Callable[[Array], Array]


def exact(x: Array) -> Array:
    """Activations as they are."""
    return x


def half(x: Array) -> Array:
    """Activations as ggml rounds them before they meet a matrix of half floats."""
    return x.astype(np.float16).astype(np.float64)


def q8_0(x: Array) -> Array:
    """Activations as ggml rounds them before they meet a Q8_0 matrix: blocks of 32 with a half-precision scale."""
    blocks = x.astype(np.float32).reshape(*x.shape[:-1], -1, 32)
    scale = np.abs(blocks).max(-1, keepdims=True) / np.float32(127)
    inverse = np.divide(1, scale, where=scale != 0, out=np.zeros_like(scale))
    return np.asarray(np.rint(blocks * inverse) * scale.astype(np.float16).astype(np.float64)).reshape(x.shape)


ROUNDING: dict[str, Rounding] = {"f32": exact, "f16": half, "q8_0": q8_0}


@dataclass(frozen=True)
class Attention:
    """How attention rounds: queries and keys before they meet, then weights and values before they meet.

    Keys are rounded as they are kept, after they were turned to their positions.
    """

    query: Rounding = exact
    key: Rounding = exact
    weight: Rounding = exact
    value: Rounding = exact


EXACT = Attention()
"""Attention as it is."""

# By flash attention or not, and the type of the cache, as ggml computes on a CPU. Flash attention takes keys and values
# of 32 bits as half floats. Without it only keys can be quantized: values are then 32-bit floats.
ATTENTION: dict[tuple[bool, str], Attention] = {
    (False, "f32"): EXACT,
    (False, "f16"): Attention(half, half, half, half),
    (False, "q8_0"): Attention(q8_0, q8_0),
    (True, "f32"): Attention(half, half, exact, half),
    (True, "f16"): Attention(half, half, exact, half),
    (True, "q8_0"): Attention(q8_0, q8_0, exact, q8_0),
}
