"""Files that are not what they should be: a model file with one thing wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import GGUFValueType as Type

from e2e.run import MODELS
from rules.gemma4.oracle import files, models
from rules.gemma4.oracle.models import LAYOUTS, Model

Value = tuple[Any, Type] | tuple[Any, Type, Type]
"""A value, its type, and for an array that of its items."""
HUGE = 4_000_000_000


@dataclass(frozen=True)
class Broken:
    """What is wrong with a model file, and what the message must name."""

    says: str
    layout: str = "31b"
    values: Mapping[str, Value] = field(default_factory=dict)
    drop_values: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    reshape: Callable[[str, np.ndarray], np.ndarray] = lambda _, tensor: tensor
    rename: Mapping[str, str] = field(default_factory=dict)
    architecture: str = "gemma4"

    def write(self, path: Path) -> None:
        layout = next(layout for layout in LAYOUTS if layout.name == self.layout)
        reader = gguf.GGUFReader(models.checked(Model(layout, "f32"), MODELS))
        writer = gguf.GGUFWriter(str(path), self.architecture)
        for name, entry in reader.fields.items():
            if not name.startswith("GGUF.") and name not in (*self.values, *self.drop_values, "general.architecture"):
                files.copy_key(writer, entry)
        for name, value in self.values.items():
            writer.add_key_value(name, *value)
        for tensor in reader.tensors:
            if tensor.name not in self.drop:
                content = tensor.data.reshape([int(size) for size in reversed(tensor.shape)])
                writer.add_tensor(self.rename.get(tensor.name, tensor.name), self.reshape(tensor.name, content))
        files.finish(writer)


def _key(name: str, value: Any, layout: str = "31b", kind: Type = Type.UINT32, says: str = "") -> Broken:
    return Broken(says or name, layout, {f"gemma4.{name}": (value, kind)})


def _array(name: str, values: list[Any], item: Type, layout: str = "31b", says: str = "") -> Broken:
    return Broken(says or name, layout, {f"gemma4.{name}": (values, Type.ARRAY, item)})


def _without(name: str, layout: str = "31b") -> Broken:
    return Broken(name, layout, drop=(name,))


def _without_key(name: str, layout: str = "31b", says: str = "") -> Broken:
    return Broken(says or name, layout, drop_values=(name if name.startswith("tokenizer") else f"gemma4.{name}",))


def _longer(name: str, layout: str = "31b") -> Broken:
    """One row more than there should be."""

    def grow(other: str, tensor: np.ndarray) -> np.ndarray:
        return np.concatenate([tensor, tensor[:1]]) if other == name else tensor

    return Broken(name, layout, reshape=grow)


PATTERN = "attention.sliding_window_pattern"
KEYS = {
    "no layers": _key("block_count", 0, says="attention.head_count_kv"),
    "one layer too many": _key("block_count", 13, says="attention.head_count_kv"),
    "absurd layers": _key("block_count", HUGE, says="4000000000 > 512"),
    "no heads": _key("attention.head_count", 0),
    "absurd heads": _key("attention.head_count", HUGE, says="blk.0.attn_q.weight"),
    "heads that KV heads do not divide": _key("attention.head_count", 7),
    "no KV heads": _array("attention.head_count_kv", [4] * 11 + [0], Type.UINT32),
    "absurd KV heads": _array("attention.head_count_kv", [4] * 11 + [HUGE], Type.UINT32),
    "KV heads of fewer layers": _array("attention.head_count_kv", [4] * 3, Type.UINT32),
    "no head size": _key("attention.key_length", 0),
    "no head size in sliding layers": _key("attention.key_length_swa", 0),
    "absurd head size": _key("attention.key_length", HUGE),
    "values of another size": _key("attention.value_length_swa", 64),
    "odd rotation": _key("rope.dimension_count", 63),
    "rotation beyond the head": _key("rope.dimension_count", 1000),
    "no rotation": _key("rope.dimension_count", 0, says="rope_freqs.weight"),
    "odd rotation in sliding layers": _key("rope.dimension_count_swa", 31),
    "no window": _key("attention.sliding_window", 0),
    "no pattern": _without_key(PATTERN),
    "pattern of fewer layers": _array(PATTERN, [True] * 3, Type.BOOL),
    "pattern as text": _key(PATTERN, "sssf", kind=Type.STRING),
    "pattern without a sliding layer": _array(PATTERN, [False] * 12, Type.BOOL),
    "all layers share KV": _key("attention.shared_kv_layers", 12, "e4b"),
    "absurd sharing": _key("attention.shared_kv_layers", HUGE, "e4b"),
    "sharing after the wrong layers": _key("attention.shared_kv_layers", 5, "e4b"),
    "sharing begins at once": _key("attention.shared_kv_layers", 11, "e4b"),
    "no embedding": _key("embedding_length", 0, says="token_embd.weight"),
    "absurd embedding": _key("embedding_length", HUGE, says="token_embd.weight"),
    "absurd feed forward": _key("feed_forward_length", HUGE, says="ffn_"),
    "feed forward of fewer layers": _array("feed_forward_length", [448] * 2, Type.UINT32),
    "layers as text": _key("block_count", "12", kind=Type.STRING),
    "window as a float": _key("attention.sliding_window", 40.0, kind=Type.FLOAT32),
    "cap as text": _key("final_logit_softcapping", "20", kind=Type.STRING),
    "negative cap": _key("final_logit_softcapping", -20.0, kind=Type.FLOAT32),
    "cap that is not a number": _key("final_logit_softcapping", float("nan"), kind=Type.FLOAT32),
    "no epsilon": _without_key("attention.layer_norm_rms_epsilon"),
    "epsilon that is not a number": _key("attention.layer_norm_rms_epsilon", float("nan"), kind=Type.FLOAT32),
    "negative epsilon": _key("attention.layer_norm_rms_epsilon", -1.0, kind=Type.FLOAT32),
    "no size of per-layer embeddings": _without_key("embedding_length_per_layer_input"),
    "absurd per-layer embeddings": _key("embedding_length_per_layer_input", HUGE, "e4b", says="per_layer"),
    "another size of per-layer embeddings": _key("embedding_length_per_layer_input", 32, "e4b", says="per_layer"),
    "experts without a width": _without_key("expert_feed_forward_length", "a4b"),
    "experts of no width": _key("expert_feed_forward_length", 0, "a4b", says="blk.0.ffn_gate_up_exps.weight"),
    "another number of experts": _key("expert_count", 8, "a4b", says="ffn_gate_inp"),
    "no merges": _without_key("tokenizer.ggml.merges", says="tokenizer merges"),
    "no tokens": _without_key("tokenizer.ggml.tokens", says="tokenizer vocab"),
    "another architecture": Broken("gemma5", architecture="gemma5"),
    "keys of another architecture": Broken("llama.context_length", architecture="llama"),
}

# What the tree's loader asserts before any code of an architecture runs: it stops there, whatever the architecture.
ASSERTED = {
    "KV heads of text": _array("attention.head_count_kv", ["4"] * 12, Type.STRING, says="std::string"),
    "pattern of text": _array(PATTERN, ["s"] * 12, Type.STRING, says="std::string"),
    "absurd experts": _key("expert_count", HUGE, "a4b", says="n_expert <= LLAMA_MAX_EXPERTS"),
    "more experts used than there are": _key("expert_used_count", 17, "a4b", says="n_expert_used <= hparams.n_expert"),
}

NEEDED = {
    "31b": (
        "token_embd.weight", "output_norm.weight", "rope_freqs.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight",
        "blk.0.attn_k.weight", "blk.0.attn_v.weight", "blk.5.attn_k.weight", "blk.0.attn_output.weight",
        "blk.0.attn_q_norm.weight", "blk.5.attn_k_norm.weight", "blk.0.post_attention_norm.weight",
        "blk.11.ffn_norm.weight", "blk.11.ffn_gate.weight", "blk.11.ffn_up.weight", "blk.11.ffn_down.weight",
        "blk.11.post_ffw_norm.weight",
    ),
    "e4b": (
        "blk.4.attn_v.weight", "per_layer_token_embd.weight", "per_layer_model_proj.weight",
        "per_layer_proj_norm.weight", "blk.7.inp_gate.weight", "blk.7.proj.weight", "blk.7.post_norm.weight",
    ),
    "a4b": (
        "blk.1.ffn_gate_inp.scale", "blk.1.ffn_down_exps.weight", "blk.1.ffn_down_exps.scale",
        "blk.1.pre_ffw_norm_2.weight", "blk.1.post_ffw_norm_1.weight", "blk.1.post_ffw_norm_2.weight",
    ),
    "a4b_split": ("blk.1.ffn_gate_exps.weight", "blk.1.ffn_up_exps.weight"),
}  # fmt: skip
OPTIONAL = {"31b": ("blk.3.layer_output_scale.weight",), "a4b": ("blk.1.ffn_gate_inp.weight",)}

FILES: dict[str, Broken] = {
    **KEYS,
    **{f"no {name}, {layout}": _without(name, layout) for layout, names in NEEDED.items() for name in names},
    **{
        f"longer {name}, {layout}": _longer(name, layout)
        for named in (NEEDED, OPTIONAL)
        for layout, names in named.items()
        for name in names
    },
    "a tensor of an unknown name": Broken(
        "wrong number of tensors", rename={"blk.0.layer_output_scale.weight": "blk.0.unknown.weight"}
    ),
}
