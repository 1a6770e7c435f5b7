"""Runs of statements: where some code stands in a function, and under which conditions it is reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformer.cpp.names import LOOPS
from transformer.cpp.source import descendants
from transformer.cpp.statement import Place, Statement
from transformer.cpp.tokens import SEP, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from transformer.cpp.blocks import If
    from transformer.cpp.construct import Construct
    from transformer.cpp.functions import Function
    from transformer.cpp.source import Source
    from transformer.outcome import Outcome

BODIES = ("body", "consequence", "alternative")


class Run(Place):
    """Statements that stand one behind the other in a block."""

    def __init__(self, source: Source, nodes: list[Node], name: str) -> None:
        super().__init__(source, nodes[0], name)
        self._last = nodes[-1]

    def exchange(self, code: str) -> Outcome:
        """Other statements in place of all of them, with the indentation of the first."""
        start = self.node.start_byte
        text = self.source.reindent(code, self.source.indent(start)).lstrip()
        return self._changes(self.source.edit(start, self._last.end_byte, text, self.name))


def deciding(function: Function, test: Construct) -> If | None:
    """The `if` whose condition a test is, or is an operand of; `None` where it decides in another way."""
    node = test.node
    while node.parent is not None and node.parent.type in ("binary_expression", "parenthesized_expression"):
        node = node.parent
    return next((each for each in function.ifs() if each.condition.node == node), None)


def innermost(function: Function, parts: Sequence[Construct]) -> If | None:
    """The innermost `if` around all of some parts of a function."""
    first, last = min(each.node.start_byte for each in parts), max(each.node.end_byte for each in parts)
    around = [each for each in function.ifs() if each.node.start_byte <= first and last <= each.node.end_byte]
    return min(around, key=lambda each: each.node.end_byte - each.node.start_byte, default=None)


def heads(construct: Construct) -> list[str]:
    """What must hold in its function for a construct to be reached, from the outside: conditions, labels, loops."""
    found: list[str] = []
    node = construct.node
    while (parent := node.parent) is not None and parent.type != "function_definition":
        if parent.type in ("if_statement", "switch_statement", *LOOPS):
            body = next((each for each in map(parent.child_by_field_name, BODIES) if each is not None), node)
            head = construct.source.between(parent.start_byte, body.start_byte)
            found.append(_blank(head) + (" else" if parent.child_by_field_name("alternative") == node else ""))
        elif parent.type == "case_statement":
            value = parent.child_by_field_name("value")
            found.append(f"case {_blank(construct.source.text(value))}" if value is not None else "default")
        node = parent
    return found[::-1]


def _blank(code: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"//[^\n]*|/\*.*?\*/", "", code, flags=re.S)).strip()


def unit(construct: Construct) -> Construct:
    """A statement, or the `if` of which it is all: the outermost that has nothing else."""
    block = construct.node.parent
    outer = block.parent if block is not None and block.type == "compound_statement" else None
    if block is None or outer is None or outer.type != "if_statement" or outer.child_by_field_name("alternative"):
        return construct
    alone = len([each for each in block.named_children if each.type != "comment"]) == 1
    return unit(Statement(construct.source, outer, construct.name)) if alone else construct


def behind(construct: Construct) -> str:
    """The statement right behind one, as it is written; empty where it is the last of its block."""
    return _beside(construct, "next_named_sibling")


def ahead(construct: Construct) -> str:
    """The statement right in front of one, as it is written; empty where it is the first of its block."""
    return "" if leads(construct) else _beside(construct, "prev_named_sibling")


def _beside(construct: Construct, way: str) -> str:
    node = getattr(construct.node, way)
    while node is not None and node.type == "comment":
        node = getattr(node, way)
    return construct.source.text(node) if node is not None else ""


def leads(construct: Construct) -> bool:
    """Whether a statement is the first of its block."""
    node, block = construct.node, construct.node.parent
    value = block.child_by_field_name("value") if block is not None else None
    inside = [each for each in block.named_children if each.type != "comment" and each != value] if block else []
    return bool(inside) and inside[0] == node


def leading(function: Construct, around: Sequence[str]) -> list[Run]:
    """The first statements that a function comes to under just such conditions and labels."""
    under = [tokens(each) for each in around]
    firsts = (
        Run(function.source, [inside], f"a part of {function.name}")
        for kind in ("compound_statement", "case_statement")
        for block in descendants(function.node, kind)
        for inside in block.named_children
        if inside.type not in ("comment", "compound_statement")
    )
    return [each for each in firsts if leads(each) and _under(each.source, each.node) == under]


def _under(source: Source, node: Node) -> list[str]:
    return [tokens(each) for each in heads(Statement(source, node, ""))]


def runs(function: Construct, code: str, around: Sequence[str]) -> list[Run]:
    """Where statements stand in a function, token by token and one behind the other, under just such conditions."""
    wanted, source = tokens(code), function.source
    under = [tokens(each) for each in around]
    found = []
    for block in (n for kind in ("compound_statement", "case_statement") for n in descendants(function.node, kind)):
        inside = [each for each in block.named_children if each.type != "comment"]
        texts = [source.tokens_of(each) for each in inside]
        for start in range(len(inside)):
            for end in range(start + 1, len(inside) + 1):
                text = SEP.join(texts[start:end])
                if len(text) >= len(wanted):
                    if text == wanted and _under(source, inside[start]) == under:
                        found.append(Run(source, inside[start:end], f"a part of {function.name}"))
                    break
    return found
