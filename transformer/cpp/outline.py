"""What a file, a type and a case are made of, for readers of unknown code: bases, nested types, loose functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformer.cpp.construct import Construct
from transformer.cpp.declarations import Struct
from transformer.cpp.functions import Function
from transformer.cpp.names import LOOPS, function_declarator, variables
from transformer.cpp.source import descendants
from transformer.cpp.statement import Place, Statement
from transformer.cpp.tokens import SEP, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from transformer.cpp.blocks import Block
    from transformer.cpp.file import CppFile
    from transformer.cpp.scope import Scope

TYPES = ("struct_specifier", "class_specifier")


def bases(struct: Struct) -> list[str]:
    """The types that a type derives from, as they are written."""
    clause = next((each for each in struct.node.children if each.type == "base_class_clause"), None)
    if clause is None:
        return []
    named = [each for each in clause.named_children if each.type not in ("access_specifier", "virtual")]
    return [tokens(struct.source.text(each)).replace(SEP, "") for each in named]


def nested(struct: Struct, name: str) -> Struct | None:
    """The type of this name inside a type; one that is only declared there does not count."""
    body = struct.node.child_by_field_name("body")
    waiting = list(body.named_children) if body is not None else []
    while waiting:
        node = waiting.pop(0)
        if node.type in TYPES and node.child_by_field_name("body") is not None:
            title = node.child_by_field_name("name")
            if title is not None and struct.source.text(title) == name:
                return Struct(struct.source, node, f"{struct.name}::{name}")
        elif node.type in ("field_declaration", "template_declaration", "declaration"):
            waiting += node.named_children
    return None


def inside(statement: Construct) -> list[Statement]:
    """The statements of a block that stands among others; none for any other statement."""
    if statement.node.type != "compound_statement":
        return []
    inner = [each for each in statement.node.named_children if each.type != "comment"]
    return [Statement(statement.source, each, f"a statement of {statement.name}") for each in inner]


def braces(case: Block) -> Construct:
    """The braces that hold all statements of a case; the case itself where there are none."""
    found = [each for each in case.node.named_children if each.type == "compound_statement"]
    return Construct(case.source, found[0], case.name) if len(found) == 1 else case


def is_left_early(case: Block) -> bool:
    """Whether a `break` leaves a case before its end."""
    breaks = [each for each in descendants(case.node, "break_statement") if _leaves(each, case.node)]
    return len([each for each in breaks if each not in _ends(case)]) > 0


def _ends(case: Block) -> list[Node]:
    """The last statement under a label, and the last one in its braces."""
    last = [case.node, braces(case).node]
    found = [[each for each in node.named_children if each.type != "comment"] for node in last]
    return [each[-1] for each in found if each]


def _leaves(node: Node, case: Node) -> bool:
    parent = node.parent
    while parent is not None and parent != case and parent.type not in ("switch_statement", *LOOPS):
        parent = parent.parent
    return parent == case


def lambdas(scope: Scope, name: str) -> list[tuple[str, Construct]]:
    """The lambdas that local variables called `name` hold: the parameters of each, and its body."""
    found = []
    for each in scope.locals(name):
        for node in descendants(each.node, "lambda_expression")[:1]:
            declarator, body = node.child_by_field_name("declarator"), node.child_by_field_name("body")
            given = declarator.child_by_field_name("parameters") if declarator is not None else None
            if given is not None and body is not None:
                found.append((each.source.text(given)[1:-1].strip(), Construct(each.source, body, each.name)))
    return found


def alias(struct: Struct, name: str) -> str:
    """What `using name = ...` inside a type stands for; empty where there is none."""
    match = re.search(rf"\busing\s+{name}\s*=\s*([^;]+);", struct.text)
    return tokens(match.group(1)).replace(SEP, "") if match else ""


def template_head(construct: Construct) -> str:
    """`template <...>` in front of a function or type; empty where there is none."""
    parent = construct.node.parent
    if parent is None or parent.type != "template_declaration":
        return ""
    return construct.source.between(parent.start_byte, construct.node.start_byte).strip()


def initializers(function: Function) -> str:
    """What stands between the parameters and the body of a constructor, without its colon."""
    node = next((each for each in function.node.children if each.type == "field_initializer_list"), None)
    return function.source.text(node).lstrip(": \n") if node is not None else ""


def instantiations(file: CppFile, function: str) -> list[Place]:
    """The explicit instantiations of a function template in a file, in the order of the text."""
    found = descendants(file.node, "template_instantiation")
    places = [Place(file.source, each, f"an instance of {function}") for each in found]
    return [each for each in places if re.search(rf"\b{re.escape(function)}\s*<", each.text)]


def loose(file: CppFile) -> Iterator[Construct]:
    """What a file defines outside of any class: functions, types, constants and macros, in the order of the text.

    A member function that is defined there is one of them, with the name of its class in front.
    """
    for node in file.node.named_children:
        inner = node.named_children[-1] if node.type == "template_declaration" and node.named_children else node
        if inner.type == "function_definition":
            declarator = function_declarator(inner)
            name = declarator.child_by_field_name("declarator") if declarator is not None else None
            if name is not None and name.type in ("identifier", "qualified_identifier"):
                yield Construct(file.source, node, file.source.text(name))
        elif inner.type in (*TYPES, "enum_specifier"):
            title, body = inner.child_by_field_name("name"), inner.child_by_field_name("body")
            if title is not None and body is not None:
                yield Construct(file.source, node, file.source.text(title))
        elif inner.type == "preproc_def":
            yield Construct(file.source, node, file.source.text(inner.child_by_field_name("name") or inner))
        elif inner.type == "declaration" and function_declarator(inner) is None:
            yield from (Construct(file.source, node, file.source.text(each)) for each in variables(inner))


def includes(file: CppFile) -> list[str]:
    """What a file includes, as it is written, in order."""
    found = [each for each in file.node.named_children if each.type == "preproc_include"]
    return [file.source.text(each).split(None, 1)[1].strip() for each in found]


def functions(file: CppFile, prefix: str) -> list[Function]:
    """The functions that a file defines whose qualified names begin so, in the order of the text."""
    found = [each for group in file.defined.values() for each in group if each.name.startswith(prefix)]
    return sorted(found, key=lambda each: each.node.start_byte)
