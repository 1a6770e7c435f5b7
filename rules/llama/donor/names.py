"""What is known of a donor's names when its code is lifted, and which of them the code was found to use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from transformer.cpp.functions import Parameter


@dataclass
class Used:
    """What the code that was lifted makes use of, in the order in which it was met."""

    keys: dict[str, None] = field(default_factory=dict)
    tensors: dict[str, None] = field(default_factory=dict)
    types: dict[str, None] = field(default_factory=dict)
    layer: dict[str, None] = field(default_factory=dict)
    nested: dict[str, None] = field(default_factory=dict)
    model: dict[str, None] = field(default_factory=dict)
    hparams: dict[str, None] = field(default_factory=dict)
    methods: dict[str, None] = field(default_factory=dict)
    helpers: dict[str, None] = field(default_factory=dict)
    results: dict[str, None] = field(default_factory=dict)
    ops: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    mended: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Names:
    """What is known of the donor's names when its code is lifted."""

    keys: Mapping[str, str]
    """Enumerator to the name of a key."""
    layer: frozenset[str]
    model: frozenset[str]
    bare: frozenset[str]
    """Those members of the model that a bare name means: not what every model has, nor what the graph context has."""
    hparams: frozenset[str]
    factors: frozenset[str]
    """Those members for scales of quantized weights that hold factors of the architecture's own."""
    scales: frozenset[str]
    """Members that hold the scales of quantized weights, which the donor's generic loader reads."""
    applied: frozenset[str]
    """Those of them that the builder itself multiplies with."""
    helpers: Mapping[str, Sequence[tuple[Parameter, ...]]]
    """Graph helpers to the parameter lists of their overloads."""
    inputs: frozenset[str]
    """The classes of inputs that the graph context declares."""
    arities: Mapping[str, int]
    """Operations of ggml to how many arguments they take."""
    biases: bool
    """Whether `wq_b` and its like are biases in this architecture."""
    newer: Mapping[str, Mapping[str, str]]
    """What the donor calls by an older name, to the newer one: `hparams`, `methods`, `layer`, `model`, `result`."""
    texts: Mapping[str, str]
    """Macros of the donor that stand for a text, and the text in its quotes: other trees do not have all of them."""
    own: str
    """The enumerator of the architecture: tests for it are always true in its own code."""
