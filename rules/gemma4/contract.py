"""What the loader of Gemma 4 asks of a model file: keys, and the tensors that follow from their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..llama.contract import INTEGERS, LAYERS, Contract, Key, Wanted
from ..llama.header import Header

COUNT, WIDTH, TOKENS = 2**16, 2**24, 2**24
REAL = ("f32",)


def keys(header: Header) -> Sequence[Key]:
    """In the order in which a reader would look for them."""
    experts = header.keys.get("gemma4.expert_count")
    routed = experts is not None and experts.data != 0
    return (
        _number("block_count", LAYERS), _number("context_length", 2**31), _number("embedding_length", WIDTH),
        _number("feed_forward_length", WIDTH, per_layer=True),
        _number("attention.head_count", COUNT, per_layer=True),
        _number("attention.head_count_kv", COUNT, per_layer=True, required=False),
        _number("attention.key_length", COUNT), _number("attention.value_length", COUNT),
        _number("attention.key_length_swa", COUNT), _number("attention.value_length_swa", COUNT),
        _number("attention.sliding_window", 2**31),
        Key("gemma4.attention.sliding_window_pattern", ("bool", "u32", "i32"),
            array=True, per_layer=True, low=0, high=1),
        Key("gemma4.attention.layer_norm_rms_epsilon", REAL, low=1e-12, high=1),
        _number("embedding_length_per_layer_input", WIDTH, low=0),
        _number("attention.shared_kv_layers", LAYERS, low=0, required=False),
        _number("rope.dimension_count", COUNT, required=False),
        _number("rope.dimension_count_swa", COUNT, required=False),
        Key("gemma4.rope.freq_base", REAL, required=False, low=1, high=1e12),
        Key("gemma4.rope.freq_base_swa", REAL, required=False, low=1, high=1e12),
        Key("gemma4.final_logit_softcapping", REAL, required=False, low=0, high=1e6),
        _number("expert_count", COUNT, low=0, required=False),
        _number("expert_used_count", COUNT, low=0, required=routed),
        _number("expert_feed_forward_length", WIDTH, low=0, required=routed),
        *_tokenizer(),
    )  # fmt: skip


def _number(name: str, high: int, *, low: int = 1, required: bool = True, per_layer: bool = False) -> Key:
    kinds = INTEGERS if per_layer else ("u32",)
    return Key(f"gemma4.{name}", kinds, required, per_layer=per_layer, low=low, high=high)


def _tokenizer() -> Iterator[Key]:
    yield Key("tokenizer.ggml.model", ("str",))
    for name, kinds in (("tokens", ("str",)), ("scores", REAL), ("token_type", ("i32", "u32")), ("merges", ("str",))):
        yield Key(f"tokenizer.ggml.{name}", kinds, array=True)
    for name in ("bos", "eos", "unknown", "padding"):
        yield Key(f"tokenizer.ggml.{name}_token_id", ("u32",), required=False, low=0, high=TOKENS)
    yield Key("tokenizer.chat_template", ("str",), required=False)


class _Values:
    """The values of a sound file, with the loader's defaults."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self.layers: int = self("block_count")
        self.hidden: int = self("embedding_length")
        self.tail: int = self("attention.shared_kv_layers", 0)
        self.experts: int = self("expert_count", 0)
        self.per_layer: int = self("embedding_length_per_layer_input")
        self.tokens = header.keys["tokenizer.ggml.tokens"].count or 0

    def __call__(self, name: str, default: Any = None, layer: int | None = None) -> Any:
        value = self._header.keys.get(f"gemma4.{name}")
        if value is None:
            return default
        return value.data if layer is None or value.count is None else value.data[layer]

    def slides(self, layer: int) -> bool:
        return bool(self("attention.sliding_window_pattern", None, layer))

    def heads(self, layer: int) -> int:
        return int(self("attention.head_count", None, layer))

    def kv_heads(self, layer: int) -> int:
        return int(self("attention.head_count_kv", self.heads(layer), layer))

    def head(self, layer: int, what: str = "attention.key_length") -> int:
        return int(self(f"{what}_swa" if self.slides(layer) else what))

    def turned(self, layer: int) -> int:
        name = "rope.dimension_count_swa" if self.slides(layer) else "rope.dimension_count"
        return int(self(name, self.head(layer)))


def quarrels(header: Header) -> Iterator[str]:
    """Values that are each sound and do not fit together: the loader refuses them with the same reasons."""
    v = _Values(header)
    model = header.keys["tokenizer.ggml.model"].data
    if model != "gemma4":
        yield f"tokenizer.ggml.model is {model!r}, wanted 'gemma4': convert the model with a newer converter"
    for name in ("scores", "token_type"):
        if (count := header.keys[f"tokenizer.ggml.{name}"].count) != v.tokens:
            yield f"tokenizer.ggml.{name} has {count} values for {v.tokens} tokens"
    if v.tail >= v.layers:
        yield f"gemma4.attention.shared_kv_layers is {v.tail} of {v.layers} layers"
        return
    owners = v.layers - v.tail
    slide = any(v.slides(layer) for layer in range(owners, v.layers))
    if v.tail and (v.slides(owners - 1) or (slide and (owners < 2 or not v.slides(owners - 2)))):
        wanted = "no sliding layer and then a full one stand" if slide else "no full layer stands"
        yield f"layer {owners} shares keys and values, but {wanted} right before it"
        return
    if not any(v.slides(layer) for layer in range(v.layers)):
        yield "gemma4.attention.sliding_window_pattern has no sliding layer"
    if v.experts and not 0 < v("expert_used_count") <= v.experts:
        yield f"gemma4.expert_used_count is {v('expert_used_count')} of {v.experts} experts"
    for layer in range(v.layers):
        yield from _layer_quarrels(v, layer, owners)


