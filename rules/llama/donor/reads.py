"""Values of an architecture that shared functions of a donor's graph and cache read for every architecture."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from msgspec import structs

from transformer.cpp import Construct
from transformer.cpp.functions import Function
from transformer.cpp.runs import ahead, heads, innermost, unit

from .. import spelling
from ..beside import tests_around
from ..spec import Read
from .margin import margin
from .tree import Tree
from .words import Lifter

_READ = re.compile(r"\bml\.get_(?:key|key_or_arr|arr)\([^;]*?\bhparams\.(\w+)")
_IF = re.compile(r"if \(((?:[^()]|\([^()]*\))*)\) \{")
EVERYWHERE = ("build_norm",)
"""Helpers that read the same values in every tree."""


def reads(tree: Tree, loader: Sequence[Construct], lifter: Lifter, enumerator: str) -> Iterator[Read]:
    """The values that the loader takes from a file and the helpers that the graph calls ask for, in any of them.

    A check of names or types cannot miss them: an older tree has the helper, and asks for the value in the graphs of
    other architectures, or not at all.
    """
    helpers = list(lifter.used.helpers)
    renamed = {*spelling.HPARAMS, *(name for others in spelling.HPARAMS.values() for name in others)}
    found = (name for code in loader for name in _READ.findall(code.text) if name not in renamed)
    members = dict.fromkeys(found)
    for helper in _reached(tree, [each for each in helpers if each not in EVERYWHERE]):
        for function in tree.graph_source.functions(f"llm_graph_context::{helper}"):
            for member in members:
                if _asked(function, member, members, enumerator):
                    yield _read(helper, function, member, lifter, f"arch == {enumerator}")
    for function in tree.file("llama-kv-cache.cpp").functions("llama_kv_cache::build_graph_shift"):
        for member in [each for each in lifter.used.methods if function.mentions(each)]:
            whole = _read(function.name, function, member, lifter, f"model.arch == {enumerator}")
            yield from [whole] if whole.code else []


def _asked(function: Function, member: str, known: Collection[str], enumerator: str) -> bool:
    """Whether a function reads a value where it runs for the architecture.

    It does not where the value only decides together with another one, which no file of the architecture sets.
    """
    read = re.compile(rf"\bhparams\.{member}\b")
    conditions = (each.condition.text for each in function.ifs() if each.condition.mentions(member))
    idle = [text for text in conditions if not set(re.findall(r"\bhparams\.(\w+)", text)) <= set(known)]
    if len(read.findall(function.text)) == sum(len(read.findall(text)) for text in idle):
        return False
    return all(each.condition.mentions(enumerator) for each in tests_around(function, member))


def _read(name: str, function: Function, member: str, lifter: Lifter, test: str) -> Read:
    """What a function does with a value: by itself, in one `if`, and where that stands; else only that it reads it."""
    read, found = Read(name, member, function.where), function.expressions(f"hparams.{member}")
    around = innermost(function, found) if found else None
    whole = unit(around) if around is not None else None
    if whole is None or whole.node.child_by_field_name("alternative") is not None:
        return read
    lifted = margin(lifter.text(whole)).rstrip()
    condition = _IF.match(lifted)
    if condition is None or "||" in condition[1]:
        return read
    code = lifted.replace("if (", f"if ({test} && ", 1)
    return structs.replace(read, code=code, around=heads(whole), ahead=ahead(whole))


def _reached(tree: Tree, helpers: Sequence[str]) -> list[str]:
    """The helpers, and those that they call."""
    known, found = {each.own_name for each in tree.graph.all_methods()}, list(dict.fromkeys(helpers))
    for helper in found:
        for function in tree.graph_source.functions(f"llm_graph_context::{helper}"):
            called = (
                each
                for each in re.findall(r"\b(build_\w+)\s*\(", function.text)
                if each in known and each not in EVERYWHERE
            )
            found += [each for each in dict.fromkeys(called) if each not in found]
    return found
