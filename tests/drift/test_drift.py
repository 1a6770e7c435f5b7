"""Trees that drifted, keeping their meaning, port like the tree that did not. What is chosen stands in `chosen`.

Every failure names its seed: `python -m drift.repeat SEED [TREE ...]` in tests/.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from drift import mutators
from drift.chosen import COUNT, FIRST, TYPED, roots
from drift.machine import FORK, Mutant, compiled, judge, mutant, original, touched, whole


def _said(seed: int) -> str:
    verdict = judge(mutant(seed, roots()))
    if not verdict.complaints:
        return ""
    return f"{verdict.mutant}\n    " + "\n    ".join(verdict.complaints[:5])


def _each(judge: Callable[[int], str], seeds: Sequence[int]) -> Iterator[str]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from filter(None, pool.map(judge, seeds))


@pytest.mark.drift
def test_a_drifted_tree_is_ported_like_the_original():
    said = list(_each(_said, range(FIRST, FIRST + COUNT)))
    assert not said, f"{len(said)} of {COUNT} mutants:\n" + "\n".join(said[:20])


def _compiler_said(seed: int) -> str:
    one = mutant(seed, roots())
    found = compiled(one, jobs=1)
    return f"{one}\n    " + "\n    ".join(found[:5]) if found else ""


@pytest.mark.drift
def test_the_port_of_a_drifted_tree_compiles():
    said = list(_each(_compiler_said, range(FIRST, FIRST + TYPED)))
    assert not said, f"{len(said)} of {TYPED} mutants:\n" + "\n".join(said[:20])


@pytest.mark.drift
@pytest.mark.parametrize("root", sorted(set(roots())), ids=str)
def test_no_local_needs_its_name(root: Path):
    """Every local of every file that the port touches is called something else, all at once."""
    every = tuple(("renamed_locals", path, 0) for path in touched(root) if path.endswith(".cpp"))
    assert not judge(Mutant(root, every)).complaints
    assert not compiled(Mutant(root, every))


# the machine itself


def test_a_mutant_is_repeated_from_its_seed():
    assert str(mutant(7, (FORK,))) == str(mutant(7, (FORK,)))
    assert mutant(7, (FORK,)).files() == mutant(7, (FORK,)).files()


@pytest.mark.parametrize("name", mutators.MUTATORS)
def test_every_mutator_changes_something(name):
    disk = whole(FORK)
    if name.endswith("_style") and mutators.clang_format() is None:
        pytest.skip("there is no clang-format")
    texts = {path: disk.source(path).data.decode() for path in touched(FORK)}
    for seed in range(20):
        if any(mutators.MUTATORS[name](seed, text) != text for text in texts.values()):
            return
    assert name in ("braces_added", "braces_beside"), "nothing drifts"  # real trees have some


@pytest.mark.parametrize("name", mutators.LAYOUT)
def test_layout_leaves_the_tokens(name):
    disk = whole(FORK)
    for path in ("src/llama-vocab.cpp", "src/llama-arch.cpp", "src/llama-graph.h"):
        source = disk.source(path)
        for seed in range(3):
            new = type(source)(path, mutators.MUTATORS[name](seed, source.data.decode()).encode())
            if not name.endswith("_style"):  # these break strings, and may put braces
                assert new.tokens == source.tokens, seed
            assert not new.faults, seed


def test_the_original_is_ported():
    assert not original(FORK).blocked
