"""The learned numbers: random, none of them trivial, and scaled so that activations stay near one.

numpy's legacy generator is frozen, so the same numbers come back, bit for bit, wherever there is a numpy. They are
drawn in the order of their names in a transformers checkpoint, which the reference can then load as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...llama.oracle.storing import Kind, Tensors
from .variants import SEED, Variant

Shape = tuple[int, ...]

LAYER = {
    "input_layernorm.weight": "attn_norm",
    "self_attn.q_proj.weight": "attn_q",
    "self_attn.k_proj.weight": "attn_k",
    "self_attn.v_proj.weight": "attn_v",
    "self_attn.o_proj.weight": "attn_output",
    "self_attn.q_norm.weight": "attn_q_norm",
    "self_attn.k_norm.weight": "attn_k_norm",
    "post_attention_layernorm.weight": "ffn_norm",
    "mlp.gate.weight": "ffn_gate_inp",
    "mlp.experts.down_proj": "ffn_down_exps",
}
MODEL = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
MERGED = "mlp.experts.gate_up_proj"


def is_matrix(name: str, tensor: np.ndarray, _kind: Kind) -> bool:
    """Whether a file, if it is not F32, stores this tensor in its own type; norms and routers stay F32."""
    return tensor.ndim > 1 and not name.endswith(("_norm.weight", "ffn_gate_inp.weight"))


def checkpoint(variant: Variant) -> Tensors:
    """Every learned tensor under its name in a checkpoint, [out, in], or [expert, out, in]."""
    rng = np.random.RandomState(SEED)
    return {name: _draw(rng, name, shape) for name, shape in sorted(shapes(variant).items())}


def gguf_tensors(variant: Variant) -> Tensors:
    """Every tensor of the GGUF file, as 32-bit floats, as the converter makes them of a checkpoint."""
    tensors = {}
    for name, tensor in checkpoint(variant).items():
        stem = name.removesuffix(".weight")
        if stem in MODEL:
            tensors[f"{MODEL[stem]}.weight"] = tensor
            continue
        _, _, layer, rest = name.split(".", 3)
        if rest == MERGED:
            gate, up = np.split(tensor, 2, axis=1)
            tensors[f"blk.{layer}.ffn_gate_exps.weight"] = np.ascontiguousarray(gate)
            tensors[f"blk.{layer}.ffn_up_exps.weight"] = np.ascontiguousarray(up)
        else:
            tensors[f"blk.{layer}.{LAYER[rest]}.weight"] = tensor
    return tensors


def shapes(variant: Variant) -> dict[str, Shape]:
    """The shape of every learned tensor, by its name in a checkpoint."""
    v = variant
    out: dict[str, Shape] = {
        "model.embed_tokens.weight": (v.vocabulary, v.hidden),
        "lm_head.weight": (v.vocabulary, v.hidden),
        "model.norm.weight": (v.hidden,),
    }
    for layer in range(v.layers):
        out |= {f"model.layers.{layer}.{name}": shape for name, shape in _layer(v)}
    return out


def _layer(v: Variant) -> Iterator[tuple[str, Shape]]:
    h, queries, keys = v.hidden, v.heads * v.head, v.kv_heads * v.head
    yield from (("input_layernorm.weight", (h,)), ("post_attention_layernorm.weight", (h,)))
    yield from (("self_attn.q_norm.weight", (v.head,)), ("self_attn.k_norm.weight", (v.head,)))
    yield from (("self_attn.q_proj.weight", (queries, h)), ("self_attn.o_proj.weight", (h, queries)))
    yield from (("self_attn.k_proj.weight", (keys, h)), ("self_attn.v_proj.weight", (keys, h)))
    yield "mlp.gate.weight", (v.experts, h)
    yield from ((MERGED, (v.experts, 2 * v.width, h)), ("mlp.experts.down_proj", (v.experts, h, v.width)))


def _draw(rng: np.random.RandomState, name: str, shape: Shape) -> np.ndarray:
    def normal(deviation: float) -> np.ndarray:
        return (rng.standard_normal(shape) * deviation).astype(np.float32)

    def uniform(low: float, high: float) -> np.ndarray:
        return (rng.random_sample(shape) * (high - low) + low).astype(np.float32)

    if name == "model.embed_tokens.weight":
        return normal(1.0)
    if name == "model.norm.weight":
        return uniform(2.0, 4.0)
    if name.endswith("norm.weight"):
        return uniform(0.5, 1.5)
    if name.endswith("mlp.gate.weight"):
        return normal(2 * shape[-1] ** -0.5)  # so wide apart that few experts are nearly tied
    return normal(shape[-1] ** -0.5)
