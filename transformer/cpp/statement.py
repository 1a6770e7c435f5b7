"""A place in a body: what may be put beside it, the statement it belongs to, and what may become of a statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformer.cpp import lists
from transformer.cpp.faults import require_sound
from transformer.cpp.layout import above, below, commented, statement
from transformer.cpp.names import LOOPS, variables
from transformer.cpp.rewrite import references, rewritten, wrapped
from transformer.cpp.scope import Scope
from transformer.cpp.tokens import tokens
from transformer.edit import splice
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tree_sitter import Node

    from transformer.cpp.blocks import Block


class Place(Scope):
    """What stands in a body or in a file beside others: a statement, a declaration, or an expression in one."""

    def statement_of(self) -> Statement:
        """The whole statement that the place belongs to; the one in braces where it is a branch without any."""
        return Statement(self.source, statement(self.node), f"the statement of {self.name}")

    def block(self) -> Block:
        """The braces, or the case, that the place stands in."""
        node = self._outwards(("compound_statement", "case_statement"), "block")
        found: Block = self.part(node, f"the block of {self.name}")
        return found

    def loop(self) -> Statement:
        """The innermost loop around the place."""
        found: Statement = self.part(self._outwards(LOOPS, "loop"), f"the loop around {self.name}")
        return found

    def _outwards(self, kinds: tuple[str, ...], what: str) -> Node:
        node = self.node.parent
        while node is not None and node.type not in kinds:
            node = node.parent
        if node is None:
            raise self.missing(f"{what} around it")
        return node

    def body(self) -> Block:
        """The braces of a function, a loop or a branch."""
        for field in ("body", "consequence"):
            node = self.node.child_by_field_name(field)
            if node is not None and node.type == "compound_statement":
                found: Block = self.part(node, f"the body of {self.name}")
                return found
        raise self.missing("body in braces")

    def insert_before(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines above the statement of the place and its comment, with its indentation.

        `gap` leaves an empty line between.
        """
        return self._known(code) or self._changes(above(self.source, self.node, code, self.name, gap=gap))

    def insert_after(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines below the statement of the place (and the comment on its last line), with its indentation.

        `gap` leaves an empty line between.
        """
        return self._known(code) or self._changes(below(self.source, self.node, code, self.name, gap=gap))

    def _known(self, code: str) -> Outcome | None:
        """Satisfied where `code` stands beside the statement of the place already."""
        scope = statement(self.node).parent
        if scope is None:
            return None
        whole = scope.parent is None
        known = self.source.holds(code) if whole else Scope(self.source, scope, self.name).holds(code)
        bare = not tokens(code) and code.strip() in self.source.text(scope)
        return Satisfied(self.where) if known or bare else None

    def swapped(self, swap: Mapping[str, str], *, by_value: bool = False) -> str:
        """The text of the place with expressions replaced; `by_value` makes values of `auto &`."""
        changes = [each.replace(new) for old, new in swap.items() for each in self.expressions(old)]
        edits = [edit for change in changes for edit in change.edits]
        edits += references(self.source, self.node, self.name) if by_value else []
        start, data = self.node.start_byte, self.source.data[: self.node.end_byte]
        return splice(data, sorted(edits, key=lambda edit: edit.start))[start:].decode().replace("\r\n", "\n")

    def adapt_locals(self, code: str, values: Mapping[str, str]) -> str:
        """`code` with the local variables called as they are at this place.

        `values` says of what each local variable of `code` is made. Where none of that name is seen at the place, the
        name of one that is made of the same value is written instead; where there is none, `code` keeps its own name.
        """
        visible = self._visible()
        seen = {name for each in visible for name in each.variables}
        known = {
            name: next((each.variables[0] for each in visible if each.is_made_of(value)), name)
            for name, value in values.items()
            if name not in seen
        }
        return re.sub(r'(?<![\w.:>"])\w+\b(?!")', lambda word: known.get(word[0], word[0]), code)

    @property
    def seen_locals(self) -> list[str]:
        """The local variables that can be seen at the place, the nearest first."""
        return [name for each in self._visible() for name in each.variables]

    def _visible(self) -> list[Statement]:
        """The declarations of the local variables that can be seen at the place, the nearest first."""
        found, node = [], self.node
        while node.parent is not None and node.type != "function_definition":
            before = [each for each in node.parent.named_children if each.end_byte <= node.start_byte]
            found += [each for each in reversed(before) if each.type == "declaration"]
            node = node.parent
        return [Statement(self.source, each, self.name) for each in found]


class Statement(Place, nodes=("declaration", *LOOPS)):
    """A whole statement of a body."""

    @property
    def variables(self) -> list[str]:
        """The variables that the statement declares, where it is a declaration."""
        return [self.source.text(each) for each in variables(self.node)] if self.node.type == "declaration" else []

    @property
    def target(self) -> str:
        """What an assignment, or the declaration of one variable, gives a value to; empty for other statements."""
        if self.variables:
            return self.variables[0] if len(self.variables) == 1 else ""
        node = self.node.named_children[0] if self.node.named_children else self.node
        left = node.child_by_field_name("left") if node.type == "assignment_expression" else None
        return self.source.text(left) if left is not None else ""

    def initial(self) -> list[str]:
        """What a declared variable is made of: the value behind `=`, or what stands in its parentheses or braces."""
        for declarator in self.node.children_by_field_name("declarator"):
            value = declarator.child_by_field_name("value") or declarator.child_by_field_name("parameters")
            if value is not None:
                listed = value.type in ("argument_list", "initializer_list", "parameter_list")
                return [self.source.text(each) for each in (lists.items(value) if listed else [value])]
        raise self.missing("initial value")

    def is_made_of(self, value: str) -> bool:
        """Whether the statement declares one variable, and that from `value`, token by token."""
        declarators = self.node.children_by_field_name("declarator")
        if len(declarators) != 1 or not any(map(declarators[0].child_by_field_name, ("value", "parameters"))):
            return False
        return [tokens(each) for each in self.initial()] == [tokens(value)]

    def rewrite(self, lines: Callable[[str], str]) -> Changes:
        """What `lines` makes of the statement and the comment behind it, in their place and with their indentation."""
        return self._changes(rewritten(self.source, self.node, lines, self.name))

    def wrap(self, head: str, swap: Mapping[str, str] | None = None, *, remark: str = "") -> Outcome:
        """`head { ... }` around the statement, below a remark, with the expressions of `swap` replaced in it."""
        around = self.node.parent.parent if self.node.parent is not None else None
        if around is not None and self.source.tokens_of(around).startswith(tokens(head + "{")):
            return Satisfied(self.where)
        return self._changes(wrapped(self.source, self.node, head, self.swapped(swap or {}), remark, self.name))

    def drop_comment(self) -> Outcome:
        """Nothing in place of the comment right above the statement; satisfied where there is none."""
        first = commented(self.source, self.node)
        if first == self.node:
            return Satisfied(self.where)
        require_sound(self.source, self.node, self.name, [self.node.start_byte])
        start, end = self.source.line_start(first.start_byte), self.source.line_start(self.node.start_byte)
        return Changes((self.source.edit(start, end, "", self.name),))
