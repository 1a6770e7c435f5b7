"""Writes a tiny model as a GGUF file, the way the converter of llama.cpp writes a real one."""

from __future__ import annotations

from pathlib import Path

import gguf

from ...llama.oracle import storing
from ...llama.oracle.storing import Kind, Tensors
from .variants import Variant
from .vocabulary import BOS, EOS, EOT, PAD, tiny


def write(path: Path, variant: Variant, tensors: Tensors, kind: Kind) -> None:
    """Write the tensors as a file of this kind."""
    writer = storing.begin(path, "muse-glimmer", f"tiny-muse-glimmer-{variant.name}", kind)
    _metadata(writer, variant)
    _tokenizer(writer)
    storing.add_tensors(writer, tensors, kind)
    storing.finish(writer)


def _metadata(writer: gguf.GGUFWriter, v: Variant) -> None:
    """The keys of the architecture."""
    values: dict[str, int | float | list[bool]] = {
        "block_count": v.layers,
        "context_length": v.context,
        "embedding_length": v.hidden,
        "feed_forward_length": v.width,
        "attention.head_count": v.heads,
        "attention.head_count_kv": v.kv_heads,
        "rope.freq_base": v.theta,
        "attention.layer_norm_rms_epsilon": v.eps,
        "attention.key_length": v.head,
        "attention.value_length": v.head,
        "rope.dimension_count": v.head,
        "logit_scale": v.logit_scale,
        "attention.sliding_window": v.window,
        "attention.sliding_window_pattern": v.period or [v.slides(layer) for layer in range(v.layers)],
    }
    if v.cap:
        values["final_logit_softcapping"] = v.cap
    if v.theta_window is not None:
        values["rope.freq_base_swa"] = v.theta_window
    for key, value in values.items():
        name = f"muse-glimmer.{key}"
        if isinstance(value, list):
            writer.add_array(name, value)
        elif isinstance(value, float):
            writer.add_float32(name, value)
        else:
            writer.add_uint32(name, value)


def _tokenizer(writer: gguf.GGUFWriter) -> None:
    vocabulary = tiny()
    writer.add_string("tokenizer.ggml.model", "gpt2")
    writer.add_string("tokenizer.ggml.pre", "llama4")
    writer.add_token_list([token.encode() for token in vocabulary.kinds])
    writer.add_token_types(list(vocabulary.kinds.values()))
    writer.add_token_merges([f"{left} {right}" for left, right in vocabulary.merges])
    for key, value in (("bos", BOS), ("eos", EOS), ("eot", EOT), ("padding", PAD)):
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
