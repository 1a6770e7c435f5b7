"""What a file declares: enums, tables, structs, functions, and what may be added to each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from transformer.cpp import lists
from transformer.cpp.construct import Construct, deeper, only
from transformer.cpp.source import aligned, descendants, reindent, tokens
from transformer.errors import AnchorError
from transformer.outcome import Outcome, Satisfied


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

    def add(self, *names: str, near: Sequence[str] = (), before: str = "") -> Outcome:
        """Enumerators behind the first of `near` that is there, else in front of `before`, else at the end."""
        wanted = [name for name in names if name not in self.entries]
        if not wanted:
            return Satisfied(self.source.where(self.entries[names[-1]].start_byte))
        self.sound()
        anchor = self._anchor(near, before)
        number = self.next_value()
        texts = []
        for name in wanted:
            texts.append(self._entry(anchor, name, number))
            number = number + 1 if number is not None else None
        indent = self.source.indent(anchor.start_byte)
        joined = f",\n{indent}".join(texts) if self.source.starts_line(anchor) else ", ".join(texts)
        return self._changes(*lists.add_after(self.source, anchor, joined, f"enum {self.name}"))

    def _anchor(self, near: Sequence[str], before: str) -> Node:
        for name in near:
            if name in self.entries:
                return self.entries[name]
        names = list(self.entries)
        if not names:
            raise AnchorError(f"enum {self.name} has no enumerators", where=self.where)
        if before in self.entries and names.index(before) > 0:
            return self.entries[names[names.index(before) - 1]]
        return self.entries[names[-1]]

    def _entry(self, anchor: Node, name: str, number: int | None) -> str:
        value = anchor.child_by_field_name("value")
        if value is None or number is None:
            return name
        column = self.source.text(anchor).index("=")
        return f"{name.ljust(column - 1)} = {number}"


class Table(Construct):
    """A variable whose initializer is a list of rows in braces; the first cell of a row is its key."""

    @cached_property
    def rows(self) -> dict[str, Node]:
        """Rows by key, in the order of the text."""
        found = {}
        for row in lists.items(self.node):
            cells = lists.items(row)
            if row.type == "initializer_list" and cells:
                found[self.source.text(cells[0])] = row
        return found

    def cell(self, key: str, index: int = 1) -> str:
        """The text of a cell of the row `key`."""
        return self.source.text(lists.items(self.rows[key])[index])

    def row(self, key: str) -> Construct:
        """The row with this key."""
        if key not in self.rows:
            raise self.missing(f"row {key}")
        return self.rename(self.rows[key], f"{key} of {self.name}")

    def add(self, cells: Sequence[str], *, near: Sequence[str] = (), before: str = "") -> Outcome:
        """A row behind the first of `near` that is there, else in front of `before`, else at the end."""
        if cells[0] in self.rows:
            return Satisfied(self.row(cells[0]).where)
        if not self.rows:
            raise AnchorError(f"{self.name} has no rows", where=self.where)
        self.sound()
        keys = list(self.rows)
        known = [key for key in near if key in self.rows]
        if known:
            model = self.rows[known[0]]
        elif before in self.rows and keys.index(before) > 0:
            model = self.rows[keys[keys.index(before) - 1]]
        else:
            model = self.rows[keys[-1]]
        row = lists.align(self.source, model, list(cells))
        return self._changes(*lists.add_after(self.source, model, row, f"table {self.name}"))

    def set(self, key: str, value: str) -> Outcome:
        """Another second cell for the row `key`."""
        row = self.row(key)
        cell = self.rename(lists.items(row.node)[1], row.name)
        if cell.tokens == tokens(value):
            return Satisfied(row.where)
        if cell.node.type == "initializer_list" and value.startswith("{"):
            value = lists.align(self.source, cell.node, [each.strip() for each in value.strip("{}").split(",")])
        return cell.replace(value)

    def nested(self, key: str) -> Table:
        """The rows of a row whose second cell is itself a table."""
        return Table(self.source, lists.items(self.row(key).node)[1], f"{key} of {self.name}")


    def add_nested(self, key: str, rows: Sequence[tuple[str, str]], *, near: Sequence[str]) -> Outcome:
        """A row whose second cell is a table: laid out and aligned like the first of `near` that is there."""
        if key in self.rows:
            return Satisfied(self.row(key).where)
        known = [name for name in near if name in self.rows]
        model = self.rows[known[0] if known else list(self.rows)[-1]]
        self.rename(model, self.name).sound()
        cells = lists.items(model)
        outer, inner = self.source.indent(model.start_byte), self.source.indent(cells[0].start_byte)
        width = max(len(name) for name, _ in rows) + 1
        lines = [f"{deeper(inner)}{{ {(name + ',').ljust(width)} {value} }}," for name, value in rows]
        text = "\n".join(["{", f"{inner}{key},", f"{inner}{{", *lines, f"{inner}}},", f"{outer}}}"])
        return self._changes(*lists.add_after(self.source, model, text, f"table {self.name}"))


class Struct(Construct):
    """`struct name { ... }` or `class name { ... }`."""

    @cached_property
    def _members(self) -> list[Node]:
        body = self.node.child_by_field_name("body")
        return lists.items(body) if body is not None else []

    @cached_property
    def fields(self) -> dict[str, Node]:
        """Data members by name."""
        found = {}
        for node in self._members:
            if node.type == "field_declaration":
                for child in node.children_by_field_name("declarator"):
                    name = _innermost(child)
                    if not descendants(child, "function_declarator"):
                        found[self.source.text(name)] = node
        return found

    def methods(self, name: str) -> list[Function]:
        """Declarations and in-class definitions of the member function `name` (a constructor has the struct's name)."""
        found = []
        for node in self._members:
            declarators = descendants(node, "function_declarator")[:1]
            if declarators and self.source.text(_innermost(declarators[0])) == name:
                found.append(Function(self.source, node, f"{self.name}::{name}"))
        return found

    def method(self, name: str, *parameters: str) -> Function:
        """The one member function of this name that has all the `parameters`."""
        found = [each for each in self.methods(name) if set(parameters) <= set(each.names)]
        return only(found, f"{self.name}::{name}({', '.join(parameters)})", self.where)

    def type_of(self, field: str) -> str:
        """The declared type of a data member, as it is written."""
        node = self.fields[field].child_by_field_name("type")
        return self.source.text(node) if node is not None else ""

    def add(self, *declarations: str, near: Sequence[str] = (), gap: bool = False) -> Outcome:
        """Data members behind the first of `near` that is there, else at the end of the data members."""
        wanted = [each for each in declarations if _declared(each) not in self.fields]
        if not wanted:
            return Satisfied(self.source.where(self.fields[_declared(declarations[-1])].start_byte))
        self.sound()
        known = [name for name in near if name in self.fields]
        model = self.fields[known[0] if known else list(self.fields)[-1]]
        lines = "\n".join(aligned([self._like(model, each) for each in wanted]))
        return self.rename(model, f"struct {self.name}").insert_after(lines, gap=gap)

    def add_method(self, declaration: str, name: str, *, near: str, gap: bool = False) -> Outcome:
        """A member function declaration behind the last one called `near`."""
        if self.methods(name):
            return Satisfied(self.methods(name)[0].where)
        found = self.methods(near)
        if not found:
            raise self.missing(f"member function {near}")
        return self.rename(found[-1].node, f"struct {self.name}").insert_after(declaration, gap=gap)

    def _like(self, model: Node, declaration: str) -> str:
        """`declaration` with its `=` in the column of the one in `model`."""
        head, equals, value = declaration.partition(" = ")
        text = self.source.text(model)
        if not equals or "=" not in text or "\n" in text:
            return declaration
        return f"{head.ljust(text.index('=') - 1)} = {value}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function: `ggml_tensor * cur = nullptr` is `("ggml_tensor *", "cur", "nullptr")`."""

    type: str
    name: str
    default: str = ""


class Function(Construct):
    """A function definition or declaration."""

    @cached_property
    def declarator(self) -> Node:
        """The node that holds the name and the parameters."""
        return descendants(self.node, "function_declarator")[0]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, in order."""
        return tuple(self._parameter(node) for node in self._list() if node.child_count)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def is_definition(self) -> bool:
        """Whether there is a body."""
        return self.node.child_by_field_name("body") is not None

    def _list(self) -> list[Node]:
        node = self.declarator.child_by_field_name("parameters")
        return lists.items(node) if node is not None else []

    def _parameter(self, node: Node) -> Parameter:
        default = node.child_by_field_name("default_value")
        declarator = node.child_by_field_name("declarator")
        if declarator is None:
            return Parameter(self.source.text(node), "")
        name = _innermost(declarator)
        head = self.source.data[node.start_byte : name.start_byte].decode().strip()
        return Parameter(head, self.source.text(name), self.source.text(default) if default is not None else "")

    def add_parameter(self, parameter: Parameter) -> Outcome:
        """A new last parameter; a declaration gets its default as well."""
        if parameter.name in self.names:
            return Satisfied(self.where)
        last = self._list()[-1]
        text = f"{parameter.type}{self._gap(last)}{parameter.name}"
        if not self.is_definition and parameter.default:
            text += f" = {parameter.default}"
        if not self.source.starts_line(last) or len(self._list()) == 1:
            return self._changes(self.source.edit(last.end_byte, last.end_byte, f", {text}", self.name))
        name = _innermost(last.child_by_field_name("declarator") or last)
        pad = " " * max(self.source.column(name.start_byte) - len(parameter.type) - len(self._gap(last)), 0)
        return self._changes(self.source.edit(last.end_byte, last.end_byte, f",\n{pad}{text}", self.name))

    def _gap(self, parameter: Node) -> str:
        """What stands between type and name: some forks leave a column for the `*`."""
        kind, declarator = parameter.child_by_field_name("type"), parameter.child_by_field_name("declarator")
        if kind is None or declarator is None or not self.source.starts_line(parameter):
            return " "
        between = self.source.data[kind.end_byte : declarator.start_byte].decode()
        return between if between and declarator.type == "identifier" and not between.strip() else " "

    def add_before(self, code: str) -> Outcome:
        """A function or declaration above this one, with an empty line between."""
        return self._placed(code) or self.insert_before(code, gap=True)

    def add_after(self, code: str) -> Outcome:
        """A function or declaration below this one, with an empty line between."""
        return self._placed(code) or self.insert_after(code, gap=True)

    def _placed(self, code: str) -> Outcome | None:
        return Satisfied(self.where) if f" {tokens(code)} " in f" {tokens(self.source.data.decode())} " else None

    def begin(self, code: str, *, gap: bool = True) -> Outcome:
        """Lines at the start of the body."""
        body = self.body()
        if body.holds(code):
            return Satisfied(self.where)
        start = self.source.line_end(body.node.start_byte)
        lines = reindent(code, deeper(self.source.indent(self.node.start_byte))) + ("\n\n" if gap else "\n")
        return self._changes(self.source.insert_lines(start, lines, self.name))

    def pass_on(self, callee: str, parameter: Parameter) -> Outcome:
        """A parameter of this function, handed to the one call of `callee` in its body as a new last argument."""
        call = only(self.calls(callee), f"call of {callee} in {self.name}", self.where)
        return call.add_argument(parameter.name)


def _innermost(declarator: Node) -> Node:
    """The name inside a declarator."""
    node = declarator
    while True:
        inner = node.child_by_field_name("declarator")
        if inner is None:
            inner = next((c for c in node.named_children if c.type.endswith(("declarator", "identifier"))), None)
            if inner is None or node.type.endswith("identifier"):
                return node
        node = inner


def _declared(declaration: str) -> str:
    """The name that a data member declaration declares."""
    match = re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?:=[^;]*)?;", declaration)
    if match is None:
        raise AnchorError(f"not a member declaration: {declaration}")
    return match.group(1)
