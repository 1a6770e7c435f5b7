"""The oracle agrees with itself: the files with the manifest, the numpy model with transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oracle import tokenizer
from rules.gemma4.oracle import files, golden, models, texts
from rules.gemma4.oracle.forward import Reference, gelu, gelu_table
from rules.gemma4.oracle.variants import VARIANTS
from rules.gemma4.oracle.weights import gguf_tensors
from transformer.errors import VerifyError


def test_golden_files_are_the_recorded_ones() -> None:
    recorded = golden.manifest()["golden"]
    assert {path.name: golden.digest(path) for path in golden.FOLDER.glob("*.npz")} == recorded


@pytest.mark.parametrize("model", models.MODELS, ids=lambda model: model.name)
def test_model_files_come_back_bit_by_bit(model: models.Model, tmp_path: Path) -> None:
    models.checked(model, tmp_path)


# The table turns rounding noise into steps, hence the wider tolerance; the golden files themselves are kept to 1e-9.
@pytest.mark.parametrize(("table", "tolerance"), [("f32-exact", 2e-9), pytest.param("f16-exact", 2e-9, marks=pytest.mark.slow), pytest.param("f32-table", 5e-7, marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", VARIANTS)
def test_numpy_agrees_with_transformers(shape: str, table: str, tolerance: float) -> None:
    variant = VARIANTS[shape]
    kind: files.Kind = "f16" if table.startswith("f16") else "f32"
    tensors = files.rounded(gguf_tensors(variant), kind)
    function = gelu_table if table.endswith("table") else gelu
    got = Reference(variant, tensors, function).logits(np.concatenate(variant.prompt()))
    want = golden.load(shape, table)
    assert ((got - want) ** 2).sum() / (want**2).sum() < tolerance


def test_texts_become_what_the_library_makes_of_them() -> None:
    made = tokenizer.expected()
    assert texts.texts().ids == made
    assert all(made.values())


def test_a_model_file_that_comes_out_otherwise_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = models.MODELS[0]
    other = {**golden.manifest(), "models": {model.name: "0" * 64}}
    monkeypatch.setattr(golden, "manifest", lambda: other)
    with pytest.raises(VerifyError, match="is not as recorded"):
        models.checked(model, tmp_path)
