"""What Gemma 4 is proved with."""

from __future__ import annotations

from ..llama.proof import recorded

PROOF = recorded(__package__)
