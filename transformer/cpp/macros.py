"""What a macro may hide: an item of a list that only the preprocessor knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transformer.cpp.tokens import SEP, tokens
from transformer.errors import AnchorError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tree_sitter import Node

    from transformer.cpp.source import Source

_DEFINE = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:\\\r?\n|[^\n])*)", re.MULTILINE)
_MADE = ("call_expression", "compound_literal_expression", "ERROR")  # what a macro with parameters looks like


def defined(live: bytes) -> dict[str, list[str]]:
    """The macros that a file defines, and the tokens of each (its parameters are among them)."""
    if b"define" not in live:
        return {}
    found: dict[str, list[str]] = {}
    for match in _DEFINE.finditer(live):
        body = re.sub(r"\\\r?\n", " ", match[2].decode(errors="replace"))
        found.setdefault(match[1].decode(), []).extend(tokens(body).split(SEP))
    return found


def require_visible(
    source: Source, items: Iterable[Node], names: Collection[str], name: str, *, calls: bool = True
) -> None:
    """Raises `AnchorError` where one of some items may stand for one of `names` without showing it.

    An item is a label, a key, a cell or a row that is none. Macros of other files are not known: with `calls`, what is
    called like one may be anything.
    """
    for item in items:
        made = item.type in _MADE or not calls
        if not made and not source.macros:
            continue
        found = tokens(source.text(item)).split(SEP)
        hidden = not set(names).isdisjoint(found) or (calls and found[0] not in source.macros) if made else False
        if hidden or _stand_for(found, names, source.macros):
            raise AnchorError(
                f"{' '.join(source.text(item).split())[:60]} of {name} is made by a macro: whether it stands for"
                f" {', '.join(names)} cannot be seen",
                where=source.where(item.start_byte),
                help="write it out in the fork, then run again",
            )


def _stand_for(found: Sequence[str], names: Collection[str], macros: Mapping[str, Sequence[str]]) -> bool:
    """Whether the macros among some tokens bring one of `names`, or put names together."""
    seen: set[str] = set()
    stack = [each for each in found if each in macros]
    while stack:
        each = stack.pop()
        if each not in seen:
            seen.add(each)
            body = macros[each]
            if not set(names).isdisjoint(body) or "##" in "".join(body):
                return True
            stack += (inner for inner in body if inner in macros)
    return False
