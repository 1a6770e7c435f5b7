"""Makes the golden logits of Mellum 2: transformers with the same weights, on a CPU, in 64-bit floats."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import torch
import transformers

from oracle import bytelevel, reference
from rules.llama.oracle.storing import Kind
from rules.mellum.oracle import golden, models, texts
from rules.mellum.oracle.variants import VARIANTS, Variant
from rules.mellum.oracle.weights import checkpoint


def regenerate() -> None:
    logits = {name: partial(computed, variant) for name, variant in VARIANTS.items()}
    reference.record(golden.RECORDED, logits, models.MODELS, models.write)
    texts.FILE.write_text(json.dumps(bytelevel.mellum(), indent=1) + "\n", encoding="utf-8")


def computed(variant: Variant, kind: Kind) -> np.ndarray:
    """One row of logits per token: the prompt, then each step with the cache."""
    return reference.rows(lambda: _model(variant, kind), *variant.prompt())


def _config(v: Variant) -> Any:
    def rope(base: float) -> dict[str, Any]:
        return {"rope_type": "default", "rope_theta": float(np.float32(base))}

    full = rope(v.theta)
    if v.stretch > 1:
        full |= {"rope_type": "yarn", "factor": v.stretch, "original_max_position_embeddings": v.original}
    config = transformers.MellumConfig(
        vocab_size=v.vocabulary,
        hidden_size=v.hidden,
        num_hidden_layers=v.layers,
        num_attention_heads=v.heads,
        num_key_value_heads=v.kv_heads,
        head_dim=v.head,
        max_position_embeddings=v.context,
        rms_norm_eps=float(np.float32(v.eps)),
        sliding_window=v.window,
        layer_types=["sliding_attention" if v.slides(layer) else "full_attention" for layer in range(v.layers)],
        rope_parameters={
            "full_attention": full,
            "sliding_attention": rope(v.theta if v.theta_window is None else v.theta_window),
        },
        moe_intermediate_size=v.width,
        num_experts=v.experts,
        num_experts_per_tok=v.used,
        norm_topk_prob=True,
    )
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    return config


def _model(variant: Variant, kind: Kind) -> Any:
    """The model of transformers, holding the numbers that a file of this kind holds."""
    model = transformers.MellumForCausalLM(_config(variant)).double().eval()
    own, weights = model.state_dict(), checkpoint(variant)
    if {name: tuple(tensor.shape) for name, tensor in own.items()} != {n: w.shape for n, w in weights.items()}:
        raise SystemExit(f"{variant.name}: transformers expects other tensors: {sorted(own.keys() ^ weights.keys())}")
    with torch.no_grad():
        for name, tensor in own.items():
            weight = weights[name]
            if kind == "f16" and not name.endswith(("norm.weight", "mlp.gate.weight")):
                weight = weight.astype(np.float16)
            tensor.copy_(torch.from_numpy(weight.astype(np.float64)))
    return model
