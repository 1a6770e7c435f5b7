"""What tests of the command line share. Helpers are imported by their bare names, packs below `rules`."""

import pytest
from command import fork, settle


@pytest.fixture
def settled(tmp_path, monkeypatch):
    """Neither the user's settings nor the user's folders take part."""
    settle(tmp_path, monkeypatch)


@pytest.fixture
def tree(tmp_path):
    """A copy of the example fork."""
    return fork(tmp_path / "tree")
