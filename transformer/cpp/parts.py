"""Parts of a construct: an argument of a call, what an assignment gives a value to, a list in braces, a comment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformer.cpp import lists
from transformer.cpp.construct import Construct
from transformer.cpp.faults import require_sound
from transformer.cpp.layout import commented
from transformer.cpp.search import only
from transformer.cpp.source import descendants, tokens
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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


def called(place: Construct, code: str, values: Mapping[str, str]) -> str:
    """`code` with locals called as they are at `place`: for a name that is not seen there, that of the same value."""
    visible = _visible(place)
    for name in values.keys() - {name for each in visible for name in each.variables}:
        own = next((each.variables[0] for each in visible if _is_made_of(each, values[name])), name)
        code = re.sub(rf"(?<![\w.:>\"]){name}\b(?!\")", own, code)
    return code


def _visible(place: Construct) -> list[Construct]:
    """The declarations of the local variables that can be seen at a place, the nearest first."""
    found, node = [], place.node
    while node.parent is not None and node.type != "function_definition":
        before = [each for each in node.parent.named_children if each.end_byte <= node.start_byte]
        found += [each for each in reversed(before) if each.type == "declaration"]
        node = node.parent
    return [place.rename(each, place.name) for each in found]


def _is_made_of(local: Construct, value: str) -> bool:
    declarators = local.node.children_by_field_name("declarator")
    if len(declarators) != 1 or not any(map(declarators[0].child_by_field_name, ("value", "parameters"))):
        return False
    return [tokens(each) for each in local.initial()] == [tokens(value)]


def callee(construct: Construct) -> str:
    """What the first call in a construct calls."""
    calls = descendants(construct.node, "call_expression")
    function = min(calls, key=lambda each: each.start_byte).child_by_field_name("function") if calls else None
    if function is None:
        raise construct.missing("call")
    return construct.source.text(function)


def add_to_list(construct: Construct, entries: Sequence[str]) -> Outcome:
    """What is missing of some entries, at the end of the one list in braces of a construct."""
    found = [each for each in descendants(construct.node, "initializer_list") if lists.items(each)]
    node = only([construct.rename(n, f"the list of {construct.name}") for n in found], "list", construct.where).node
    given = lists.items(node)
    known = {tokens(construct.source.text(each)) for each in given}
    wanted = [each for each in entries if tokens(each) not in known]
    if not wanted:
        return Satisfied(construct.where)
    require_sound(construct.source, node, construct.name, [node.start_byte])
    done = (construct.where,) if len(wanted) < len(entries) else ()
    return Changes(tuple(lists.add_after(construct.source, given[-1], wanted, construct.name)), done)


def without_comment(statement: Construct) -> Outcome:
    """Nothing in place of the comment right above a statement."""
    source, node = statement.source, statement.node
    first = commented(source, node)
    if first == node:
        return Satisfied(statement.where)
    require_sound(source, node, statement.name, [node.start_byte])
    start, end = source.line_start(first.start_byte), source.line_start(node.start_byte)
    return Changes((source.edit(start, end, "", statement.name),))
