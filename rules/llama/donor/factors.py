"""Tensors called `scale` that are an architecture's own, where the donor's common loader reads them with all others."""

from __future__ import annotations

import re
from collections.abc import Collection

from .keys import keys
from .tree import Tree
from .words import Lifter


def factors(arch: str, scales: Collection[str]) -> frozenset[str]:
    """The members among those for scales of quantized weights that hold a factor which every file has."""
    kept = (each.removesuffix(".scale") for each in keys(arch, experts=True).keep)
    return frozenset(f"{each}_s" for each in kept if f"{each}_s" in scales)


def with_factors(tree: Tree, lifter: Lifter, loader: str) -> str:
    """The loader of an architecture, which asks for such a tensor, as the common one does, right behind the weight.

    A common loader that knows it leaves alone what is there already.
    """
    for name in sorted(lifter.factors):
        functions = (each for group in tree.file("llama-model.cpp").defined.values() for each in group)
        asked = (
            call.statement_of() for each in functions if each.mentions(name) for call in each.calls("create_tensor")
        )
        lines = [each for each in asked if each.target == f"layer.{name}"]
        weight = re.search(rf"^( *)layer\.{name.removesuffix('_s')} *= [^;]*;\n", loader, re.MULTILINE)
        if lines and weight:
            text = weight[1] + lifter.text(lines[0])
            loader = f"{loader[: weight.end()]}{text}\n{loader[weight.end() :]}"
    return loader
