"""Mellum 2 as these tests see it: its tiny models, and the mistakes that ports of it make."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from e2e.mistakes import Mistake
from e2e.subject import Subject
from rules.llama.oracle.rounding import Array
from rules.llama.oracle.storing import rounded
from rules.mellum.oracle import files, golden, models
from rules.mellum.oracle.forward import Reference
from rules.mellum.oracle.variants import STEPS, VARIANTS, Variant
from rules.mellum.oracle.weights import gguf_tensors, is_matrix


class StretchedEverywhere(Reference):
    """Positions are stretched in the layers with a window as well."""

    def _stretches(self, _layer: int) -> bool:
        return self.variant.stretch > 1


class Ungrown(Reference):
    """Stretched positions without the factor that goes with them."""

    def _speed(self, layer: int) -> tuple[Array, float]:
        return super()._speed(layer)[0], 1.0


class Unshared(Reference):
    """The weights of the chosen experts as the router has them: they do not sum to one."""

    def _shares(self, chances: Array) -> Array:
        return chances


def _paired(variant: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
    """What a build of the type NORM makes of a file: it pairs i with i + 1."""
    if not name.endswith(("attn_q.weight", "attn_k.weight", "attn_q_norm.weight", "attn_k_norm.weight")):
        return tensor
    rows = tensor.reshape(-1, variant.head // 2, 2, *tensor.shape[1:])
    return np.ascontiguousarray(rows.swapaxes(1, 2).reshape(tensor.shape))


def _no_head_norms(_: Variant, name: str, tensor: np.ndarray) -> np.ndarray:
    return np.ones_like(tensor) if name.endswith(("attn_q_norm.weight", "attn_k_norm.weight")) else tensor


STRETCHED = SEVERAL = ("plain", "most")
MISTAKES = (
    Mistake("window one too wide", variant=lambda v: replace(v, window=v.window + 1)),
    Mistake("window one too narrow", variant=lambda v: replace(v, window=v.window - 1)),
    Mistake("wrong rope type", tensor=_paired),
    Mistake("window base not read", ("plain",), lambda v: replace(v, theta_window=None)),
    Mistake("nothing stretched", STRETCHED, lambda v: replace(v, stretch=1.0)),
    Mistake("windows stretched as well", STRETCHED, in_file=False, model=StretchedEverywhere),
    Mistake("stretched without its factor", STRETCHED, in_file=False, model=Ungrown),
    Mistake("norms of queries and keys without weights", tensor=_no_head_norms),
    Mistake("one expert fewer", SEVERAL, lambda v: replace(v, used=v.used - 1)),
    Mistake("weights of experts do not sum to one", in_file=False, model=Unshared),
)

SUBJECT = Subject(
    arch="mellum",
    variants=VARIANTS,
    models=models.MODELS,
    steps=STEPS,
    tensors=gguf_tensors,
    rounded=partial(rounded, chosen=is_matrix),
    model=Reference,
    golden=golden.load,
    write=files.write,
    checked=models.checked,
    mistakes=MISTAKES,
)
