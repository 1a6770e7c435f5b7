"""What an expression comes to, as far as it is known what some expressions in it are."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformer.cpp.syntax import Syntax


@dataclass(frozen=True, slots=True)
class Open:
    """A value that nothing decides; `by` are the expressions that would."""

    by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Same:
    """A local variable that is another word for an expression."""

    text: str


Value = str | int | Open
"""A constant by its name, a number (0 and 1 are false and true as well), or what is not known."""
Locals = dict[str, Value | Same]
Calls = Callable[[str, list[Value | Same]], Value | None]
"""What a function comes to that is called by its name; `None` where nothing is known of it."""

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "&": operator.and_,
    "|": operator.or_,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_WHOLES = ("identifier", "field_expression", "subscript_expression", "call_expression", "parenthesized_expression",
           "argument_list", "subscript_argument_list")  # fmt: skip
_PATHS = ("identifier", "field_expression", "subscript_expression")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_INTEGER = re.compile(r"(0[xX][\da-fA-F]+|\d+)[uUlL]*")
_WORDS = {"true": 1, "false": 0, "null": 0}


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; `None` where that is open."""
    return bool(value) if isinstance(value, int) else None


def reasons(value: Value) -> frozenset[str]:
    """The expressions that would decide a value."""
    return value.by if isinstance(value, Open) else frozenset([value] if isinstance(value, str) else [])


def joined(one: Value | Same, other: Value | Same, name: str) -> Value | Same:
    """What a variable is where it may be either."""
    if one == other:
        return one
    by = [each.by if isinstance(each, Open) else frozenset([name]) for each in (one, other)]
    return Open(by[0] | by[1])


class Values:
    """The values of expressions; `given` are those of some, by their text without blanks."""

    def __init__(self, given: Mapping[str, str | int], calls: Calls, met: set[str]) -> None:
        self._given = given
        self._calls = calls
        self.met = met
        """The constants that others were compared with."""

    def path(self, node: Syntax, local: Locals) -> str:
        """The text of an expression with what local variables stand for in their place."""
        if node.type not in _WHOLES or node.names.isdisjoint(local):
            return node.text
        if node.type == "identifier":
            known = local[node.text]
            return known.text if isinstance(known, Same) else str(known) if isinstance(known, int) else node.text
        return "".join(self.path(each, local) if each.is_named else each.text for each in node.children)

    def of(self, node: Syntax, local: Locals) -> Value:
        """What an expression comes to."""
        kind = node.type
        if kind in _WORDS:
            return _WORDS[kind]
        if kind == "number_literal":
            number = _INTEGER.fullmatch(node.text)
            return int(number[1], 0 if number[1][:2].lower() == "0x" else 10) if number else self._open(node, local)
        if kind in ("parenthesized_expression", "condition_clause", "cast_expression"):
            inside = node.field("value") or node.named[-1]
            return self.of(inside, local)
        known = local.get(node.text) if kind == "identifier" else None
        if known is not None and not isinstance(known, Same):
            return known
        if kind in _WHOLES and (path := self.path(node, local)) in self._given:
            return self._given[path]
        return self._made(node, local)

    def _made(self, node: Syntax, local: Locals) -> Value:
        match node.type:
            case "binary_expression":
                return self._binary(node, local)
            case "unary_expression":
                inside = node.field("argument")
                value = self.of(inside, local) if inside is not None else self._open(node, local)
                if node.text.startswith("!"):
                    known = truth(value)
                    return Open(reasons(value)) if known is None else int(not known)
                return -value if isinstance(value, int) and node.text.startswith("-") else self._open(node, local)
            case "conditional_expression":
                return self._chosen(node, local)
            case "call_expression":
                return self._called(node, local)
            case "identifier" | "qualified_identifier":
                name = node.text.rpartition("::")[2]
                if _CONSTANT.fullmatch(name):
                    return name
        return self._open(node, local)

    def _binary(self, node: Syntax, local: Locals) -> Value:
        left, right, sign = (node.field(each) for each in ("left", "right", "operator"))
        if left is None or right is None or sign is None:
            return self._open(node, local)
        one, name = self.of(left, local), sign.text
        if name in ("&&", "||"):
            deciding = name == "||"
            if truth(one) is deciding:
                return int(deciding)
            other = self.of(right, local)
            if truth(other) is deciding:
                return int(deciding)
            undecided = [each for each in (one, other) if truth(each) is None]
            return Open(frozenset().union(*map(reasons, undecided))) if undecided else int(not deciding)
        other = self.of(right, local)
        if isinstance(one, str) and isinstance(other, str):
            self.met |= {one, other}
        if name in ("==", "!=") and not isinstance(one, Open) and type(one) is type(other):
            return int((one == other) is (name == "=="))
        if isinstance(one, int) and isinstance(other, int):
            if name in _ARITHMETIC:
                return int(_ARITHMETIC[name](one, other))
            if name in ("/", "%") and one >= 0 and other > 0:
                return one // other if name == "/" else one % other
        found = frozenset().union(*(each.by for each in (one, other) if isinstance(each, Open)))
        return Open(found) if found else self._open(node, local)

    def _chosen(self, node: Syntax, local: Locals) -> Value:
        condition, yes, no = (node.field(each) for each in ("condition", "consequence", "alternative"))
        if condition is None or yes is None or no is None:
            return self._open(node, local)
        asked = self.of(condition, local)
        known = truth(asked)
        if known is not None:
            return self.of(yes if known else no, local)
        one, other = self.of(yes, local), self.of(no, local)
        return one if one == other else Open(reasons(asked))

    def _called(self, node: Syntax, local: Locals) -> Value:
        called, listed = node.field("function"), node.field("arguments")
        if called is None or listed is None:
            return self._open(node, local)
        given = listed.named
        if called.text.startswith("static_cast<") and len(given) == 1:
            return self.of(given[0], local)
        if called.type != "identifier":
            return self._open(node, local)
        found = self._calls(called.text, [self.worth(each, local) for each in given])
        return self._open(node, local) if found is None else found

    def worth(self, node: Syntax, local: Locals) -> Value | Same:
        """What a variable is that is made of an expression: its value, or another word for it."""
        inner = node
        while inner.type in ("cast_expression", "parenthesized_expression") and inner.named:
            inner = inner.named[-1]
        value, own = self.of(inner, local), local.get(inner.text)
        another = inner.type in _PATHS and not isinstance(value, str) and (own is None or isinstance(own, Same))
        return Same(self.path(inner, local)) if another else value

    def _open(self, node: Syntax, local: Locals) -> Open:
        return Open(frozenset([self.path(node, local)]))
