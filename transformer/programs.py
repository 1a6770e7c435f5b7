"""Programs of the user's machine: found in absolute folders of `PATH` that lie outside of a tree, never inside it.

A tree is other people's work. With `PATH=.:...`, or with a folder of the tree on `PATH`, the operating system would
take the tree's own `git` or `g++`.
"""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from pathlib import Path

_avoided: set[Path] = set()


def avoid(*trees: Path) -> None:
    """From now on, take nothing from these trees either: a survey judges copies of what lies in a repository."""
    _avoided.update(each.resolve() for each in trees)


def search_path(*trees: Path) -> str:
    """`PATH` without what is relative, and without what lies in one of these trees."""
    return _outside(tuple(os.get_exec_path()), trees, frozenset(_avoided))


@lru_cache(maxsize=64)
def _outside(entries: tuple[str, ...], trees: tuple[Path, ...], _avoiding: frozenset[Path]) -> str:
    """Asked for with each program that is started, a hundred times in a run, and the same all the while."""
    return os.pathsep.join(each for each in entries if os.path.isabs(each) and not _inside(Path(each), trees))


def find(name: str, *trees: Path) -> str | None:
    """The absolute path of a program by its name, or of one that is named by such a path; `None` where there is none.

    A program that is reached by a symlink into one of the trees counts as none.
    """
    if os.path.dirname(name) and not os.path.isabs(name):
        return None
    found = shutil.which(name, path=search_path(*trees))
    if found is None or _inside(Path(found), trees):
        return None
    return found


def environment(*trees: Path) -> dict[str, str]:
    """The environment for such a program: what it starts in its turn is looked for in the same folders."""
    return {**os.environ, "PATH": search_path(*trees)}


def _inside(path: Path, trees: tuple[Path, ...]) -> bool:
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # a link to itself, or a disk that is gone: nothing is taken from there
        return True
    return any(real.is_relative_to(tree) for tree in (*_avoided, *(each.resolve() for each in trees)))
