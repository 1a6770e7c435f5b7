"""What a draft holds: one architecture as it was read from a donor."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import Kind, PreTokenizer, Read


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a draft comes from: repository, revision, the files that were read, and their licence."""

    repository: str
    revision: str
    files: tuple[str, ...]
    licence: str


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor: enumerator, name in the file, layer class and operation."""

    enumerator: str
    name: str
    layer: str
    op: str
    near: str


@dataclass(frozen=True, slots=True)
class Member:
    """A data member: its declaration, and the members in front of it, the nearest first."""

    name: str
    declare: str
    near: tuple[str, ...]
    other: tuple[str, ...] = ()
    """Other names for it in older trees."""


@dataclass(frozen=True, slots=True)
class Size:
    """A size label: enumerator, text, and the number of layers where that alone decides (else 0)."""

    enumerator: str
    text: str
    layers: int
    near: str


@dataclass(frozen=True, slots=True)
class Method:
    """A member function of `llama_hparams`: its declaration and its definition, as templates."""

    name: str
    declare: str
    define: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a function of `llama_hparams` that every tree has, and the member that it asks for."""

    function: str
    member: str
    code: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place of shared code: the function, whether a label or a condition, and the others that stand there."""

    file: str
    function: str
    kind: str
    beside: tuple[str, ...]
    where: str
    code: str = ""
    """The whole statement, where the architecture stands alone."""
    around: tuple[str, ...] = ()
    """The conditions and labels under which it is reached."""
    others: str = ""
    """What all others do in its place; empty where it comes in addition."""
    behind: str = ""
    """The statement right behind it, where it comes in addition."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One architecture, in the words of the family."""

    name: str
    enumerator: str
    title: str
    rope: str
    near: tuple[str, ...]
    builder: str
    file: str
    keys: tuple[tuple[str, str, str], ...]
    tensors: tuple[Tensor, ...]
    layer: tuple[Member, ...]
    model: tuple[Member, ...]
    shared: tuple[str, ...]
    """Those that the loader asks for and shared code reads, not the builder."""
    structs: tuple[tuple[str, str], ...]
    """Structs that members are of: name and definition."""
    hparams: tuple[Member, ...]
    sizes: tuple[Size, ...]
    labels: tuple[str, ...]
    long_graph: bool
    shares_cache_like: str
    methods: tuple[Method, ...]
    branches: tuple[Branch, ...]
    ops: tuple[tuple[str, int, str], ...]
    """Functions of ggml: name, number of arguments, and where the first call of each stands."""
    helpers: tuple[str, ...]
    results: tuple[str, ...]
    result: tuple[Member, ...]
    """Members of the graph's result that only helpers set which come along."""
    names: tuple[str, ...]
    pretokenizers: tuple[PreTokenizer, ...]
    reads: tuple[Read, ...]
    kinds: tuple[Kind, ...]
    sites: tuple[Site, ...]
    templates: tuple[tuple[str, str], ...]
    """File name to text."""
    dropped: tuple[str, ...]
    mended: tuple[str, ...]
    """What was left out, and where it stood."""
    origin: Provenance
