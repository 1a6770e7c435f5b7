"""`verify --against`: a tree that can make models judges another one of another dialect. Nothing more is built for it."""

from __future__ import annotations

import pytest

from e2e.build import judged
from e2e.trees import FUNCTIONS, MEMBERS, TREES

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(TREES != (MEMBERS, FUNCTIONS), reason="other trees are tested")]


@pytest.mark.parametrize("arch", ["gemma4", "muse-glimmer"])
def test_a_ported_tree_computes_what_its_donor_does(arch: str) -> None:
    said = judged(MEMBERS, FUNCTIONS, arch)
    rows = [line.split() for line in said.partition("against: ")[2].splitlines() if " F32 " in line or " F16 " in line]
    assert {row[0].rstrip(",") for row in rows} == ({"dense", "experts"} if arch == "gemma4" else {"dense"})
    assert {row[-1] for row in rows} == {"right"}
