"""Attacks: what a kind of change may be done to (its sites), what it does there, and what the port must still be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from random import Random
from typing import Literal

from drift.machine import Files, original
from drift.syntax import Span, Text

Demand = Literal["same", "same or blocked", "restored or blocked"]
"""Of the port of the changed tree: the same as before; or refused; or, where a row is gone, with that row again."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place that a kind may change."""

    start: int
    end: int
    more: tuple[int, ...] = ()


@dataclass(slots=True)
class Strike:
    """What was done: edits by file, and how facts about the changed tree are told in the words of the first one."""

    edits: dict[str, list[Span]]
    names: dict[str, str] = field(default_factory=dict)
    """What stands for a name, or for a call by that name (`name(`, which puts `{` around it or nothing): macros."""
    exchanged: tuple[str, str] | None = None
    """Two names that mean each other now."""
    texts: dict[str, str] = field(default_factory=dict)
    """Code, and what was there in its place."""
    cases: bool = False
    """Whether cases do what others did."""
    call: tuple[str, int] | None = None
    """A function whose parameter at this position changed places with the next."""


Sites = Callable[[Text], list[Site]]
Act = Callable[[Random, "Tree", str, Site], Strike | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of change."""

    name: str
    sites: Sites
    act: Act
    demand: Demand
    ordered: bool = True
    """Whether statements follow each other as before."""


KINDS: dict[str, Kind] = {}
FILES = re.compile(r"src/(llama-(arch|context|graph|hparams|kv-cache|kv-cache-unified|model|model-loader|model-saver|quant|vocab)|unicode"
                   r"|models/models)\.(h|cpp)")  # fmt: skip


def kind(sites: Sites, demand: Demand, *, ordered: bool = True) -> Callable[[Act], Act]:
    """Registers what a kind does."""

    def register(act: Act) -> Act:
        name = act.__name__
        KINDS[name] = Kind(name, sites, act, demand, ordered)
        return act

    return register


class Tree:
    """A tree that is attacked: its texts, parsed once, and the places that the port of it changes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._texts: dict[str, Text] = {}
        self._sites: dict[tuple[str, str], list[Site]] = {}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The files that rules change or look for places in, of those that the plan read."""
        read = (source.path for source in original(self.root).before.seen())
        return tuple(path for path in read if FILES.fullmatch(path))

    def text(self, path: str) -> Text:
        if path not in self._texts:
            self._texts[path] = Text(original(self.root).before.source(path).data.decode())
        return self._texts[path]

    def sites(self, name: str, path: str) -> list[Site]:
        if (name, path) not in self._sites:
            self._sites[name, path] = KINDS[name].sites(self.text(path))
        return self._sites[name, path]

    @cached_property
    def edited(self) -> dict[str, list[int]]:
        """Where the port edits each file."""
        found: dict[str, list[int]] = {}
        for edit in original(self.root).edits:
            found.setdefault(edit.path, []).append(edit.start)
        return found

    def near(self, path: str, site: Site) -> bool:
        """Whether the port edits something in a site or close to it."""
        return any(site.start - 300 <= at <= site.end + 300 for at in self.edited.get(path, ()))

    def files(self, strike: Strike) -> Files:
        return {path: self.text(path).edited(edits).encode() for path, edits in strike.edits.items()}


@lru_cache
def tree(root: Path) -> Tree:
    return Tree(root)


# what kinds ask for: items of a file

OPEN = ("namespace_definition", "linkage_specification", "declaration_list")
STATEMENTS = ("expression_statement", "declaration", "if_statement", "for_statement", "for_range_loop", "switch_statement")


def items(file: Text) -> list[Site]:
    """Functions, tables, enums and structs, with their semicolon; not those in `#if`."""
    found, stack = [], list(file.root.children)
    while stack:
        node = stack.pop()
        if node.type in OPEN:
            stack += node.children
        elif node.type in ("function_definition", "declaration"):
            found.append(Site(node.start_byte, node.end_byte))
        elif node.type.endswith("specifier") and node.child_by_field_name("body"):
            after = node.next_sibling
            if after is not None and after.type == ";":
                found.append(Site(node.start_byte, after.end_byte))
    return sorted(found, key=lambda each: each.start)


def parts(file: Text) -> list[Site]:
    """Rows, enumerators with their comma, members, statements and whole cases, on lines of their own."""
    found = []
    for node in file.nodes("initializer_list", "enumerator", "field_declaration", "case_statement", *STATEMENTS):
        after = node.next_sibling
        if node.type in ("initializer_list", "enumerator"):
            if after is not None and after.type == ",":
                found.append(Site(node.start_byte, after.end_byte))
        elif node.type == "case_statement" or node.parent.type in ("compound_statement", "field_declaration_list"):
            found.append(Site(node.start_byte, node.end_byte))
    return [each for each in found if whole_lines(file, each) is not None]


def whole_lines(file: Text, site: Site) -> tuple[int, int] | None:
    """The lines of a site, where nothing else stands on them but a comment behind it."""
    first, last = file.source.line_start(site.start), file.source.line_end(site.end)
    head, tail = file.data[first : site.start].strip(), file.data[site.end : last].strip()
    if head or (tail and not (tail.startswith(b"//") and not tail.endswith(b"\\"))):
        return None
    return (first, last) if file.data[:last].endswith(b"\n") else None
