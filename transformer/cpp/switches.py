"""Switches: their cases, the groups that run on into each other, and what may be added."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp.blocks import Block
from transformer.cpp.layout import commented
from transformer.cpp.macros import require_visible
from transformer.cpp.source import unconditional
from transformer.cpp.statement import Statement
from transformer.cpp.tokens import SEP, tokens
from transformer.outcome import Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from transformer.edit import Edit


class Switch(Statement, nodes=("switch_statement",)):
    """A switch statement."""

    @cached_property
    def subject(self) -> str:
        """What the switch is over, without blanks and comments."""
        node = self.node.child_by_field_name("condition")
        return tokens(self.source.text(node)[1:-1]).replace(SEP, "") if node is not None else ""

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

    def _require_visible(self, label: str) -> None:
        """Raises `AnchorError` where another label may be this one without showing it."""
        found = (case.child_by_field_name("value") for case in self.cases.values())
        require_visible(self.source, (each for each in found if each is not None), [label], self.name)

    def case(self, label: str) -> Block:
        """The statements that run for `label`: those under it, or under the next label where none stand there."""
        return Block(self.source, self._owner(label), f"case {label} of {self.name}")

    def sharers(self, label: str) -> list[str]:
        """The other labels for which the same statements run."""
        owner = self._owner(label)
        return [each for each in self.cases if each != label and self._owner(each) == owner]

    def run(self, label: str) -> list[Block]:
        """The statements that run for `label`, case by case: where control runs on, the next one's as well."""
        nodes = list(self.cases.values())
        start = end = nodes.index(self._owner(label))
        while end + 1 < len(nodes) and not self._leaves(nodes[end]):
            end += 1
        inside = [each for each in nodes[start : end + 1] if self._body(each)]
        return [Block(self.source, each, f"case {label} of {self.name}") for each in inside]

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
        self._require_visible(label)
        model = self._model(near)
        indent = self.source.indent(model.start_byte)
        lines = f"{indent}case {label}:" + (self._bare(code, indent) if bare else self._braced(model, code, indent))
        return self._changes(self._placed(model, lines))

    def _model(self, near: Sequence[str]) -> Node:
        known = [label for label in near if label in self.cases]
        others = [label for label in self.cases if label != "default"]
        if not known + others:
            raise self.missing("case")
        owner = self._owner((known or others[-1:])[0])
        source = self.source
        if not source.starts_line(owner) and source.line(owner.start_byte) == source.line(self.node.start_byte):
            raise self.missing("case on a line of its own")
        return owner

    def _placed(self, model: Node, lines: str) -> Edit:
        """The new case below the group of `model`; above the group where that runs on into `default`, or has no end."""
        group = self._group(model)
        last = group[-1]
        if last == self.cases.get("default") or not self._leaves(last):
            first = commented(self.source, unconditional(group[0]))
            return self.source.insert_lines(self.source.line_start(first.start_byte), lines, self.name)
        end = last.end_byte
        if unconditional(last) == last and self.source.rest(end):  # more of the switch stands on this line
            blanks = len(self.source.data[end:]) - len(self.source.data[end:].lstrip(b" \t"))
            indent = self.source.indent(last.start_byte)
            return self.source.edit(end, end + blanks, f"\n{lines}\n{indent}", self.name)
        return self.source.insert_lines(self._below(last), lines, self.name)

    def _group(self, model: Node) -> list[Node]:
        """The cases around `model` of which each but the last falls through to the next."""
        nodes = list(self.cases.values())
        start = end = nodes.index(model)
        while start > 0 and not self._leaves(nodes[start - 1]):
            start -= 1
        while end + 1 < len(nodes) and not self._leaves(nodes[end]):
            end += 1
        return nodes[start : end + 1]

    def _leaves(self, case: Node) -> bool:
        """Whether control does not run on behind the statements of a case."""
        inside = self._body(case)
        while inside and inside[-1].type == "compound_statement":
            inside = [n for n in inside[-1].named_children if n.type != "comment"] or inside[:-1]
        if not inside:
            return False
        last = inside[-1]
        jumps = ("break_statement", "return_statement", "continue_statement", "goto_statement", "throw_statement")
        return last.type in jumps or (last.type == "expression_statement" and "abort" in self.source.text(last).lower())

    def _below(self, case: Node) -> int:
        """The line under a case; under the `#endif` for a case inside `#if`."""
        return self.source.below(unconditional(case).end_byte)

    def _bare(self, code: str, indent: str) -> str:
        return "\n" + self.source.reindent(code, self.source.deeper(indent))

    def _braced(self, model: Node, code: str, indent: str) -> str:
        """The body of a case in the style of `model`: with braces or without, beside the label or below it."""
        source = self.source
        block = next((n for n in model.named_children if n.type == "compound_statement"), None)
        if block is None:
            inner = source.deeper(indent)
            return f"\n{source.reindent(code, inner)}\n{inner}break;"
        if source.line(block.start_byte) == source.line(model.start_byte):
            brace, opening = indent, " {"
        else:
            brace = source.indent(block.start_byte)
            opening = f"\n{brace}{{"
        return f"{opening}\n{source.reindent(code, source.deeper(brace))}{self._closing(model, block, brace)}"

    def _closing(self, model: Node, block: Node, brace: str) -> str:
        """The closing brace and the `break` in the style of `model`: in the braces, below them or beside them."""
        behind = self.source.data[block.end_byte : model.end_byte].decode().lstrip(" \t\r")
        if not behind and any(n.type == "break_statement" for n in block.named_children):
            return f"\n{self.source.deeper(brace)}break;\n{brace}}}"
        if behind.startswith("\n"):
            return f"\n{brace}}}\n{self.source.indent(model.named_children[-1].start_byte)}break;"
        return f"\n{brace}}} break;"

    def add_label(self, label: str, *, near: Sequence[str]) -> Outcome:
        """Another label for the statements of the first of `near` that is there."""
        if label in self.cases:
            return Satisfied(self.source.where(self.cases[label].start_byte))
        self._require_visible(label)
        known = [each for each in near if each in self.cases and unconditional(self.cases[each]) == self.cases[each]]
        if not known:
            raise self.missing(f"case {near[0]} outside #if" if near else "case to stand beside")
        model = self.cases[known[0]]
        start, line = model.start_byte, f"{self.source.indent(model.start_byte)}case {label}:"
        if not self.source.starts_line(model):
            return self._changes(self.source.edit(start, start, f"case {label}: ", self.name))
        above = bool(self._body(model)) or bool(self.source.rest(model.end_byte))
        place = self.source.line_start(start) if above else self._below(model)
        return self._changes(self.source.insert_lines(place, line, self.name))

    def _is_line(self, case: Node) -> bool:
        return case.start_point[0] == case.end_point[0]

    def add_line(self, label: str, code: str, *, near: Sequence[str]) -> Outcome:
        """`case label: code` laid out like the first of `near` that is there, else like the last of one line."""
        if label in self.cases:
            return Satisfied(self.source.where(self.cases[label].start_byte))
        self._require_visible(label)
        bodies = {each: node for each, node in self.cases.items() if each != "default" and self._body(node)}
        known = [each for each in near if each in bodies]
        lines = [each for each, node in bodies.items() if self._is_line(node)] or list(bodies)
        if not known + lines:
            raise self.missing(f"case {near[0]}" if near else "case")
        model = bodies[known[0] if known else lines[-1]]
        indent, source = self.source.indent(model.start_byte), self.source
        first = self._body(model)[0].start_byte
        if source.line(first) != source.line(model.start_byte):
            return self._changes(self._placed(model, f"{indent}case {label}:\n{source.deeper(indent)}{code}"))
        column = source.column(first) - source.column(model.start_byte)
        return self._changes(self._placed(model, indent + f"case {label}:".ljust(column - 1) + f" {code}"))
