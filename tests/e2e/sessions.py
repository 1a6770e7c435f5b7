"""Contexts that are shifted, saved or shared, and adapters, each against what it must compute."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import gguf
import numpy as np

from e2e.build import Build
from e2e.gemma4 import SUBJECT
from e2e.mistakes import added
from e2e.run import MODELS
from e2e.settings import BOUNDS, HALF, Cache
from rules.gemma4.oracle import files, golden, models
from rules.gemma4.oracle.forward import Reference, Shift
from rules.gemma4.oracle.models import LAYOUTS, Model
from rules.gemma4.oracle.variants import VARIANTS, Variant
from rules.gemma4.oracle.weights import Tensors, gguf_tensors
from rules.llama.figures import STRICT, Figure, measure
from rules.llama.oracle.rounding import ATTENTION
from rules.llama.running import call

SHAPES = tuple(Model(layout, "f32") for layout in LAYOUTS if layout.name == layout.shape)
CACHES: dict[Cache, str] = {"f32": "ubatch=32", "f16": "ubatch=32 k=f16 v=f16", "q8_0": "ubatch=32 fa=1 k=q8_0 v=q8_0"}
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


def shift(build: Build, model: Model, cache: Cache) -> Figure:
    """Close a gap in the context and go on."""
    variant = model.layout.variant
    ids, gap = np.concatenate(variant.prompt()), cut(variant)
    where = (str(gap.at), str(gap.low), str(gap.high))
    got = run(build, "sessions", model, ids, f"{CACHES[cache]} full=1", "shift", *where)
    return judge_shift(model, cache, got)


def judge_shift(model: Model, cache: Cache, got: np.ndarray) -> Figure:
    return _figure(model, "shift", cache, got, shifted(model.layout.shape, cache), shift_effects(model.layout.shape))


def state(build: Build, model: Model, cache: Cache) -> Figure:
    """Save, restore in a new context, go on."""
    variant = model.layout.variant
    ids, at = np.concatenate(variant.prompt()), cut(variant).at
    got = run(build, "sessions", model, ids, CACHES[cache], "state", str(at))
    mistaken = {name: effect[at:] for name, effect in SUBJECT.effects(variant.name).items()}
    return _figure(model, "state", cache, got, SUBJECT.reference(variant.name, "f32", cache == "q8_0", cache)[at:], mistaken)


def parallel(build: Build, model: Model) -> Iterator[Figure]:
    """Two sequences in the same batches; the second is judged by what it gives where it is the first."""
    variant = model.layout.variant
    ids = np.concatenate(variant.prompt())
    other, n = np.concatenate([ids[:1], ids[:0:-1]]), len(ids)
    rows, turned = (
        run(build, "sessions", model, np.concatenate(pair), "seqs=2 ctx=1024", "parallel")
        for pair in ((ids, other), (other, ids))
    )
    want = SUBJECT.reference(variant.name, "f32")
    yield _figure(model, "first of two sequences", "f32", rows[:n], want, SUBJECT.effects(variant.name))
    yield _figure(model, "second of two sequences", "f32", rows[n:], turned[:n], {})


def adapters(build: Build, model: Model) -> Iterator[Figure]:
    """An adapter is put on, taken off and turned round in one context."""
    variant = model.layout.variant
    ids = np.concatenate(variant.prompt())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "adapter.gguf"
        low_rank = adapter(variant, path)
        got = run(build, "adapter", model, ids, "", *map(str, SCALES), adapter=path)
    for scale, rows in zip(SCALES, np.split(got, len(SCALES)), strict=True):
        want = golden.load(variant.name, "f32-table") if scale == 0 else adapted(variant, low_rank, scale, ids)
        others = {f"scale {other:g}": adapted(variant, low_rank, other, ids) for other in set(SCALES) - {scale}}
        yield _figure(model, f"adapter at scale {scale:g}", "f32", rows, want, added(want, others))


def _figure(
    model: Model, what: str, cache: Cache, got: np.ndarray, want: np.ndarray, mistaken: Mapping[str, np.ndarray]
) -> Figure:
    routed = bool(model.layout.variant.experts)
    allowed = {"f32": STRICT, "f16": HALF, "q8_0": BOUNDS["q8_0 cache", routed]}[cache]
    return measure(model.name, f"{what}, KV {cache.upper()}", got, want, 0, allowed, mistaken)


@dataclass(frozen=True)
class Misplaced(Reference):
    """A model whose keys are not turned as they should be where they move in the cache."""

    by: Callable[[Reference], Reference | None] = lambda model: model

    def _move(self, layer: int, keys: np.ndarray, by: np.ndarray) -> np.ndarray:
        turned_by = self.by(self)
        return turned_by._turn(layer, keys, by) if turned_by else keys


def _one_base(model: Reference) -> Reference:
    return replace(model, variant=replace(model.variant, theta_sliding=model.variant.theta))


def _no_divisors(model: Reference) -> Reference:
    return replace(model, tensors={**model.tensors, "rope_freqs.weight": np.ones(model.variant.full_head // 2)})


SHIFT_MISTAKES: dict[str, Callable[[Reference], Reference | None]] = {
    "keys not turned": lambda _: None,
    "one rope base for all layers": _one_base,
    "rope_freqs ignored": _no_divisors,
}


def shifted(shape: str, cache: Cache, by: Callable[[Reference], Reference | None] = lambda model: model) -> np.ndarray:
    """What comes after the shift. A Q8_0 cache rounds; the bound of an F16 one has room for what that rounds."""
    variant = VARIANTS[shape]
    attention = ATTENTION[cache == "q8_0", cache if cache == "q8_0" else "f32"]
    model = Misplaced(variant, gguf_tensors(variant), shift=cut(variant), attention=attention, by=by)
    return model.logits(np.concatenate(variant.prompt()))[cut(variant).at :]


@cache
def shift_effects(shape: str) -> dict[str, np.ndarray]:
    """What each mistake in moving keys adds to the logits after the shift, in exact arithmetic."""
    wrong = {name: shifted(shape, "f32", by) for name, by in SHIFT_MISTAKES.items()}
    return added(shifted(shape, "f32"), wrong)


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
    files.finish(writer)
    return added


def adapted(variant: Variant, added: Tensors, scale: float, ids: np.ndarray) -> np.ndarray:
    """The logits of the model with the adapter added to its weights."""
    tensors: Tensors = dict(gguf_tensors(variant))
    for name, difference in added.items():
        tensors[name] = tensors[name] + scale * difference
    return Reference(variant, tensors).logits(ids)
