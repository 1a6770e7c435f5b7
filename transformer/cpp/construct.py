"""A construct: a syntax node of a file that means something, with a name by which messages speak of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from transformer.cpp.faults import require_sound
from transformer.cpp.tokens import among, longest, tokens
from transformer.errors import AnchorError
from transformer.outcome import Changes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from transformer.cpp.source import Source
    from transformer.edit import Edit

_KINDS: dict[str, type[Construct]] = {}  # the kind of construct that a type of syntax node becomes


class Construct:
    """A syntax node with a name by which messages speak of it."""

    def __init__(self, source: Source, node: Node, name: str) -> None:
        self.source = source
        self.node = node
        self.name = name

    def __init_subclass__(cls, *, nodes: Iterable[str] = ()) -> None:
        """Registers a kind for types of syntax nodes: so a search below all kinds can give an `If` or a `Switch`."""
        _KINDS.update(dict.fromkeys(nodes, cls))

    def part(self, node: Node, name: str) -> Any:
        """The construct for a node in here; its kind is the one that is registered for the type of the node."""
        return _KINDS[node.type](self.source, node, name)

    @property
    def where(self) -> str:
        """The place of the construct as `path:line`."""
        return self.source.where(self.node.start_byte)

    def where_of(self, text: str) -> str:
        """The first place where a text stands in the construct, as `path:line`; else the place of the construct."""
        offset = self.source.live.find(text.encode(), self.node.start_byte, self.node.end_byte)
        return self.source.where(offset) if offset >= 0 else self.where

    def precedes(self, other: Construct) -> bool:
        """Whether the construct starts above another one of the same file."""
        return self.node.start_byte < other.node.start_byte

    @cached_property
    def text(self) -> str:
        """The text of the construct as it is written, with LF line endings."""
        return self.source.text(self.node)

    @cached_property
    def tokens(self) -> str:
        """The text without comments, layout and code that is never compiled."""
        return self.source.tokens_of(self.node)

    def sound(self) -> Self:
        """The construct itself, if it was parsed without an error. Raises `AnchorError` with the line of the error."""
        require_sound(self.source, self.node, self.name)
        return self

    def mentions(self, *identifiers: str) -> bool:
        """Whether each of the identifiers occurs as a token: in a comment or a string it does not."""
        return all(each in self.text and among(each, self.tokens) for each in identifiers)

    def holds(self, code: str) -> bool:
        """Whether `code` stands in the construct, token by token."""
        wanted = tokens(code)
        return longest(wanted) in self.text and among(wanted, self.tokens)

    def is_exactly(self, code: str) -> bool:
        """Whether `code` is all that stands in the construct, token by token."""
        return self.tokens == tokens(code)

    def missing(self, what: str, help: str = "") -> AnchorError:
        """The error that says what the construct does not have."""
        return AnchorError(f"{self.name} has no {what}", where=self.where, help=help)

    def replace(self, code: str) -> Changes:
        """The change that puts another text in place of the construct."""
        return self._changes(self.source.edit(self.node.start_byte, self.node.end_byte, code, self.name))

    def _changes(self, *edits: Edit) -> Changes:
        """The edits. Raises `AnchorError` where one stands in a function, type or table that could not be read."""
        require_sound(self.source, self.node, self.name, (each.start for each in edits))
        return Changes(edits)
