"""The models that a build is proved with: every shape, in 32 and in 16 bits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ...llama.proof import Sample
from . import golden
from .models import MODELS, Model, checked
from .variants import STEPS


def samples() -> Sequence[Sample]:
    """One for each model file."""
    return [_sample(model) for model in MODELS]


def _sample(model: Model) -> Sample:
    return Sample(
        model.shape,
        model.kind.upper(),
        write=partial(checked, model),
        ids=np.concatenate(model.variant.prompt()),
        steps=STEPS,
        want=partial(golden.load, model.shape, model.kind),
    )
