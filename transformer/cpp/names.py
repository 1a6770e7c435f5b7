"""Names in the syntax tree: what a declarator declares, what a call calls, which names have no value."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

WRAPPERS = ("template_declaration", "friend_declaration", "linkage_specification")
EXPRESSIONS = ("field_expression", "call_expression", "binary_expression", "identifier", "unary_expression",
               "pointer_expression", "subscript_expression", "qualified_identifier", "parenthesized_expression",
               "number_literal", "string_literal", "conditional_expression")  # fmt: skip
LOOPS = ("for_statement", "for_range_loop", "while_statement", "do_statement")
HEADS = ("for_statement", "condition_clause", "init_statement")
_NAMES = ("operator_name", "destructor_name", "operator_cast", "template_function", "structured_binding_declarator")


def inner(declarator: Node) -> Node | None:
    """The declarator or the name inside a declarator; `None` for a name, and where nothing is named."""
    if declarator.type in _NAMES or declarator.type.endswith("identifier"):
        return None
    field = declarator.child_by_field_name("declarator")
    if field is not None:
        return field
    return next((c for c in declarator.named_children if c.type.endswith(("declarator", "identifier"))), None)


def chain(declarator: Node | None) -> Iterator[Node]:
    """A declarator, then what it wraps, inwards to the name."""
    while declarator is not None:
        yield declarator
        declarator = inner(declarator)


def innermost(declarator: Node) -> Node:
    """The name inside a declarator."""
    return list(chain(declarator))[-1]


def core(declaration: Node) -> Node:
    """A declaration without the `template <...>`, `friend` or `extern "C"` in front of it."""
    node = declaration
    while node.type in WRAPPERS and node.named_children:
        node = node.named_children[-1]
    return node


def function_declarator(declaration: Node) -> Node | None:
    """The node with the name and the parameters of a declared or defined function; `None` for anything else.

    A pointer to a function is a variable.
    """
    for each in chain(core(declaration).child_by_field_name("declarator")):
        wrapped = inner(each)
        if each.type == "function_declarator" and wrapped is not None and wrapped.type != "parenthesized_declarator":
            return each
    return None


def variables(declaration: Node) -> Iterator[Node]:
    """The names that a declaration gives to variables or members; those of `auto & [a, b]` are each one."""
    for declarator in declaration.children_by_field_name("declarator"):
        name = innermost(declarator)
        if name.type == "structured_binding_declarator":
            yield from name.named_children
        else:
            yield name


def last_name(callee: Node) -> Node:
    """The name that a callee ends with, without its template arguments."""
    node = callee
    while (field := node.child_by_field_name("field") or node.child_by_field_name("name")) is not None:
        node = field
    return node


def declares(node: Node) -> bool:
    """Whether a node is a name that has no value: one that is declared, or the last part of a qualified name."""
    parent = node.parent
    if parent is None or not node.type.endswith("identifier"):
        return False
    if parent.type in ("reference_declarator", "structured_binding_declarator"):
        return True
    return node in (parent.child_by_field_name("declarator"), parent.child_by_field_name("name"))
