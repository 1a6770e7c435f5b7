"""A construct: a place in a file that means something, the searches that start there, the edits that are legal there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeVar

from tree_sitter import Node

from transformer.cpp import lists
from transformer.cpp.source import INDENT, Source, descendants, reindent, tokens
from transformer.edit import Edit
from transformer.errors import AnchorError
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from transformer.cpp.blocks import Block, If, Switch

T = TypeVar("T", bound="Construct")

_COMMENT_GAP = re.compile(rb"( +)//")


def only(found: Sequence[T], what: str, where: str, seen: Iterable[str] = ()) -> T:
    """The one construct that was found. Raises `AnchorError` where there is none, or more than one."""
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(each.where for each in found)
        raise AnchorError(f"{what} was found {len(found)} times: {places}", where=found[0].where)
    hint = ", ".join(list(seen)[:8])
    raise AnchorError(f"{what} was not found", where=where, help=f"seen instead: {hint}" if hint else "")


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

    @cached_property
    def text(self) -> str:
        """The text, with LF line endings."""
        return self.source.text(self.node)

    @cached_property
    def tokens(self) -> str:
        """The text without comments and layout."""
        return tokens(self.text)

    def sound(self) -> Self:
        """This construct, if it was parsed without an error. Raises `AnchorError` with the line of the error."""
        if self.node.has_error:
            inside = [o for o in self.source.faults if self.node.start_byte <= o <= self.node.end_byte]
            where = self.source.where(inside[0]) if inside else self.where
            raise AnchorError(f"{self.name} has a syntax error", where=where, help="mend the file, then run again")
        return self

    def mentions(self, *identifiers: str) -> bool:
        """Whether each of the identifiers occurs as a whole word (comments count)."""
        return all(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", self.text) for each in identifiers)

    def holds(self, code: str) -> bool:
        """Whether `code` stands in here, token by token."""
        return f" {tokens(code)} " in f" {self.tokens} "

    def rename(self, node: Node, name: str) -> Construct:
        """A construct for a node of the same file."""
        return Construct(self.source, node, name)

    def missing(self, what: str, help: str = "") -> AnchorError:
        """The error that says what is not in here."""
        return AnchorError(f"{self.name} has no {what}", where=self.where, help=help)

    # searches

    def statements(self) -> list[Construct]:
        """The statements of a body, without comments."""
        return [self.rename(n, f"a statement of {self.name}") for n in self.node.named_children if n.type != "comment"]

    def switches(self) -> list[Switch]:
        """All switches in here."""
        from transformer.cpp.blocks import Switch

        return [Switch(self.source, n, f"a switch of {self.name}") for n in descendants(self.node, "switch_statement")]

    def switch(self, subject: str) -> Switch:
        """The switch whose condition ends with `subject` (`arch` finds `model->arch` as well)."""
        pattern = re.compile(rf"(?:^|\W){re.escape(subject)}\W*$")
        found = [each for each in self.switches() if pattern.search(each.subject)]
        return only(found, f"switch ({subject}) of {self.name}", self.where, [s.subject for s in self.switches()]).sound()

    def ifs(self) -> list[If]:
        """All if statements in here, in the order of the text."""
        from transformer.cpp.blocks import If

        return [If(self.source, n, f"an if of {self.name}") for n in descendants(self.node, "if_statement")]

    def if_on(self, condition: str) -> If:
        """The if whose condition holds the tokens of `condition`."""
        found = [each for each in self.ifs() if each.condition.holds(condition)]
        return only(found, f"if ({condition}) of {self.name}", self.where).sound()

    def calls(self, function: str) -> list[Construct]:
        """Calls of `function` (`a.b(...)` and `a->b(...)` count as calls of `b`)."""
        found = []
        for node in descendants(self.node, "call_expression"):
            callee = node.child_by_field_name("function")
            if callee is not None and re.split(r"::|\.|->", self.source.text(callee))[-1] == function:
                found.append(self.rename(node, f"{function}() in {self.name}"))
        return found

    def expressions(self, code: str) -> list[Construct]:
        """The places in here where the expression `code` stands, token by token."""
        kinds = ("field_expression", "call_expression", "binary_expression", "identifier", "unary_expression")
        wanted = tokens(code)
        return [
            self.rename(node, f"{code} in {self.name}")
            for kind in kinds
            for node in descendants(self.node, kind)
            if tokens(self.source.text(node)) == wanted
        ]

    def locals(self, name: str) -> list[Construct]:
        """The declaration statements of local variables called `name`."""
        found = []
        for node in descendants(self.node, "declaration"):
            for child in node.children_by_field_name("declarator"):
                if re.match(rf"[\s*&]*{re.escape(name)}(?!\w)", self.source.text(child)):
                    found.append(self.rename(node, f"local {name} of {self.name}"))
        return found

    def local(self, name: str) -> Construct:
        """The one declaration statement of the local variable `name`."""
        return only(self.locals(name), f"local {name} of {self.name}", self.where)

    def arguments(self) -> list[str]:
        """The arguments of this call, as they are written."""
        node = self.node.child_by_field_name("arguments")
        return [self.source.text(each) for each in lists.items(node)] if node is not None else []

    def loops(self, over: str) -> list[Construct]:
        """The range-based and counting loops whose head holds the tokens of `over`."""
        found = []
        for kind in ("for_range_loop", "for_statement"):
            for node in descendants(self.node, kind):
                body = node.child_by_field_name("body")
                head = self.source.data[node.start_byte : body.start_byte if body else node.end_byte].decode()
                if f" {tokens(over)} " in f" {tokens(head)} ":
                    found.append(self.rename(node, f"the loop over {over} of {self.name}"))
        return found

    def statement_of(self) -> Construct:
        """The whole statement that this expression belongs to."""
        node: Node | None = self.node
        while node is not None and node.parent is not None:
            if node.parent.type in ("compound_statement", "case_statement", "translation_unit"):
                return self.rename(node, f"the statement of {self.name}")
            node = node.parent
        return self

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
        while node is not None and node.type not in ("for_statement", "for_range_loop", "while_statement", "do_statement"):
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

    def swap(self, code: str) -> Changes:
        """Another text for this expression; a comment behind it on its line keeps its column if there is room."""
        start, end = self.node.start_byte, self.node.end_byte
        edits = [self.source.edit(start, end, code, self.name)]
        blanks = _COMMENT_GAP.search(self.source.data, end, self.source.line_end(end))
        room = len(blanks.group(1)) - 1 if blanks else 0
        if blanks and (growth := min(len(code.encode()) - (end - start), room)) > 0:
            at = blanks.start(1)
            edits.append(self.source.edit(at, at + growth, "", self.name))
        return Changes(tuple(edits))

    def replace_each(self, old: str, new: str) -> Outcome:
        """`new` for each place where the expression `old` stands; satisfied where only `new` is left."""
        found = self.expressions(old)
        if not found:
            if self.holds(new):
                return Satisfied(self.where)
            raise self.missing(f"expression {old}")
        return Changes(tuple(edit for each in found for edit in each.swap(new).edits))

    def add_argument(self, code: str) -> Outcome:
        """A new last argument of this call."""
        if tokens(code) in map(tokens, self.arguments()):
            return Satisfied(self.where)
        last = lists.items(self.node.child_by_field_name("arguments") or self.node)[-1]
        return self._changes(*lists.add_after(self.source, last, code, self.name))

    def insert_before(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines above this statement and its comment, with its indentation; `gap` leaves an empty line between."""
        first = self.node
        while (above := first.prev_sibling) is not None and above.type == "comment" and self.source.starts_line(above):
            if above.end_point[0] + 1 < first.start_point[0]:
                break
            first = above
        start = self.source.line_start(first.start_byte)
        return self._insert(start, reindent(code, self._indent()) + ("\n\n" if gap else "\n"), code)

    def insert_after(self, code: str, *, gap: bool = False) -> Outcome:
        """Lines below this statement (and the comment on its last line); `gap` leaves an empty line between."""
        end = self.source.line_end(self.node.end_byte)
        return self._insert(end, ("\n" if gap else "") + reindent(code, self._indent()) + "\n", code)

    def wrap(self, head: str, swap: Mapping[str, str] | None = None, *, remark: str = "") -> Outcome:
        """`head { ... }` around this statement, below a remark, with the expressions of `swap` replaced in it."""
        indent = self._indent()
        inner = "\n".join(deeper("") + line if line else line for line in self.swapped(swap or {}).split("\n"))
        above = f"// {remark}\n{indent}" if remark else ""
        return self.replace(f"{above}{head} {{\n{indent}{inner}\n{indent}}}")

    def swapped(self, swap: Mapping[str, str]) -> str:
        """The text with whole words replaced."""
        text = self.text
        for old, new in swap.items():
            text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, text)
        return text

    def remove(self) -> Changes:
        """Nothing in place of this statement and the comments right below it; no two empty lines are left."""
        last = self.node
        while (after := last.next_sibling) is not None and after.type == "comment":
            if after.start_point[0] > last.end_point[0] + 1:
                break
            last = after
        start, end = self.source.line_start(self.node.start_byte), self.source.line_end(last.end_byte)
        above = self.source.data[self.source.line_start(max(start - 1, 0)) : start].strip()
        if not self.source.data[end : self.source.line_end(end)].strip() and (not above or above.endswith(b"{")):
            end = self.source.line_end(end)
        return self._changes(self.source.edit(start, end, "", self.name))

    def _indent(self) -> str:
        return self.source.indent(self.node.start_byte)

    def _insert(self, offset: int, lines: str, code: str) -> Outcome:
        scope = self.node.parent
        if scope is not None and self.rename(scope, self.name).holds(code):
            return Satisfied(self.where)
        return self._changes(self.source.insert_lines(offset, lines, self.name))

    def _changes(self, *edits: Edit) -> Changes:
        return Changes(edits)


def deeper(indent: str, levels: int = 1) -> str:
    """An indentation some levels further in."""
    return indent + " " * INDENT * levels
