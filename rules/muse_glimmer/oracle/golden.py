"""The golden logits of Muse Glimmer, in under 1 MB."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ...llama.oracle.recorded import Recorded

FOLDER = Path(__file__).parent / "golden"
RECORDED = Recorded(FOLDER)
MANIFEST = RECORDED.file
save, manifest, load = RECORDED.save, RECORDED.manifest, cache(RECORDED.load)
