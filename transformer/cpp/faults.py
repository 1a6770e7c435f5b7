"""Where the parser could not read: nothing may be concluded from such a function, type or table, or changed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.errors import AnchorError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from transformer.cpp.source import Source

# What holds functions, types and tables: an error in one of them does not concern the others.
_FILE = ("translation_unit", "declaration_list", "namespace_definition", "linkage_specification",
         "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "preproc_elifdef")  # fmt: skip


def require_sound(source: Source, node: Node, name: str, offsets: Iterable[int] = ()) -> None:
    """Raises `AnchorError` with the line of the first syntax error in a node, or in what stands around `offsets`."""
    for each in (node, *(_around(source, offset) for offset in offsets)):
        if each is not None and each.has_error:
            inside = (fault for fault in source.faults if each.start_byte <= fault <= each.end_byte)
            where = source.where(next(inside, each.start_byte))
            raise AnchorError(f"{name} has a syntax error", where=where, help="mend the file, then run again")


def _around(source: Source, offset: int) -> Node | None:
    """The function, type or table that holds a byte."""
    node = source.tree.root_node
    while node.type in _FILE:
        inside = [each for each in node.children if each.start_byte <= offset < each.end_byte]
        if not inside:
            return None
        node = inside[0]
    return node
