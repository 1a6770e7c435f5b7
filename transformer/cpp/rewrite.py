"""Other text for expressions, no text for statements, with care for the comments and lines around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformer.cpp.layout import alone, end_of
from transformer.cpp.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tree_sitter import Node

    from transformer.cpp.source import Source
    from transformer.edit import Edit

_GAP = re.compile(rb"(?<! )( +)//")


def swaps(source: Source, nodes: Sequence[Node], code: str, anchor: str) -> list[Edit]:
    """`code` in place of each node; the comments behind them on their lines keep their columns if there is room."""
    edits = [source.edit(node.start_byte, node.end_byte, code, anchor) for node in nodes]
    growth: dict[int, int] = {}
    last: dict[int, int] = {}
    for node in nodes:
        line = source.line_end(node.end_byte)
        growth[line] = growth.get(line, 0) + len(code) - len(source.text(node))
        last[line] = max(last.get(line, 0), node.end_byte)
    for line, grown in growth.items():
        room = _room(source, last[line]) if "\n" not in code else None
        if room is not None and (taken := min(grown, room[1])) > 0:
            edits.append(source.edit(room[0], room[0] + taken, "", anchor))
    return edits


def _room(source: Source, offset: int) -> tuple[int, int] | None:
    """Where the blanks before the line comment behind `offset` begin, and how many blanks can go."""
    for match in _GAP.finditer(source.data, offset, source.line_end(offset)):
        start = match.end() - 2
        node = source.tree.root_node.descendant_for_byte_range(start, start + 1)
        if node is not None and node.type == "comment" and node.start_byte == start:
            return match.start(1), len(match.group(1)) - 1
    return None


def within(source: Source, node: Node, code: str) -> bool:
    """Whether `node` is a part of the expression `code`."""
    parent, wanted = node.parent, tokens(code)
    while parent is not None and (text := tokens(source.text(parent))) and len(text) <= len(wanted):
        if text == wanted:
            return True
        parent = parent.parent
    return False


def removals(source: Source, nodes: Sequence[Node], anchor: str) -> list[Edit]:
    """Nothing in place of statements and the comments right below them; no two empty lines are left."""
    groups: list[list[Node]] = []
    for node in sorted(nodes, key=lambda each: each.start_byte):
        if groups and (_beside(source, groups[-1][-1], node) or _below(source, groups[-1], node)):
            groups[-1].append(node)
        else:
            groups.append([node])
    return [_removal(source, group[0], group[-1], anchor) for group in groups]


def _beside(source: Source, left: Node, right: Node) -> bool:
    between = source.data[end_of(source, left) : right.start_byte]
    return b"\n" not in between and not between.strip()


def _below(source: Source, group: Sequence[Node], node: Node) -> bool:
    next_line = group[-1].end_point[0] + 1 == node.start_point[0]
    return next_line and alone(source, node) and alone(source, group[0], group[-1])


def _removal(source: Source, first: Node, node: Node, anchor: str) -> Edit:
    end = end_of(source, node)
    if not alone(source, first, node):
        rest = source.data[end : source.line_end(end)]
        start = first.start_byte
        if not rest.strip():
            start = len(source.data[:start].rstrip(b" \t"))
        return source.edit(start, end + len(rest) - len(rest.lstrip(b" ")), "", anchor)
    start, stop = source.line_start(first.start_byte), source.below(_last_comment(node, end))
    above = source.data[source.line_start(max(start - 1, 0)) : start].strip()
    if not source.data[stop : source.line_end(stop)].strip() and (not above or above.endswith(b"{")):
        stop = source.line_end(stop)
    return source.edit(start, stop, "", anchor)


def _last_comment(node: Node, end: int) -> int:
    """The end of the comments right below a statement; `end` where the comments belong to what follows."""
    last = node
    while (after := last.next_sibling) is not None and after.type in ("comment", ";"):
        if after.start_point[0] > last.end_point[0] + 1:
            break
        last = after
    follower = last.next_sibling
    own = follower is None or follower.type == "}" or follower.start_point[0] > last.end_point[0] + 1
    return max(last.end_byte, end) if own else end


def wrapped(source: Source, node: Node, head: str, text: str, remark: str, name: str) -> Edit:
    """`head { text }` for a statement and the comment behind it, below a remark."""
    indent, end = source.indent(node.start_byte), _with_comment(source, node)
    behind = source.between(node.end_byte, end)
    lines = (text + behind).split("\n")
    inner = "\n".join(source.unit + line if line and not line.startswith("#") else line for line in lines)
    above = f"// {remark}\n{indent}" if remark else ""
    return source.edit(node.start_byte, end, f"{above}{head} {{\n{indent}{inner}\n{indent}}}", name)


def rewritten(source: Source, node: Node, lines: Callable[[str], str], name: str) -> Edit:
    """The edit that puts in place of a statement and the comment behind it what `lines` makes of both."""
    end = _with_comment(source, node)
    text = source.between(node.start_byte, end)
    code = source.reindent(lines(text), source.indent(node.start_byte)).lstrip()
    return source.edit(node.start_byte, end, code, name)


def _with_comment(source: Source, node: Node) -> int:
    """The end of a statement and of the comment behind it, where nothing else stands there."""
    end = node.end_byte
    behind = source.data[end : source.below(end)]
    return end if source.rest(end) else end + len(behind.rstrip())


def declaration_of(value: Node) -> Node | None:
    """The declaration of local variables of which one is made of an expression; `None` where it is a part of more."""
    holder = value.parent.parent if value.parent is not None and value.parent.type == "init_declarator" else None
    return holder if holder is not None and holder.type == "declaration" else None


def references(source: Source, declaration: Node, name: str, *, aligned: bool = False) -> Iterator[Edit]:
    """Nothing in place of each `&` of a declaration that leaves the type to its value.

    With `aligned`, a `=` that stands in a column with others stays there.
    """
    kind = declaration.child_by_field_name("type")
    for each in declaration.children_by_field_name("declarator"):
        inner = each.child_by_field_name("declarator") or each
        if kind is not None and kind.type == "placeholder_type_specifier" and inner.type == "reference_declarator":
            sign, variable = inner.children[0], inner.children[1]
            tight = not source.data[sign.start_byte - 1 : sign.start_byte].isspace()
            yield source.edit(sign.start_byte, variable.start_byte, " " if tight else "", name)
            if aligned and source.data[variable.end_byte : variable.end_byte + 2].isspace():
                lost = variable.start_byte - sign.start_byte - tight
                yield source.edit(variable.end_byte, variable.end_byte, " " * lost, name)
