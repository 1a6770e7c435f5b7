"""The models that a build is proved with: every shape, in the types that keep arithmetic exact."""

from __future__ import annotations

from collections.abc import Sequence

from ...llama.proof import Sample
from .models import FILES, MODELS


def samples() -> Sequence[Sample]:
    """One for each model file in 32 or 16 bits."""
    return FILES.samples(MODELS)
