"""What the loader of Muse Glimmer asks of a model file: keys, and the tensors that follow from their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..llama import decoder
from ..llama.contract import LAYERS, Contract, Key, Wanted
from ..llama.header import Header

COUNT, WIDTH = 2**16, 2**24
REAL = ("f32",)
NAME = "muse-glimmer"
number = decoder.Names(NAME).number
PATTERN = f"{NAME}.attention.sliding_window_pattern"


def keys(header: Header) -> Sequence[Key]:
    """In the order in which a reader would look for them."""
    pattern = header.keys.get(PATTERN)
    period = pattern is not None and pattern.count is None
    return (
        number("block_count", LAYERS), number("context_length", 2**31), number("embedding_length", WIDTH),
        number("feed_forward_length", WIDTH, per_layer=True),
        number("attention.head_count", COUNT, per_layer=True),
        number("attention.head_count_kv", COUNT, per_layer=True, required=False),
        number("attention.key_length", COUNT, required=False),
        number("attention.value_length", COUNT, required=False),
        number("attention.sliding_window", 2**31),
        # one number is the period, and older than the array
        Key(PATTERN, ("u32",), low=2, high=LAYERS) if period else
        Key(PATTERN, ("bool", "u32", "i32"), array=True, per_layer=True, low=0, high=1),
        Key(f"{NAME}.attention.layer_norm_rms_epsilon", REAL, low=1e-12, high=1),
        number("rope.dimension_count", COUNT, required=False),
        Key(f"{NAME}.rope.freq_base", REAL, required=False, low=1, high=1e12),
        Key(f"{NAME}.rope.freq_base_swa", REAL, required=False, low=1, high=1e12),
        Key(f"{NAME}.logit_scale", REAL, low=1e-6, high=1e6),
        Key(f"{NAME}.final_logit_softcapping", REAL, required=False, low=0, high=1e6),
        *decoder.tokenizer(),
    )  # fmt: skip


def quarrels(header: Header) -> Iterator[str]:
    """Values that are each sound and do not fit together."""
    yield from decoder.quarrels(header, NAME)


def tensors(header: Header) -> Iterator[Wanted]:
    """What load_tensors asks for; every tensor of the file has to be among it."""
    v = decoder.Values(header, NAME)
    h, d = v.hidden, v.head
    yield from (Wanted("token_embd.weight", (h, v.tokens)), Wanted("output.weight", (h, v.tokens)))
    yield Wanted("output_norm.weight", (h,))
    for layer in range(v.layers):
        queries, kv, f = d * v.heads(layer), d * v.kv_heads(layer), v("feed_forward_length", layer=layer)
        shapes: dict[str, tuple[int, ...]] = {
            **dict.fromkeys(("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"), (h,)),
            **dict.fromkeys(("attn_q_norm", "attn_k_norm"), (d,)),
            **dict.fromkeys(("attn_q", "attn_gate"), (h, queries)),
            **dict.fromkeys(("attn_k", "attn_v"), (h, kv)),
            **dict.fromkeys(("ffn_gate", "ffn_up"), (h, f)),
            "attn_output": (queries, h),
            "ffn_down": (f, h),
        }
        for name, shape in shapes.items():
            yield Wanted(f"blk.{layer}.{name}.weight", shape)


CONTRACT = Contract(NAME, keys, tensors, quarrels, totals={52: ("30B", (731,))})
