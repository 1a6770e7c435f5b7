"""Declarators: which name they declare, and whether that is the name of a function."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

WRAPPERS = ("template_declaration", "friend_declaration", "linkage_specification")
_NAMES = ("operator_name", "destructor_name", "operator_cast", "template_function", "structured_binding_declarator")


def inner(declarator: Node) -> Node | None:
    """The declarator that this one wraps, or the name in it; `None` for a name, and where nothing is named."""
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
