"""Muse Glimmer as these tests see it: its tiny models, and the mistakes that ports of it make."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from e2e.mistakes import Mistake
from e2e.subject import Subject
from rules.llama.oracle.rounding import Array
from rules.llama.oracle.storing import rounded
from rules.muse_glimmer.oracle import files, golden, models
from rules.muse_glimmer.oracle.forward import Reference
from rules.muse_glimmer.oracle.variants import STEPS, VARIANTS, Variant
from rules.muse_glimmer.oracle.weights import gguf_tensors


class Everywhere(Variant):
    """Rotary positions in all layers, also in those with full attention."""

    def turns(self, _layer: int) -> bool:
        return True


class Bare(Reference):
    """No norm on the embeddings."""

    def _embedded(self, tokens: Array) -> Array:
        return self._get("token_embd.weight")[tokens]


class Ungated(Reference):
    """The gate of the attention left out."""

    def _gated(self, _layer: int, seen: Array, _y: Array) -> Array:
        return seen


class Linear(Reference):
    """The gate without its sigmoid."""

    def _gated(self, layer: int, seen: Array, y: Array) -> Array:
        return seen * self._times(f"blk.{layer}.attn_gate", y)


class CappedFirst(Reference):
    """The soft cap before the factor of the logits."""

    def _capped(self, logits: Array) -> Array:
        scale = self.variant.logit_scale
        return super()._capped(logits / scale) * scale


def _everywhere(variant: Variant) -> Variant:
    return Everywhere(**{each.name: getattr(variant, each.name) for each in fields(Variant)})


def _paired_again(variant: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
    """What a build of the type NEOX makes of a file: it pairs i with i + half."""
    if not name.endswith(("attn_q.weight", "attn_k.weight")):
        return tensor
    rows = tensor.reshape(-1, 2, variant.head // 2, tensor.shape[1])
    return np.ascontiguousarray(rows.transpose(0, 2, 1, 3).reshape(tensor.shape))


def _plain_queries(_: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
    return np.ones_like(tensor) if name.endswith("attn_q_norm.weight") else tensor


def _centred(_: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
    layer_norm = name.endswith(("attn_norm.weight", "ffn_norm.weight", "attention_norm.weight", "ffw_norm.weight"))
    return tensor + np.float32(1) if layer_norm else tensor


def _from_the_last(variant: Variant) -> Variant:
    n, period = variant.layers, variant.period
    kinds = "".join("f" if (n - 1 - layer) % period == 0 else "w" for layer in range(n))
    return replace(variant, sliding=kinds, period=0)


CAPPED, OWN_BASE = ("plain", "period", "forward"), ("forward", "odd")
MISTAKES = (
    Mistake("post norms with an epsilon of 1e-5", variant=lambda v: replace(v, post_eps=1e-5), in_file=False),
    Mistake("rope in all layers", variant=_everywhere, in_file=False),
    Mistake("no norm on the embeddings", in_file=False, model=Bare),
    Mistake("window one too wide", variant=lambda v: replace(v, window=v.window + 1)),
    Mistake("window one too narrow", variant=lambda v: replace(v, window=v.window - 1)),
    Mistake("wrong rope type", tensor=_paired_again),
    Mistake("window base not read", OWN_BASE, lambda v: replace(v, theta_window=None)),
    Mistake("factor of the queries ignored", tensor=_plain_queries),
    Mistake("norms plus one, twice", tensor=_centred),
    Mistake("gate left out", in_file=False, model=Ungated),
    Mistake("gate without its sigmoid", in_file=False, model=Linear),
    Mistake("no soft cap", CAPPED, lambda v: replace(v, cap=0.0)),
    Mistake("soft cap where there is none", ("odd", "mixed"), lambda v: replace(v, cap=30.0)),
    Mistake("soft cap before the factor", CAPPED, in_file=False, model=CappedFirst),
    Mistake("factor of the logits ignored", ("plain", "period", "forward", "odd"), lambda v: replace(v, logit_scale=1.0)),
    Mistake("epsilon fixed at 1e-6", ("period", "odd", "mixed"), lambda v: replace(v, eps=1e-6)),
    Mistake("period counted from the last layer", ("forward",), _from_the_last),
)

SUBJECT = Subject(
    arch="muse-glimmer",
    variants=VARIANTS,
    models=models.MODELS,
    steps=STEPS,
    tensors=gguf_tensors,
    rounded=rounded,
    model=Reference,
    golden=golden.load,
    write=files.write,
    checked=models.checked,
    mistakes=MISTAKES,
)
