"""The builds that the tests run on, made when the first test asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from real.trees import Tree, unpacked

from e2e.build import Build, build, port
from e2e.trees import MEMBERS, TREES


@pytest.fixture(scope="session", params=TREES, ids=lambda tree: tree.name)
def tree(request: pytest.FixtureRequest) -> Tree:
    return request.param


@pytest.fixture(scope="session")
def pristine(tree: Tree) -> Build:
    return build(tree, unpacked(tree))


@pytest.fixture(scope="session")
def ported_source(tree: Tree) -> Path:
    return port(tree)


@pytest.fixture(scope="session")
def ported(tree: Tree, pristine: Build, ported_source: Path) -> Build:
    """Built after the pristine one, in the same folder: what the port does not reach is not compiled again."""
    return build(tree, ported_source)


@pytest.fixture(scope="session")
def any_build() -> Build:
    """One ported build, for what is judged by the same code on every tree."""
    return build(MEMBERS, port(MEMBERS))
