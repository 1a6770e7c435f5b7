"""Eras: where the loader, tensors, builder, declaration and dispatch of an architecture stand in a tree.

A tree holds architectures either as cases in the switches of the model (`cases.py`), or as classes, one per model, that
a factory makes (`classes.py`). Rules and templates ask neither: they speak to one object that follows this protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformer.cpp import Function, Place
    from transformer.outcome import Outcome

Part = Literal["hparams", "tensors", "graph"]
"""What an architecture does: read its hyperparameters, ask for its tensors, build its graph."""


class Era(Protocol):
    """One architecture in one tree: what is there of it, and the outcome that puts there what is not."""

    @property
    def scope_name(self) -> str:
        """What stands before `::` in the definition of the builder, in templates `builder.scope`."""

    @property
    def builder_name(self) -> str:
        """What the struct of the builder and its constructor are called, in templates `builder.name`."""

    def scope(self, part: Part) -> Place | None:
        """The code that does a part for this architecture; `None` where there is none."""

    def sharers(self, part: Part) -> Sequence[str]:
        """The other architectures for which the same code runs."""

    def definition(self) -> Function | None:
        """The constructor of the builder; `None` where it is not there."""

    def text(self, part: Part) -> str:
        """What this tool writes for a part, with the options as they are."""

    def written(self, part: Part) -> bool:
        """Whether what is there of a part holds, token by token, what this tool writes for it."""

    def hparams(self) -> Outcome:
        """The loader reads the hyperparameters."""

    def tensors(self) -> Outcome:
        """The loader asks for the tensors."""

    def builder(self) -> Outcome:
        """The builder is defined."""

    def declaration(self) -> Outcome:
        """The builder, or the class, is declared."""

    def sources(self) -> Outcome:
        """The library is built with it."""

    def dispatch(self) -> Outcome:
        """The model makes it."""

    def layers(self, tensor: str) -> Outcome:
        """Whoever asks for a tensor that now belongs to the layers says a layer."""
