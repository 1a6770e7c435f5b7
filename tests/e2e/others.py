"""Tiny random models of other architectures: the port must not change a bit of what they compute.

Two are the closest relatives, one shares the code of the experts, and the rest the attention and the loader.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import gguf
import numpy as np

from e2e.build import Build
from e2e.run import logits
from e2e.settings import Setting
from rules.gemma4.oracle import files

HIDDEN, WIDTH, HEADS, KV_HEADS, HEAD, VOCABULARY, WINDOW = 128, 128, 4, 2, 32, 300, 16
EXPERTS, EXPERT_WIDTH = 8, 32
LAYERS = 6
TOKENS = 64
SETTINGS = (Setting(64, False, "f32"), Setting(1, False, "f16"), Setting(512, True, "q8_0"))

Shape = tuple[int, ...]
Named = tuple[str, Shape]
Q, KV = HEADS * HEAD, KV_HEADS * HEAD


def _attention() -> Iterator[Named]:
    yield from (("attn_norm", (HIDDEN,)), ("attn_q", (HIDDEN, Q)), ("attn_k", (HIDDEN, KV)), ("attn_v", (HIDDEN, KV)))
    yield from (("attn_output", (Q, HIDDEN)), ("ffn_norm", (HIDDEN,)))


def _dense() -> Iterator[Named]:
    yield from (("ffn_gate", (HIDDEN, WIDTH)), ("ffn_up", (HIDDEN, WIDTH)), ("ffn_down", (WIDTH, HIDDEN)))


def _head_norms() -> Iterator[Named]:
    yield from (("attn_q_norm", (HEAD,)), ("attn_k_norm", (HEAD,)))


def _post_norms() -> Iterator[Named]:
    yield from (("post_attention_norm", (HIDDEN,)), ("post_ffw_norm", (HIDDEN,)))


def _llama() -> Iterator[Named]:
    yield from (*_attention(), *_dense())


def _qwen2() -> Iterator[Named]:
    yield from _llama()
    yield from (("attn_q.bias", (Q,)), ("attn_k.bias", (KV,)), ("attn_v.bias", (KV,)))


def _qwen3moe() -> Iterator[Named]:
    yield from (*_attention(), *_head_norms(), ("ffn_gate_inp", (HIDDEN, EXPERTS)))
    for stem in ("gate", "up"):
        yield f"ffn_{stem}_exps", (HIDDEN, EXPERT_WIDTH, EXPERTS)
    yield "ffn_down_exps", (EXPERT_WIDTH, HIDDEN, EXPERTS)


def _gemma2() -> Iterator[Named]:
    yield from (*_llama(), *_post_norms())


def _gemma3() -> Iterator[Named]:
    yield from (*_gemma2(), *_head_norms())


# The sizes that a gemma3n file does not tell: constants of the loader, and so is the layer where sharing begins.
ALTERNATIVES, LOW_RANK, PER_LAYER, LAYERS_3N = 4, 64, 256, 22


def _gemma3n() -> Iterator[Named]:
    yield from _gemma3()
    yield from (("inp_gate", (HIDDEN, PER_LAYER)), ("proj", (PER_LAYER, HIDDEN)), ("post_norm", (HIDDEN,)))
    yield from (("altup_correct_coef", (ALTERNATIVES, ALTERNATIVES)), ("altup_correct_scale", (HIDDEN,)))
    yield from (("altup_predict_coef", (ALTERNATIVES, ALTERNATIVES**2)), ("altup_router", (HIDDEN, ALTERNATIVES)))
    yield from (("altup_router_norm", (HIDDEN,)), ("laurel_l", (HIDDEN, LOW_RANK)), ("laurel_r", (LOW_RANK, HIDDEN)))
    yield "laurel_post_norm", (HIDDEN,)


def _of_model(architecture: str) -> Iterator[Named]:
    yield from (("token_embd", (HIDDEN, VOCABULARY)), ("output_norm", (HIDDEN,)))
    if architecture == "gemma3n":
        wide = PER_LAYER * LAYERS_3N
        yield from (("per_layer_token_embd", (wide, VOCABULARY)), ("per_layer_model_proj", (HIDDEN, wide)))
        yield "per_layer_proj_norm", (PER_LAYER,)
        for stem in ("altup_proj", "altup_unembd_proj"):
            yield stem, (HIDDEN, HIDDEN, ALTERNATIVES - 1)
    elif not architecture.startswith("gemma"):
        yield "output", (HIDDEN, VOCABULARY)


ARCHITECTURES: dict[str, Callable[[], Iterator[Named]]] = {
    "llama": _llama,
    "qwen2": _qwen2,
    "qwen3moe": _qwen3moe,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "gemma3n": _gemma3n,
}


def write(architecture: str, path: Path) -> None:
    rng = np.random.RandomState(1)
    layers = LAYERS_3N if architecture == "gemma3n" else LAYERS
    writer = gguf.GGUFWriter(str(path), architecture)
    _metadata(writer, architecture, layers)

    def add(name: str, shape: Shape) -> None:
        name = name if name.endswith(".bias") else f"{name}.weight"
        middle = 1 if "norm" in name else 0
        writer.add_tensor(name, (rng.standard_normal(shape[::-1]) * 0.08 + middle).astype(np.float32))

    for name, shape in _of_model(architecture):
        add(name, shape)
    for layer in range(layers):
        for name, shape in ARCHITECTURES[architecture]():
            add(f"blk.{layer}.{name}", shape)
    files.finish(writer)


def _metadata(writer: gguf.GGUFWriter, architecture: str, layers: int) -> None:
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(HEAD)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("no_vocab")
    if architecture.startswith("gemma"):
        writer.add_sliding_window(WINDOW)
    if architecture == "gemma2":
        writer.add_attn_logit_softcapping(50.0)
        writer.add_final_logit_softcapping(30.0)
    if architecture == "qwen3moe":
        writer.add_expert_count(EXPERTS)
        writer.add_expert_used_count(2)
        writer.add_expert_feed_forward_length(EXPERT_WIDTH)


def compare(architecture: str, *builds: Build) -> list[np.ndarray]:
    """The logits of each build, under all settings."""
    ids = np.arange(TOKENS, dtype=np.int32) + 5
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        write(architecture, path)
        return [logits(build, path, ids, 4, [setting.words for setting in SETTINGS]) for build in builds]
