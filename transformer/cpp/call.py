"""A call: the function that it calls, its arguments, and one more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.cpp import lists
from transformer.cpp.expression import Expression
from transformer.cpp.tokens import tokens
from transformer.outcome import Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node


class Call(Expression, nodes=("call_expression",)):
    """A call of a function."""

    @property
    def callee(self) -> str:
        """What is called, with what stands in front of its name: `model.get`."""
        function = self.node.child_by_field_name("function")
        if function is None:
            raise self.missing("callee")
        return self.source.text(function)

    def _given(self) -> list[Node]:
        node = self.node.child_by_field_name("arguments")
        return lists.items(node) if node is not None else []

    def arguments(self) -> list[str]:
        """The arguments of the call, as they are written."""
        return [self.source.text(each) for each in self._given()]

    def argument(self, index: int) -> Expression:
        """One argument of the call, counted from 0; negative numbers count from the last."""
        given = self._given()
        if not -len(given) <= index < len(given):
            raise self.missing(f"argument {index}")
        return Expression(self.source, given[index], f"argument {self.source.text(given[index])} of {self.name}")

    def add_argument(self, code: str, at: int | None = None, between: Sequence[str] = ()) -> Outcome:
        """A new argument of the call: in front of the one in place `at`, else the last one, behind `between`."""
        if tokens(code) in map(tokens, self.arguments()):
            return Satisfied(self.where)
        given, texts = self._given(), [*between, code]
        if not given:
            node = self.node.child_by_field_name("arguments") or self.node
            return self._changes(*lists.add_first(self.source, node, texts, self.name))
        if at is not None and at < len(given):
            return self._changes(*lists.add_before(self.source, given[at], texts, self.name))
        return self._changes(*lists.add_after(self.source, given[-1], texts, self.name))
