"""The fork's own quantizer makes the Q8_0 file that the other tests run, and smaller ones that still load."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from e2e.build import Build
from e2e.gemma4 import SUBJECT
from e2e.run import MODELS, logits
from rules.gemma4.oracle import models
from rules.gemma4.oracle.models import LAYOUTS, Layout, Model
from rules.gemma4.oracle.variants import STEPS
from rules.llama.figures import Bound, measure
from rules.llama.running import call

pytestmark = pytest.mark.e2e

every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def quantized(build: Build, layout: Layout, kind: gguf.LlamaFileType, folder: Path) -> Path:
    made = folder / "made.gguf"
    call(build.program("quantize"), models.checked(Model(layout, "f32"), MODELS), made, str(int(kind)))
    return made


@every_layout
def test_q8_0_is_the_same_file(ported: Build, layout: Layout, tmp_path: Path) -> None:
    made = quantized(ported, layout, gguf.LlamaFileType.MOSTLY_Q8_0, tmp_path)
    known = {tensor.name: tensor for tensor in gguf.GGUFReader(models.checked(Model(layout, "q8_0"), MODELS)).tensors}
    tensors = gguf.GGUFReader(made).tensors
    assert {tensor.name for tensor in tensors} == known.keys()
    assert [t.name for t in tensors if t.tensor_type != known[t.name].tensor_type] == []
    assert [t.name for t in tensors if (t.data != known[t.name].data).any()] == []


@every_layout
def test_q4_0_runs(ported: Build, layout: Layout, tmp_path: Path) -> None:
    made = quantized(ported, layout, gguf.LlamaFileType.MOSTLY_Q4_0, tmp_path)
    got = logits(ported, made, np.concatenate(layout.variant.prompt()), STEPS, [""])[0]
    allowed = Bound(1.0, 10.0, tie=None, agree=0.05)  # four bits cost the tiny models much: it runs, and is not noise
    figure = measure(layout.name, "Q4_0", got, SUBJECT.reference(layout.shape, "f32"), STEPS, allowed, {})
    assert figure.good, str(figure)
