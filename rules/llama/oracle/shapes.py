"""The model files of a pack that has one for each shape and type of weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from ..proof import Sample
from .recorded import TABLES, Recorded
from .storing import Kind


class Shape(Protocol):
    """What a shape of a pack must have."""

    @property
    def name(self) -> str:
        """Its name."""

    def prompt(self) -> tuple[np.ndarray, np.ndarray]:
        """Tokens that are read at once, and tokens that are decoded one by one."""


S = TypeVar("S", bound=Shape)


@dataclass(frozen=True)
class Model(Generic[S]):
    """One model file: a shape, and the type of its weights."""

    variant: S
    kind: Kind

    @property
    def shape(self) -> str:
        """The name of the shape."""
        return self.variant.name

    @property
    def name(self) -> str:
        """Shape and kind."""
        return f"{self.shape}-{self.kind}"


@dataclass(frozen=True)
class Files(Generic[S]):
    """How the files of a pack are written, and what they must be: each is checked against the recorded digest."""

    stem: str
    store: Callable[[Path, S, Kind], None]
    recorded: Recorded

    def write(self, model: Model[S], folder: Path) -> Path:
        """Write the model's file into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.stem}-{model.name}.gguf"
        self.store(path, model.variant, model.kind)
        return path

    def checked(self, model: Model[S], folder: Path) -> Path:
        """The model's file in the folder, written anew. Raises `VerifyError` where it is not as recorded."""
        return self.recorded.checked(self.write(model, folder), model.name)

    def samples(self, models: Sequence[Model[S]]) -> Sequence[Sample]:
        """One for each file in 32 or 16 bits; what coarser weights round away would hide small mistakes."""
        return [self._sample(model) for model in models if model.kind in TABLES]

    def _sample(self, model: Model[S]) -> Sample:
        prompt, steps = model.variant.prompt()
        return Sample(
            model.shape,
            model.kind.upper(),
            write=partial(self.checked, model),
            ids=np.concatenate([prompt, steps]),
            steps=len(steps),
            want=partial(self.recorded.load, model.shape, model.kind),
        )