def _layer_quarrels(v: _Values, layer: int, owners: int) -> Iterator[str]:
    if v.head(layer) != v.head(layer, "attention.value_length"):
        yield f"layer {layer}: keys and values differ in length"
    if v.heads(layer) % v.kv_heads(layer):
        yield f"layer {layer}: {v.heads(layer)} heads are no multiple of {v.kv_heads(layer)} key heads"
    if v.turned(layer) % 2 or v.turned(layer) > v.head(layer):
        yield f"layer {layer}: {v.turned(layer)} rotary dimensions in heads of {v.head(layer)}"
    if layer >= owners and v.kv_heads(layer) != v.kv_heads(owners - (2 if v.slides(layer) else 1)):
        yield f"layer {layer} shares keys and values with a layer of another size"


def tensors(header: Header) -> Iterator[Wanted]:
    """What load_tensors asks for; every tensor of the file has to be among it."""
    v = _Values(header)
    h, p = v.hidden, v.per_layer
    yield Wanted("token_embd.weight", (h, v.tokens))
    yield Wanted("output_norm.weight", (h,))
    yield Wanted("output.weight", (h, v.tokens), required=False)
    full = [layer for layer in range(v.layers) if not v.slides(layer)]
    if full:
        yield Wanted("rope_freqs.weight", (v.turned(full[0]) // 2,))
    if p:
        yield Wanted("per_layer_token_embd.weight", (p * v.layers, v.tokens))
        yield Wanted("per_layer_model_proj.weight", (h, p * v.layers))
        yield Wanted("per_layer_proj_norm.weight", (p,))
    for layer in range(v.layers):
        parts = [*_attention(v, layer), *_dense(v, layer)]
        parts += _experts(header, v, layer) if v.experts else []
        if p:
            parts += [Wanted("inp_gate.weight", (h, p)), Wanted("proj.weight", (p, h))]
            parts.append(Wanted("post_norm.weight", (h,)))
        for part in parts:
            yield Wanted(f"blk.{layer}.{part.name}", part.shape, part.required)


def _attention(v: _Values, layer: int) -> Iterator[Wanted]:
    h, d = v.hidden, v.head(layer)
    queries, kv = d * v.heads(layer), d * v.kv_heads(layer)
    owns = layer < v.layers - v.tail
    yield Wanted("attn_norm.weight", (h,))
    yield Wanted("attn_q.weight", (h, queries))
    yield Wanted("attn_k.weight", (h, kv), owns)
    yield Wanted("attn_v.weight", (h, kv), owns and v.slides(layer))
    yield Wanted("attn_output.weight", (queries, h))
    yield Wanted("attn_q_norm.weight", (d,))
    yield Wanted("attn_k_norm.weight", (d,), owns)
    yield Wanted("post_attention_norm.weight", (h,))


def _dense(v: _Values, layer: int) -> Iterator[Wanted]:
    h, f = v.hidden, int(v("feed_forward_length", None, layer))
    yield from (Wanted("ffn_norm.weight", (h,)), Wanted("post_ffw_norm.weight", (h,)))
    yield from (Wanted("ffn_gate.weight", (h, f)), Wanted("ffn_up.weight", (h, f)), Wanted("ffn_down.weight", (f, h)))
    yield Wanted("layer_output_scale.weight", (1,), required=False)


def _experts(header: Header, v: _Values, layer: int) -> Iterator[Wanted]:
    """Experts beside the dense part; a layer without a router has none."""
    h, e, m = v.hidden, v.experts, int(v("expert_feed_forward_length"))
    yield Wanted("ffn_gate_inp.weight", (h, e), required=False)
    if f"blk.{layer}.ffn_gate_inp.weight" not in header.tensors:
        return
    yield Wanted("ffn_gate_inp.scale", (h,))
    if any(f"blk.{layer}.ffn_{half}_exps.weight" in header.tensors for half in ("gate", "up")):
        yield from (Wanted("ffn_gate_exps.weight", (h, m, e)), Wanted("ffn_up_exps.weight", (h, m, e)))
    else:
        yield Wanted("ffn_gate_up_exps.weight", (h, 2 * m, e))
    yield from (Wanted("ffn_down_exps.weight", (m, h, e)), Wanted("ffn_down_exps.scale", (e,)))
    for norm in ("pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"):
        yield Wanted(f"{norm}.weight", (h,))


CONTRACT = Contract(
    "gemma4",
    keys,
    tensors,
    quarrels,
    totals={
        30: ("26B-A4B", (658, 688)),
        35: ("E2B", (601, 541)),
        42: ("E4B", (720, 666)),
        48: ("12B", (667,)),
        60: ("31B", (833,)),
    },
)
