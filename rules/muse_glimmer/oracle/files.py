"""Writes a tiny model as a GGUF file, the way the converter of llama.cpp writes a real one."""

from __future__ import annotations

from pathlib import Path

import gguf

from ...llama.oracle import bytepairs, storing
from ...llama.oracle.storing import Kind, Tensors, Value
from .variants import Variant
from .vocabulary import BOS, EOS, EOT, PAD, tiny


def write(path: Path, variant: Variant, tensors: Tensors, kind: Kind) -> None:
    """Write the tensors as a file of this kind."""
    writer = storing.begin(path, "muse-glimmer", f"tiny-muse-glimmer-{variant.name}", kind)
    _metadata(writer, variant)
    bytepairs.add(writer, tiny(), "llama4", bos=BOS, eos=EOS, eot=EOT, padding=PAD)
    storing.add_tensors(writer, tensors, kind)
    storing.finish(writer)


def _metadata(writer: gguf.GGUFWriter, v: Variant) -> None:
    """The keys of the architecture."""
    values: dict[str, Value] = {
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
    storing.add_keys(writer, "muse-glimmer", values)
