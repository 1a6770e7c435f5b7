"""`verify --build` shows a maintainer the same figures as these tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from real.trees import DONOR

from e2e.build import Build, judged, port, port_from, verified
from e2e.trees import FUNCTIONS, MEMBERS, TREES, AnyTree, pristine

pytestmark = pytest.mark.e2e


def test_a_ported_tree_is_right(tree: AnyTree, ported: Build, ported_source: Path) -> None:
    said = verified(tree, ported_source)
    assert "numbers: 12 of 12 models give the logits of the reference" in said
    assert "tokenizer: 12 of 12 texts become the right tokens and come back" in said
    assert [line.split()[-1] for line in said.splitlines() if " F32 " in line or " F16 " in line] == ["right"] * 12


def table(said: str) -> list[list[str]]:
    """The rows of what was compared."""
    lines = said.partition("against: ")[2].splitlines()
    return [line.split() for line in lines if " F32 " in line or " F16 " in line]


@pytest.mark.skipif(TREES != (MEMBERS, FUNCTIONS), reason="other trees are tested")
@pytest.mark.parametrize("arch", ["gemma4", "muse-glimmer"])
def test_a_ported_tree_computes_what_another_one_does(arch: str) -> None:
    """`--against`: the younger of both can make models, and judges the older. Beside its programs nothing is built for it."""
    rows = table(judged(MEMBERS, port(MEMBERS), FUNCTIONS, port(FUNCTIONS), arch))
    assert {row[0].rstrip(",") for row in rows} == ({"dense", "experts"} if arch == "gemma4" else {"dense"})
    assert {row[-1] for row in rows} == {"right"}


DRAFTED = {"nanbeige": {"dense"}, "hy_v3": {"experts"}, "minimax-01": {"experts"}, "laguna": {"experts"}}
"""A plain one, one with experts, a hybrid one, and one with a pre-tokenizer of its own; and the models it is made of."""


@pytest.mark.skipif(TREES != (MEMBERS, FUNCTIONS), reason="other trees are tested")
@pytest.mark.parametrize("arch", DRAFTED)
def test_a_drafted_port_computes_what_its_donor_does(arch: str) -> None:
    source = port_from(DONOR, FUNCTIONS, tuple(DRAFTED))
    said = judged(FUNCTIONS, source, DONOR, pristine(DONOR), arch)
    rows = table(said)
    assert {row[0].rstrip(",") for row in rows} == DRAFTED[arch]
    assert {row[-1] for row in rows} == {"right"}
    assert (arch != "laguna") or "texts: 200 of 200 texts become the donor's tokens (laguna)" in said
