"""What stands around an edit: the switch, enum or table that it is in, and the function or type, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Names around a place, the inner ones first (labels, functions, types, tables), and what it is directly in."""

    names: tuple[str, ...]
    kind: Literal["list", "body", "call", "outside"]


_KINDS: dict[str, Literal["list", "body", "call"]] = {
    "enumerator_list": "list",
    "initializer_list": "list",
    "parameter_list": "call",
    "argument_list": "call",
    "compound_statement": "body",
}
_TYPES = {f"{word}_specifier": word for word in ("struct", "class", "enum", "union")}


def surroundings(source: Source, start: int, end: int) -> Surroundings:
    """What is around a span; around an insertion, only what begins before it and ends behind it."""
    names, kinds = [], []
    for node in _around(source, start, end):
        if node.type in _KINDS:
            kinds.append(_KINDS[node.type])
        names += [each for each in (_label(source, node), name_of(source, node)) if each]
    kind = kinds[0] if kinds else "outside"
    if kind == "list" and "body" in kinds:  # a value, not an entry of a table
        kind = "body"
    return Surroundings(tuple(names), kind)


def is_exhaustive(source: Source, offset: int) -> bool:
    """Whether the innermost switch around a place names all its values: it has no default."""
    node = next((each for each in _around(source, offset, offset) if each.type == "switch_statement"), None)
    body = node.child_by_field_name("body") if node is not None else None
    cases = [each for each in body.named_children if each.type == "case_statement"] if body is not None else []
    return bool(cases) and all(each.child_by_field_name("value") is not None for each in cases)


def enclosing_name(source: Source, start: int, end: int) -> str:
    """The outermost function, type or table around a span, as a diff names it; empty where there is none."""
    named = [name for node in _around(source, start, end) if (name := name_of(source, node))]
    return named[-1] if named else ""


def _around(source: Source, start: int, end: int) -> Iterator[Node]:
    node = source.tree.root_node.descendant_for_byte_range(start, max(end, start))
    while node is not None:
        inside = node.start_byte < start and end < node.end_byte if start == end else True
        if inside and node.parent is not None:
            yield node
        node = node.parent


def _label(source: Source, node: Node) -> str:
    value = node.child_by_field_name("value") if node.type == "case_statement" else None
    return source.text(value) if value is not None else ""


def name_of(source: Source, node: Node) -> str:
    """What a function, type or table is called; empty for everything else."""
    if node.type in _TYPES:
        name = node.child_by_field_name("name")
        return f"{_TYPES[node.type]} {source.text(name)}" if name is not None else ""
    if node.type not in ("function_definition", "declaration"):
        return ""
    if node.type == "declaration" and any(each.type == "compound_statement" for each in _parents(node)):
        return ""
    inner = node.child_by_field_name("declarator")
    while inner is not None and inner.type not in ("identifier", "qualified_identifier", "field_identifier"):
        deeper = inner.child_by_field_name("declarator")
        inner = deeper or next((each for each in inner.named_children if "declarator" in each.type), None)
    return source.text(inner) if inner is not None else ""


def _parents(node: Node) -> Iterator[Node]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent
