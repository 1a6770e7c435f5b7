"""An architecture as these tests see it: tiny models, what they must compute, and the mistakes that ports of it make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from e2e.mistakes import Mistake, added
from rules.llama.oracle.rounding import ATTENTION, ROUNDING, exact
from rules.llama.oracle.storing import Kind, Tensors


class Model(Protocol):
    """A model file: a shape, and the type of its weights."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def shape(self) -> str: ...
    @property
    def variant(self) -> Any: ...


@dataclass(frozen=True, eq=False)
class Subject:
    """What a pack's oracle offers. `model` makes a computation of hyperparameters, tensors and roundings."""

    arch: str
    variants: Mapping[str, Any]
    models: Sequence[Any]
    steps: int
    tensors: Callable[[Any], Tensors]
    rounded: Callable[[Tensors, Kind], Tensors]
    model: Callable[..., Any]
    golden: Callable[[str, Kind], np.ndarray]
    write: Callable[[Path, Any, Tensors, Kind], None]
    checked: Callable[[Any, Path], Path]
    mistakes: Sequence[Mistake]

    def ids(self, shape: str) -> np.ndarray:
        """The prompt, then the tokens that are decoded one by one."""
        return np.concatenate(self.variants[shape].prompt())

    def reference(self, shape: str, kind: Kind, flash: bool = False, kept: Kind = "f32") -> np.ndarray:
        """What a file of this kind computes: from transformers, or where Q8_0 rounds from the numpy model."""
        if "q8_0" not in (kind, kept):
            return self.golden(shape, kind)
        return _imitated(self, shape, kind, flash, kept)

    def imitation(self, shape: str, kind: Kind, flash: bool = False, kept: Kind = "f32") -> Any:
        """The model in numpy, rounding as such a file and such a cache do; where none is Q8_0, activations are exact."""
        tensors = self.rounded(self.tensors(self.variants[shape]), kind)
        rounding = ROUNDING[kind] if "q8_0" in (kind, kept) else exact
        return self.model(self.variants[shape], tensors, rounding=rounding, attention=ATTENTION[flash, kept])

    def planted(self, mistake: Mistake, shape: str) -> tuple[Any, Tensors]:
        """Hyperparameters and tensors with a mistake in them."""
        variant = self.variants[shape]
        changed = {name: mistake.tensor(variant, name, tensor) for name, tensor in self.tensors(variant).items()}
        return mistake.variant(variant), changed

    def mistaken(self, mistake: Mistake, shape: str, kind: Kind, flash: bool, kept: Kind) -> np.ndarray:
        """What a build with the mistake would give."""
        variant, tensors = self.planted(mistake, shape)
        rounding, attention = ROUNDING[kind], ATTENTION[flash, kept]
        make = mistake.model or self.model
        return make(variant, self.rounded(tensors, kind), rounding=rounding, attention=attention).logits(self.ids(shape))

    def effects(self, shape: str) -> dict[str, np.ndarray]:
        """What each mistake that shows in this shape adds to the logits, in exact arithmetic."""
        return _effects(self, shape)


@cache
def _imitated(subject: Subject, shape: str, kind: Kind, flash: bool, kept: Kind) -> np.ndarray:
    return np.asarray(subject.imitation(shape, kind, flash, kept).logits(subject.ids(shape)))


@cache
def _effects(subject: Subject, shape: str) -> dict[str, np.ndarray]:
    variant, ids = subject.variants[shape], subject.ids(shape)
    right = subject.model(variant, subject.tensors(variant)).logits(ids)
    seen = [mistake for mistake in subject.mistakes if mistake.shows_in(shape)]
    wrong = {each.name: (each.model or subject.model)(*subject.planted(each, shape)).logits(ids) for each in seen}
    return added(right, wrong)
