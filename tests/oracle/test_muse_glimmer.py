"""Muse Glimmer's oracle agrees with itself: files with the manifest, the numpy model with the golden logits."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oracle import bytelevel
from rules.llama.contract import judge
from rules.llama.header import read
from rules.llama.oracle.storing import Kind, digest, rounded
from rules.muse_glimmer.contract import CONTRACT
from rules.muse_glimmer.oracle import files, golden, models, texts
from rules.muse_glimmer.oracle.forward import Reference
from rules.muse_glimmer.oracle.variants import VARIANTS
from rules.muse_glimmer.oracle.weights import gguf_tensors

with_transformers = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None,
    reason="needs torch and transformers",
)
every_shape = pytest.mark.parametrize("shape", VARIANTS)
both_kinds = pytest.mark.parametrize("kind", ["f32", pytest.param("f16", marks=pytest.mark.slow)])


def computed(shape: str, kind: Kind) -> np.ndarray:
    variant = VARIANTS[shape]
    model = Reference(variant, rounded(gguf_tensors(variant), kind))
    return model.logits(np.concatenate(variant.prompt()))


def test_golden_files_are_the_recorded_ones() -> None:
    recorded = golden.manifest()["golden"]
    assert {path.name: digest(path) for path in golden.FOLDER.glob("*.npz")} == recorded


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.name)
def test_model_files_come_back_bit_by_bit_and_have_all_that_is_asked_for(model: models.Model, tmp_path: Path) -> None:
    found = judge(read(models.checked(model, tmp_path)), CONTRACT)
    assert found.faults == ()
    assert found.asked == found.there > 0


def test_a_period_that_is_none_is_a_fault(tmp_path: Path) -> None:
    variant = replace(VARIANTS["period"], period=1)
    files.write(tmp_path / "one.gguf", variant, gguf_tensors(variant), "f32")
    faults = judge(read(tmp_path / "one.gguf"), CONTRACT).faults
    assert [fault for fault in faults if "sliding_window_pattern is 1, outside 2" in fault]


@both_kinds
@every_shape
def test_numpy_agrees_with_the_golden_logits(shape: str, kind: Kind) -> None:
    want = golden.load(shape, kind)
    assert ((computed(shape, kind) - want) ** 2).sum() / (want**2).sum() < 4e-9


@with_transformers
@both_kinds
@every_shape
def test_numpy_agrees_with_transformers(shape: str, kind: Kind) -> None:
    from oracle import muse_glimmer

    want = muse_glimmer.computed(VARIANTS[shape], kind)
    assert np.abs(computed(shape, kind) - want).max() < 1e-9 * np.abs(want).max()


def test_texts_become_what_the_library_makes_of_them() -> None:
    made = bytelevel.muse_glimmer()
    assert texts.texts().ids == made
    assert all(made.values())
