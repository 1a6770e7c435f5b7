"""What loaders of plain decoders ask of a file alike: heads of one size, and a vocabulary in the way of GPT-2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .contract import INTEGERS, Key
from .header import Header

TOKENS = 2**24


@dataclass(frozen=True, slots=True)
class Names:
    """The keys of one architecture: `name` is what they begin with."""

    name: str

    def number(self, key: str, high: int, *, required: bool = True, per_layer: bool = False) -> Key:
        """A key with a number from 1 to `high`, or with one for each layer."""
        kinds = INTEGERS if per_layer else ("u32",)
        return Key(f"{self.name}.{key}", kinds, required, per_layer=per_layer, low=1, high=high)


def tokenizer() -> Iterator[Key]:
    """The keys of the vocabulary."""
    yield from (Key("tokenizer.ggml.model", ("str",)), Key("tokenizer.ggml.pre", ("str",)))
    for name, kinds in (("tokens", ("str",)), ("token_type", ("i32", "u32")), ("merges", ("str",))):
        yield Key(f"tokenizer.ggml.{name}", kinds, array=True)
    for name in ("bos", "eos", "eot", "padding"):
        yield Key(f"tokenizer.ggml.{name}_token_id", ("u32",), required=False, low=0, high=TOKENS)
    yield Key("tokenizer.chat_template", ("str",), required=False)


class Values:
    """The values of a sound file, with the loader's defaults."""

    def __init__(self, header: Header, name: str) -> None:
        self._header = header
        self._name = name
        self.layers = self("block_count")
        self.hidden = self("embedding_length")
        self.tokens = header.keys["tokenizer.ggml.tokens"].count or 0

    def __call__(self, key: str, default: int = 0, layer: int | None = None) -> int:
        """The value of a key, or that of one layer; `default` where the file has none."""
        value = self._header.keys.get(f"{self._name}.{key}")
        if value is None:
            return default
        return int(value.data if layer is None or value.count is None else value.data[layer])

    def heads(self, layer: int) -> int:
        """How many heads of queries a layer has."""
        return self("attention.head_count", layer=layer)

    def kv_heads(self, layer: int) -> int:
        """How many heads of keys and of values a layer has."""
        return self("attention.head_count_kv", self.heads(layer), layer)

    @property
    def head(self) -> int:
        """The size of a head."""
        return self("attention.key_length", self.hidden // self.heads(0))


def quarrels(header: Header, name: str) -> Iterator[str]:
    """Values that are each sound and do not fit together."""
    v = Values(header, name)
    if (model := header.keys["tokenizer.ggml.model"].data) != "gpt2":
        yield f"tokenizer.ggml.model is {model!r}, wanted 'gpt2': convert the model with a newer converter"
    if (count := header.keys["tokenizer.ggml.token_type"].count) != v.tokens:
        yield f"tokenizer.ggml.token_type has {count} values for {v.tokens} tokens"
    if v.head != v("attention.value_length", v.head):
        yield f"keys of {v.head} and values of {v('attention.value_length')} differ in length"
    turned = v("rope.dimension_count", v.head)
    if turned % 2 or turned > v.head:
        yield f"{name}.rope.dimension_count is {turned} in heads of {v.head}"
    for layer in range(v.layers):
        if v.heads(layer) % v.kv_heads(layer):
            yield f"layer {layer}: {v.heads(layer)} heads are no multiple of {v.kv_heads(layer)} key heads"
