"""Shapes that no published model has: right, or refused by key and reason.

There are no golden logits of them; the model in numpy judges, which is held against transformers where that accepts a
shape (tests/oracle/test_corners.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from e2e.build import Build
from e2e.corners import REFUSED, RIGHT
from e2e.run import logits
from e2e.settings import Setting
from rules.gemma4.oracle import files
from rules.gemma4.oracle.forward import Reference
from rules.gemma4.oracle.variants import STEPS, Variant
from rules.gemma4.oracle.weights import Tensors, gguf_tensors
from rules.llama.figures import STRICT, measure
from rules.llama.running import Failed

pytestmark = pytest.mark.e2e


SETTINGS = (Setting(512, False, "f32"), Setting(32, False, "f32"), Setting(1, False, "f32"))


def stored(variant: Variant) -> Tensors:
    """What a file of the shape holds: frequencies only where a full layer turns by them."""
    tensors = gguf_tensors(variant)
    if all(variant.slides(layer) for layer in range(variant.layers)):
        del tensors["rope_freqs.weight"]
    return tensors


def run(build: Build, variant: Variant, tensors: Tensors, folder: Path) -> np.ndarray:
    files.write(folder / "model.gguf", variant, tensors, "f32")
    ids = np.concatenate(variant.prompt())
    return logits(build, folder / "model.gguf", ids, STEPS, [each.words for each in SETTINGS])


def judged(build: Build, variant: Variant, tensors: Tensors, folder: Path) -> list[str]:
    """What is not as the model in numpy has it."""
    want = Reference(variant, gguf_tensors(variant)).logits(np.concatenate(variant.prompt()))
    got = zip(SETTINGS, run(build, variant, tensors, folder), strict=True)
    figures = [measure(variant.name, setting.name, rows, want, STEPS, STRICT) for setting, rows in got]
    return [str(each) for each in figures if not each.good]


@pytest.mark.parametrize("variant", RIGHT.values(), ids=RIGHT)
def test_right(ported: Build, variant: Variant, tmp_path: Path) -> None:
    tensors = stored(variant)
    if variant.experts:
        tensors = files.split_experts(tensors)
    assert judged(ported, variant, tensors, tmp_path) == []


def test_one_expert_of_merged_projections(ported: Build, tmp_path: Path) -> None:
    """ggml of some days cannot take one half of a single row: then the loader says so."""
    variant = RIGHT["one expert used"]
    try:
        bad = judged(ported, variant, stored(variant), tmp_path)
    except Failed as error:
        bad = [] if "expert_used_count is 1" in str(error) else [str(error)]
    assert bad == []


@pytest.mark.parametrize(("variant", "key"), REFUSED.values(), ids=REFUSED)
def test_refused(ported: Build, variant: Variant, key: str, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="does not load") as refused:
        run(ported, variant, stored(variant), tmp_path)
    assert key in str(refused.value)
