"""Trees that drifted, keeping their meaning, port like the tree that did not.

DRIFT_MUTANTS and DRIFT_TYPED say how many are planned and how many of them are type-checked, DRIFT_SEED where to begin;
DRIFT_TREES are more trees, set apart by `:`. Every failure names its seed: `python -m drift.repeat SEED` in tests/.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from real.trees import CACHE, cython, python

from drift import mutators
from drift.machine import FORK, Drifted, judge, loaded, mutant, original, touched
from transformer import plan
from transformer.types.check import check_types
from transformer.workspace import Workspace

COUNT = int(os.environ.get("DRIFT_MUTANTS", "300"))
TYPED = int(os.environ.get("DRIFT_TYPED", "20"))
FIRST = int(os.environ.get("DRIFT_SEED", "0"))


def roots() -> tuple[Path, ...]:
    """The example, the trees that are named, and the real ones that were downloaded already."""
    more = [Path(each) for each in os.environ.get("DRIFT_TREES", "").split(":") if each]
    known = [CACHE / each.name for each in (cython("0.2.12"), python("0.3.19"))]
    return (FORK, FORK, FORK, *more, *(path / "tree" for path in known if (path / "done").exists()))


def _said(seed: int) -> str:
    verdict = judge(mutant(seed, roots()))
    if not verdict.complaints:
        return ""
    return f"{verdict.mutant}\n    " + "\n    ".join(verdict.complaints[:5])


@pytest.mark.drift
def test_a_drifted_tree_is_ported_like_the_original():
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        said = [each for each in pool.map(_said, range(FIRST, FIRST + COUNT), chunksize=4) if each]
    assert not said, f"{len(said)} of {COUNT} mutants:\n" + "\n".join(said[:20])


def _complete(root: Path, folder: Path, files: dict[str, bytes]) -> None:
    """A tree on disk: links to what did not drift."""
    for name in ("src", "include", "ggml", "common", "vendor"):
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, copy_function=os.link if os.access(root, os.W_OK) else shutil.copy2)
    for path, data in files.items():
        (folder / path).unlink()
        (folder / path).write_bytes(data)


@pytest.mark.drift
@pytest.mark.parametrize("seed", range(FIRST, FIRST + TYPED))
def test_a_drifted_tree_compiles_and_so_does_its_port(seed, tmp_path):
    one = mutant(seed, roots())
    files = one.files()
    family = loaded().family
    own = check_types(one.root, files, created=[], names={}, include_dirs=family.includes)
    errors = [str(each) for each in own.errors]
    assert not errors, f"the machine has changed the meaning of {one}: {errors[:3]}"
    made = plan.make(loaded(), Workspace(Drifted(one.root, files)))
    _complete(one.root, tmp_path, files)
    planned = {path: source.data for path, source in made.after.planned.items()}
    created = [path for path in planned if not made.before.exists(path)]
    report = check_types(tmp_path, planned, created=created, names=plan.new_names(made), include_dirs=family.includes)
    assert not report.new, f"{one}\n" + "\n".join(map(str, report.new[:5]))
    assert set(created) <= set(report.units)


# the machine itself


def test_a_mutant_is_repeated_from_its_seed():
    assert str(mutant(7, (FORK,))) == str(mutant(7, (FORK,)))
    assert mutant(7, (FORK,)).files() == mutant(7, (FORK,)).files()


@pytest.mark.parametrize("name", mutators.MUTATORS)
def test_every_mutator_changes_something(name):
    disk = Workspace(Drifted(FORK, {}))
    if name.endswith("_style") and mutators.clang_format() is None:
        pytest.skip("there is no clang-format")
    texts = {path: disk.source(path).data.decode() for path in touched(FORK)}
    for seed in range(20):
        if any(mutators.MUTATORS[name](seed, text) != text for text in texts.values()):
            return
    assert name in ("braces_added", "braces_beside"), "nothing drifts"  # real trees have some


@pytest.mark.parametrize("name", mutators.LAYOUT)
def test_layout_leaves_the_tokens(name):
    disk = Workspace(Drifted(FORK, {}))
    for path in ("src/llama-vocab.cpp", "src/llama-arch.cpp", "src/llama-graph.h"):
        source = disk.source(path)
        for seed in range(3):
            new = type(source)(path, mutators.MUTATORS[name](seed, source.data.decode()).encode())
            if not name.endswith("_style"):  # these break strings, and may put braces
                assert new.tokens == source.tokens, seed
            assert not new.faults, seed


def test_the_original_is_ported():
    assert not original(FORK).blocked
