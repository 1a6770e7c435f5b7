"""The golden logits of Mellum 2, in under 400 KB."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ...llama.oracle.recorded import Recorded

FOLDER = Path(__file__).parent / "golden"
RECORDED = Recorded(FOLDER)
save, manifest, load = RECORDED.save, RECORDED.manifest, cache(RECORDED.load)
