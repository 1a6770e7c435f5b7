"""The spec of an architecture as data: what `pack.toml` may say besides its `[pack]` head and `[needs]`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from transformer.errors import PackError

from .labels import LABELS


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A metadata key that the loader reads: its enumerator, used where the fork has none for the name yet."""

    enumerator: str
    name: str
    near: list[str] = []


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor of the architecture.

    `layer` (INPUT, REPEATING or OUTPUT) and `op` (the operation of ggml that reads it) say where its buffer goes. They
    are needed where the fork has no info for it; elsewhere the fork's own stays, unless the tensor `moves`.
    """

    enumerator: str
    name: str
    near: list[str] = []
    layer: str = ""
    op: str = ""
    moves: bool = False


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A published size: shown as `text` for a model of so many layers."""

    enumerator: str
    text: str
    layers: int = 0
    near: list[str] = []


class Members(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data members to be added behind the first of `near`, where the fork has none of the `other` names for them."""

    declare: list[str]
    near: list[str] = []
    other: list[str] = []


class Method(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member function of `llama_hparams`: its declaration, and its definition as the text of a template."""

    name: str
    declare: str
    define: str


class Op(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A function of ggml that the builder calls: how many arguments it takes, and the place in the donor."""

    name: str
    arguments: int
    where: str = ""


class Nested(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A struct that members are of: its name and its definition."""

    name: str
    define: str


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A branch of a function of `llama_hparams`, as the text of a template, and the member that it asks for."""

    function: str
    member: str
    code: str


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shared code that tests for the architecture: a `label` of a switch or a `condition`, beside which others.

    `where` is the place in the donor. `code` is the whole statement, where the architecture stands alone in it.
    """

    file: str
    function: str
    kind: str
    beside: list[str] = []
    where: str = ""
    code: str = ""
    around: list[str] = []
    """The conditions and labels under which `code` is reached, from the outside."""
    others: str = ""
    """What all others do in its place."""
    behind: str = ""
    """The statement right behind it, where it comes in addition to what others do."""


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value of the architecture (`member` of `llama_hparams`) that shared code reads, and where it does.

    `function` is a helper of the graph, or one of the cache's by its whole name. `code` is the `if` that does all that
    it does with the value, under the conditions and labels of `around`, right behind the statement `ahead`, or first
    of all where that is empty. It goes there where the fork's function does not know the value.
    """

    function: str
    member: str
    where: str = ""
    code: str = ""
    around: list[str] = []
    ahead: str = ""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a helper of the graph does for a kind that not every tree's helper knows: the case of its switch.

    `locals` are the local variables of the helper that the case names. It goes behind the first of `near`.
    """

    function: str
    kind: str
    code: str
    locals: list[str] = []
    near: list[str] = []
    where: str = ""


class PreTokenizer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pre-tokenizer that model files name.

    A fork that knows the name keeps what it has. Else the name stands beside one of `like`, which cut alike; where the
    fork has none of these, `enumerator` becomes a kind of its own, with `expressions` as ggml's splitter takes them.
    """

    name: str
    like: list[str] = []
    enumerator: str = ""
    expressions: list[str] = []
    sets: list[str] = []
    """What is set beside the kind where a file names it: statements."""
    cuts: list[str] = []
    """What is set beside the expressions: statements."""
    elsewhere: str = ""
    """Where else the donor asks for the kind, if it does."""


class Builder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The graph builder where builders are structs: its name, its file below `src/models/`, and those of a relative.

    Where each architecture is a class, class and file are named after the architecture.
    """

    name: str
    file: str
    near: str
    near_file: str


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An architecture. `near` names its relatives, the closest first: a hint for places, without other meaning."""

    enumerator: str
    name: str
    rope: str
    near: list[str]
    builder: Builder
    keys: list[Key] = []
    tensors: list[Tensor] = []
    layer: list[Members] = []
    hparams: list[Members] = []
    model: list[Members] = []
    structs: list[Nested] = []
    """Structs that members of the model or of a layer are of."""
    shared: list[str] = []
    """Members of the model that the loader asks for and shared code reads, not the builder."""
    sizes: list[Size] = []
    labels: list[str] = []
    """What the fork's lists of architectures must know: words of `labels.LABELS`."""
    shares_cache_like: str = ""
    """The architecture whose layers without K and V of their own choose the cache that they read in the same way."""
    long_graph: bool = False
    """Whether a graph has more nodes than eight for each tensor."""
    ops: list[Op] = []
    """The functions of ggml that the builder calls."""
    helpers: list[str] = []
    """The graph helpers that the builder calls and that cannot come along."""
    results: list[str] = []
    """The members of the graph's result that the builder reads or sets."""
    result: list[Members] = []
    """Members of the graph's result that only helpers set which come along."""
    names: list[str] = []
    """Other names of the library that the code uses: enumerators and macros."""
    methods: list[Method] = []
    """Functions of `llama_hparams` that the code asks, for trees that lack them."""
    branches: list[Branch] = []
    """What functions of `llama_hparams` that every tree has must say of the architecture."""
    pretokenizers: list[PreTokenizer] = []
    """The pre-tokenizers that files of the architecture name, where not every fork has them."""
    kinds: list[Kind] = []
    reads: list[Read] = []
    """Values that helpers of the graph must read for the architecture."""
    sites: list[Site] = []
    """Shared code that treats the architecture in another way than most."""
    mentions: dict[str, list[str]] = {}
    """What code that is there already has to mention, by part, or it is not the architecture as it is published."""
    defaults: dict[str, str] = {}
    """Why a switch over the architecture, by the name of its function, may leave this one to its default."""
    options: dict[str, bool] = {}
    """What can be chosen with `run --option`; templates ask for it as `spec.options.NAME`."""

    def has_key(self, name: str) -> bool:
        """Whether the loader reads the key `%s.name`."""
        return any(each.name == f"%s.{name}" for each in self.keys)

    def has_member(self, name: str) -> bool:
        """Whether a layer has a tensor of this name as a member."""
        return any(re.search(rf"\b{name}\b", line) for group in self.layer for line in group.declare)


def own_names(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """What marks code as an architecture's own: its enumerator, a pre-tokenizer named after it, its name."""
    enumerator, name = str(raw.get("enumerator", "")), str(raw.get("name", ""))
    short = enumerator.removeprefix("LLM_ARCH_")
    return (enumerator, f"LLAMA_VOCAB_PRE_TYPE_{short}", f'"{name}"', name, name.replace("-", "_")) if name else ()


def naming(name: str) -> dict[str, str]:
    """What a spec calls an architecture whose files name it so: each field, and its value."""
    word = re.sub(r"\W", "_", name).lower()
    return {
        "name": name,
        "enumerator": f"LLM_ARCH_{word.upper()}",
        "builder.name": f"llm_build_{word}",
        "builder.file": f"{word.replace('_', '-')}.cpp",
    }


PARTS = ("hparams", "tensors", "graph")
OPTIONS_OF_RULES = frozenset({"train"})
"""Options that add something to shared code and leave the architecture's own as it is."""


def read(raw: Mapping[str, Any], where: str) -> Spec:
    """The spec. Raises `PackError` that names the field."""
    try:
        spec = msgspec.convert(raw, Spec)
    except msgspec.ValidationError as error:
        raise PackError(str(error), where=where, help="see CONTRIBUTING, 'A new pack'") from error
    for what, advice in _faults(spec):
        raise PackError(what, where=where, help=advice)
    return spec


def _faults(spec: Spec) -> Iterator[tuple[str, str]]:
    """What no tree can make right: names of another kind than their place wants, and words that nobody knows."""
    groups = [("LLM_ARCH_", [spec.enumerator, *spec.near, *filter(None, [spec.shares_cache_like])])]
    groups += [("LLM_KV_", [each.enumerator, *each.near]) for each in spec.keys]
    groups += [("LLM_TENSOR_", [each.enumerator, *each.near]) for each in spec.tensors]
    groups += [("LLAMA_VOCAB_PRE_TYPE_", [each.enumerator]) for each in spec.pretokenizers if each.enumerator]
    groups += [("LLM_TYPE_", [each.enumerator, *each.near]) for each in spec.sizes]
    for prefix, names in groups:
        for name in names:
            if not re.fullmatch(rf"{prefix}\w+", name):
                yield f"{name!r} stands where an enumerator {prefix}... is wanted", "see the packs that are there"
    for each in spec.keys:
        if not each.name.startswith("%s."):
            yield f"the key {each.name!r} does not begin with '%s.'", "%s stands for the architecture's name"
    for word in spec.labels:
        if word not in LABELS:
            yield f"labels does not know {word!r}", f"there are: {', '.join(LABELS)}"
    for part in spec.mentions:
        if part not in PARTS:
            yield f"[mentions] does not know {part!r}", f"there are: {', '.join(PARTS)}"
