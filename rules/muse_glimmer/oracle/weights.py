"""The learned numbers: random, none of them trivial, and scaled so that activations stay near one.

numpy's legacy generator is frozen, so the same numbers come back, bit for bit, wherever there is a numpy. They are
drawn in the order of their names in a transformers checkpoint, which the reference can then load as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...llama.oracle.storing import Tensors
from .variants import SEED, Variant

Shape = tuple[int, ...]

LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.gate_proj": "attn_gate",
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "post_feedforward_layernorm": "post_ffw_norm",
}
MODEL = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}

SMALL = 3e-3
"""What attention and feed-forward network give is made this small, so that the epsilon of the norms behind matters."""


def gguf_name(name: str) -> str:
    """The name in a GGUF file of a tensor of a checkpoint."""
    name = name.removesuffix(".weight")
    if name in MODEL:
        return f"{MODEL[name]}.weight"
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{LAYER[rest]}.weight"


def checkpoint(variant: Variant) -> Tensors:
    """Every learned tensor under its name in a checkpoint, [out, in]."""
    rng = np.random.RandomState(SEED)
    return {name: _draw(rng, variant, name, shape) for name, shape in sorted(shapes(variant).items())}


def gguf_tensors(variant: Variant) -> Tensors:
    """Every tensor of the GGUF file, as 32-bit floats, as the converter makes them of a checkpoint."""
    v, tensors = variant, {}
    for name, tensor in checkpoint(v).items():
        if name.endswith("layernorm.weight"):  # centred in a checkpoint
            tensors[gguf_name(name)] = tensor + np.float32(1)
        elif "q_proj" in name or "k_proj" in name:
            tensors[gguf_name(name)] = paired(tensor, v.head)
        else:
            tensors[gguf_name(name)] = tensor
    for layer in range(v.layers):
        tensors[f"blk.{layer}.attn_q_norm.weight"] = np.full(v.head, v.factor, dtype=np.float32)
        tensors[f"blk.{layer}.attn_k_norm.weight"] = np.ones(v.head, dtype=np.float32)
    return tensors


def paired(tensor: np.ndarray, head: int) -> np.ndarray:
    """Rows of each head that turn together, i and i + half, brought side by side."""
    rows, columns = tensor.shape
    halves = tensor.reshape(rows // head, 2, head // 2, columns)
    return np.ascontiguousarray(halves.transpose(0, 2, 1, 3).reshape(rows, columns))


def shapes(variant: Variant) -> dict[str, Shape]:
    """The shape of every learned tensor, by its name in a checkpoint."""
    v = variant
    out: dict[str, Shape] = {
        "embed_tokens.weight": (v.vocabulary, v.hidden),
        "lm_head.weight": (v.vocabulary, v.hidden),
        "norm.weight": (v.hidden,),
    }
    for layer in range(v.layers):
        out |= {f"layers.{layer}.{name}.weight": shape for name, shape in _layer(v)}
    return out


def _layer(v: Variant) -> Iterator[tuple[str, Shape]]:
    h, queries, keys = v.hidden, v.heads * v.head, v.kv_heads * v.head
    for norm in ("input", "post_attention", "pre_feedforward", "post_feedforward"):
        yield f"{norm}_layernorm", (h,)
    yield from (("self_attn.q_proj", (queries, h)), ("self_attn.gate_proj", (queries, h)))
    yield from (("self_attn.k_proj", (keys, h)), ("self_attn.v_proj", (keys, h)))
    yield "self_attn.o_proj", (h, queries)
    yield from (("mlp.gate_proj", (v.width, h)), ("mlp.up_proj", (v.width, h)), ("mlp.down_proj", (h, v.width)))


def _draw(rng: np.random.RandomState, v: Variant, name: str, shape: Shape) -> np.ndarray:
    def normal(deviation: float) -> np.ndarray:
        return (rng.standard_normal(shape) * deviation).astype(np.float32)

    def uniform(low: float, high: float) -> np.ndarray:
        return (rng.random_sample(shape) * (high - low) + low).astype(np.float32)

    if name == "embed_tokens.weight":
        return normal(0.05)
    if name == "norm.weight":
        return uniform(6.0, 14.0)  # logits large enough for the soft cap to matter
    if name.endswith(("post_attention_layernorm.weight", "post_feedforward_layernorm.weight")):
        return uniform(-0.9, -0.5)  # each layer adds a small part; with a large one rounding would grow with depth
    if name.endswith("layernorm.weight"):
        return uniform(-0.5, 0.5)
    if name.endswith(("o_proj.weight", "down_proj.weight")):
        return normal(SMALL * shape[-1] ** -0.5)
    if name.endswith("self_attn.gate_proj.weight"):
        return normal(1.5 * shape[-1] ** -0.5)
    return normal(shape[-1] ** -0.5)
