"""The builds that the tests run on, made when the first test asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.build import Build, build, port
from e2e.trees import TREES, AnyTree
from e2e.trees import pristine as source_of


@pytest.fixture(scope="session", params=TREES, ids=lambda tree: tree.name)
def tree(request: pytest.FixtureRequest) -> AnyTree:
    return request.param


@pytest.fixture(scope="session")
def pristine(tree: AnyTree) -> Build:
    return build(tree, source_of(tree))


@pytest.fixture(scope="session")
def ported_source(tree: AnyTree) -> Path:
    return port(tree)


@pytest.fixture(scope="session")
def ported(tree: AnyTree, pristine: Build, ported_source: Path) -> Build:
    """Built after the pristine one, in the same folder: what the port does not reach is not compiled again."""
    return build(tree, ported_source)


@pytest.fixture(scope="session")
def any_build() -> Build:
    """One ported build, for what is judged by the same code on every tree."""
    return build(TREES[0], port(TREES[0]))
