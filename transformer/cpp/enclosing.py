"""The lists around an edit: the switch, enum or table that it stands in, with the names there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from transformer.cpp.source import Source


def enclosing_lists(source: Source, spans: list[tuple[int, int]]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """The innermost switch, enum or table around each span: its kind, and its names with their offsets."""
    seen: set[int] = set()
    for start, end in spans:
        node = source.tree.root_node.descendant_for_byte_range(start, max(end - 1, start))
        while node is not None and node.type not in ("switch_statement", "enumerator_list", "initializer_list"):
            node = node.parent
        if node is not None and node.id not in seen:
            seen.add(node.id)
            yield from _names(source, node)


def _names(source: Source, node: Node) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    if node.type == "enumerator_list":
        entries = [n.child_by_field_name("name") for n in node.named_children if n.type == "enumerator"]
        yield "enum", [(source.text(n), n.start_byte) for n in entries if n is not None]
    elif node.type == "switch_statement":
        body = node.child_by_field_name("body")
        cases = [n for n in body.named_children if n.type == "case_statement"] if body is not None else []
        values = [n.child_by_field_name("value") for n in cases]
        yield "switch", [(source.text(n), n.start_byte) for n in values if n is not None]
    else:
        rows = [n.named_children[0] for n in node.named_children if n.type == "initializer_list" and n.named_children]
        yield "table", [(source.text(n), n.start_byte) for n in rows if n.type == "identifier"]
