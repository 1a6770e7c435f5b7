"""Contexts that are shifted, saved or shared, and adapters, each against what it must compute."""

from __future__ import annotations

import tempfile
from pathlib import Path

import gguf
import numpy as np
from oracle import models
from oracle.forward import Reference, Shift
from oracle.models import Model
from oracle.variants import Variant
from oracle.weights import Tensors, gguf_tensors

from e2e.build import Build
from e2e.run import MODELS, call

RANK, ALPHA = 4, 8.0
# One matrix of each kind, in a layer that slides and in one that is full.
ADAPTED = ("attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_down")


def run(build: Build, program: str, model: Model, ids: np.ndarray, *rest: str, adapter: Path | None = None) -> np.ndarray:
    """Rows of logits."""
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "ids", Path(folder) / "out"
        given.write_bytes(ids.astype("<i4").tobytes())
        extra = [adapter] if adapter else []
        call(build.program(program), models.checked(model, MODELS), *extra, given, out, *rest)
        return np.fromfile(out, dtype="<f4").reshape(-1, model.layout.variant.vocabulary).astype(np.float64)


def cut(variant: Variant) -> Shift:
    """Keep four tokens, drop more than a window of what follows, three fifths through the prompt."""
    at = variant.prompt_length * 3 // 5
    return Shift(at, 4, 4 + at // 2)


def shifted(variant: Variant, ids: np.ndarray) -> np.ndarray:
    reference = Reference(variant, gguf_tensors(variant), shift=cut(variant))
    return reference.logits(ids)[cut(variant).at :]


def adapter(variant: Variant, path: Path) -> Tensors:
    """Writes an adapter; what it adds to each matrix at scale 1."""
    rng = np.random.RandomState(7)
    tensors = gguf_tensors(variant)
    writer = gguf.GGUFWriter(str(path), "gemma4")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", ALPHA)
    added = {}
    for name in (f"blk.{layer}.{stem}.weight" for layer in (0, variant.period - 1) for stem in ADAPTED):
        rows, columns = tensors[name].shape
        a = (rng.standard_normal((RANK, columns)) * columns**-0.5).astype(np.float32)
        b = (rng.standard_normal((rows, RANK)) * 0.25).astype(np.float32)
        writer.add_tensor(f"{name}.lora_a", a)
        writer.add_tensor(f"{name}.lora_b", b)
        added[name] = (b.astype(np.float64) @ a) * (ALPHA / RANK)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return added


def adapted(variant: Variant, added: Tensors, scale: float, ids: np.ndarray) -> np.ndarray:
    """The logits of the model with the adapter added to its weights."""
    tensors: Tensors = dict(gguf_tensors(variant))
    for name, difference in added.items():
        tensors[name] = tensors[name] + scale * difference
    return Reference(variant, tensors).logits(ids)
