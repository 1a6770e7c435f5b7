"""Control flow: blocks, ifs and their chains, and what may be added to each."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp.expression import Condition
from transformer.cpp.layout import above, below, into
from transformer.cpp.statement import Place, Statement
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from tree_sitter import Node


class Block(Place, nodes=("compound_statement", "case_statement")):
    """Statements in braces, or those under a case label."""

    @property
    def _is_case(self) -> bool:
        return self.node.type == "case_statement"

    def _contents(self) -> list[Node]:
        """What stands in the braces, comments as well; under a label, the statements."""
        if not self._is_case:
            return self.node.named_children
        label = self.node.child_by_field_name("value")
        return [n for n in self.node.named_children if n != label and n.type != "comment"]

    def statements(self) -> list[Statement]:
        """The statements of the block, without comments."""
        inside = [n for n in self.node.named_children if n.type != "comment"]
        return [Statement(self.source, n, f"a statement of {self.name}") for n in inside]

    def append(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines at the end of the block, indented like its last statement.

        Of a case with braces they are the last lines in the braces; a `break` at the end stays behind them.
        """
        if self.holds(code):
            return Satisfied(self.where)
        braces = [n for n in self._contents() if n.type == "compound_statement"] if self._is_case else []
        block = Block(self.source, braces[-1], self.name) if braces else self
        inside = block._contents()
        if not inside:
            return block._fill(code)
        if self._is_case and inside[-1].type == "break_statement":
            return block._changes(above(self.source, inside[-1], code, self.name))
        indent = block._indent_below(inside)
        return block._changes(below(self.source, inside[-1], code, self.name, gap=gap, indent=indent))

    def _fill(self, code: str) -> Changes:
        """Lines in braces that are empty."""
        if self._is_case:
            raise self.missing("statements")
        outer = self.source.indent(self.node.start_byte)
        return self._changes(*into(self.source, self.node, code, self.name, outer=outer))

    def _indent_below(self, inside: list[Node]) -> str:
        """The indentation of a line below the statements of the block: that of the last one with a line of its own."""
        source, outer = self.source, self.source.indent(self.node.start_byte)
        if source.line(inside[-1].start_byte) == source.line(self.node.start_byte):
            return outer
        models = [n for n in inside if not n.type.startswith("preproc_") and source.starts_line(n)]
        return source.indent(models[-1].start_byte) if models else source.deeper(outer)

    def refill(self, code: str) -> Outcome:
        """Other statements in place of all that is in the braces, comments as well; of a case, in its braces."""
        if self._is_case:
            braces = [n for n in self._contents() if n.type == "compound_statement"]
            if not braces:
                raise self.missing("braces")
            return Block(self.source, braces[0], self.name).refill(code)
        source, outer = self.source, self.source.indent(self.node.start_byte)
        text = f"\n{source.reindent(code, source.deeper(outer))}\n{outer}"
        return self._changes(source.edit(self.node.start_byte + 1, self.node.end_byte - 1, text, self.name))


class If(Statement, nodes=("if_statement",)):
    """An if statement, with its `else if` chain."""

    @cached_property
    def condition(self) -> Condition:
        """The condition: what stands between the parentheses."""
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
        """Nothing in place of this branch of a chain: what follows this branch then follows the branch before."""
        clause, body = self.node.parent, self.node.child_by_field_name("consequence")
        if clause is None or clause.type != "else_clause" or body is None:
            raise self.missing("if before it in a chain")
        before = clause.prev_named_sibling
        start = before.end_byte if before is not None and before.type == "compound_statement" else clause.start_byte
        return self._changes(self.source.edit(start, body.end_byte, "", self.name))

    def add_branch(self, condition: str, code: str) -> Outcome:
        """One more `else if` at the end of the chain, in front of a final `else`."""
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
