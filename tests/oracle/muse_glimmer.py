"""Makes the golden logits of Muse Glimmer: transformers with the same weights, on a CPU, in 64-bit floats.

The class casts to 32 bits in its norms and rotary positions, whatever the model is in; while it runs here, it casts to
64. Each model also checks itself: its cached steps must agree with one pass without a cache over all tokens.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from oracle import bytelevel
from rules.llama.oracle.storing import Kind, digest, is_matrix
from rules.muse_glimmer.oracle import golden, models, texts
from rules.muse_glimmer.oracle.variants import POST_EPS, VARIANTS, Variant
from rules.muse_glimmer.oracle.weights import checkpoint, gguf_name

NO_CAP = 1e9
"""The class always caps; so high, a cap changes nothing."""


def regenerate() -> None:
    found: dict[str, Any] = {
        "made with": {module.__name__: module.__version__ for module in (np, torch, transformers)},
        "golden": {},
        "models": {},
    }
    for name, variant in VARIANTS.items():
        logits = {table: computed(variant, table) for table in ("f32", "f16")}
        path = golden.save(name, logits)
        found["golden"][path.name] = digest(path)
        for table, wanted in logits.items():
            lost = ((golden.load(name, table) - wanted) ** 2).sum() / (wanted**2).sum()
            print(f"{name} {table}: kept to {lost:.1e}")
    with tempfile.TemporaryDirectory() as folder:
        for model in models.MODELS:
            found["models"][model.name] = digest(models.write(model, Path(folder)))
    golden.MANIFEST.write_text(json.dumps(found, indent=1) + "\n")
    texts.FILE.write_text(json.dumps(bytelevel.expected(), indent=1) + "\n", encoding="utf-8")


def computed(variant: Variant, kind: Kind) -> np.ndarray:
    """One row of logits per token: the prompt in one pass, then each step with the cache."""
    with _in_64_bits():
        model = _model(variant, kind)
        prompt, steps = (torch.from_numpy(ids.astype(np.int64))[None] for ids in variant.prompt())
        with torch.no_grad():
            out = model(input_ids=prompt, use_cache=True)
            rows, cache = [out.logits[0]], out.cache
            for step in steps[0]:
                out = model(input_ids=step.reshape(1, 1), cache=cache, use_cache=True)
                rows, cache = [*rows, out.logits[0]], out.cache
            whole = model(input_ids=torch.cat([prompt, steps], dim=1), use_cache=False).logits[0]
    logits = torch.cat(rows)
    assert logits.dtype == torch.float64
    if (logits - whole).abs().max() > 1e-9:
        raise SystemExit(f"{variant.name}: the cached steps disagree with one pass over everything")
    return logits.numpy()


@contextmanager
def _in_64_bits() -> Iterator[None]:
    kept, default = torch.Tensor.float, torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    single, torch.float = torch.float, torch.float64  # type: ignore[misc]
    single_too, torch.float32 = torch.float32, torch.float64  # type: ignore[misc]
    try:
        yield
    finally:
        torch.float32, torch.float = single_too, single  # type: ignore[misc]
        torch.Tensor.float = kept  # type: ignore[method-assign]
        torch.set_default_dtype(default)


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
