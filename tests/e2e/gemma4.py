"""Gemma 4 as these tests see it: its tiny models, and the mistakes that ports of it make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from e2e.mistakes import Change, Mistake
from e2e.subject import Subject
from rules.gemma4.oracle import files, golden, models
from rules.gemma4.oracle.forward import Reference
from rules.gemma4.oracle.variants import STEPS, VARIANTS, Variant
from rules.gemma4.oracle.weights import gguf_tensors


class WrongSource(Variant):
    """The tail attends to the first layer of its kind instead of the last."""

    def source(self, layer: int) -> int:
        if layer < self.owners:
            return layer
        return min(other for other in range(self.owners) if self.slides(other) == self.slides(layer))


def _ones(suffix: str) -> Change:
    return lambda _, name, tensor: np.ones_like(tensor) if name.endswith(suffix) else tensor


def _scaled(suffix: str, by: Callable[[Variant, np.ndarray], float]) -> Change:
    def scale(variant: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
        return (tensor * by(variant, tensor)).astype(np.float32) if name.endswith(suffix) else tensor

    return scale


def _plus_one(_: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
    return tensor + np.float32(1) if "norm" in name else tensor


def _halves_swapped(_: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
    return np.roll(tensor, tensor.shape[1] // 2, axis=1) if "gate_up" in name else tensor


def _unscale(variant: Variant, _: np.ndarray) -> float:
    return float(variant.per_layer**-0.5)


def _wrong_source(variant: Variant) -> Variant:
    return WrongSource(**{name: getattr(variant, name) for name in Variant.__dataclass_fields__})


SHARING, PER_LAYER, ROUTED = ("e2b", "e4b"), ("e2b", "e4b"), ("a4b",)
MISTAKES = (
    Mistake("soft cap fixed at 30", ("31b",), lambda v: replace(v, cap=30.0)),
    Mistake("no soft cap", variant=lambda v: replace(v, cap=1e6)),
    Mistake("rope_freqs ignored", tensor=_ones("rope_freqs.weight")),
    Mistake("window one too wide", variant=lambda v: replace(v, window=v.window + 1)),
    Mistake("window one too narrow", variant=lambda v: replace(v, window=v.window - 1)),
    Mistake("one rope base for all layers", variant=lambda v: replace(v, theta_sliding=v.theta)),
    Mistake("epsilon fixed at 1e-6", ("e4b", "a4b", "31b"), lambda v: replace(v, eps=1e-6)),
    Mistake("layer_output_scale ignored", tensor=_ones("layer_output_scale.weight")),
    Mistake("attention scaled", tensor=_scaled("attn_q_norm.weight", lambda _, t: t.size**-0.5)),
    Mistake("norms plus one", tensor=_plus_one),
    Mistake("key norm ignored", tensor=_ones("attn_k_norm.weight")),
    Mistake("per-layer table not scaled", PER_LAYER, tensor=_scaled("per_layer_token_embd.weight", _unscale)),
    Mistake("per-layer projection norm ignored", PER_LAYER, tensor=_ones("per_layer_proj_norm.weight")),
    Mistake("router scale ignored", ROUTED, tensor=_ones("ffn_gate_inp.scale")),
    Mistake("expert scale ignored", ROUTED, tensor=_ones("ffn_down_exps.scale")),
    Mistake("gate and up experts swapped", ROUTED, tensor=_halves_swapped),
    Mistake("tail reads the wrong layer", SHARING, _wrong_source, in_file=False),
)

SUBJECT = Subject(
    arch="gemma4",
    variants=VARIANTS,
    models=models.MODELS,
    steps=STEPS,
    tensors=gguf_tensors,
    rounded=files.rounded,
    model=Reference,
    golden=lambda shape, kind: golden.load(shape, f"{kind}-table"),
    write=files.write,
    checked=models.checked,
    mistakes=MISTAKES,
)
