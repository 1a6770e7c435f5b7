"""Runs the tiny models on a build and measures how far the logits are from the reference."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from oracle import files, golden, models
from oracle.forward import ROUNDING, Reference
from oracle.models import Model
from oracle.variants import STEPS, VARIANTS
from oracle.weights import gguf_tensors

from e2e.build import WORK, Build
from e2e.settings import Bound, Setting, bound

MODELS = WORK / "models"
# Idle threads sleep: where cores are busy they would otherwise spin through the time of the others.
ENVIRONMENT = {**os.environ, "OMP_WAIT_POLICY": "passive"}


def call(program: Path, *arguments: str | Path) -> str:
    """What the program prints."""
    command = [str(argument) for argument in (program, *arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if ran.returncode:
        raise RuntimeError(f"{program.name} exited with {ran.returncode}: {ran.stderr[-1500:]}")
    return ran.stdout


def logits(build: Build, path: Path, ids: np.ndarray, steps: int, settings: Sequence[str]) -> np.ndarray:
    """[setting, position, token]; the last `steps` ids are decoded one by one."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "ids", Path(folder) / "out"
        given.write_bytes(ids.astype("<i4").tobytes())
        call(build.program("logits"), path, given, out, str(steps), *settings)
        return np.fromfile(out, dtype="<f4").reshape(len(settings), len(ids), -1).astype(np.float64)


@cache
def reference(shape: str, kind: files.Kind) -> np.ndarray:
    """What a file of this kind computes: from transformers, or for Q8_0 from the numpy model."""
    if kind != "q8_0":
        return golden.load(shape, f"{kind}-table")
    variant = VARIANTS[shape]
    tensors = files.rounded(gguf_tensors(variant), kind)
    return Reference(variant, tensors, rounding=ROUNDING[kind]).logits(np.concatenate(variant.prompt()))


@dataclass(frozen=True)
class Figure:
    """How one model did under one setting. `nmse` is the larger of the prompt's and the decode steps'."""

    model: str
    setting: str
    nmse: float
    worst: float
    worst_at: int
    top1: float
    wrong: int
    outliers: int
    bound: Bound

    @property
    def good(self) -> bool:
        b = self.bound
        near = self.worst < b.worst or self.outliers <= b.outliers
        return self.nmse < b.nmse and near and self.wrong == 0 and self.top1 >= b.agree

    def __str__(self) -> str:
        return (
            f"{self.model}, {self.setting}: NMSE {self.nmse:.1e}, worst {self.worst:.1e} at {self.worst_at}, "
            f"top-1 {self.top1:.1%}, {self.wrong} wrong, {self.outliers} outliers; allowed: {self.bound}"
        )


def measure(model: str, setting: str, got: np.ndarray, want: np.ndarray, steps: int, allowed: Bound) -> Figure:
    off, size = ((got - want) ** 2).sum(1), (want**2).sum(1)
    off = np.where(np.isfinite(off), off, np.inf)
    parts = [slice(0, len(want) - steps), slice(len(want) - steps, None)] if steps else [slice(None)]
    rows = np.arange(len(want))
    gap = want.max(1) - want[rows, got.argmax(1)]
    return Figure(
        model,
        setting,
        nmse=max(float(off[part].sum() / size[part].sum()) for part in parts),
        worst=float((off / size).max()),
        worst_at=int((off / size).argmax()),
        top1=float((gap == 0).mean()),
        wrong=0 if allowed.tie is None else int((gap >= allowed.tie).sum()),
        outliers=int((off / size >= allowed.worst).sum()),
        bound=allowed,
    )


def figures(build: Build, model: Model, settings: Sequence[Setting]) -> list[Figure]:
    variant = model.layout.variant
    path, ids = models.checked(model, MODELS), np.concatenate(variant.prompt())
    got = logits(build, path, ids, STEPS, [setting.words for setting in settings])
    want = reference(variant.name, model.kind)
    return [
        measure(model.name, setting.name, rows, want, STEPS, bound(model, setting))
        for setting, rows in zip(settings, got, strict=True)
    ]
