"""Syntax nodes that are read again and again: each reads its parts once, and knows its text without blanks."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp.tokens import SEP, tokens

if TYPE_CHECKING:
    from tree_sitter import Node

    from transformer.cpp.source import Source


_CHANGES = re.compile(rb"(?<![=!<>])=(?!=)|\+\+|--|&(?!&)")
_CHANGED = {"assignment_expression": "left", "update_expression": "argument", "pointer_expression": "argument"}
"""What changes a variable or hands it out, and which part of it the variable is."""


class Syntax:
    """A node of a syntax tree, without the comments below it."""

    def __init__(self, source: Source, node: Node) -> None:
        self._source = source
        self._node = node
        self.type = node.type
        self.is_named = node.is_named
        self.start = node.start_byte
        self.end = node.end_byte

    @cached_property
    def text(self) -> str:
        """The text without blanks and comments."""
        return tokens(self._source.text(self._node)).replace(SEP, "")

    @cached_property
    def _parts(self) -> list[tuple[str | None, Syntax]]:
        """Each part with its role."""
        nodes = enumerate(self._node.children)
        parts = ((n, Syntax(self._source, each)) for n, each in nodes if each.type != "comment")
        return [(self._node.field_name_for_child(n), each) for n, each in parts]

    @cached_property
    def children(self) -> list[Syntax]:
        """All parts, signs as well."""
        return [each for _, each in self._parts]

    @cached_property
    def named(self) -> list[Syntax]:
        """The parts that are no signs."""
        return [each for each in self.children if each.is_named]

    def field(self, name: str) -> Syntax | None:
        """The first part that has this role."""
        return next((each for role, each in self._parts if role == name), None)

    def fields(self, name: str) -> list[Syntax]:
        """The parts that have this role."""
        return [each for role, each in self._parts if role == name]

    @cached_property
    def all(self) -> list[Syntax]:
        """The node itself and everything below it."""
        return [self, *(below for each in self.children for below in each.all)]

    @cached_property
    def names(self) -> frozenset[str]:
        """The identifiers in here."""
        if self.type == "identifier":
            return frozenset([self.text])
        return frozenset().union(*(each.names for each in self.children if each.is_named))

    @cached_property
    def changed(self) -> frozenset[str]:
        """The variables that something in here assigns, counts or hands out by their address."""
        start, found = self._node.start_byte, set()
        for sign in _CHANGES.finditer(self._node.text or b""):
            node = self._node.descendant_for_byte_range(start + sign.start(), start + sign.end())
            whole = node.parent if node is not None else None
            role = _CHANGED.get(whole.type) if whole is not None else None
            target = whole.child_by_field_name(role) if whole is not None and role is not None else None
            if target is not None:
                found.add(tokens(self._source.text(target)).replace(SEP, ""))
        return frozenset(found)

    def holds(self, kind: str) -> bool:
        """Whether there is a node of a type in here."""
        return any(each.type == kind for each in self.all)

    @property
    def name(self) -> str:
        """Of a declarator, the name in it."""
        from_field = self.field("declarator") or next(
            (n for n in self.named if n.type.endswith(("declarator", "identifier"))), None
        )
        return self.text if self.type.endswith("identifier") or from_field is None else from_field.name
