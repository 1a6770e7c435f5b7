"""A construct: a place in a file that means something, the searches that start there, the edits legal there."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Self

from transformer.cpp import lists
from transformer.cpp.faults import require_sound
from transformer.cpp.layout import above, below, statement
from transformer.cpp.names import EXPRESSIONS, HEADS, LOOPS, declares, last_name, variables
from transformer.cpp.rewrite import references, removals, rewritten, swaps, within, wrapped
from transformer.cpp.search import first, only
from transformer.cpp.source import SEP, Source, among, around, longest, tokens
from transformer.edit import splice
from transformer.errors import AnchorError
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tree_sitter import Node

    from transformer.cpp.blocks import Block, If
    from transformer.cpp.switches import Switch
    from transformer.edit import Edit


class Construct:
    """A syntax node with a name by which messages speak of it."""

    def __init__(self, source: Source, node: Node, name: str) -> None:
        self.source = source
        self.node = node
        self.name = name

    @property
    def where(self) -> str:
        """`path:line`."""
        return self.source.where(self.node.start_byte)

    def where_of(self, text: str) -> str:
        """`path:line` of the first place where a text stands in here, else of this construct."""
        offset = self.source.data.find(text.encode(), self.node.start_byte, self.node.end_byte)
        return self.source.where(offset) if offset >= 0 else self.where

    def precedes(self, other: Construct) -> bool:
        """Whether this construct starts above another one of the same file."""
        return self.node.start_byte < other.node.start_byte

    @cached_property
    def text(self) -> str:
        """The text, with LF line endings."""
        return self.source.text(self.node)

    @cached_property
    def tokens(self) -> str:
        """The text without comments and layout."""
        return tokens(self.text)

    def sound(self) -> Self:
        """The construct itself, if it was parsed without an error. Raises `AnchorError` with the line of the error."""
        require_sound(self.source, self.node, self.name)
        return self

    def mentions(self, *identifiers: str) -> bool:
        """Whether each of the identifiers occurs as a token: in a comment or a string it does not."""
        return all(each in self.text and among(each, self.tokens) for each in identifiers)

    def holds(self, code: str) -> bool:
        """Whether `code` stands in here, token by token."""
        wanted = tokens(code)
        return longest(wanted) in self.text and among(wanted, self.tokens)

    def rename(self, node: Node, name: str) -> Construct:
        """A construct for a node of the same file."""
        return Construct(self.source, node, name)

    def missing(self, what: str, help: str = "") -> AnchorError:
        """The error that says what is not in here."""
        return AnchorError(f"{self.name} has no {what}", where=self.where, help=help)

    # searches

    def _around(self, kinds: Collection[str], word: str) -> list[Node]:
        """Nodes of some kinds in here that have a word in them, in the order of the text."""
        return sorted(around(self.source, self.node, kinds, word), key=lambda each: (each.start_byte, -each.end_byte))

    def statements(self) -> list[Construct]:
        """The statements of a body, without comments."""
        return [self.rename(n, f"a statement of {self.name}") for n in self.node.named_children if n.type != "comment"]

    def switches(self) -> list[Switch]:
        """All switches in here, in the order of the text."""
        return self._switches

    @cached_property
    def _switches(self) -> list[Switch]:
        from transformer.cpp.switches import Switch

        found = self._around(("switch_statement",), "switch")
        return [Switch(self.source, node, f"a switch of {self.name}") for node in found]

    def switch(self, subject: str) -> Switch:
        """The switch whose condition ends with `subject` (`arch` finds `model->arch` as well)."""
        pattern = re.compile(rf"(?:^|\W){re.escape(subject)}\W*$")
        found, seen = [s for s in self.switches() if pattern.search(s.subject)], [s.subject for s in self.switches()]
        return only(found, f"switch ({subject}) of {self.name}", self.where, seen).sound()

    def ifs(self) -> list[If]:
        """All if statements in here, in the order of the text."""
        return self._ifs

    @cached_property
    def _ifs(self) -> list[If]:
        from transformer.cpp.blocks import If

        return [If(self.source, n, f"an if of {self.name}") for n in self._around(("if_statement",), "if")]

    def if_on(self, condition: str) -> If:
        """The if whose condition holds the tokens of `condition`."""
        found = [each for each in self.ifs() if each.condition.holds(condition)]
        return only(found, f"if ({condition}) of {self.name}", self.where).sound()

    def calls(self, function: str, *identifiers: str) -> list[Construct]:
        """Calls of `function` (`a.b(...)` and `a->b(...)` count as calls of `b`) that mention the identifiers."""
        found = []
        for node in self._around(("call_expression",), identifiers[0] if identifiers else function):
            callee = node.child_by_field_name("function")
            if callee is not None and self.source.text(last_name(callee)) == function:
                found.append(self.rename(node, f"{function}() in {self.name}"))
        return [each for each in found if each.mentions(*identifiers)]

    def call(self, function: str, *identifiers: str) -> Construct:
        """The first call of `function` in here that mentions the identifiers."""
        what = f"call of {function}" + (f" with {', '.join(identifiers)}" if identifiers else "")
        return first(self.calls(function, *identifiers), what, self)

    def expressions(self, code: str) -> list[Construct]:
        """The places in here where the expression `code` stands, token by token."""
        wanted = tokens(code)
        first, size = wanted.split(SEP)[0].encode(), len(code.encode())
        found = [
            node
            for node in self._around(EXPRESSIONS, wanted.split(SEP)[0])
            if self.source.data.startswith(first, node.start_byte)
            and (node.end_byte - node.start_byte == size or node.type != "identifier")
            and tokens(self.source.text(node)) == wanted
            and not declares(node)
        ]
        return [self.rename(node, f"{code} in {self.name}") for node in sorted(found, key=lambda n: n.start_byte)]

    def locals(self, name: str) -> list[Construct]:
        """The declaration statements of local variables called `name`; those in the head of a loop or if are none."""
        return [
            self.rename(node, f"local {name} of {self.name}")
            for node in self._around(("declaration",), name)
            if node.parent is not None and node.parent.type not in HEADS
            if any(self.source.text(each) == name for each in variables(node))
        ]

    def local(self, name: str) -> Construct:
        """The one declaration statement of the local variable `name`."""
        return only(self.locals(name), f"local {name} of {self.name}", self.where)

    def initial(self) -> list[str]:
        """What a local variable is made of: the value behind `=`, or what stands in its parentheses or braces."""
        for declarator in self.node.children_by_field_name("declarator"):
            value = declarator.child_by_field_name("value") or declarator.child_by_field_name("parameters")
            if value is not None:
                listed = value.type in ("argument_list", "initializer_list", "parameter_list")
                return [self.source.text(each) for each in (lists.items(value) if listed else [value])]
        raise self.missing("initial value")

    def arguments(self) -> list[str]:
        """The arguments of this call, as they are written."""
        node = self.node.child_by_field_name("arguments")
        return [self.source.text(each) for each in lists.items(node)] if node is not None else []

    def loops(self, over: str) -> list[Construct]:
        """The range-based and counting loops whose head holds the tokens of `over`."""
        found = []
        for node in self._around(("for_range_loop", "for_statement"), "for"):
            body = node.child_by_field_name("body")
            head = self.source.data[node.start_byte : body.start_byte if body else node.end_byte].decode()
            if among(tokens(over), tokens(head)):
                found.append(self.rename(node, f"the loop over {over} of {self.name}"))
        return found

    def statement_of(self) -> Construct:
        """The whole statement that this expression belongs to; the one in braces where it is a branch without any."""
        return self.rename(statement(self.node), f"the statement of {self.name}")

    def block(self) -> Block:
        """The braces that this statement stands in."""
        from transformer.cpp.blocks import Block

        node = self.node.parent
        while node is not None and node.type not in ("compound_statement", "case_statement"):
            node = node.parent
        if node is None:
            raise self.missing("block around it")
        return Block(self.source, node, f"the block of {self.name}")

    def loop(self) -> Construct:
        """The innermost loop around this statement."""
        node = self.node.parent
        while node is not None and node.type not in LOOPS:
            node = node.parent
        if node is None:
            raise self.missing("loop around it")
        return self.rename(node, f"the loop around {self.name}")

    def body(self) -> Block:
        """The braces of a function, a loop or a branch."""
        from transformer.cpp.blocks import Block

        for field in ("body", "consequence"):
            node = self.node.child_by_field_name(field)
            if node is not None and node.type == "compound_statement":
                return Block(self.source, node, f"the body of {self.name}")
        raise self.missing("body in braces")

    # edits

    def replace(self, code: str) -> Changes:
        """Another text for this construct."""
        return self._changes(self.source.edit(self.node.start_byte, self.node.end_byte, code, self.name))

    def rewrite(self, lines: Callable[[str], str]) -> Changes:
        """Other lines, made from this statement and the comment behind it, with its indentation."""
        return self._changes(rewritten(self.source, self.node, lines, self.name))

    def swap(self, code: str) -> Changes:
        """Another text for this expression; a comment behind it on its line keeps its column if there is room."""
        return self._changes(*swaps(self.source, [self.node], code, self.name))

    def replace_each(self, old: str, new: str) -> Outcome:
        """`new` for each place where the expression `old` stands; satisfied where only `new` is left."""
        found = [each.node for each in self.expressions(old) if not within(self.source, each.node, new)]
        if not found:
            if self.holds(new):
                return Satisfied(self.where)
            raise self.missing(f"expression {old}")
        return self._changes(*swaps(self.source, found, new, self.name))

    def add_argument(self, code: str, at: int | None = None, between: Sequence[str] = ()) -> Outcome:
        """A new argument of this call: in front of the one in place `at`, else the last one, behind `between`."""
        if tokens(code) in map(tokens, self.arguments()):
            return Satisfied(self.where)
        node = self.node.child_by_field_name("arguments") or self.node
        given, texts = lists.items(node), [*between, code]
        if not given:
            return self._changes(*lists.add_first(self.source, node, texts, self.name))
        if at is not None and at < len(given):
            return self._changes(*lists.add_before(self.source, given[at], texts, self.name))
        return self._changes(*lists.add_after(self.source, given[-1], texts, self.name))

    def insert_before(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines above this statement and its comment, with its indentation; `gap` leaves an empty line between."""
        return self._known(code) or self._changes(above(self.source, self.node, code, self.name, gap=gap))

    def insert_after(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines below this statement (and the comment on its last line); `gap` leaves an empty line between."""
        return self._known(code) or self._changes(below(self.source, self.node, code, self.name, gap=gap))

    def _known(self, code: str) -> Outcome | None:
        """Satisfied where `code` stands beside this statement already."""
        scope = statement(self.node).parent
        if scope is None:
            return None
        whole = scope.parent is None
        known = self.source.holds(code) if whole else self.rename(scope, self.name).holds(code)
        bare = not tokens(code) and code.strip() in self.source.text(scope)
        return Satisfied(self.where) if known or bare else None

    def wrap(self, head: str, swap: Mapping[str, str] | None = None, *, remark: str = "") -> Outcome:
        """`head { ... }` around this statement, below a remark, with the expressions of `swap` replaced in it."""
        around = self.node.parent.parent if self.node.parent is not None else None
        if around is not None and tokens(self.source.text(around)).startswith(tokens(head + "{")):
            return Satisfied(self.where)
        return self._changes(wrapped(self.source, self.node, head, self.swapped(swap or {}), remark, self.name))

    def swapped(self, swap: Mapping[str, str], *, by_value: bool = False) -> str:
        """The text with expressions replaced; `by_value` makes values of `auto &`."""
        changes = [each.replace(new) for old, new in swap.items() for each in self.expressions(old)]
        edits = [edit for change in changes for edit in change.edits]
        edits += references(self.source, self.node, self.name) if by_value else []
        start, data = self.node.start_byte, self.source.data[: self.node.end_byte]
        return splice(data, sorted(edits, key=lambda edit: edit.start))[start:].decode().replace("\r\n", "\n")

    @property
    def variables(self) -> list[str]:
        """The variables that this statement declares, where it is a declaration."""
        return [self.source.text(each) for each in variables(self.node)] if self.node.type == "declaration" else []

    def remove(self) -> Changes:
        """Nothing in place of this statement and the comments right below it; no two empty lines are left."""
        return self._changes(*removals(self.source, [self.node], self.name))

    def remove_each(self, statements: Iterable[Construct]) -> Outcome:
        """The same for some statements in here; satisfied where there are none."""
        edits = removals(self.source, [each.node for each in statements], self.name)
        return self._changes(*edits) if edits else Satisfied(self.where)

    def _changes(self, *edits: Edit) -> Changes:
        """The edits. Raises `AnchorError` where one stands in a function, type or table that could not be read."""
        require_sound(self.source, self.node, self.name, (each.start for each in edits))
        return Changes(edits)
