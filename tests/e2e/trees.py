"""The trees that are ported, built and run: one per dialect, and any other that lies in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from real.trees import Tree, cython, python, unpacked

MEMBERS = cython("0.2.12")
"""Head sizes are members of the hyperparameters."""

FUNCTIONS = python("0.3.19")
"""Head sizes are functions of the layer."""

TREES: tuple[Tree, ...] = (MEMBERS, FUNCTIONS)


@dataclass(frozen=True)
class Local:
    """A tree in a folder: read, never changed. The name tells figures and builds apart."""

    name: str
    path: Path


AnyTree = Tree | Local


def pristine(tree: AnyTree) -> Path:
    return tree.path if isinstance(tree, Local) else unpacked(tree)
