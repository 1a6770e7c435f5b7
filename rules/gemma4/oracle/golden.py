"""The golden logits: every position and decode step of every shape, as transformers computes them, in 3 MB.

The soft cap bounds logits, so they are kept as 16-bit fixed point over [-cap, cap]. A step is cap/32000, under a
thousandth; what rounding to it adds to a normalised mean square error is below 2e-9, four orders below the strictest
limit. One table per shape is kept whole, the other three as differences from it, which are small and compress well.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...llama.oracle.storing import digest
from .variants import VARIANTS, Variant

FOLDER = Path(__file__).parent / "golden"
MANIFEST = FOLDER / "manifest.json"
STEPS_IN_CAP = 32000

__all__ = ["FOLDER", "MANIFEST", "digest", "load", "manifest", "save"]

# What is kept: the type of the file's weights, and GELU as ggml's half-precision table or exact.
TABLES = ("f32-table", "f16-table", "f32-exact", "f16-exact")


def save(variant: Variant, logits: dict[str, np.ndarray]) -> Path:
    """Keep the logits of a shape."""
    fixed = {table: np.rint(logits[table] * (STEPS_IN_CAP / variant.cap)).astype(np.int32) for table in TABLES}
    kept = {"f32-table": fixed["f32-table"]}
    kept |= {table: fixed[table] - fixed["f32-table"] for table in TABLES[1:]}
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{variant.name}.npz"
    planes: dict[str, Any] = {name: _planes(table) for name, table in kept.items()}
    np.savez_compressed(path, **planes)
    return path


@cache
def load(variant: str, table: str) -> np.ndarray:
    """One row of logits per prompt token, then one per decode step."""
    with np.load(FOLDER / f"{variant}.npz") as kept:
        fixed = _whole(kept["f32-table"])
        if table != "f32-table":
            fixed = fixed + _whole(kept[table])
    return np.asarray(fixed * (VARIANTS[variant].cap / STEPS_IN_CAP))


def manifest() -> dict[str, dict[str, str]]:
    """The sha256 of each golden file and of each model file, and the versions that made them."""
    kept: dict[str, dict[str, str]] = json.loads(MANIFEST.read_text())
    return kept


def _planes(table: np.ndarray) -> np.ndarray:
    """Low and high bytes apart: the high ones repeat, and deflate sees it."""
    small = table.astype(np.int16)
    if (small != table).any():
        raise ValueError("logits exceed the cap")
    return np.stack([small & 0xFF, (small >> 8) & 0xFF]).astype(np.uint8)


def _whole(planes: np.ndarray) -> np.ndarray:
    words = np.asarray(planes[0].astype(np.uint16) | (planes[1].astype(np.uint16) << 8))
    return words.astype(np.int16).astype(np.int32)
