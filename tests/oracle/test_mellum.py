"""Mellum 2's oracle agrees with itself: files with the manifest, the numpy model with the golden logits."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from oracle import bytelevel
from rules.llama.contract import judge
from rules.llama.header import read
from rules.llama.oracle.rounding import Array
from rules.llama.oracle.storing import Kind, digest, rounded
from rules.mellum.contract import CONTRACT
from rules.mellum.oracle import golden, models, texts
from rules.mellum.oracle.forward import Reference
from rules.mellum.oracle.variants import VARIANTS
from rules.mellum.oracle.weights import gguf_tensors, is_matrix

with_transformers = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None,
    reason="needs torch and transformers",
)
every_shape = pytest.mark.parametrize("shape", VARIANTS)
both_kinds = pytest.mark.parametrize("kind", ["f32", pytest.param("f16", marks=pytest.mark.slow)])


def computed(shape: str, kind: Kind) -> Array:
    variant = VARIANTS[shape]
    model = Reference(variant, rounded(gguf_tensors(variant), kind, is_matrix))
    return model.logits(np.concatenate(variant.prompt()))


def test_golden_files_are_the_recorded_ones() -> None:
    recorded = golden.manifest()["golden"]
    assert {path.name: digest(path) for path in golden.FOLDER.glob("*.npz")} == recorded


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.name)
def test_model_files_come_back_bit_by_bit_and_have_all_that_is_asked_for(model: models.Model, tmp_path: Path) -> None:
    found = judge(read(models.checked(model, tmp_path)), CONTRACT)
    assert found.faults == ()
    assert found.asked == found.there > 0


@both_kinds
@every_shape
def test_numpy_agrees_with_the_golden_logits(shape: str, kind: Kind) -> None:
    want = golden.load(shape, kind)
    assert ((computed(shape, kind) - want) ** 2).sum() / (want**2).sum() < 4e-9


@every_shape
def test_experts_are_never_nearly_tied(shape: str) -> None:
    variant, gaps = VARIANTS[shape], []

    class Watched(Reference):
        def chances(self, layer: int, y: Array) -> Array:
            found = super().chances(layer, y)
            ordered = np.sort(np.log(found), axis=-1)
            gaps.append((ordered[:, -variant.used] - ordered[:, -variant.used - 1]).min())
            return found

    Watched(variant, gguf_tensors(variant)).logits(np.concatenate(variant.prompt()))
    assert len(gaps) == variant.layers
    assert min(gaps) > 0.01


@with_transformers
@both_kinds
@every_shape
def test_numpy_agrees_with_transformers(shape: str, kind: Kind) -> None:
    from oracle import mellum

    want = mellum.computed(VARIANTS[shape], kind)
    assert np.abs(computed(shape, kind) - want).max() < 1e-9 * np.abs(want).max()


def test_texts_become_what_the_library_makes_of_them() -> None:
    assert texts.texts().ids == bytelevel.mellum()
    assert all(texts.texts().ids.values())
