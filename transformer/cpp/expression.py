"""An expression, the condition of an if among them, and the texts that may stand in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.cpp.names import EXPRESSIONS
from transformer.cpp.rewrite import swaps
from transformer.cpp.search import only
from transformer.cpp.statement import Place
from transformer.cpp.tokens import tokens
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from tree_sitter import Node

    from transformer.cpp.blocks import Block
    from transformer.edit import Edit

_STRONGER = ("binary_expression", "conditional_expression", "unary_expression")  # than `||`, seen from an operand
_WEAKER = ("conditional_expression", "assignment_expression", "comma_expression")  # than `||`


class Expression(Place, nodes=EXPRESSIONS):
    """What has a value: a name, a call, a sum, an argument."""

    def swap(self, code: str) -> Changes:
        """Another text for the expression; a comment behind it on its line keeps its column if there is room."""
        return self._changes(*swaps(self.source, [self.node], code, self.name))

    def alternatives(self) -> Expression:
        """The whole chain of `||` that the expression is an operand of; itself where it is none."""
        node, top = self.node, self.node
        while node.parent is not None and node.parent.type in ("binary_expression", "parenthesized_expression"):
            node = node.parent
            operator = node.child_by_field_name("operator")
            if operator is not None and self.source.text(operator) != "||":
                break
            top = node if operator is not None else top
        return Expression(self.source, top, self.name)

    def guarded(self) -> Block | None:
        """The branch of the `if` whose condition the expression is, or is a part of; `None` where there is none."""
        node = self.node
        while node.parent is not None and node.parent.type != "compound_statement":
            node = node.parent
            if node.type == "if_statement":
                condition, body = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
                if condition is None or body is None or body.type != "compound_statement":
                    return None
                inside = condition.start_byte <= self.node.start_byte < condition.end_byte
                found: Block | None = self.part(body, f"what {self.name} guards") if inside else None
                return found
        return None

    def widen(self, alternative: str) -> Outcome:
        """`|| alternative` behind the expression; in parentheses where it is an operand of another kind."""
        chain, parent = self.alternatives(), self.alternatives().node.parent
        operand = parent is not None and parent.type in _STRONGER
        text = f"{self.text} || {alternative}"
        return self.swap(f"({text})" if operand and chain.node == self.node else text)


class Condition(Expression):
    """The condition of an if."""

    def operands(self) -> list[Node]:
        """The operands of the top-level `||`, in the order of the text."""
        found: list[Node] = []
        stack = [self.node]
        while stack:
            node = stack.pop()
            operator = node.child_by_field_name("operator")
            if node.type == "binary_expression" and operator is not None and self.source.text(operator) == "||":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                stack += [each for each in (right, left) if each is not None]
            else:
                found.append(node)
        return found

    def widen(self, alternative: str, *, remark: str = "") -> Outcome:
        """`|| alternative` at the end, on a line of its own where the other operands have theirs.

        A remark becomes a comment behind it, where each operand has a line to itself.
        """
        if any(self.source.tokens_of(each) == tokens(alternative) for each in self.operands()):
            return Satisfied(self.where)
        if self.node.type in _WEAKER:
            return self.replace(f"({self.text}) || {alternative}")
        return self._changes(self._widened(alternative, remark))

    def _widened(self, alternative: str, remark: str) -> Edit:
        """One more operand, laid out like the last one."""
        source, last = self.source, self.operands()[-1]
        end, indent = last.end_byte, source.indent(last.start_byte)
        in_front = source.data[source.line_start(last.start_byte) : last.start_byte].decode().strip()
        followed = bool(source.rest(end))  # by the `)` of the if, most often
        if in_front == "||" and not followed:
            comment = f" // {remark}" if remark else ""
            return source.insert_lines(source.below(end), f"{indent}|| {alternative}{comment}", self.name)
        if in_front == "||":
            return source.edit(end, end, f"\n{indent}|| {alternative}", self.name)
        if in_front or last == self.node:
            return source.edit(end, end, f" || {alternative}", self.name)
        comment_end = end if followed else source.content_end(source.below(end) - 1)
        if comment_end > end:  # an operator behind a comment would be a part of it
            return source.edit(comment_end, comment_end, f"\n{indent}|| {alternative}", self.name)
        return source.edit(end, end, f" ||\n{indent}{alternative}", self.name)

    def narrow(self, operand: str, guard: str) -> Outcome:
        """`(operand && guard)` in place of one operand of the top-level `||`."""
        if self.holds(f"({operand} && {guard})"):
            return Satisfied(self.where)
        found = [each for each in self.operands() if self.source.tokens_of(each) == tokens(operand)]
        named = [Expression(self.source, each, f"{operand} in {self.name}") for each in found]
        return only(named, operand, self.where).swap(f"({operand} && {guard})")
