"""Which mutants are taken: from the environment.

DRIFT_MUTANTS and DRIFT_TYPED say how many are planned and how many of them are type-checked; DRIFT_SEED is the first
seed, `random` one that nobody has seen before. The default is fixed, so that a change of the code is the only reason
for another result; the seeds that were taken are printed. DRIFT_TREES are more trees, set apart by `:`.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import SystemRandom

from real.trees import CACHE, cython, python

from drift.machine import FORK

COUNT = int(os.environ.get("DRIFT_MUTANTS", "300"))
TYPED = int(os.environ.get("DRIFT_TYPED", "20"))
_SEED = os.environ.get("DRIFT_SEED", "0")
FIRST = SystemRandom().randrange(10**9) if _SEED == "random" else int(_SEED)


def roots(*trees: Path) -> tuple[Path, ...]:
    """What a seed chooses from: these trees, and the example as many times.

    Where none is named, they are those of DRIFT_TREES and the real ones that were downloaded already.
    """
    trees = trees or _default()
    return (FORK,) * max(len(trees), 1) + trees


def _default() -> tuple[Path, ...]:
    named = [Path(each) for each in os.environ.get("DRIFT_TREES", "").split(":") if each]
    known = [CACHE / each.name for each in (cython("0.2.12"), python("0.3.19"))]
    return (*named, *(path / "tree" for path in known if (path / "done").exists()))
