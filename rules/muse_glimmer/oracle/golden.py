"""The golden logits: every position and decode step of every shape, as transformers computes them, in under 1 MB.

They are kept as 16-bit fixed point over the range of a shape's logits: what rounding adds to a normalised mean square
error is below 1e-9, four orders below the strictest limit. The table of an F16 file is kept as its difference from that
of the F32 file, which is small and compresses well.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "golden"
MANIFEST = FOLDER / "manifest.json"
STEPS = 32000
TABLES = ("f32", "f16")


def save(shape: str, logits: dict[str, np.ndarray]) -> Path:
    """Keep the logits of a shape, by the kind of file."""
    scale = max(float(np.abs(logits[table]).max()) for table in TABLES) / STEPS
    fixed = {table: np.rint(logits[table] / scale).astype(np.int32) for table in TABLES}
    more = _planes(fixed["f16"] - fixed["f32"])
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{shape}.npz"
    np.savez_compressed(path, scale=np.float64(scale), f32=_planes(fixed["f32"]), f16=more)
    return path


@cache
def load(shape: str, table: str) -> np.ndarray:
    """One row of logits per prompt token, then one per decode step."""
    with np.load(FOLDER / f"{shape}.npz") as kept:
        fixed = _whole(kept["f32"])
        if table != "f32":
            fixed = fixed + _whole(kept[table])
        return np.asarray(fixed * float(kept["scale"]))


def manifest() -> dict[str, dict[str, Any]]:
    """The sha256 of each golden file and of each model file, and the versions that made them."""
    kept: dict[str, dict[str, Any]] = json.loads(MANIFEST.read_text())
    return kept


def _planes(table: np.ndarray) -> np.ndarray:
    """Low and high bytes apart: the high ones repeat, and deflate sees it."""
    small = table.astype(np.int16)
    return np.stack([small & 0xFF, (small >> 8) & 0xFF]).astype(np.uint8)


def _whole(planes: np.ndarray) -> np.ndarray:
    words = np.asarray(planes[0].astype(np.uint16) | (planes[1].astype(np.uint16) << 8))
    return words.astype(np.int16).astype(np.int32)
