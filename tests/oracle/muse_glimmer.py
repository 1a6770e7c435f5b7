"""Makes the golden logits of Muse Glimmer: transformers with the same weights, on a CPU, in 64-bit floats."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import torch
import transformers

from oracle import bytelevel, reference
from rules.llama.oracle.storing import Kind, is_matrix
from rules.muse_glimmer.oracle import golden, models, texts
from rules.muse_glimmer.oracle.variants import POST_EPS, VARIANTS, Variant
from rules.muse_glimmer.oracle.weights import checkpoint, gguf_name

NO_CAP = 1e9
"""The class always caps; so high, a cap changes nothing."""


def regenerate() -> None:
    logits = {name: partial(computed, variant) for name, variant in VARIANTS.items()}
    reference.record(golden.RECORDED, logits, models.MODELS, models.write)
    texts.FILE.write_text(json.dumps(bytelevel.muse_glimmer(), indent=1) + "\n", encoding="utf-8")


def computed(variant: Variant, kind: Kind) -> np.ndarray:
    """One row of logits per token: the prompt, then each step with the cache."""
    return reference.rows(lambda: _model(variant, kind), *variant.prompt())


def _config(v: Variant) -> Any:
    sliding = [v.slides(layer) for layer in range(v.layers)]
    text = transformers.MuseGlimmerTextConfig(
        vocab_size=v.vocabulary,
        hidden_size=v.hidden,
        intermediate_size=v.width,
        num_hidden_layers=v.layers,
        num_attention_heads=v.heads,
        num_key_value_heads=v.kv_heads,
        head_dim=v.head,
        max_position_embeddings=v.context,
        rms_norm_eps=float(np.float32(v.eps)),
        post_norm_eps=float(np.float32(POST_EPS)),
        sliding_window=v.window,
        layer_types=["sliding_attention" if each else "full_attention" for each in sliding],
        layer_rope_theta=[v.base if each else 0 for each in sliding],
        rope_parameters={"rope_type": "default", "rope_theta": float(np.float32(v.base))},
        qk_scale_factor=float(np.float32(v.factor)),
        output_multiplier=float(np.float32(v.logit_scale)),
        final_logit_softcapping=v.cap or NO_CAP,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    vision = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = transformers.MuseGlimmerConfig(
        text_config=text, vision_config=vision, out_hidden_size=128, projector_hidden_size=32
    )
    config._attn_implementation = "eager"
    return config


def _model(variant: Variant, kind: Kind) -> Any:
    """The model of transformers, holding the numbers that a file of this kind holds."""
    model = transformers.MuseGlimmerForConditionalGeneration(_config(variant)).double().eval()
    every = {name.removeprefix("model."): tensor for name, tensor in model.state_dict().items()}
    own = {name.removeprefix("language_model."): each for name, each in every.items() if "vision" not in name}
    weights = checkpoint(variant)
    if {name: tuple(tensor.shape) for name, tensor in own.items()} != {n: w.shape for n, w in weights.items()}:
        raise SystemExit(f"{variant.name}: transformers expects other tensors: {sorted(own.keys() ^ weights.keys())}")
    with torch.no_grad():
        for name, tensor in own.items():
            weight = weights[name]
            if kind == "f16" and is_matrix(gguf_name(name), weight, kind):
                weight = weight.astype(np.float16)
            if name.endswith("layernorm.weight"):  # a file holds the sum, in 32 bits
                weight = (weight + np.float32(1)).astype(np.float64) - 1
            tensor.copy_(torch.from_numpy(weight.astype(np.float64)))
    return model
