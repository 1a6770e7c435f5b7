"""The models that a build is proved with: every shape, in the types that keep arithmetic exact."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ...llama.proof import Sample
from . import golden
from .models import MODELS, Model, checked
from .variants import STEPS


def samples() -> Sequence[Sample]:
    """One for each model file in 32 or 16 bits; what Q8_0 rounds away would hide small mistakes."""
    return [_sample(model) for model in MODELS if model.kind != "q8_0"]


def _sample(model: Model) -> Sample:
    return Sample(
        model.shape,
        model.kind.upper(),
        write=partial(checked, model),
        ids=np.concatenate(model.variant.prompt()),
        steps=STEPS,
        want=partial(golden.load, model.shape, model.kind),
    )
