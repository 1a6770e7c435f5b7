"""Makes the golden logits of Gemma 4: transformers with the same weights, on a CPU, in 32-bit floats.

Each model also checks itself: its cached steps must agree with one pass without a cache over all tokens.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from oracle import tokenizer
from rules.gemma4.oracle import golden, models, texts
from rules.gemma4.oracle.files import Kind, is_matrix
from rules.gemma4.oracle.variants import VARIANTS, Variant
from rules.gemma4.oracle.weights import checkpoint, gguf_name

Tensor = torch.Tensor
FULL, SLIDING = "full_attention", "sliding_attention"


def regenerate() -> None:
    torch.set_num_threads(2)
    found: dict[str, Any] = {
        "made with": {module.__name__: module.__version__ for module in (np, torch, transformers)},
        "golden": {},
        "models": {},
    }
    for variant in VARIANTS.values():
        logits = {}
        kinds: tuple[Kind, ...] = ("f32", "f16")
        for kind in kinds:
            model = _model(variant, kind)
            for name, gelu in (("exact", _gelu), ("table", _gelu_table)):
                logits[f"{kind}-{name}"] = _logits(model, variant, gelu, 5e-2 if name == "table" else 2e-3)
        path = golden.save(variant, logits)
        found["golden"][path.name] = golden.digest(path)
        for table, wanted in logits.items():
            lost = ((golden.load(variant.name, table) - wanted) ** 2).sum() / (wanted**2).sum()
            print(f"{variant.name} {table}: kept to {lost:.1e}")
    with tempfile.TemporaryDirectory() as folder:
        for model in models.MODELS:
            found["models"][model.name] = golden.digest(models.write(model, Path(folder)))
    golden.MANIFEST.write_text(json.dumps(found, indent=1) + "\n")
    texts.FILE.write_text(json.dumps(tokenizer.expected(), indent=1) + "\n", encoding="utf-8")


def _config(v: Variant) -> Any:
    config = transformers.Gemma4TextConfig(
        vocab_size=v.vocabulary,
        vocab_size_per_layer_input=v.vocabulary,
        max_position_embeddings=v.context,
        rms_norm_eps=v.eps,
        hidden_activation="gelu_pytorch_tanh",
        final_logit_softcapping=v.cap,
        tie_word_embeddings=True,
        attention_bias=False,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
        rope_parameters={
            FULL: {"rope_type": "proportional", "partial_rotary_factor": v.rotated, "rope_theta": v.theta},
            SLIDING: {"rope_type": "default", "rope_theta": v.theta_sliding},
        },
        hidden_size=v.hidden,
        intermediate_size=v.width,
        num_hidden_layers=v.layers,
        num_attention_heads=v.heads,
        num_key_value_heads=v.kv_heads,
        head_dim=v.head,
        global_head_dim=v.full_head,
        num_global_key_value_heads=v.full_kv_heads,
        attention_k_eq_v=v.k_is_v,
        sliding_window=v.window,
        layer_types=[SLIDING if v.slides(layer) else FULL for layer in range(v.layers)],
        num_kv_shared_layers=v.tail,
        hidden_size_per_layer_input=v.per_layer,
        use_double_wide_mlp=v.wide_tail,
        enable_moe_block=bool(v.experts),
        num_experts=v.experts or None,
        top_k_experts=v.experts_used or None,
        moe_intermediate_size=v.expert_width or None,
    )
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    return config


def _model(variant: Variant, kind: Kind) -> Any:
    """The model of transformers, holding the numbers that a file of this kind holds."""
    model = transformers.Gemma4ForCausalLM(_config(variant)).float().eval()
    model.tie_weights()
    own = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    weights = checkpoint(variant)
    if {name: tuple(tensor.shape) for name, tensor in own.items()} != {n: w.shape for n, w in weights.items()}:
        raise SystemExit(f"{variant.name}: transformers expects other tensors: {sorted(own.keys() ^ weights.keys())}")
    with torch.no_grad():
        for name, tensor in own.items():
            halved = kind == "f16" and is_matrix(gguf_name(name), weights[name], kind)
            weight = weights[name].astype(np.float16).astype(np.float32) if halved else weights[name]
            tensor.copy_(torch.from_numpy(weight))
    return model


def _logits(model: Any, variant: Variant, gelu: Callable[[Tensor], Tensor], tolerance: float) -> np.ndarray:
    class Activation(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return gelu(x)

    for module in model.modules():
        if hasattr(module, "act_fn"):
            module.act_fn = Activation()
    prompt, steps = (torch.from_numpy(ids.astype(np.int64))[None] for ids in variant.prompt())
    with torch.no_grad():
        out = model(input_ids=prompt, use_cache=True)
        rows, cache = [out.logits[0]], out.past_key_values
        for step in steps[0]:
            out = model(input_ids=step.reshape(1, 1), past_key_values=cache, use_cache=True)
            rows, cache = [*rows, out.logits[0]], out.past_key_values
        whole = model(input_ids=torch.cat([prompt, steps], dim=1), use_cache=False).logits[0]
    logits = torch.cat(rows)
    if (logits - whole).abs().max() > tolerance:
        raise SystemExit(f"{variant.name}: the cached steps disagree with one pass over everything")
    return logits.numpy().astype(np.float64)


def _gelu(x: Tensor) -> Tensor:
    return torch.nn.functional.gelu(x, approximate="tanh")


def _gelu_table(x: Tensor) -> Tensor:
    y = _gelu(x.to(torch.float16).float()).to(torch.float16).float()
    return torch.where(x <= -10, torch.zeros_like(x), torch.where(x >= 10, x, y))
