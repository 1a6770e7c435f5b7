"""Values of an architecture that shared functions of a donor's graph read for every architecture."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from transformer.cpp import Construct
from transformer.cpp.functions import Function
from transformer.cpp.runs import heads, innermost, leads, unit

from .. import spelling
from ..beside import tests_around
from ..spec import Read
from .margin import margin
from .tree import Tree
from .words import Lifter

_READ = re.compile(r"\bml\.get_(?:key|key_or_arr|arr)\([^;]*?\bhparams\.(\w+)")
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
                    code, around = _alone(function, member, lifter, enumerator)
                    yield Read(helper, member, function.where, code, around)


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


def _alone(function: Function, member: str, lifter: Lifter, enumerator: str) -> tuple[str, list[str]]:
    """The one `if` that does all that a function does with a value, for the architecture, and what stands around it.

    Both are empty where there is none, or where it does not come first of all that is done there.
    """
    found = function.expressions(f"hparams.{member}")
    around = innermost(function, found) if found else None
    if around is None:
        return "", []
    whole = unit(around)
    if not leads(whole) or whole.node.child_by_field_name("alternative") is not None:
        return "", []
    lifted = margin(lifter.text(whole)).rstrip()
    head, test = f"arch == {enumerator} && ", re.match(r"if \(([^()]*)\) \{", lifted)
    code = lifted.replace("if (", f"if ({head}", 1) if test and "||" not in test[1] else ""
    return code, heads(whole)


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
