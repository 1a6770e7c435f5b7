"""Runs the tiny models on a build and measures how far the logits are from the reference."""

from __future__ import annotations

import os
import subprocess
import tempfile
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
from rules.llama.figures import Figure, measure

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


def figures(build: Build, model: Model, settings: Sequence[Setting]) -> list[Figure]:
    variant = model.layout.variant
    path, ids = models.checked(model, MODELS), np.concatenate(variant.prompt())
    got = logits(build, path, ids, STEPS, [setting.words for setting in settings])
    want = reference(variant.name, model.kind)
    return [
        measure(model.name, setting.name, rows, want, STEPS, bound(model, setting))
        for setting, rows in zip(settings, got, strict=True)
    ]
