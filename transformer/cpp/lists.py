"""The one list primitive: it owns commas, comments and alignment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transformer.cpp.source import Source, descendants, unconditional

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from transformer.edit import Edit

_BRANCHES = ("preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "preproc_elifdef")


def items(node: Node) -> list[Node]:
    """The elements of a list in braces or parentheses; those inside `#if` blocks count, comments do not."""
    found: list[Node] = []
    condition = node.child_by_field_name("condition") or node.child_by_field_name("name")
    for child in node.named_children:
        if child.type in _BRANCHES:
            found += items(child)
        elif not child.type.startswith("preproc_") and child.type != "comment" and child != condition:
            found.append(child)
    return found


def add_after(
    source: Source, item: Node, texts: Sequence[str], anchor: str, *, indent: str | None = None
) -> list[Edit]:
    """Edits that put `texts` behind `item`: on lines of their own where the items have theirs, else beside it.

    Behind an item inside `#if` the texts stand below the `#endif`. Where `indent` is given, they have lines
    of their own in any case.
    """
    outer = unconditional(item)
    pad = source.indent(item.start_byte) if indent is None else indent
    lines = f",\n{pad}".join(texts)
    if outer != item:
        return _after_endif(source, outer, pad + lines, anchor)
    comma = _comma_after(item)
    end = _end(source, comma or item)
    if indent is not None and end is None:
        return [source.edit(item.end_byte, item.end_byte, f",\n{pad}{lines}", anchor)]
    if not source.starts_line(item) or end is None:
        return [_beside(source, item, comma, ", ".join(texts), anchor)]
    if comma is not None:
        return [source.insert_lines(source.below(end), pad + lines + ",", anchor)]
    if end == item.end_byte:
        return [source.edit(end, end, f",\n{pad}{lines}", anchor)]
    comma_edit = source.edit(item.end_byte, item.end_byte, ",", anchor)
    return [comma_edit, source.edit(end, end, f"\n{pad}{lines}", anchor)]


def add_before(
    source: Source, item: Node, texts: Sequence[str], anchor: str, *, indent: str | None = None
) -> list[Edit]:
    """Edits that put `texts` in front of `item`: on lines of their own where the items have theirs, else beside it.

    Lines of their own are indented by `indent`, else like the line of `item`.
    """
    outer = unconditional(item)
    indent = source.indent(item.start_byte) if indent is None else indent
    if not source.starts_line(outer):
        return [source.edit(item.start_byte, item.start_byte, ", ".join(texts) + ", ", anchor)]
    lines = f",\n{indent}".join(texts)
    return [source.insert_lines(source.line_start(outer.start_byte), f"{indent}{lines},", anchor)]


def add_first(source: Source, node: Node, texts: Sequence[str], anchor: str) -> list[Edit]:
    """Edits that put `texts` into a list without items."""
    start, close = node.start_byte + 1, node.end_byte - 1
    if source.line(start) == source.line(close):
        blank = " " if source.data[node.start_byte : start] == b"{" else ""
        space = "" if source.data[start : start + 1].isspace() else blank
        return [source.edit(start, start, blank + ", ".join(texts) + space, anchor)]
    if source.rest(start):
        return [source.edit(start, start, ", ".join(texts), anchor)]
    indent = source.deeper(source.indent(close) if source.starts_line(node.children[-1]) else "")
    comma = "," if source.data[node.start_byte : start] == b"{" else ""
    return [source.insert_lines(source.below(start), indent + f",\n{indent}".join(texts) + comma, anchor)]


def align(source: Source, row: Node, cells: Sequence[str], rows: Sequence[Node]) -> str:
    """`cells` as a row in braces like `row`: a cell begins in the column of its neighbours, where these share one."""
    models = items(row)
    if not models:
        return "{ " + ", ".join(cells) + " }"
    if row.start_point[0] != row.end_point[0]:
        return _stacked(source, row, cells)
    left = source.column(row.start_byte)
    twins = _neighbours(source, row, rows)
    text = "{" + " " * (source.column(models[0].start_byte) - left - 1)
    for index, cell in enumerate(cells):
        if 0 < index < len(models) and _in_column(twins, index):
            text = text.ljust(source.column(models[index].start_byte) - left)
        text = (text if text.endswith((" ", "{")) else text + " ") + cell + ","
    text = text.removesuffix(",")
    close = source.column(row.end_byte - 1) - left
    blank = " " if close > source.column(models[-1].end_byte) - left else ""
    if _in_column(twins, len(models)):
        text = text.ljust(close - len(blank))
    return text + blank + "}"


def _neighbours(source: Source, row: Node, rows: Sequence[Node]) -> list[list[tuple[int, int]]]:
    """For `row` and the rows near it: where each cell and the closing brace begin, and where the cell before ends."""
    place = next((index for index, each in enumerate(rows) if each == row), 0)
    near = [row, *rows[max(place - 4, 0) : place], *rows[place + 1 : place + 5]]
    found = []
    for each in near:
        cells = items(each) if each.type == row.type and each.start_point[0] == each.end_point[0] else []
        left = source.column(each.start_byte)
        starts = [source.column(cell.start_byte) - left for cell in cells] + [source.column(each.end_byte - 1) - left]
        found.append(list(zip(starts, [0, *(source.column(cell.end_byte) - left for cell in cells)], strict=True)))
    return found


def _in_column(rows: list[list[tuple[int, int]]], index: int) -> bool:
    """Whether cell `index` of the first row begins in one column with others, though the cells before differ."""
    start, end = rows[0][index]
    other = [row[index][0] for row in rows[1:] if index < len(row) and row[index][1] != end]
    return start in other or not other


def cells_of(text: str) -> list[str]:
    """The cells of a row that is written as `{a, f(b, c), {d}}`."""
    source = Source("", f"auto row = {text};".encode())
    rows = descendants(source.tree.root_node, "initializer_list")
    return [source.text(each) for each in items(rows[0])] if rows else []


def _stacked(source: Source, row: Node, cells: Sequence[str]) -> str:
    """A row of several lines: a cell stands on a line of its own where the one of `row` does."""
    indent = source.indent(row.end_byte - 1)
    text = "{"
    for index, cell in enumerate(cells):
        model = items(row)[min(index, len(items(row)) - 1)]
        text += f"\n{source.indent(model.start_byte)}" if source.starts_line(model) else " "
        text += cell + ","
    closes = source.starts_line(row.children[-1])
    comma = "," if closes and _comma_after(items(row)[-1]) is not None else ""
    return text.removesuffix(",") + comma + (f"\n{indent}}}" if closes else " }")


def _after_endif(source: Source, outer: Node, lines: str, anchor: str) -> list[Edit]:
    """Lines below an `#if` block; branches that end without a comma get one, and then the lines end without."""
    ends = [branch[-1] for branch in _branches(outer) if branch]
    bare = [each for each in ends if _comma_after(each) is None]
    edits = [source.edit(each.end_byte, each.end_byte, ",", anchor) for each in bare]
    last = "" if bare else ","
    return [*edits, source.insert_lines(source.below(outer.end_byte), lines + last, anchor)]


def _branches(node: Node) -> Iterator[list[Node]]:
    """The items of each branch of an `#if` block; a block inside the block counts as branches of its own."""
    condition = node.child_by_field_name("condition") or node.child_by_field_name("name")
    own: list[Node] = []
    for child in node.named_children:
        if child.type in _BRANCHES:
            yield from _branches(child)
        elif not child.type.startswith("preproc_") and child.type != "comment" and child != condition:
            own.append(child)
    yield own


def _beside(source: Source, item: Node, comma: Node | None, text: str, anchor: str) -> Edit:
    if comma is None:
        return source.edit(item.end_byte, item.end_byte, f", {text}", anchor)
    return source.edit(comma.end_byte, comma.end_byte, f" {text},", anchor)


def _comma_after(item: Node) -> Node | None:
    following = item.next_sibling
    while following is not None and following.type == "comment":
        following = following.next_sibling
    return following if following is not None and following.type == "," else None


def _comment_node(item: Node) -> Node | None:
    """The comment behind an item and its comma, on their line."""
    after = (_comma_after(item) or item).next_sibling
    there = after is not None and after.type == "comment" and after.start_point[0] == item.end_point[0]
    return after if there else None


def comment_of(source: Source, item: Node) -> str:
    """What the comment behind an item says; empty where there is none."""
    node = _comment_node(item)
    return source.text(node).removeprefix("//").strip() if node is not None else ""


def commented(source: Source, item: Node, edits: Sequence[Edit], remark: str) -> list[Edit]:
    """The same edits, of one new line behind `item`, with a comment in the column of that of `item`."""
    node = _comment_node(item)
    text = edits[0].text.decode()
    line = text.rstrip("\r\n")
    if node is None or len(edits) != 1 or line == text or "\n" in line:
        return list(edits)
    column = source.column(node.start_byte)
    made = f"{line.ljust(max(column, len(line) + 1))}// {remark}{text[len(line) :]}"
    return [replace(edits[0], text=made.encode())]


def _end(source: Source, node: Node) -> int | None:
    """The end of the comments behind `node` on the same line; `None` where something else follows on that line."""
    last = node
    while (after := last.next_sibling) is not None and after.start_point[0] == last.end_point[0]:
        if after.type != "comment":
            return None
        last = after
    return source.content_end(last.end_byte) if last != node else node.end_byte
