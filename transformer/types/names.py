"""What a change of a header concerns: the names whose users are judged again. The syntax tree is asked for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformer.cpp.enclosing import enclosing_lists
from transformer.cpp.names import innermost, last_name
from transformer.cpp.suffixes import HEADERS
from transformer.edit import splice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from transformer.cpp.source import Source
    from transformer.edit import Edit
    from transformer.workspace import Workspace

_WORD = re.compile(rb"\w+")
_LISTS = {"parameter_list": "declarator", "argument_list": "function"}
"""What stands between parentheses, and which part of its parent has the name in front of them."""


def new_names(before: Workspace, changes: Iterable[tuple[str, tuple[Edit, ...]]]) -> Mapping[str, frozenset[str]]:
    """For each touched header, the names whose declarations its edits add or change.

    These are words that the header did not have, or has no more, functions whose parameters change, and the enumerators
    of an enum that grows: a switch that forgets the new one mentions the others.
    """
    found: dict[str, frozenset[str]] = {}
    for path, edits in changes:
        if path.endswith(HEADERS) and not edits[0].creates:
            source = before.source(path)
            words = (*_new_words(source, edits), *_gone_words(source, edits))
            found[path] = frozenset((*words, *_grown(source, edits), *_called(source, edits)))
    return found


def _new_words(source: Source, edits: Iterable[Edit]) -> Iterator[str]:
    old = set(_WORD.findall(source.live))
    for edit in edits:
        yield from (word.decode() for word in _WORD.findall(edit.text) if word not in old and not word[:1].isdigit())


def _gone_words(source: Source, edits: tuple[Edit, ...]) -> Iterator[str]:
    taken = {word for edit in edits for word in _WORD.findall(source.data[edit.start : edit.end])}
    left = set(_WORD.findall(splice(source.data, edits))) if taken else set()
    yield from (word.decode() for word in taken - left if not word[:1].isdigit())


def _grown(source: Source, edits: Iterable[Edit]) -> Iterator[str]:
    for kind, names in enclosing_lists(source, [(edit.start - 1, edit.start) for edit in edits]):
        if kind == "enum":
            yield from (name for name, _ in names)


def _called(source: Source, edits: Iterable[Edit]) -> Iterator[str]:
    """The function in whose parentheses an edit stands, as in `f(int a|)`."""
    for edit in edits:
        node = source.tree.root_node.descendant_for_byte_range(max(edit.start - 1, 0), edit.start)
        while node is not None:
            part = _LISTS.get(node.type)
            if part and node.start_byte < edit.start < node.end_byte and node.parent is not None:
                owner = node.parent.child_by_field_name(part)
                if owner is not None:
                    yield source.text(last_name(innermost(owner))).rpartition("::")[2]
                break
            node = None if node.type in ("compound_statement", "field_declaration_list") else node.parent
