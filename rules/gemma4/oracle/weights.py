"""The learned numbers: random, none of them trivial, and scaled so that activations stay near one.

numpy's legacy generator is frozen, so the same numbers come back, bit for bit, wherever there is a numpy. They are
drawn in the order of their names in a transformers checkpoint, which the reference can then load as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .variants import SEED, Variant

Tensors = dict[str, np.ndarray]
Shape = tuple[int, ...]

LAYER = {
    "input_layernorm.weight": "attn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "self_attn.q_norm.weight": "attn_q_norm.weight",
    "self_attn.k_norm.weight": "attn_k_norm.weight",
    "post_attention_layernorm.weight": "post_attention_norm.weight",
    "pre_feedforward_layernorm.weight": "ffn_norm.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "post_feedforward_layernorm.weight": "post_ffw_norm.weight",
    "layer_scalar": "layer_output_scale.weight",
    "per_layer_input_gate.weight": "inp_gate.weight",
    "per_layer_projection.weight": "proj.weight",
    "post_per_layer_input_norm.weight": "post_norm.weight",
    "router.proj.weight": "ffn_gate_inp.weight",
    "router.scale": "ffn_gate_inp.scale",
    "router.per_expert_scale": "ffn_down_exps.scale",
    "experts.gate_up_proj": "ffn_gate_up_exps.weight",
    "experts.down_proj": "ffn_down_exps.weight",
    "pre_feedforward_layernorm_2.weight": "pre_ffw_norm_2.weight",
    "post_feedforward_layernorm_1.weight": "post_ffw_norm_1.weight",
    "post_feedforward_layernorm_2.weight": "post_ffw_norm_2.weight",
}
MODEL = {
    "embed_tokens.weight": "token_embd.weight",
    "norm.weight": "output_norm.weight",
    "embed_tokens_per_layer.weight": "per_layer_token_embd.weight",
    "per_layer_model_projection.weight": "per_layer_model_proj.weight",
    "per_layer_projection_norm.weight": "per_layer_proj_norm.weight",
}


def gguf_name(name: str) -> str:
    """The name in a GGUF file of a tensor of a checkpoint."""
    name = name.removeprefix("model.")
    if name in MODEL:
        return MODEL[name]
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{LAYER[rest]}"


def checkpoint(variant: Variant) -> Tensors:
    """Every learned tensor under its name in a checkpoint, [out, in]."""
    rng = np.random.RandomState(SEED)
    return {name: _draw(rng, variant, name, shape) for name, shape in sorted(shapes(variant).items())}


def gguf_tensors(variant: Variant) -> Tensors:
    """Every tensor of the GGUF file, as 32-bit floats."""
    tensors = {gguf_name(name): tensor for name, tensor in checkpoint(variant).items()}
    if variant.tail_kv_in_file:
        tensors |= _unused(variant)
    half = variant.full_head // 2
    turning = int(variant.rotated * variant.full_head // 2)
    # frequency divisors of the full layers: 1 keeps a pair turning, 1e30 freezes it
    tensors["rope_freqs.weight"] = np.array([1.0] * turning + [1e30] * (half - turning), dtype=np.float32)
    return tensors


def shapes(variant: Variant) -> dict[str, Shape]:
    """The shape of every learned tensor, by its name in a checkpoint."""
    v = variant
    out: dict[str, Shape] = {"model.embed_tokens.weight": (v.vocabulary, v.hidden), "model.norm.weight": (v.hidden,)}
    if v.per_layer:
        out["model.embed_tokens_per_layer.weight"] = (v.vocabulary, v.layers * v.per_layer)
        out["model.per_layer_model_projection.weight"] = (v.layers * v.per_layer, v.hidden)
        out["model.per_layer_projection_norm.weight"] = (v.per_layer,)
    for layer in range(v.layers):
        out |= {f"model.layers.{layer}.{name}": shape for name, shape in _layer(v, layer)}
    return out


def _layer(v: Variant, layer: int) -> Iterator[tuple[str, Shape]]:
    h, d, f = v.hidden, v.head_size(layer), v.ffn_width(layer)
    yield "layer_scalar", (1,)
    for norm in ("input", "post_attention", "pre_feedforward", "post_feedforward"):
        yield f"{norm}_layernorm.weight", (h,)
    yield "self_attn.q_proj.weight", (v.heads * d, h)
    yield "self_attn.o_proj.weight", (h, v.heads * d)
    yield "self_attn.q_norm.weight", (d,)
    yield "mlp.gate_proj.weight", (f, h)
    yield "mlp.up_proj.weight", (f, h)
    yield "mlp.down_proj.weight", (h, f)
    if layer < v.owners:
        yield "self_attn.k_proj.weight", (v.kv_heads_of(layer) * d, h)
        yield "self_attn.k_norm.weight", (d,)
        if v.slides(layer) or not v.k_is_v:
            yield "self_attn.v_proj.weight", (v.kv_heads_of(layer) * d, h)
    if v.per_layer:
        yield "per_layer_input_gate.weight", (v.per_layer, h)
        yield "per_layer_projection.weight", (h, v.per_layer)
        yield "post_per_layer_input_norm.weight", (h,)
    if v.experts:
        yield "router.proj.weight", (v.experts, h)
        yield "router.scale", (h,)
        yield "router.per_expert_scale", (v.experts,)
        yield "experts.gate_up_proj", (v.experts, 2 * v.expert_width, h)
        yield "experts.down_proj", (v.experts, h, v.expert_width)
        for norm in ("pre_feedforward_layernorm_2", "post_feedforward_layernorm_1", "post_feedforward_layernorm_2"):
            yield f"{norm}.weight", (h,)


def _draw(rng: np.random.RandomState, v: Variant, name: str, shape: Shape) -> np.ndarray:
    def normal(deviation: float) -> np.ndarray:
        return (rng.standard_normal(shape) * deviation).astype(np.float32)

    def uniform(low: float, high: float) -> np.ndarray:
        return (rng.random_sample(shape) * (high - low) + low).astype(np.float32)

    if name.endswith("embed_tokens.weight"):
        return normal(v.hidden**-0.5)
    if name.endswith("embed_tokens_per_layer.weight"):
        return normal(v.per_layer**-0.5)
    if name == "model.norm.weight":
        return uniform(6.0, 14.0)  # logits large enough for the soft cap to matter
    if name.endswith("q_norm.weight"):
        return uniform(0.75 * shape[0] ** -0.5, 2.25 * shape[0] ** -0.5)  # attention itself is not scaled
    if name.endswith(("router.scale", "router.per_expert_scale")):
        return uniform(0.4, 1.6)
    if name.endswith("router.proj.weight"):
        return normal(1.5)
    if name.endswith("layer_scalar"):
        return uniform(0.5, 1.4)
    if "norm" in name.split(".")[-2]:
        return uniform(0.5, 1.5)
    return normal(shape[-1] ** -0.5)


def _unused(variant: Variant) -> Tensors:
    """Keys and values of the tail: official files carry them, nothing reads them."""
    rng = np.random.RandomState(SEED + 1)
    out = {}
    for layer in range(variant.owners, variant.layers):
        d = variant.head_size(layer)
        for stem in ("attn_k", "attn_v"):
            shape = (d * variant.kv_heads_of(layer), variant.hidden)
            out[f"blk.{layer}.{stem}.weight"] = rng.standard_normal(shape).astype(np.float32)
        out[f"blk.{layer}.attn_k_norm.weight"] = rng.random_sample(d).astype(np.float32) + 0.5
    return out
