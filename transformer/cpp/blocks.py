"""Control flow: blocks, ifs and their chains, switches, and what may be added to each."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp.construct import Construct
from transformer.cpp.layout import above, below, into
from transformer.cpp.search import only
from transformer.cpp.source import tokens
from transformer.outcome import Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node


class Block(Construct):
    """Statements in braces, or those under a case label."""

    def append(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines at the end, with the indentation of the last statement."""
        if self.holds(code):
            return Satisfied(self.where)
        case = self.node.type == "case_statement"
        label = self.node.child_by_field_name("value") if case else None
        inside = [n for n in self.node.named_children if n != label and (not case or n.type != "comment")]
        blocks = [n for n in inside if n.type == "compound_statement"]
        if case and blocks:
            return Block(self.source, blocks[-1], self.name)._append(code, gap, in_case=True)
        return self._append(code, gap, inside, in_case=case)

    def _append(self, code: str, gap: bool, inside: Sequence[Node] | None = None, *, in_case: bool = False) -> Outcome:
        inside = self.node.named_children if inside is None else inside
        outer = self.source.indent(self.node.start_byte)
        if not inside and self.node.type == "compound_statement":
            return self._changes(*into(self.source, self.node, code, self.name, outer=outer))
        if not inside:
            raise self.missing("statements")
        last = inside[-1]
        if in_case and last.type == "break_statement":
            return self._changes(above(self.source, last, code, self.name))
        models = [n for n in inside if not n.type.startswith("preproc_") and self.source.starts_line(n)]
        indent = self.source.indent(models[-1].start_byte) if models else self.source.deeper(outer)
        shared = self.source.line(last.start_byte) == self.source.line(self.node.start_byte)
        return self._changes(below(self.source, last, code, self.name, gap=gap, indent=outer if shared else indent))

    def refill(self, code: str) -> Outcome:
        """Other statements in place of all that is in these braces, comments as well."""
        source, outer = self.source, self.source.indent(self.node.start_byte)
        text = f"\n{source.reindent(code, source.deeper(outer))}\n{outer}"
        return self._changes(source.edit(self.node.start_byte + 1, self.node.end_byte - 1, text, self.name))


class If(Construct):
    """An if statement, with its `else if` chain."""

    @cached_property
    def condition(self) -> Condition:
        """What stands between the parentheses."""
        node = self.node.child_by_field_name("condition")
        value = node.child_by_field_name("value") if node is not None else None
        if node is None or value is None:
            raise self.missing("condition")
        return Condition(self.source, value, f"the condition of {self.name}")

    def chain(self) -> list[If]:
        """The if itself and those of its `else if` branches."""
        found: list[If] = [self]
        while (node := found[-1]._else()) is not None and node.type == "if_statement":
            found.append(If(self.source, node, self.name))
        return found

    def _else(self) -> Node | None:
        clause = self.node.child_by_field_name("alternative")
        return clause.named_children[-1] if clause is not None and clause.named_children else None

    def otherwise(self) -> Block | None:
        """The braces of a final `else` right behind this if."""
        node = self._else()
        found = node is not None and node.type == "compound_statement"
        return Block(self.source, node, f"the else of {self.name}") if node is not None and found else None

    def drop(self) -> Outcome:
        """Nothing in place of this branch of a chain: what follows it follows the branch before."""
        clause, body = self.node.parent, self.node.child_by_field_name("consequence")
        if clause is None or clause.type != "else_clause" or body is None:
            raise self.missing("if before it in a chain")
        before = clause.prev_named_sibling
        start = before.end_byte if before is not None and before.type == "compound_statement" else clause.start_byte
        return self._changes(self.source.edit(start, body.end_byte, "", self.name))

    def add_branch(self, condition: str, code: str) -> Outcome:
        """An `else if` at the end of the chain, in front of a final `else`."""
        for each in self.chain():
            if each.condition.holds(condition):
                return Satisfied(each.where)
        last = self.chain()[-1]
        body = last.node.child_by_field_name("consequence")
        if body is None or body.type != "compound_statement":
            raise self.missing("branch in braces")
        indent = self.source.indent(body.end_byte)
        source, opening = self.source, self._opening(last, indent)
        clause = self.node.child_by_field_name("alternative")
        joint = f"\n{indent}" if clause is not None and source.starts_line(clause) else " "
        brace = f"\n{indent}{{" if source.starts_line(body) else " {"
        lines = source.reindent(code, source.deeper(indent))
        text = f"{joint}else if ({opening}{condition}){brace}\n{lines}\n{indent}}}"
        return self._changes(source.edit(body.end_byte, body.end_byte, text, self.name))

    def _opening(self, last: If, indent: str) -> str:
        """What stands between `(` and a condition: some chains put each condition on a line of its own."""
        node = last.condition.node
        return f"\n{self.source.indent(node.start_byte)}" if self.source.starts_line(node) and indent else ""


class Condition(Construct):
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
        """`|| alternative` at the end, on a line of its own where the others have theirs."""
        if any(tokens(self.source.text(each)) == tokens(alternative) for each in self.operands()):
            return Satisfied(self.where)
        source, last = self.source, self.operands()[-1]
        start, end = last.start_byte, last.end_byte
        if self.node.type in ("conditional_expression", "assignment_expression", "comma_expression"):
            return self.replace(f"({self.text}) || {alternative}")
        before = source.data[source.line_start(start) : start].decode().strip()
        if before == "||" and not source.rest(end):
            comment = f" // {remark}" if remark else ""
            line = f"{source.indent(start)}|| {alternative}{comment}"
            return self._changes(source.insert_lines(source.below(end), line, self.name))
        if before == "||":
            return self._changes(source.edit(end, end, f"\n{source.indent(start)}|| {alternative}", self.name))
        if before or len(self.operands()) == 1:
            return self._changes(source.edit(end, end, f" || {alternative}", self.name))
        line = f"\n{source.indent(start)}{alternative}"
        behind = end if source.rest(end) else source.content_end(source.below(end) - 1)
        if behind == end:
            return self._changes(source.edit(end, end, " ||" + line, self.name))
        return self._changes(source.edit(behind, behind, f"\n{source.indent(start)}|| {alternative}", self.name))

    def narrow(self, operand: str, guard: str) -> Outcome:
        """`(operand && guard)` in place of one operand of the top-level `||`."""
        if self.holds(f"({operand} && {guard})"):
            return Satisfied(self.where)
        found = [n for n in self.operands() if tokens(self.source.text(n)) == tokens(operand)]
        each = only([self.rename(n, f"{operand} in {self.name}") for n in found], operand, self.where)
        return each.swap(f"({operand} && {guard})")
