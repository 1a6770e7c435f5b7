"""A C++ file and what can be found in it by name."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp.declarations import Enum, Struct, Table
from transformer.cpp.functions import Function
from transformer.cpp.names import function_declarator, innermost
from transformer.cpp.scope import Scope
from transformer.cpp.search import only
from transformer.cpp.source import descendants, unconditional
from transformer.cpp.tokens import SEP, tokens
from transformer.errors import AnchorError
from transformer.outcome import Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tree_sitter import Node

    from transformer.cpp.source import Source
    from transformer.cpp.switches import Switch

_CONTAINERS = ("preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "preproc_elifdef", "namespace_definition",
               "linkage_specification", "declaration_list", "template_declaration")  # fmt: skip


class CppFile(Scope):
    """A whole file."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, source.tree.root_node, source.path)
        self._enums: dict[str, Enum] = {}
        self._structs: dict[str, Struct] = {}
        self._tables: dict[str, Table] = {}

    @cached_property
    def _top(self) -> list[Node]:
        """Top-level declarations, those in `#if`, `namespace` and `extern "C"` as well."""
        found: list[Node] = []
        stack = list(reversed(self.node.named_children))
        while stack:
            node = stack.pop()
            if node.type in _CONTAINERS or node.type == "ERROR":
                stack += reversed(node.named_children)
            else:
                found.append(node)
        return found

    def enum(self, name: str) -> Enum:
        """`enum name`, not its forward declarations."""
        if name not in self._enums:
            found = [Enum(self.source, n, name) for n in self._named("enum_specifier", name)]
            self._enums[name] = only(found, f"enum {name}", self.name)
        return self._enums[name]

    def struct(self, name: str) -> Struct:
        """`struct name` or `class name`, not its forward declarations."""
        if name not in self._structs:
            nodes = self._named("struct_specifier", name) or self._named("class_specifier", name)
            self._structs[name] = only([Struct(self.source, n, name) for n in nodes], f"struct {name}", self.name)
        return self._structs[name]

    def structs(self) -> dict[str, Struct]:
        """All structs and classes of the file that have a body, by name."""
        found = {}
        for kind, word in (("struct_specifier", "struct"), ("class_specifier", "class")):
            for node in self._around((kind,), word):
                name = node.child_by_field_name("name")
                if name is not None and node.child_by_field_name("body") is not None:
                    found[self.source.text(name)] = Struct(self.source, node, self.source.text(name))
        return found

    def _named(self, kind: str, name: str) -> list[Node]:
        found = []
        for node in self._around((kind,), name):
            each = node.child_by_field_name("name")
            if each is not None and node.child_by_field_name("body") and self.source.text(each) == name:
                found.append(node)
        return found

    def table(self, name: str) -> Table:
        """The initializer list of the variable `name`."""
        if name not in self._tables:
            self._tables[name] = only(list(self._listed(name)), f"table {name}", self.name)
        return self._tables[name]

    def _listed(self, name: str) -> Iterator[Table]:
        for node in self._top:
            declarator = node.child_by_field_name("declarator") if node.type == "declaration" else None
            if declarator is not None and declarator.type == "init_declarator":
                value = declarator.child_by_field_name("value")
                named = self.source.text(innermost(declarator)) == name
                if named and value is not None and value.type == "initializer_list":
                    yield Table(self.source, value, name)

    @cached_property
    def _functions(self) -> dict[str, list[Function]]:
        found: dict[str, list[Function]] = {}
        for node in self._top:
            if node.type != "function_definition":
                continue
            declarator = function_declarator(node)
            name = declarator.child_by_field_name("declarator") if declarator is not None else None
            if name is not None:
                text = tokens(self.source.text(name)).replace(SEP, "")
                found.setdefault(text, []).append(Function(self.source, node, text))
        return found

    @property
    def defined(self) -> Mapping[str, Sequence[Function]]:
        """All functions that the file defines, by their qualified names."""
        return self._functions

    def add_include(self, name: str) -> Outcome:
        """`#include name` below the last include of the file; `name` is written with its quotes or brackets."""
        found = [each for each in descendants(self.node, "preproc_include") if unconditional(each) == each]
        known = [each for each in found if self.source.text(each).split(None, 1)[1].strip() == name]
        if known:
            return Satisfied(self.source.where(known[0].start_byte))
        if not found:
            raise self.missing("include to stand beside")
        end = found[-1].end_byte
        at = end if self.source.data[end - 1 : end] == b"\n" else self.source.below(end)
        return self._changes(self.source.edit(at, at, f"#include {name}\n", self.name))

    def functions(self, name: str) -> list[Function]:
        """The definitions of `name`; a qualified name is given as `scope::name`."""
        return self._functions.get(name, [])

    def function(self, name: str, *parameters: str) -> Function:
        """The one definition of `name` that has all the `parameters`; without a syntax error in it."""
        found = [each for each in self.functions(name) if set(parameters) <= set(each.names)]
        last = name.split("::")[-1]
        similar = [each for each in self._functions if each.split("::")[-1] == last]
        return only(found, f"function {name}({', '.join(parameters)})", self.name, similar).sound()

    def declaration(self, name: str) -> Function:
        """The one declaration of a free function."""
        found = []
        for node in self._top:
            if node.type == "declaration" and name.encode() in (node.text or b""):
                declared = function_declarator(node)
                if declared is not None and self.source.text(innermost(declared)) == name:
                    found.append(Function(self.source, node, name))
        return only(found, f"declaration of {name}", self.name)

    def has_function(self, name: str) -> bool:
        """Whether the file defines `name`."""
        return bool(self.functions(name))

    def has(self, kind: str, name: str) -> bool:
        """Whether `enum`, `struct` or `table` finds `name`."""
        try:
            getattr(self, kind)(name)
        except AnchorError:
            return False
        return True

    def switches_over(self, subject: str) -> Iterator[tuple[Function, Switch]]:
        """Every switch of every function whose condition ends with `subject`, with its function."""
        pattern = re.compile(rf"(?:^|\W){re.escape(subject)}$")
        for function in (each for group in self._functions.values() for each in group):
            if "switch" in function.text:
                yield from ((function, each) for each in function.switches() if pattern.search(each.subject))

    def method(self, name: str) -> Function:
        """The one definition of `struct::name`, outside its struct or in it."""
        scope, _, last = name.rpartition("::")
        outside = self.functions(name)
        inside = [] if outside else [f for f in self.struct(scope).methods(last) if f.is_definition]
        return only(outside or inside, f"function {name}", self.name)

    def exchange(self, old: str, new: str) -> Outcome | None:
        """The code `new` in place of `old`, which stands in the file letter by letter; `None` where it does not."""
        start = self.source.data.find(self.source.encoded(old))
        if start < 0:
            return None
        return self._changes(self.source.edit(start, start + len(self.source.encoded(old)), new, self.name))
