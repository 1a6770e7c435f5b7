"""Helpers that not every tree has: they come along with their bodies, and are left out where the fork has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import spelling
from .tree import Tree
from .words import Lifter

GRAPH = ("build_qkv",)
"""Graph helpers: a member function of the builder where the fork has none."""
LOADER = ("create_tensor_qkv", "create_tensor_gate_up_exps")
"""Helpers of the loader: a lambda in front of the tensors where the fork has none."""
MACROS = {"assert": "<cassert>"}
"""Macros of the standard library, and the headers that define them."""


def along(place: str, tree: Tree, lifter: Lifter, code: str, head: str = "") -> str:
    """What comes along to a place (`loader`, `graph`, `includes` or `declaration`) with some code; empty for nothing.

    `head` is the `template <...>` of the builder, where it is one.
    """
    if place == "loader":
        return "".join(_lambda(tree, lifter, name) for name in LOADER if re.search(rf"\b{name}\(", code))
    wanted = {name: f'not has_helper("{name}")' for name in GRAPH if name in lifter.used.helpers}
    wanted |= {name: f'not sets("{name}", "{member}")' for name, member in setters(tree, lifter).items()}
    if place == "graph":
        return "\n".join(_method(tree, lifter, name, head, unless) for name, unless in wanted.items())
    if place == "includes":
        return "".join(_includes(tree, name, unless) for name, unless in wanted.items())
    return "\n".join(_declaration(tree, name, unless) for name, unless in wanted.items())


def setters(tree: Tree, lifter: Lifter) -> dict[str, str]:
    """Graph helpers that set a member of the graph's result which the builder reads, and not every tree has."""
    found = {}
    for member in (each for each in lifter.used.results if each not in spelling.RESULT):
        for name in lifter.used.helpers:
            defined = tree.graph_source.functions(f"llm_graph_context::{name}")
            if len(defined) == 1 and re.search(rf"\bres\s*->\s*{member}\s*=(?!=)", defined[0].text):
                found[name] = member
    return found


def _includes(tree: Tree, name: str, unless: str) -> str:
    """The standard headers of what a helper calls by a name that is not in `std`."""
    code = tree.graph_source.function(f"llm_graph_context::{name}")
    wanted = [header for macro, header in MACROS.items() if code.mentions(macro)]
    lines = "".join(f"#include {each}\n" for each in wanted)
    return f"<% if {unless} %>\n{lines}<% endif %>\n" if lines else ""


def _lambda(tree: Tree, lifter: Lifter, name: str) -> str:
    parameters, code = tree.era.helper(name)
    body = lifter.text(code)
    return f'<% if not has_loader("{name}") %>\nconst auto {name} = [&]({parameters}) {body};\n\n<% endif %>\n'


def _method(tree: Tree, lifter: Lifter, name: str, head: str, unless: str) -> str:
    function = tree.graph_source.function(f"llm_graph_context::{name}")
    returned = function.source.between(function.node.start_byte, function.declarator.start_byte).strip()
    parameters = ",\n        ".join(f"{each.type} {each.name}" for each in function.parameters)
    given = ", ".join(re.findall(r"(\w+)\s*(?:[,>]|$)", head))
    scope = f"<%= builder.scope %><{given}>" if head else "<%= builder.scope %>"
    own = tree.file("llama-graph.h").has("struct", returned)
    front = f"{head}\ntypename " if head else ""
    kind = front + f"{scope}::{returned}" if own else returned
    body = lifter.text(function.body(), "helper")
    code = f"{kind} {scope}::{name}(\n        {parameters}) const {body}"
    return f"<% if {unless} %>\n{code}\n<% endif %>\n"


def _declaration(tree: Tree, name: str, unless: str) -> str:
    function = tree.graph.method(name)
    lines = [*_type(tree, function.source.between(function.node.start_byte, function.declarator.start_byte).strip())]
    parameters = ", ".join(f"{each.type} {each.name}" for each in function.parameters)
    returned = function.source.between(function.node.start_byte, function.declarator.start_byte).strip()
    lines.append(f"{returned} {name}({parameters}) const;")
    body = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"<% if {unless} %>\n\n{body}\n<% endif %>\n"


def _type(tree: Tree, name: str) -> Iterator[str]:
    """The struct that a helper returns, which has no place of its own where the helper has none."""
    header = tree.file("llama-graph.h")
    if header.has("struct", name):
        yield from (header.struct(name).text + ";").split("\n")
        yield ""
