"""What the loader of Mellum 2 asks of a model file: keys, and the tensors that follow from their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..llama.contract import INTEGERS, LAYERS, Contract, Key, Wanted
from ..llama.header import Header

COUNT, WIDTH, TOKENS = 2**16, 2**24, 2**24
REAL = ("f32",)
NAME = "mellum"
PATTERN = f"{NAME}.attention.sliding_window_pattern"


def keys(_header: Header) -> Sequence[Key]:
    """In the order in which a reader would look for them."""
    return (
        _number("block_count", LAYERS), _number("context_length", 2**31), _number("embedding_length", WIDTH),
        _number("feed_forward_length", WIDTH, required=False, per_layer=True),
        _number("attention.head_count", COUNT, per_layer=True),
        _number("attention.head_count_kv", COUNT, per_layer=True, required=False),
        _number("attention.key_length", COUNT, required=False),
        _number("attention.value_length", COUNT, required=False),
        _number("expert_count", COUNT), _number("expert_used_count", COUNT),
        _number("expert_feed_forward_length", WIDTH),
        _number("attention.sliding_window", 2**31),
        Key(PATTERN, ("bool", "u32", "i32"), array=True, per_layer=True, low=0, high=1),
        Key(f"{NAME}.attention.layer_norm_rms_epsilon", REAL, low=1e-12, high=1),
        _number("rope.dimension_count", COUNT, required=False),
        Key(f"{NAME}.rope.freq_base", REAL, required=False, low=1, high=1e12),
        Key(f"{NAME}.rope.freq_base_swa", REAL, required=False, low=1, high=1e12),
        Key(f"{NAME}.rope.scaling.type", ("str",), required=False),
        Key(f"{NAME}.rope.scaling.factor", REAL, required=False, low=0, high=1e6),
        _number("rope.scaling.original_context_length", 2**31, required=False),
        *_tokenizer(),
    )  # fmt: skip


def _number(name: str, high: int, *, required: bool = True, per_layer: bool = False) -> Key:
    kinds = INTEGERS if per_layer else ("u32",)
    return Key(f"{NAME}.{name}", kinds, required, per_layer=per_layer, low=1, high=high)


def _tokenizer() -> Iterator[Key]:
    yield from (Key("tokenizer.ggml.model", ("str",)), Key("tokenizer.ggml.pre", ("str",)))
    for name, kinds in (("tokens", ("str",)), ("token_type", ("i32", "u32")), ("merges", ("str",))):
        yield Key(f"tokenizer.ggml.{name}", kinds, array=True)
    for name in ("bos", "eos", "eot", "padding"):
        yield Key(f"tokenizer.ggml.{name}_token_id", ("u32",), required=False, low=0, high=TOKENS)
    yield Key("tokenizer.chat_template", ("str",), required=False)


class _Values:
    """The values of a sound file, with the loader's defaults."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self.layers = self("block_count")
        self.hidden = self("embedding_length")
        self.tokens = header.keys["tokenizer.ggml.tokens"].count or 0

    def __call__(self, name: str, default: int = 0, layer: int | None = None) -> int:
        value = self._header.keys.get(f"{NAME}.{name}")
        if value is None:
            return default
        return int(value.data if layer is None or value.count is None else value.data[layer])

    def heads(self, layer: int) -> int:
        return self("attention.head_count", layer=layer)

    def kv_heads(self, layer: int) -> int:
        return self("attention.head_count_kv", self.heads(layer), layer)

    @property
    def head(self) -> int:
        return self("attention.key_length", self.hidden // self.heads(0))


def quarrels(header: Header) -> Iterator[str]:
    """Values that are each sound and do not fit together."""
    v = _Values(header)
    if (model := header.keys["tokenizer.ggml.model"].data) != "gpt2":
        yield f"tokenizer.ggml.model is {model!r}, wanted 'gpt2': convert the model with a newer converter"
    if (count := header.keys["tokenizer.ggml.token_type"].count) != v.tokens:
        yield f"tokenizer.ggml.token_type has {count} values for {v.tokens} tokens"
    if v.head != v("attention.value_length", v.head):
        yield f"keys of {v.head} and values of {v('attention.value_length')} differ in length"
    turned = v("rope.dimension_count", v.head)
    if turned % 2 or turned > v.head:
        yield f"{NAME}.rope.dimension_count is {turned} in heads of {v.head}"
    if (used := v("expert_used_count")) > (there := v("expert_count")):
        yield f"{used} experts are used of {there}"
    for layer in range(v.layers):
        if v.heads(layer) % v.kv_heads(layer):
            yield f"layer {layer}: {v.heads(layer)} heads are no multiple of {v.kv_heads(layer)} key heads"


def tensors(header: Header) -> Iterator[Wanted]:
    """What load_tensors asks for; every tensor of the file has to be among it."""
    v = _Values(header)
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
