"""Control flow: blocks, ifs and their chains, switches, and what may be added to each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from tree_sitter import Node

from transformer.cpp.construct import Construct, deeper, only
from transformer.cpp.source import reindent, tokens, unconditional
from transformer.edit import Edit
from transformer.outcome import Outcome, Satisfied


class Block(Construct):
    """Statements in braces, or those under a case label."""

    def append(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines at the end, with the indentation of the last statement."""
        if self.holds(code):
            return Satisfied(self.where)
        inside = [n for n in self.node.named_children if not (n.type == "case_statement")]
        if not inside:
            raise self.missing("statements")
        return self.rename(inside[-1], self.name).insert_after(code, gap=gap)


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
        """This if and those of its `else if` branches."""
        found: list[If] = [self]
        while (node := found[-1]._else()) is not None and node.type == "if_statement":
            found.append(If(self.source, node, self.name))
        return found

    def _else(self) -> Node | None:
        clause = self.node.child_by_field_name("alternative")
        return clause.named_children[-1] if clause is not None and clause.named_children else None

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
        opening = self._opening(last, indent)
        text = f" else if ({opening}{condition}) {{\n{reindent(code, deeper(indent))}\n{indent}}}"
        return self._changes(self.source.edit(body.end_byte, body.end_byte, text, self.name))

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
        last = self.operands()[-1]
        before = self.source.data[self.source.line_start(last.start_byte) : last.start_byte].decode().strip()
        if before != "||":
            return self._changes(self.source.edit(last.end_byte, last.end_byte, f" || {alternative}", self.name))
        comment = f" // {remark}" if remark else ""
        line = f"{self.source.indent(last.start_byte)}|| {alternative}{comment}"
        return self._changes(self.source.insert_lines(self.source.line_end(last.end_byte), line, self.name))

    def narrow(self, operand: str, guard: str) -> Outcome:
        """`(operand && guard)` in place of one operand of the top-level `||`."""
        if self.holds(f"({operand} && {guard})"):
            return Satisfied(self.where)
        found = [n for n in self.operands() if tokens(self.source.text(n)) == tokens(operand)]
        each = only([self.rename(n, f"{operand} in {self.name}") for n in found], operand, self.where)
        return each.swap(f"({operand} && {guard})")


class Switch(Construct):
    """A switch statement."""

    @property
    def subject(self) -> str:
        """What it switches over."""
        node = self.node.child_by_field_name("condition")
        return self.source.text(node)[1:-1].strip() if node is not None else ""

    @cached_property
    def cases(self) -> dict[str, Node]:
        """Case statements by label; `default` is one of them. Stacked labels are each an entry."""
        body = self.node.child_by_field_name("body")
        found: dict[str, Node] = {}
        stack = list(reversed(body.named_children)) if body is not None else []
        while stack:
            node = stack.pop()
            if node.type == "case_statement":
                value = node.child_by_field_name("value")
                found[self.source.text(value) if value is not None else "default"] = node
            elif node.type.startswith("preproc_"):
                stack += reversed(node.named_children)
        return found

    def case(self, label: str) -> Block:
        """The statements that run for `label`: its own, or those of the label that it falls through to."""
        return Block(self.source, self._owner(label), f"case {label} of {self.name}")

    def _owner(self, label: str) -> Node:
        if label not in self.cases:
            raise self.missing(f"case {label}")
        nodes = list(self.cases.values())
        position = nodes.index(self.cases[label])
        while position + 1 < len(nodes) and not self._body(nodes[position]):
            position += 1
        return nodes[position]

    def _body(self, case: Node) -> list[Node]:
        value = case.child_by_field_name("value")
        return [n for n in case.named_children if n.type != "comment" and n != value]

    def add_case(self, label: str, code: str, *, near: Sequence[str] = (), bare: bool = False) -> Outcome:
        """A case behind the first of `near` that is there, else in front of `default`, else at the end.

        `bare` leaves out the braces and the `break`: `code` leaves the switch by itself.
        """
        if label in self.cases:
            return Satisfied(self.source.where(self.cases[label].start_byte))
        model = self._model(near)
        indent = self.source.indent(model.start_byte)
        lines = f"{indent}case {label}:" + (self._bare(code, indent) if bare else self._braced(model, code, indent))
        return self._changes(self._placed(model, lines, near))

    def _model(self, near: Sequence[str]) -> Node:
        for label in near:
            if label in self.cases:
                return self._owner(label)
        others = [label for label in self.cases if label != "default"]
        if not others:
            raise self.missing("case")
        return self._owner(others[-1])

    def _placed(self, model: Node, lines: str, near: Sequence[str]) -> Edit:
        default = self.cases.get("default")
        if default is not None and model.start_byte == default.start_byte:
            start = self.source.line_start(default.start_byte)
            return self.source.insert_lines(start, lines, self.name)
        return self.source.insert_lines(self._below(model), lines, self.name)

    def _below(self, case: Node) -> int:
        """The line under a case, and under the `#endif` where it is inside `#if`."""
        outer = unconditional(case)
        return self.source.line_end(case.end_byte if outer == case else outer.end_byte - 1)

    def _bare(self, code: str, indent: str) -> str:
        return "\n" + reindent(code, deeper(indent))

    def _braced(self, model: Node, code: str, indent: str) -> str:
        """The body in the brace style of `model`: brace beside the label or below it, `break` beside the brace or not."""
        blocks = [n for n in model.named_children if n.type == "compound_statement"]
        if not blocks:
            return f"\n{reindent(code, deeper(indent))}\n{deeper(indent)}break;"
        beside = self.source.line(blocks[0].start_byte) == self.source.line(model.start_byte)
        brace = indent if beside else self.source.indent(blocks[0].start_byte)
        opening = " {" if beside else f"\n{brace}{{"
        after = self.source.data[blocks[0].end_byte : model.end_byte].decode()
        closing = f"\n{brace}}}" + (f"\n{deeper(indent)}break;" if after.startswith("\n") else " break;")
        return f"{opening}\n{reindent(code, deeper(brace))}{closing}"

    def add_label(self, label: str, *, near: Sequence[str]) -> Outcome:
        """Another label for the statements of the first of `near` that is there."""
        if label in self.cases:
            return Satisfied(self.source.where(self.cases[label].start_byte))
        known = [each for each in near if each in self.cases and unconditional(self.cases[each]) == self.cases[each]]
        if not known:
            raise self.missing(f"case {near[0]} outside #if" if near else "case to stand beside")
        model = self.cases[known[0]]
        line = f"{self.source.indent(model.start_byte)}case {label}:"
        above = bool(self._body(model))
        start = self.source.line_start(model.start_byte) if above else self._below(model)
        return self._changes(self.source.insert_lines(start, line, self.name))

    def add_line(self, label: str, code: str, *, near: Sequence[str]) -> Outcome:
        """`case label: code` on one line, `code` in the column where it stands for the first of `near` that is there (else the last)."""
        if label in self.cases:
            return Satisfied(self.source.where(self.cases[label].start_byte))
        known = [each for each in near if each in self.cases and self._body(self.cases[each])]
        lines = [e for e in self.cases if e != "default" and self.cases[e].start_point[0] == self.cases[e].end_point[0]]
        if not known + lines:
            raise self.missing(f"case {near[0]}")
        model = self.cases[known[0] if known else lines[-1]]
        column = self.source.column(self._body(model)[0].start_byte) - self.source.column(model.start_byte)
        line = self.source.indent(model.start_byte) + f"case {label}:".ljust(column - 1) + f" {code}"
        return self._changes(self.source.insert_lines(self._below(model), line, self.name))
