"""`verify --build` shows a maintainer the same figures as these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.build import Build, judged, verified
from e2e.trees import FUNCTIONS, MEMBERS, TREES, AnyTree

pytestmark = pytest.mark.e2e


def test_a_ported_tree_is_right(tree: AnyTree, ported: Build, ported_source: Path) -> None:
    said = verified(tree, ported_source)
    assert "numbers: 12 of 12 models give the logits of the reference" in said
    assert "tokenizer: 12 of 12 texts become the right tokens and come back" in said
    assert [line.split()[-1] for line in said.splitlines() if " F32 " in line or " F16 " in line] == ["right"] * 12


@pytest.mark.skipif(TREES != (MEMBERS, FUNCTIONS), reason="other trees are tested")
@pytest.mark.parametrize("arch", ["gemma4", "muse-glimmer"])
def test_a_ported_tree_computes_what_another_one_does(arch: str) -> None:
    """`--against`: the younger of both can make models, and judges the older. Beside its programs nothing is built for it."""
    said = judged(MEMBERS, FUNCTIONS, arch)
    rows = [line.split() for line in said.partition("against: ")[2].splitlines() if " F32 " in line or " F16 " in line]
    assert {row[0].rstrip(",") for row in rows} == ({"dense", "experts"} if arch == "gemma4" else {"dense"})
    assert {row[-1] for row in rows} == {"right"}
