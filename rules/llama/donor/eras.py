"""Eras of donors: where a tree that is read from keeps the loader, the tensors and the graph of an architecture.

As with forks (`rules/llama/eras.py`), an architecture is a class of its own (`classes.py`), or a case in each switch of
the model (`cases.py`). Whoever drafts asks neither: they speak to the objects that follow these protocols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from transformer.cpp import Construct, If, Place, Statement, Struct
    from transformer.cpp.functions import Function

    from ..eras import Part
    from .draft import Member
    from .words import Lifter


class Home(Protocol):
    """One architecture in a donor: its code, and what that code is called in templates."""

    @property
    def builder(self) -> str:
        """What the struct of the builder is called where builders are structs: no other architecture's is."""

    @property
    def file(self) -> str:
        """The file of the builder, below the folder of the builders."""

    @property
    def graph(self) -> Struct:
        """The struct that builds the graph."""

    @property
    def functions(self) -> Sequence[Function]:
        """The member functions of that struct, in the order of the text."""

    def code(self, part: Part) -> Sequence[Place]:
        """What does a part: a function, or a case and those that it runs on into."""

    def statements(self, part: Part, lifter: Lifter) -> str:
        """The statements that do a part, lifted, at the margin. Raises `AnchorError` where they are not all."""

    def named(self, text: str) -> str:
        """Code of the graph with the names of its struct as templates have them."""

    def declared(self, text: str) -> str:
        """The definition of the struct, with its own name and its constructor's as templates have them."""

    def made(self, text: str) -> str:
        """How the builder is made, as a template; empty where it is made in the usual way."""

    def instances(self, text: str) -> Sequence[str]:
        """The explicit instantiations of the struct in a file."""

    def state(self) -> Iterator[Member]:
        """What the model of this architecture holds beside its tensors."""


class Era(Protocol):
    """A donor as a whole."""

    @property
    def known(self) -> Collection[str]:
        """The enumerators of the architectures that it can load."""

    def home(self, enumerator: str) -> Home:
        """One of them. Raises `AnchorError` where its code is not found."""

    def generic(self) -> Sequence[Statement]:
        """The statements that read hyperparameters of all architectures, in front of each one's own."""

    def tests(self) -> Sequence[If]:
        """The conditions among them, those in others as well."""

    def helper(self, name: str) -> tuple[str, Construct]:
        """A helper of the loader: its parameters and its body. Raises `AnchorError` where there is none."""
