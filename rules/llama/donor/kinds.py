"""What graph helpers of a donor do for kinds that not every tree's helper knows."""

from __future__ import annotations

from collections.abc import Iterator

from transformer.cpp.functions import Function

from .. import spelling
from ..spec import Kind
from .margin import margin
from .tree import Tree
from .words import Lifter


def kinds(tree: Tree, lifter: Lifter) -> Iterator[Kind]:
    """The cases of those kinds that the builder asks its helpers for."""
    asked = [(helper, kind) for helper, kinds in spelling.KINDS.items() for kind in kinds
             if helper in lifter.used.helpers and kind in lifter.used.names]  # fmt: skip
    for helper, kind in asked:
        for function in tree.graph_source.functions(f"llm_graph_context::{helper}"):
            for switch in (each for each in function.switches() if kind in each.cases):
                case, labels = switch.case(kind), list(switch.cases)
                code = margin(lifter.text(case).partition(":")[2]).rstrip()
                named = [each for each in _locals(function) if case.mentions(each)]
                yield Kind(helper, kind, code, named, labels[: labels.index(kind)][:-4:-1], case.where)


def _locals(function: Function) -> list[str]:
    """The parameters and the local variables of a function."""
    return [*(each.name for each in function.parameters), *function.body().statements()[-1].seen_locals]
