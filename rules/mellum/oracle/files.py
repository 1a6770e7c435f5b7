"""Writes a tiny model as a GGUF file, the way the converter of llama.cpp writes a real one."""

from __future__ import annotations

from pathlib import Path

import gguf

from ...llama.oracle import bytepairs, storing
from ...llama.oracle.storing import Kind, Tensors, Value
from .variants import Variant
from .vocabulary import BOS, EOS, EOT, PAD, tiny
from .weights import is_matrix


def write(path: Path, variant: Variant, tensors: Tensors, kind: Kind) -> None:
    """Write the tensors as a file of this kind."""
    writer = storing.begin(path, "mellum", f"tiny-mellum-{variant.name}", kind)
    _metadata(writer, variant)
    bytepairs.add(writer, tiny(), "mellum2", bos=BOS, eos=EOS, eot=EOT, padding=PAD)
    storing.add_tensors(writer, tensors, kind, is_matrix)
    storing.finish(writer)


def _metadata(writer: gguf.GGUFWriter, v: Variant) -> None:
    """The keys of the architecture. Every layer has experts, and none has a width of its own besides theirs."""
    values: dict[str, Value] = {
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
    storing.add_keys(writer, "mellum", values)
