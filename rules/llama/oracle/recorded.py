"""Golden logits: every position and decode step of every shape of a pack, as transformers computes them, made small.

They are kept as 16-bit fixed point over the range of a shape's logits: what rounding adds to a normalised mean square
error is below 1e-9, four orders below the strictest limit. The table of an F16 file is kept as its difference from that
of the F32 file, which is small and compresses well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from transformer.errors import VerifyError

from .storing import digest

STEPS = 32000
TABLES = ("f32", "f16")


@dataclass(frozen=True)
class Recorded:
    """What a pack has recorded in its folder: a table of logits for each shape, and a manifest of digests."""

    folder: Path

    @property
    def file(self) -> Path:
        """The sha256 of each golden file and of each model file, and the versions that made them."""
        return self.folder / "manifest.json"

    def save(self, shape: str, logits: dict[str, np.ndarray]) -> Path:
        """Keep the logits of a shape, by the kind of file."""
        scale = max(float(np.abs(logits[table]).max()) for table in TABLES) / STEPS
        fixed = {table: np.rint(logits[table] / scale).astype(np.int32) for table in TABLES}
        more = _planes(fixed["f16"] - fixed["f32"])
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{shape}.npz"
        np.savez_compressed(path, scale=np.float64(scale), f32=_planes(fixed["f32"]), f16=more)
        return path

    def load(self, shape: str, table: str) -> np.ndarray:
        """One row of logits per prompt token, then one per decode step."""
        with np.load(self.folder / f"{shape}.npz") as kept:
            fixed = _whole(kept["f32"])
            if table != "f32":
                fixed = fixed + _whole(kept[table])
            return np.asarray(fixed * float(kept["scale"]))

    def manifest(self) -> dict[str, dict[str, Any]]:
        """What `file` holds."""
        kept: dict[str, dict[str, Any]] = json.loads(self.file.read_text())
        return kept

    def checked(self, path: Path, name: str) -> Path:
        """A model file that was written anew. Raises `VerifyError` where it did not come out as recorded."""
        recorded = self.manifest()
        if digest(path) != recorded["models"][name]:
            raise VerifyError(
                f"{path.name} is not as recorded: this numpy or gguf writes something else",
                where=str(path),
                help=f"install others; it was recorded with numpy {recorded['made with']['numpy']}",
            )
        return path


def _planes(table: np.ndarray) -> np.ndarray:
    """Low and high bytes apart: the high ones repeat, and deflate sees it."""
    small = table.astype(np.int16)
    return np.stack([small & 0xFF, (small >> 8) & 0xFF]).astype(np.uint8)


def _whole(planes: np.ndarray) -> np.ndarray:
    words = np.asarray(planes[0].astype(np.uint16) | (planes[1].astype(np.uint16) << 8))
    return words.astype(np.int16).astype(np.int32)
