"""What tests of the command line share. Helpers are imported by their bare names, packs below `rules`."""

import pytest
from command import fork, settle


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory):
    """Nothing is kept in the user's cache folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def settled(tmp_path, monkeypatch):
    """Neither the user's settings nor the user's folders take part."""
    settle(tmp_path, monkeypatch)


@pytest.fixture
def tree(tmp_path):
    """A copy of the example fork."""
    return fork(tmp_path / "tree")
