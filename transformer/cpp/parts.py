"""Parts of a construct: an argument of a call, what an assignment gives a value to."""

from __future__ import annotations

from transformer.cpp import lists
from transformer.cpp.construct import Construct
from transformer.cpp.source import tokens


def is_exactly(construct: Construct, code: str) -> bool:
    """Whether `code` is all that stands in a construct, token by token."""
    return construct.tokens == tokens(code)


def argument(call: Construct, index: int) -> Construct:
    """An argument of a call; negative numbers count from the last."""
    node = call.node.child_by_field_name("arguments")
    given = lists.items(node) if node is not None else []
    if not -len(given) <= index < len(given):
        raise call.missing(f"argument {index}")
    return call.rename(given[index], f"argument {call.source.text(given[index])} of {call.name}")


def target(statement: Construct) -> str:
    """What an assignment, or the declaration of one variable, gives a value to; nothing for other statements."""
    if statement.variables:
        return statement.variables[0] if len(statement.variables) == 1 else ""
    node = statement.node.named_children[0] if statement.node.named_children else statement.node
    left = node.child_by_field_name("left") if node.type == "assignment_expression" else None
    return statement.source.text(left) if left is not None else ""
