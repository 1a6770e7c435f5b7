"""Contexts that are shifted, saved or shared, and adapters, each against what it must compute."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

from e2e.build import Build
from e2e.run import MODELS
from e2e.settings import BOUNDS, HALF
from rules.gemma4.oracle import golden, models
from rules.gemma4.oracle.forward import Reference, Shift
from rules.gemma4.oracle.models import LAYOUTS, Model
from rules.gemma4.oracle.variants import Variant
from rules.gemma4.oracle.weights import Tensors, gguf_tensors
from rules.llama.figures import STRICT, Figure, measure
from rules.llama.running import call

SHAPES = tuple(Model(layout, "f32") for layout in LAYOUTS if layout.name == layout.shape)
CACHES = {"f32": "ubatch=32", "f16": "ubatch=32 k=f16 v=f16", "q8_0": "ubatch=32 fa=1 k=q8_0 v=q8_0"}
SCALES = (0.0, 1.0, 0.0, -0.5)
RANK, ALPHA = 4, 8.0
# One matrix of each kind, in a layer that slides and in one that is full.
ADAPTED = ("attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_down")


def run(
    build: Build, program: str, model: Model, ids: np.ndarray, *rest: str, adapter: Path | None = None
) -> np.ndarray:
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


def shift(build: Build, model: Model, cache: str) -> Figure:
    """Close a gap in the context and go on."""
    variant = model.layout.variant
    ids, gap = np.concatenate(variant.prompt()), cut(variant)
    where = (str(gap.at), str(gap.low), str(gap.high))
    got = run(build, "sessions", model, ids, f"{CACHES[cache]} full=1", "shift", *where)
    return _figure(model, "shift", cache, got, shifted(variant, ids))


def state(build: Build, model: Model, cache: str) -> Figure:
    """Save, restore in a new context, go on."""
    variant = model.layout.variant
    ids, at = np.concatenate(variant.prompt()), cut(variant).at
    got = run(build, "sessions", model, ids, CACHES[cache], "state", str(at))
    return _figure(model, "state", cache, got, golden.load(variant.name, "f32-table")[at:])


def parallel(build: Build, model: Model) -> Iterator[Figure]:
    """Two sequences in the same batches; the second is judged by what it gives where it is the first."""
    variant = model.layout.variant
    ids = np.concatenate(variant.prompt())
    other, n = np.concatenate([ids[:1], ids[:0:-1]]), len(ids)
    rows, turned = (
        run(build, "sessions", model, np.concatenate(pair), "seqs=2 ctx=1024", "parallel")
        for pair in ((ids, other), (other, ids))
    )
    yield _figure(model, "first of two sequences", "f32", rows[:n], golden.load(variant.name, "f32-table"))
    yield _figure(model, "second of two sequences", "f32", rows[n:], turned[:n])


def adapters(build: Build, model: Model) -> Iterator[Figure]:
    """An adapter is put on, taken off and turned round in one context."""
    variant = model.layout.variant
    ids = np.concatenate(variant.prompt())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "adapter.gguf"
        added = adapter(variant, path)
        got = run(build, "adapter", model, ids, "", *map(str, SCALES), adapter=path)
    for scale, rows in zip(SCALES, np.split(got, len(SCALES)), strict=True):
        want = golden.load(variant.name, "f32-table") if scale == 0 else adapted(variant, added, scale, ids)
        yield _figure(model, f"adapter at scale {scale:g}", "f32", rows, want)


def _figure(model: Model, what: str, cache: str, got: np.ndarray, want: np.ndarray) -> Figure:
    routed = bool(model.layout.variant.experts)
    allowed = {"f32": STRICT, "f16": HALF, "q8_0": BOUNDS["q8_0 cache", routed]}[cache]
    return measure(model.name, f"{what}, KV {cache.upper()}", got, want, 0, allowed)


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
