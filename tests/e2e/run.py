"""Runs the tiny models on a build and measures how far the logits are from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from e2e.build import WORK, Build
from e2e.settings import Setting, bound
from e2e.subject import Model, Subject
from rules.llama import logits as computing
from rules.llama.figures import Figure, measure

MODELS = WORK / "models"


def logits(build: Build, path: Path, ids: np.ndarray, steps: int, settings: Sequence[str]) -> np.ndarray:
    """[setting, position, token]; the last `steps` ids are decoded one by one."""
    return computing.run(build.program("logits"), path, ids, steps, settings)


def figures(build: Build, subject: Subject, model: Model, settings: Sequence[Setting]) -> list[Figure]:
    return judged(build, subject.checked(model, MODELS), subject, model, settings)


def judged(build: Build, path: Path, subject: Subject, model: Model, settings: Sequence[Setting]) -> list[Figure]:
    """How the file at `path` does where it is taken for the model."""
    words = [setting.words for setting in settings]
    got = logits(build, path, subject.ids(model.shape), subject.steps, words)
    return [judge(subject, model, setting, rows) for setting, rows in zip(settings, got, strict=True)]


def judge(subject: Subject, model: Model, setting: Setting, rows: np.ndarray) -> Figure:
    want = subject.reference(model.shape, model.kind, setting.flash, setting.cache)
    allowed, effects = bound(model, setting), subject.effects(model.shape)
    return measure(model.name, setting.name, rows, want, subject.steps, allowed, effects)
