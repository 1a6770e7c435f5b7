"""`verify --build` shows a maintainer the same figures as these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.build import Build, verified
from e2e.trees import AnyTree

pytestmark = pytest.mark.e2e


def test_a_ported_tree_is_right(tree: AnyTree, ported: Build, ported_source: Path) -> None:
    said = verified(tree, ported_source)
    assert "numbers: 12 of 12 models give the logits of the reference" in said
    assert "tokenizer: 12 of 12 texts become the right tokens and come back" in said
    assert [line.split()[-1] for line in said.splitlines() if " F32 " in line or " F16 " in line] == ["right"] * 12
