"""The one list primitive: it owns commas, comments and alignment."""

from __future__ import annotations

from tree_sitter import Node

from transformer.cpp.source import Source, unconditional
from transformer.edit import Edit


def items(node: Node) -> list[Node]:
    """The elements of a list in braces or parentheses; those inside `#if` blocks count, comments do not."""
    found: list[Node] = []
    for child in node.named_children:
        if child.type.startswith("preproc_"):
            if child.type in ("preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif"):
                found += items(child)
        elif child.type != "comment":
            found.append(child)
    return found


def add_after(source: Source, item: Node, text: str, anchor: str) -> list[Edit]:
    """Edits that put `text` behind `item`: on a line of its own where the items have theirs, else beside it.

    An item inside `#if` is followed behind the `#endif`.
    """
    outer = unconditional(item)
    if outer != item:
        line = source.indent(item.start_byte) + text + ","
        return [source.insert_lines(source.line_end(outer.end_byte - 1), line, anchor)]
    comma = _comma_after(item)
    end = comma.end_byte if comma is not None else item.end_byte
    if not source.starts_line(item):
        return [source.edit(end, end, f" {text}," if comma is not None else f", {text}", anchor)]
    line = source.indent(item.start_byte) + text
    if _ends_line(source, end):
        if comma is not None:
            return [source.insert_lines(source.line_end(end), line + ",", anchor)]
        own_line = source.content_end(end)
        if own_line == end:
            return [source.edit(end, end, ",\n" + line, anchor)]
        return [source.edit(end, end, ",", anchor), source.edit(own_line, own_line, "\n" + line, anchor)]
    return [source.edit(end, end, f" {text}," if comma is not None else f", {text}", anchor)]


def align(source: Source, row: Node, cells: list[str]) -> str:
    """`cells` as a row in braces, each cell and the closing brace in the column that it has in `row`."""
    left = source.column(row.start_byte)
    starts = [source.column(item.start_byte) - left for item in items(row)]
    text = source.data[row.start_byte : items(row)[0].start_byte].decode()
    for index, cell in enumerate(cells):
        pad = text.ljust(starts[index]) if index < len(starts) else text
        text = (pad if pad.endswith((" ", "{")) else pad + " ") + cell + ","
    text = text.removesuffix(",")
    last = source.column(items(row)[-1].end_byte) - left
    close = source.column(row.end_byte - 1) - left
    blank = " " if close > last else ""
    return text.ljust(close) + "}" if len(text) < close else text + blank + "}"


def _comma_after(item: Node) -> Node | None:
    following = item.next_sibling
    while following is not None and following.type == "comment":
        following = following.next_sibling
    return following if following is not None and following.type == "," else None


def _ends_line(source: Source, offset: int) -> bool:
    rest = source.data[offset : source.content_end(offset)].decode().strip()
    return not rest or rest.startswith("//") or (rest.startswith("/*") and rest.endswith("*/"))
