"""Writes a tiny model as a GGUF file, the way the converter of llama.cpp writes a real one."""

from __future__ import annotations

from pathlib import Path

import gguf

from ...llama.oracle import storing
from ...llama.oracle.storing import Kind, Tensors
from .variants import Variant
from .vocabulary import BOS, EOS, EOT, PAD, tiny
from .weights import is_matrix


def write(path: Path, variant: Variant, tensors: Tensors, kind: Kind) -> None:
    """Write the tensors as a file of this kind."""
    writer = storing.begin(path, "mellum", f"tiny-mellum-{variant.name}", kind)
    _metadata(writer, variant)
    _tokenizer(writer)
    storing.add_tensors(writer, tensors, kind, is_matrix)
    storing.finish(writer)


def _metadata(writer: gguf.GGUFWriter, v: Variant) -> None:
    """The keys of the architecture. Every layer has experts, and none has a width of its own besides theirs."""
    values: dict[str, int | float | str | list[bool]] = {
        "block_count": v.layers,
        "context_length": v.context,
        "embedding_length": v.hidden,
        "feed_forward_length": 4 * v.width,
        "attention.head_count": v.heads,
        "attention.head_count_kv": v.kv_heads,
        "rope.freq_base": v.theta,
        "attention.layer_norm_rms_epsilon": v.eps,
        "attention.key_length": v.head,
        "attention.value_length": v.head,
        "expert_count": v.experts,
        "expert_used_count": v.used,
        "expert_feed_forward_length": v.width,
        "attention.sliding_window": v.window,
        "attention.sliding_window_pattern": [v.slides(layer) for layer in range(v.layers)],
    }
    if v.stretch > 1:
        values |= {"rope.scaling.type": "yarn", "rope.scaling.factor": v.stretch}
        values["rope.scaling.original_context_length"] = v.original
    if v.theta_window is not None:
        values["rope.freq_base_swa"] = v.theta_window
    for key, value in values.items():
        _add(writer, f"mellum.{key}", value)


def _add(writer: gguf.GGUFWriter, name: str, value: int | float | str | list[bool]) -> None:
    if isinstance(value, list):
        writer.add_array(name, value)
    elif isinstance(value, str):
        writer.add_string(name, value)
    elif isinstance(value, float):
        writer.add_float32(name, value)
    else:
        writer.add_uint32(name, value)


def _tokenizer(writer: gguf.GGUFWriter) -> None:
    vocabulary = tiny()
    writer.add_string("tokenizer.ggml.model", "gpt2")
    writer.add_string("tokenizer.ggml.pre", "mellum2")
    writer.add_token_list([token.encode() for token in vocabulary.kinds])
    writer.add_token_types(list(vocabulary.kinds.values()))
    writer.add_token_merges([f"{left} {right}" for left, right in vocabulary.merges])
    for key, value in (("bos", BOS), ("eos", EOS), ("eot", EOT), ("padding", PAD)):
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
