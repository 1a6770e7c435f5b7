"""Runs the tiny models on a build and measures how far the logits are from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from e2e.build import WORK, Build
from e2e.mistakes import effects
from e2e.settings import Cache, Setting, bound
from rules.gemma4.oracle import files, golden, models
from rules.gemma4.oracle.forward import Reference
from rules.gemma4.oracle.models import Model
from rules.gemma4.oracle.variants import STEPS, VARIANTS
from rules.gemma4.oracle.weights import gguf_tensors
from rules.llama import logits as computing
from rules.llama.figures import Figure, measure
from rules.llama.oracle.rounding import ATTENTION, ROUNDING, exact

MODELS = WORK / "models"


def logits(build: Build, path: Path, ids: np.ndarray, steps: int, settings: Sequence[str]) -> np.ndarray:
    """[setting, position, token]; the last `steps` ids are decoded one by one."""
    return computing.run(build.program("logits"), path, ids, steps, settings)


def reference(shape: str, kind: files.Kind, flash: bool = False, kept: Cache = "f32") -> np.ndarray:
    """What a file of this kind computes: from transformers, or where Q8_0 rounds from the numpy model."""
    if "q8_0" not in (kind, kept):
        return golden.load(shape, f"{kind}-table")
    return imitated(shape, kind, flash, kept)


@cache
def imitated(shape: str, kind: files.Kind, flash: bool, kept: Cache) -> np.ndarray:
    return imitation(shape, kind, flash, kept).logits(np.concatenate(VARIANTS[shape].prompt()))


def imitation(shape: str, kind: files.Kind, flash: bool = False, kept: Cache = "f32") -> Reference:
    """The model in numpy, rounding as such a file and such a cache do; where none is Q8_0, activations are exact."""
    tensors = files.rounded(gguf_tensors(VARIANTS[shape]), kind)
    rounding = ROUNDING[kind] if "q8_0" in (kind, kept) else exact
    return Reference(VARIANTS[shape], tensors, rounding=rounding, attention=ATTENTION[flash, kept])


def figures(build: Build, model: Model, settings: Sequence[Setting]) -> list[Figure]:
    return judged(build, models.checked(model, MODELS), model, settings)


def judged(build: Build, path: Path, model: Model, settings: Sequence[Setting]) -> list[Figure]:
    """How the file at `path` does where it is taken for the model."""
    variant = model.layout.variant
    got = logits(build, path, np.concatenate(variant.prompt()), STEPS, [setting.words for setting in settings])
    return [judge(model, setting, rows) for setting, rows in zip(settings, got, strict=True)]


def judge(model: Model, setting: Setting, rows: np.ndarray) -> Figure:
    shape = model.layout.shape
    want = reference(shape, model.kind, setting.flash, setting.cache)
    return measure(model.name, setting.name, rows, want, STEPS, bound(model, setting), effects(shape))
