"""The trees that are ported, built and run: two in CI, and any other that lies in a folder.

E2E_TREES names such others, as `NAME=FOLDER` set apart by `:`; the tests then run on these alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from real.trees import Tree, cython, python, unpacked

MEMBERS = cython("0.2.12")
"""Head sizes are members of the hyperparameters."""

FUNCTIONS = python("0.3.19")
"""Head sizes are functions of the layer."""

@dataclass(frozen=True)
class Local:
    """A tree in a folder: read, never changed. The name tells figures and builds apart."""

    name: str
    path: Path


AnyTree = Tree | Local


def local(words: Iterable[str]) -> tuple[Local, ...]:
    """Trees that are named as `NAME=FOLDER`."""
    return tuple(Local(name, Path(folder)) for name, _, folder in (word.partition("=") for word in words))


TREES: tuple[AnyTree, ...] = local(filter(None, os.environ.get("E2E_TREES", "").split(":"))) or (MEMBERS, FUNCTIONS)


def pristine(tree: AnyTree) -> Path:
    return tree.path if isinstance(tree, Local) else unpacked(tree)
