"""Functions: their parameters and bodies, and what may be added to each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp import lists
from transformer.cpp.layout import above, below
from transformer.cpp.names import core, function_declarator, innermost, last_name
from transformer.cpp.search import only
from transformer.cpp.source import descendants
from transformer.cpp.statement import Place
from transformer.outcome import Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from transformer.cpp.blocks import Block
    from transformer.cpp.call import Call


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function: `ggml_tensor * cur = nullptr` is `("ggml_tensor *", "cur", "nullptr")`."""

    type: str
    name: str
    default: str = ""


class Function(Place):
    """A function definition or declaration."""

    @cached_property
    def declarator(self) -> Node:
        """The node that holds the name and the parameters."""
        found = function_declarator(self.node)
        return found if found is not None else descendants(self.node, "function_declarator")[0]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters, in order."""
        return tuple(self._parameter(node) for node in self._list())

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(parameter.name for parameter in self.parameters)

    @property
    def own_name(self) -> str:
        """The name without the scopes in front of it."""
        return self.source.text(last_name(innermost(self.declarator)))

    @property
    def is_definition(self) -> bool:
        """Whether there is a body."""
        return core(self.node).child_by_field_name("body") is not None

    def body(self) -> Block:
        """The braces of the function."""
        inner = core(self.node)
        return super().body() if inner == self.node else Place(self.source, inner, self.name).body()

    def _list(self) -> list[Node]:
        """The nodes of the parameters; `(void)` has none."""
        node = self.declarator.child_by_field_name("parameters")
        found = [each for each in lists.items(node) if each.child_count] if node is not None else []
        return [] if len(found) == 1 and self.source.text(found[0]) == "void" else found

    def _parameter(self, node: Node) -> Parameter:
        default = node.child_by_field_name("default_value")
        value = self.source.text(default).strip() if default is not None else ""
        declarator = node.child_by_field_name("declarator")
        name = innermost(declarator) if declarator is not None else None
        if name is None or not name.type.endswith("identifier"):
            whole = self.source.text(node)
            return Parameter(whole.rpartition("=")[0].strip() if value else whole, "", value)
        head = self.source.between(node.start_byte, name.start_byte).strip()
        return Parameter(head, self.source.text(name), value)

    def place_of(self, parameter: Parameter) -> int:
        """The place of a parameter, from 0; a new one stands last or, without a default, in front of those with one."""
        if parameter.name in self.names:
            return self.names.index(parameter.name)
        defaults = [bool(each.default) for each in self.parameters]
        return defaults.index(True) if True in defaults and not parameter.default else len(defaults)

    def add_parameter(self, parameter: Parameter, at: int | None = None) -> Outcome:
        """A new parameter, last unless `at` says otherwise; a declaration gets the default as well.

        A definition shows no defaults: `at` is the place in the declaration then.
        """
        if parameter.name in self.names:
            return Satisfied(self.where)
        default = f" = {parameter.default}" if parameter.default and not self.is_definition else ""
        nodes = self._list()
        if not nodes:
            node = self.declarator.child_by_field_name("parameters") or self.declarator
            text = f"{parameter.type} {parameter.name}{default}"
            return self._changes(self.source.edit(node.start_byte + 1, node.end_byte - 1, text, self.name))
        place = self.place_of(parameter) if at is None else at
        beside = nodes[min(place, len(nodes) - 1)]
        kind = parameter.type + self._gap(beside)
        text, pad = f"{kind}{parameter.name}{default}", self._pad(nodes, len(kind))
        if place < len(nodes):
            return self._changes(*lists.add_before(self.source, beside, [text], self.name, indent=pad))
        if len(nodes) == 1 or not self.source.starts_line(beside):
            return self._changes(self.source.edit(beside.end_byte, beside.end_byte, f", {text}", self.name))
        return self._changes(*lists.add_after(self.source, beside, [text], self.name, indent=pad))

    def _pad(self, nodes: Sequence[Node], width: int) -> str:
        """The blanks before a parameter on a line of its own, so that types, or names, begin in one column."""
        own = self.source.indent(nodes[-1].start_byte)
        lines = [each for each in nodes if self.source.starts_line(each)]
        starts = {self.source.column(each.start_byte) for each in lines}
        inner = [innermost(each.child_by_field_name("declarator") or each) for each in lines]
        names = {self.source.column(each.start_byte) for each in inner}
        if "\t" in own or (len(starts) == 1 and len(names) > 1):
            return own
        return " " * (min(names) - width) if len(names) == 1 and min(names) >= width else own

    def _gap(self, parameter: Node) -> str:
        """The blanks between type and name: some forks leave a column for the `*`."""
        kind, declarator = parameter.child_by_field_name("type"), parameter.child_by_field_name("declarator")
        if kind is None or declarator is None or not self.source.starts_line(parameter):
            return " "
        between = self.source.data[kind.end_byte : declarator.start_byte].decode()
        return between if between and declarator.type == "identifier" and not between.strip() else " "

    def add_before(self, code: str) -> Outcome:
        """A function or declaration above this one, with an empty line between."""
        return self._known(code) or self._changes(above(self.source, self.node, code, self.name, gap=True))

    def add_after(self, code: str) -> Outcome:
        """A function or declaration below this one, with an empty line between."""
        return self._known(code) or self._changes(below(self.source, self.node, code, self.name, gap=True))

    def _known(self, code: str) -> Outcome | None:
        return Satisfied(self.where) if self.source.holds(code) else None

    def pass_on(self, callee: Function, parameter: Parameter) -> Outcome:
        """A parameter of this function, handed on to `callee` as an argument of the one call of it in the body."""
        name = callee.own_name
        call = only(self.calls(name), f"call of {name} in {self.name}", self.where)
        return callee.give(call, parameter, parameter.name)

    def give(self, call: Call, parameter: Parameter, code: str) -> Outcome:
        """`code` for a parameter in a call of this function; defaults in front of it are written out."""
        place = self.place_of(parameter)
        left_out = [each.default for each in self.parameters[len(call.arguments()) : place]]
        if not all(left_out):
            raise call.missing(f"argument for each parameter in front of {parameter.name}")
        return call.add_argument(code, place, left_out)
