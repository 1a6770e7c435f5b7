"""What a file declares: enums, tables, structs, and what may be added to each."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp import lists
from transformer.cpp.construct import Construct
from transformer.cpp.functions import Function
from transformer.cpp.layout import below, into
from transformer.cpp.macros import require_visible
from transformer.cpp.names import function_declarator, innermost, variables
from transformer.cpp.search import only
from transformer.cpp.source import Source, aligned, descendants
from transformer.cpp.statement import Place
from transformer.cpp.tokens import SEP, tokens
from transformer.errors import AnchorError
from transformer.outcome import Blocked, Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tree_sitter import Node

    from transformer.edit import Edit


def _placed(
    source: Source, nodes: dict[str, Node], near: Sequence[str], before: str
) -> tuple[Node, Callable[..., list[Edit]]]:
    """The item to stand beside, and how: behind the first of `near`, else in front of `before`, else at the end."""
    names = list(nodes)
    known = [name for name in near if name in nodes]
    if not known and before in nodes:
        position = names.index(before)
        return (nodes[names[position - 1]], lists.add_after) if position else (nodes[before], lists.add_before)
    return nodes[known[0] if known else names[-1]], lists.add_after


class Enum(Construct):
    """`enum name { ... }`."""

    @cached_property
    def entries(self) -> dict[str, Node]:
        """Enumerators by name, in the order of the text."""
        body = self.node.child_by_field_name("body")
        found = lists.items(body) if body is not None else []
        return {self.source.text(n.child_by_field_name("name") or n): n for n in found if n.type == "enumerator"}

    def value(self, name: str) -> int | None:
        """The explicit value of an enumerator, where it is a plain number."""
        value = self.entries[name].child_by_field_name("value")
        text = self.source.text(value) if value is not None else ""
        return int(text, 0) if re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", text) else None

    def next_value(self) -> int | None:
        """One more than the greatest explicit value; `None` where no enumerator has one."""
        values = [value for value in map(self.value, self.entries) if value is not None]
        return max(values) + 1 if values else None

    def add(
        self, *names: str, near: Sequence[str] = (), before: str = "", remark: str = "", like: Collection[str] = ()
    ) -> Outcome:
        """Enumerators behind the first of `near` that is there, else in front of `before`, else at the end.

        Behind an enumerator whose comment is one of `like`, a new one gets `remark` as its comment.
        """
        wanted = [name for name in dict.fromkeys(names) if name not in self.entries]
        if not wanted:
            return Satisfied(self.source.where(self.entries[names[-1]].start_byte))
        self.sound()
        require_visible(self.source, self.entries.values(), wanted, f"enum {self.name}")
        anchor = f"enum {self.name}"
        body = self.node.child_by_field_name("body")
        if body is not None and not self.entries:
            return self._changes(*lists.add_first(self.source, body, wanted, anchor))
        model, add = _placed(self.source, self.entries, near, before)
        number = self.next_value()
        texts = [self._entry(model, name, number and number + step) for step, name in enumerate(wanted)]
        edits = add(self.source, model, texts, anchor)
        if remark and add is lists.add_after and lists.comment_of(self.source, model) in like and len(texts) == 1:
            edits = lists.commented(self.source, model, edits, remark)
        return self._changes(*edits)

    def _entry(self, model: Node, name: str, number: int | None) -> str:
        value = model.child_by_field_name("value")
        if value is None or number is None:
            return name
        column = self.source.text(model).index("=")
        return f"{name.ljust(column - 1)} = {number}"


class Table(Construct):
    """A variable whose initializer is a list of rows in braces; the first cell of a row is its key."""

    @cached_property
    def rows(self) -> dict[str, Node]:
        """Rows by key, in the order of the text."""
        return {key: row for key, (row, _) in self._read.items()}

    @cached_property
    def _read(self) -> dict[str, tuple[Node, list[Node]]]:
        """Rows and their cells by key."""
        found = {}
        for row in lists.items(self.node):
            cells = lists.items(row)
            if row.type == "initializer_list" and cells:
                found[self.source.text(cells[0])] = row, cells
        return found

    def cell(self, key: str, index: int = 1) -> str:
        """The text of a cell of the row `key`."""
        return self._cell(key, index).text

    def row(self, key: str) -> Construct:
        """The row whose first cell is `key`."""
        if key not in self.rows:
            raise self.missing(f"row {key}")
        return Construct(self.source, self.rows[key], f"{key} of {self.name}")

    def _cell(self, key: str, index: int) -> Construct:
        row = self.row(key)
        _, cells = self._read[key]
        if index >= len(cells):
            raise row.missing(f"cell {index + 1}")
        return Construct(self.source, cells[index], row.name)

    def add(self, cells: Sequence[str], *, near: Sequence[str] = (), before: str = "") -> Outcome:
        """A row behind the first of `near` that is there, else in front of `before`, else at the end.

        `Blocked` where a row of this key says something else: somebody else means another thing by it.
        """
        if cells[0] in self.rows:
            known = self.row(cells[0])
            if self.is_set(*cells[:2]):
                return Satisfied(known.where)
            return Blocked(f"{self.name} has {cells[0]} as {self.cell(cells[0])}, and not as {cells[1]}", known.where)
        self.sound()
        self._require_visible(cells[0], *(cell for cell in cells[1:2] if cell.startswith('"')))
        anchor = f"table {self.name}"
        if not self.rows:
            row = "{ " + ", ".join(cells) + " }"
            return self._changes(*lists.add_first(self.source, self.node, [row], anchor))
        model, add = _placed(self.source, self.rows, near, before)
        row = lists.align(self.source, model, cells, list(self.rows.values()))
        return self._changes(*add(self.source, model, [row], anchor))

    def _require_visible(self, *names: str) -> None:
        """Raises `AnchorError` where a row may be one of a key or text that it does not show."""
        others = (row for row in lists.items(self.node) if row.type != "initializer_list")
        cells = (cell for _, found in self._read.values() for cell in found[: len(names)])
        shown = (cell for cell in cells if cell.type != "initializer_list")
        require_visible(self.source, (*others, *shown), names, f"table {self.name}")

    def is_set(self, key: str, value: str) -> bool:
        """Whether the second cell of the row `key` is `value`, token by token."""
        return self._cell(key, 1).tokens == tokens(value)

    def set(self, key: str, value: str) -> Outcome:
        """`value` as the second cell of the row `key`; satisfied where it is that already."""
        cell = self._cell(key, 1)
        if cell.tokens == tokens(value):
            return Satisfied(cell.where)
        if cell.node.type == "initializer_list" and value.startswith("{"):
            seconds = [each for row in self.rows.values() for each in lists.items(row)[1:2]]
            value = lists.align(self.source, cell.node, lists.cells_of(value), seconds)
        return cell.replace(value)

    def nested(self, key: str) -> Table:
        """The second cell of the row `key`, where that is itself a table."""
        if key not in self._nested:
            self._nested[key] = Table(self.source, self._cell(key, 1).node, f"{key} of {self.name}")
        return self._nested[key]

    @cached_property
    def _nested(self) -> dict[str, Table]:
        return {}

    def add_nested(self, key: str, rows: Sequence[tuple[str, str]], *, near: Sequence[str]) -> Outcome:
        """A row whose second cell is a table: laid out and aligned like the first of `near` that is there."""
        if key in self.rows:
            return Satisfied(self.row(key).where)
        if not self.rows:
            raise self.missing("row to lay out the new one by")
        self._require_visible(key)
        known = [name for name in near if name in self.rows]
        model = self.rows[known[0] if known else list(self.rows)[-1]]
        Construct(self.source, model, self.name).sound()
        first = lists.items(model)[0]
        outer = self.source.indent(model.start_byte)
        inner = self.source.indent(first.start_byte) if self.source.starts_line(first) else self.source.deeper(outer)
        width = max(len(name) for name, _ in rows) + 1
        lines = [f"{self.source.deeper(inner)}{{ {(name + ',').ljust(width)} {value} }}," for name, value in rows]
        text = "\n".join(["{", f"{inner}{key},", f"{inner}{{", *lines, f"{inner}}},", f"{outer}}}"])
        return self._changes(*lists.add_after(self.source, model, [text], f"table {self.name}"))


class Struct(Place):
    """`struct name { ... }` or `class name { ... }`."""

    @cached_property
    def _members(self) -> list[Node]:
        body = self.node.child_by_field_name("body")
        return lists.items(body) if body is not None else []

    @cached_property
    def fields(self) -> dict[str, Node]:
        """Data members by name."""
        nodes = [each for each in self._members if each.type == "field_declaration" and not function_declarator(each)]
        return {self.source.text(name): node for node in nodes for name in variables(node)}

    def methods(self, name: str) -> list[Function]:
        """Declarations and in-class definitions of the member function `name` (a constructor has the struct's name)."""
        found = []
        for node in self._members:
            declarator = function_declarator(node) if name.encode() in (node.text or b"") else None
            if declarator is not None and self.source.text(innermost(declarator)) == name:
                found.append(Function(self.source, node, f"{self.name}::{name}"))
        return found

    @property
    def method_names(self) -> list[str]:
        """What its member functions are called, each once, in the order of the text."""
        found = (function_declarator(node) for node in self._members)
        names = (self.source.text(innermost(each)) for each in found if each is not None)
        return [each for each in dict.fromkeys(names) if each.isidentifier()]

    def all_methods(self) -> list[Function]:
        """Declarations and in-class definitions of all member functions, in the order of the text."""
        found = []
        for node in self._members:
            declarator = function_declarator(node)
            if declarator is not None:
                found.append(Function(self.source, node, f"{self.name}::{self.source.text(innermost(declarator))}"))
        return found

    def method(self, name: str, *parameters: str) -> Function:
        """The one member function of this name that has all the `parameters`."""
        found = [each for each in self.methods(name) if set(parameters) <= set(each.names)]
        return only(found, f"{self.name}::{name}({', '.join(parameters)})", self.where)

    def type_of(self, field: str) -> str:
        """The declared type of a data member: its tokens, set apart by blanks."""
        node = self.fields[field].child_by_field_name("type")
        return tokens(self.source.text(node)).replace(SEP, " ") if node is not None else ""

    def add(self, *declarations: str, near: Sequence[str] = (), gap: bool = False) -> Outcome:
        """Data members behind the first of `near` that is there, else at the end of the data members."""
        wanted = [each for each in declarations if not self._has(each)]
        if not wanted:
            return Satisfied(self.source.where(self.fields[declared(declarations[-1])[0]].start_byte))
        self.sound()
        bare = [each for each in self._members if each.child_by_field_name("type") is None or not variables(each)]
        require_visible(self.source, bare, [name for each in wanted for name in declared(each)], self.name, calls=False)
        anchor = f"struct {self.name}"
        if not self.fields:
            return self._changes(*self._begun("\n".join(aligned(wanted)), anchor))
        model = self.fields[next((name for name in near if name in self.fields), list(self.fields)[-1])]
        lines = "\n".join(aligned([self._like(model, each) for each in wanted]))
        return self._changes(below(self.source, model, lines, anchor, gap=gap))

    def _has(self, declaration: str) -> bool:
        names = declared(declaration)
        known = [name for name in names if name in self.fields]
        if known and len(known) < len(names):
            where = self.source.where(self.fields[known[0]].start_byte)
            raise AnchorError(f"{self.name} has {', '.join(known)}, but not all of: {declaration}", where=where)
        return bool(known)

    def _begun(self, lines: str, anchor: str) -> list[Edit]:
        """The first data members: at the start of the struct, or of the part that is public."""
        body = self.node.child_by_field_name("body")
        if body is None:
            raise self.missing("body")
        public = [n for n in self._members if n.type == "access_specifier" and self.source.text(n) == "public"]
        outer = self.source.indent(self.node.start_byte)
        if public and not self.source.rest(public[0].end_byte).strip(":"):
            line = self.source.reindent(lines, self.source.deeper(outer))
            return [self.source.insert_lines(self.source.below(public[0].end_byte), line, anchor)]
        return into(self.source, body, lines, anchor, outer=outer)

    def add_method(self, declaration: str, name: str, *, near: str, gap: bool = False) -> Outcome:
        """A member function declaration behind the last one called `near`."""
        if self.methods(name):
            return Satisfied(self.methods(name)[0].where)
        found = self.methods(near)
        if not found:
            raise self.missing(f"member function {near}")
        return self._changes(below(self.source, found[-1].node, declaration, f"struct {self.name}", gap=gap))

    def _like(self, model: Node, declaration: str) -> str:
        """`declaration` with its `=` in the column of the one in `model`."""
        head, equals, value = declaration.partition(" = ")
        text = self.source.text(model)
        if not equals or "=" not in text or "\n" in text:
            return declaration
        return f"{head.ljust(text.index('=') - 1)} = {value}"


def declared(declaration: str) -> list[str]:
    """The names that a data member declaration declares."""
    source = Source("", f"struct s {{\n{declaration}\n}};".encode())
    nodes = descendants(source.tree.root_node, "field_declaration")
    names = [source.text(name) for node in nodes if not function_declarator(node) for name in variables(node)]
    if not names or source.faults:
        raise AnchorError(f"not a member declaration: {declaration}")
    return names
