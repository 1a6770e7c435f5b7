"""Runs the tiny models on a build and measures how far the logits are from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from e2e.build import WORK, Build
from e2e.settings import Setting, bound
from rules.gemma4.oracle import files, golden, models
from rules.gemma4.oracle.forward import ROUNDING, Reference
from rules.gemma4.oracle.models import Model
from rules.gemma4.oracle.variants import STEPS, VARIANTS
from rules.gemma4.oracle.weights import gguf_tensors
from rules.llama import logits as computing
from rules.llama.figures import Figure, measure

MODELS = WORK / "models"


def logits(build: Build, path: Path, ids: np.ndarray, steps: int, settings: Sequence[str]) -> np.ndarray:
    """[setting, position, token]; the last `steps` ids are decoded one by one."""
    return computing.run(build.program("logits"), path, ids, steps, settings)


@cache
def reference(shape: str, kind: files.Kind) -> np.ndarray:
    """What a file of this kind computes: from transformers, or for Q8_0 from the numpy model."""
    if kind != "q8_0":
        return golden.load(shape, f"{kind}-table")
    variant = VARIANTS[shape]
    tensors = files.rounded(gguf_tensors(variant), kind)
    return Reference(variant, tensors, rounding=ROUNDING[kind]).logits(np.concatenate(variant.prompt()))


def figures(build: Build, model: Model, settings: Sequence[Setting]) -> list[Figure]:
    variant = model.layout.variant
    path, ids = models.checked(model, MODELS), np.concatenate(variant.prompt())
    got = logits(build, path, ids, STEPS, [setting.words for setting in settings])
    want = reference(variant.name, model.kind)
    return [
        measure(model.name, setting.name, rows, want, STEPS, bound(model, setting))
        for setting, rows in zip(settings, got, strict=True)
    ]
