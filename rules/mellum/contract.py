"""What the loader of Mellum 2 asks of a model file: keys, and the tensors that follow from their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..llama import decoder
from ..llama.contract import LAYERS, Contract, Key, Wanted
from ..llama.header import Header

COUNT, WIDTH = 2**16, 2**24
REAL = ("f32",)
NAME = "mellum"
number = decoder.Names(NAME).number
PATTERN = f"{NAME}.attention.sliding_window_pattern"


def keys(_header: Header) -> Sequence[Key]:
    """In the order in which a reader would look for them."""
    return (
        number("block_count", LAYERS), number("context_length", 2**31), number("embedding_length", WIDTH),
        number("feed_forward_length", WIDTH, required=False, per_layer=True),
        number("attention.head_count", COUNT, per_layer=True),
        number("attention.head_count_kv", COUNT, per_layer=True, required=False),
        number("attention.key_length", COUNT, required=False),
        number("attention.value_length", COUNT, required=False),
        number("expert_count", COUNT), number("expert_used_count", COUNT),
        number("expert_feed_forward_length", WIDTH),
        number("attention.sliding_window", 2**31),
        Key(PATTERN, ("bool", "u32", "i32"), array=True, per_layer=True, low=0, high=1),
        Key(f"{NAME}.attention.layer_norm_rms_epsilon", REAL, low=1e-12, high=1),
        number("rope.dimension_count", COUNT, required=False),
        Key(f"{NAME}.rope.freq_base", REAL, required=False, low=1, high=1e12),
        Key(f"{NAME}.rope.freq_base_swa", REAL, required=False, low=1, high=1e12),
        Key(f"{NAME}.rope.scaling.type", ("str",), required=False),
        Key(f"{NAME}.rope.scaling.factor", REAL, required=False, low=0, high=1e6),
        number("rope.scaling.original_context_length", 2**31, required=False),
        *decoder.tokenizer(),
    )  # fmt: skip


def quarrels(header: Header) -> Iterator[str]:
    """Values that are each sound and do not fit together."""
    yield from decoder.quarrels(header, NAME)
    v = decoder.Values(header, NAME)
    if (used := v("expert_used_count")) > (there := v("expert_count")):
        yield f"{used} experts are used of {there}"


def tensors(header: Header) -> Iterator[Wanted]:
    """What load_tensors asks for; every tensor of the file has to be among it."""
    v = decoder.Values(header, NAME)
    h, d = v.hidden, v.head
    yield from (Wanted("token_embd.weight", (h, v.tokens)), Wanted("output.weight", (h, v.tokens)))
    yield Wanted("output_norm.weight", (h,))
    experts, f = v("expert_count"), v("expert_feed_forward_length")
    for layer in range(v.layers):
        queries, kv = d * v.heads(layer), d * v.kv_heads(layer)
        shapes: dict[str, tuple[int, ...]] = {
            **dict.fromkeys(("attn_norm", "ffn_norm"), (h,)),
            **dict.fromkeys(("attn_q_norm", "attn_k_norm"), (d,)),
            **dict.fromkeys(("attn_k", "attn_v"), (h, kv)),
            **dict.fromkeys(("ffn_gate_exps", "ffn_up_exps"), (h, f, experts)),
            "attn_q": (h, queries),
            "attn_output": (queries, h),
            "ffn_gate_inp": (h, experts),
            "ffn_down_exps": (f, h, experts),
        }
        for name, shape in shapes.items():
            yield Wanted(f"blk.{layer}.{name}.weight", shape)


CONTRACT = Contract(NAME, keys, tensors, quarrels)
