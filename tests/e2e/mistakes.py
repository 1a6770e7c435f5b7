"""Mistakes that ports make, planted in a model rather than in code, and how they would change the logits.

A build that is right and reads a file with a mistake in it computes what a build with that mistake computes of a right
file. Where a file cannot say it, the model in numpy does.

Rounding hides small mistakes: with Q8_0 it costs more than some of them. But its errors point anywhere, and those of a
mistake in one direction, which is known. How far logits lean that way tells both apart: 0 is right, 1 is the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from rules.gemma4.oracle.forward import Reference
from rules.gemma4.oracle.variants import VARIANTS, Variant
from rules.gemma4.oracle.weights import Tensors, gguf_tensors

VISIBLE = 1e-4
"""A mistake shows in a shape where its normalised mean square error is larger."""

ALL = tuple(VARIANTS)
Change = Callable[[Variant, str, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Mistake:
    """What is changed in the hyperparameters and in the tensors, and the shapes in which it shows."""

    name: str
    shapes: tuple[str, ...] = ALL
    variant: Callable[[Variant], Variant] = lambda variant: variant
    tensor: Change = lambda _variant, _name, tensor: tensor
    in_file: bool = True

    def planted(self, shape: str) -> tuple[Variant, Tensors]:
        variant = VARIANTS[shape]
        tensors = {name: self.tensor(variant, name, tensor) for name, tensor in gguf_tensors(variant).items()}
        return self.variant(variant), tensors


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


@cache
def effects(shape: str) -> dict[str, np.ndarray]:
    """What each mistake that shows in this shape adds to the logits, in exact arithmetic."""
    variant, tensors = VARIANTS[shape], gguf_tensors(VARIANTS[shape])
    ids = np.concatenate(variant.prompt())
    right = Reference(variant, tensors).logits(ids)
    planted = {mistake.name: mistake.planted(shape) for mistake in MISTAKES if shape in mistake.shapes}
    return added(right, {name: Reference(*wrong).logits(ids) for name, wrong in planted.items()})


def added(right: np.ndarray, wrong: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What each adds to the right logits. Raises ValueError where that is next to nothing."""
    effects = {name: logits - right for name, logits in wrong.items()}
    for name, effect in effects.items():
        if (effect**2).sum() < VISIBLE * (right**2).sum():
            raise ValueError(f"does not show: {name}")
    return effects
