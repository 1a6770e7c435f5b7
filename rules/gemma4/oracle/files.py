"""Writes a tiny model as a GGUF file, the way the converter of llama.cpp writes a real one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np

from ...llama.oracle import storing
from ...llama.oracle.storing import KINDS, Kind, copy_key, finish
from .variants import Variant
from .vocabulary import Vocabulary, tiny
from .weights import Tensors

__all__ = ["KINDS", "Kind", "copy_key", "finish", "is_matrix", "metadata", "rounded", "split_experts",
           "without_tail_kv", "write"]  # fmt: skip

# The quantizer of llama.cpp leaves this matrix as it is.
NEVER_QUANTIZED = "per_layer_model_proj.weight"


def is_matrix(name: str, tensor: np.ndarray, kind: Kind) -> bool:
    """Whether a file of this kind, if it is not F32, stores this tensor in its own type; the others stay F32."""
    small = name.endswith(("_norm.weight", "ffn_gate_inp.weight")) or not name.endswith(".weight")
    return tensor.ndim > 1 and not small and not (kind == "q8_0" and name == NEVER_QUANTIZED)


def rounded(tensors: Tensors, kind: Kind) -> Tensors:
    """The numbers that a file of this kind holds, back as 32-bit floats."""
    return storing.rounded(tensors, kind, is_matrix)


def split_experts(tensors: Tensors) -> Tensors:
    """The other layout that loaders accept: gate and up experts in two tensors."""
    out: Tensors = {}
    for name, tensor in tensors.items():
        if name.endswith("ffn_gate_up_exps.weight"):
            gate, up = np.split(tensor, 2, axis=1)
            out[name.replace("gate_up", "gate")] = np.ascontiguousarray(gate)
            out[name.replace("gate_up", "up")] = np.ascontiguousarray(up)
        else:
            out[name] = tensor
    return out


def without_tail_kv(tensors: Tensors, variant: Variant) -> Tensors:
    """The same model without the keys and values that nothing reads."""
    unused = tuple(f"blk.{layer}.attn_{stem}" for layer in range(variant.owners, variant.layers) for stem in "kv")
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(unused)}


def write(path: Path, variant: Variant, tensors: Tensors, kind: Kind) -> None:
    """Write the tensors as a file of this kind."""
    writer = storing.begin(path, "gemma4", f"tiny-gemma4-{variant.name}", kind)
    metadata(writer, variant)
    _tokenizer(writer, tiny())
    storing.add_tensors(writer, tensors, kind, is_matrix)
    finish(writer)


def metadata(writer: gguf.GGUFWriter, v: Variant) -> None:
    """The keys of the architecture."""
    layers = range(v.layers)
    values: dict[str, Any] = {
        "block_count": v.layers,
        "context_length": v.context,
        "embedding_length": v.hidden,
        "feed_forward_length": [v.ffn_width(layer) for layer in layers] if v.wide_tail else v.width,
        "attention.head_count": v.heads,
        "attention.head_count_kv": [v.kv_heads_of(layer) for layer in layers] if v.k_is_v else v.kv_heads,
        "rope.freq_base": v.theta,
        "rope.freq_base_swa": v.theta_sliding,
        "attention.layer_norm_rms_epsilon": v.eps,
    }
    if v.experts:
        values |= {
            "expert_count": v.experts,
            "expert_used_count": v.experts_used,
            "expert_feed_forward_length": v.expert_width,
        }
    values |= {
        "attention.key_length": v.full_head,
        "attention.value_length": v.full_head,
        "attention.key_length_swa": v.head,
        "attention.value_length_swa": v.head,
        "final_logit_softcapping": v.cap,
        "attention.sliding_window": v.window,
        "attention.shared_kv_layers": v.tail,
        "embedding_length_per_layer_input": v.per_layer,
        "attention.sliding_window_pattern": [v.slides(layer) for layer in layers],
        "rope.dimension_count": v.full_head,
        "rope.dimension_count_swa": v.head,
    }
    for key, value in values.items():
        if isinstance(value, list):
            writer.add_array(f"gemma4.{key}", value)
        elif isinstance(value, float):
            writer.add_float32(f"gemma4.{key}", value)
        else:
            writer.add_uint32(f"gemma4.{key}", value)


def _tokenizer(writer: gguf.GGUFWriter, vocabulary: Vocabulary) -> None:
    writer.add_string("tokenizer.ggml.model", "gemma4")
    writer.add_token_list([token.encode() for token in vocabulary.kinds])
    writer.add_token_scores([-1000.0] * len(vocabulary.kinds))
    writer.add_token_types(list(vocabulary.kinds.values()))
    writer.add_token_merges([f"{left} {right}" for left, right in vocabulary.merges])
    for key, value in (("bos", 2), ("eos", 1), ("unknown", 3), ("padding", 0), ("mask", 4)):
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    writer.add_bool("tokenizer.ggml.add_space_prefix", False)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
