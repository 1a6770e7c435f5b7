"""A scope: a construct in which others are searched, and the changes that concern many places of it at once."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp import lists
from transformer.cpp.construct import Construct
from transformer.cpp.faults import require_sound
from transformer.cpp.names import EXPRESSIONS, HEADS, declares, last_name, variables
from transformer.cpp.rewrite import declaration_of, references, removals, swaps, within
from transformer.cpp.search import first, only
from transformer.cpp.source import around, descendants
from transformer.cpp.tokens import SEP, among, tokens
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tree_sitter import Node

    from transformer.cpp.blocks import If
    from transformer.cpp.call import Call
    from transformer.cpp.expression import Expression
    from transformer.cpp.statement import Statement
    from transformer.cpp.switches import Switch


class Scope(Construct):
    """A construct that holds others: a file, a function, a block, a statement, an expression."""

    def _around(self, kinds: Collection[str], word: str) -> list[Node]:
        """Nodes of some types in the scope that have a word in them, in the order of the text."""
        return sorted(around(self.source, self.node, kinds, word), key=lambda each: (each.start_byte, -each.end_byte))

    def switches(self) -> list[Switch]:
        """All switches in the scope, in the order of the text."""
        return self._switches

    @cached_property
    def _switches(self) -> list[Switch]:
        return [self.part(n, f"a switch of {self.name}") for n in self._around(("switch_statement",), "switch")]

    def switch(self, subject: str) -> Switch:
        """The switch whose condition ends with `subject` (`arch` finds `model->arch` as well)."""
        pattern = re.compile(rf"(?:^|\W){re.escape(subject)}\W*$")
        found, seen = [s for s in self.switches() if pattern.search(s.subject)], [s.subject for s in self.switches()]
        return only(found, f"switch ({subject}) of {self.name}", self.where, seen).sound()

    def ifs(self) -> list[If]:
        """All if statements in the scope, in the order of the text."""
        return self._ifs

    @cached_property
    def _ifs(self) -> list[If]:
        return [self.part(n, f"an if of {self.name}") for n in self._around(("if_statement",), "if")]

    def if_on(self, condition: str) -> If:
        """The if whose condition holds the tokens of `condition`."""
        found = [each for each in self.ifs() if each.condition.holds(condition)]
        return only(found, f"if ({condition}) of {self.name}", self.where).sound()

    def calls(self, function: str, *identifiers: str) -> list[Call]:
        """Calls of `function` (`a.b(...)` and `a->b(...)` count as calls of `b`) that mention the identifiers."""
        found: list[Call] = []
        for node in self._around(("call_expression",), identifiers[0] if identifiers else function):
            callee = node.child_by_field_name("function")
            if callee is not None and self.source.text(last_name(callee)) == function:
                found.append(self.part(node, f"{function}() in {self.name}"))
        return [each for each in found if each.mentions(*identifiers)]

    def call(self, function: str, *identifiers: str) -> Call:
        """The first call of `function` in the scope that mentions the identifiers."""
        what = f"call of {function}" + (f" with {', '.join(identifiers)}" if identifiers else "")
        return first(self.calls(function, *identifiers), what, self)

    def first_call(self) -> Call:
        """The first call in the scope, of whatever function."""
        found = descendants(self.node, "call_expression")
        if not found:
            raise self.missing("call")
        call: Call = self.part(min(found, key=lambda each: each.start_byte), f"the first call in {self.name}")
        return call

    def expressions(self, code: str) -> list[Expression]:
        """The places in the scope where the expression `code` stands, token by token."""
        wanted = tokens(code)
        first, size = wanted.split(SEP)[0].encode(), len(code.encode())
        found = [
            node
            for node in self._around(EXPRESSIONS, wanted.split(SEP)[0])
            if self.source.data.startswith(first, node.start_byte)
            and (node.end_byte - node.start_byte == size or node.type != "identifier")
            and self.source.tokens_of(node) == wanted
            and not declares(node)
        ]
        return [self.part(node, f"{code} in {self.name}") for node in sorted(found, key=lambda n: n.start_byte)]

    def locals(self, name: str) -> list[Statement]:
        """The declaration statements of local variables called `name`; those in the head of a loop or if are none."""
        return [
            self.part(node, f"local {name} of {self.name}")
            for node in self._around(("declaration",), name)
            if node.parent is not None and node.parent.type not in HEADS
            if any(self.source.text(each) == name for each in variables(node))
        ]

    def local(self, name: str) -> Statement:
        """The one declaration statement of the local variable `name`."""
        return only(self.locals(name), f"local {name} of {self.name}", self.where)

    def loops(self, over: str) -> list[Statement]:
        """The range-based and counting loops whose head holds the tokens of `over`."""
        found: list[Statement] = []
        for node in self._around(("for_range_loop", "for_statement"), "for"):
            body = node.child_by_field_name("body")
            head = self.source.live[node.start_byte : body.start_byte if body else node.end_byte].decode()
            if among(tokens(over), tokens(head)):
                found.append(self.part(node, f"the loop over {over} of {self.name}"))
        return found

    def replace_each(self, old: str, new: str, *, by_value: bool = False) -> Outcome:
        """`new` for each place where the expression `old` stands; satisfied where only `new` is left.

        With `by_value`, a local variable that is an `auto &` to it becomes a value: `new` is none that stays.
        """
        found = [each.node for each in self.expressions(old) if not within(self.source, each.node, new)]
        if not found:
            if self.holds(new):
                return Satisfied(self.where)
            raise self.missing(f"expression {old}")
        held = [node for node in map(declaration_of, found) if node is not None] if by_value else []
        values = [edit for node in held for edit in references(self.source, node, self.name, aligned=True)]
        return self._changes(*swaps(self.source, found, new, self.name), *values)

    def remove_each(self, statements: Iterable[Construct]) -> Outcome:
        """Nothing in place of some statements and the comments right below them; satisfied where there are none.

        No two empty lines are left.
        """
        edits = removals(self.source, [each.node for each in statements], self.name)
        return self._changes(*edits) if edits else Satisfied(self.where)

    def add_to_list(self, entries: Sequence[str]) -> Outcome:
        """Those of some entries that are missing, at the end of the one list in braces of the scope."""
        found = [each for each in descendants(self.node, "initializer_list") if lists.items(each)]
        node = only([Construct(self.source, n, f"the list of {self.name}") for n in found], "list", self.where).node
        given = lists.items(node)
        known = {tokens(self.source.text(each)) for each in given}
        wanted = [each for each in entries if tokens(each) not in known]
        if not wanted:
            return Satisfied(self.where)
        require_sound(self.source, node, self.name, [node.start_byte])
        done = (self.where,) if len(wanted) < len(entries) else ()
        return Changes(tuple(lists.add_after(self.source, given[-1], wanted, self.name)), done)
