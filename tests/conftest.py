"""What tests of the command line share. Helpers are imported by their bare names, packs below `rules`."""

import os
from pathlib import Path

import casefile
import pytest
from command import fork, settle
from hypothesis import HealthCheck, settings

# A machine that is busy with other things draws slowly; that is no fault of what is drawn.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")


def pytest_addoption(parser):
    parser.addoption("--packs", action="append", default=[], metavar="DIR", help="a folder with more packs to test")
    parser.addoption("--screenshots", action="store_true", help="make the pictures in docs/ anew (tests/real/test_page.py)")


def pytest_configure(config):
    casefile.FOLDERS.extend(Path(each).resolve() for each in config.getoption("--packs", []))


def pytest_ignore_collect(collection_path):
    """With `--packs`, those packs are tested and nothing else."""
    other = collection_path.suffix == ".py" and collection_path.name not in ("test_rules.py", "test_every_pack.py")
    return True if casefile.FOLDERS and other else None


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory):
    """Nothing is kept in the user's cache folder; what the compiler said of a unit once serves all tests, in all workers.

    So does the bytecode of our modules, wherever these tests run: many of them start a process.
    """
    base = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture
def settled(tmp_path, monkeypatch):
    """Neither the user's settings nor the user's folders take part."""
    settle(tmp_path, monkeypatch)


@pytest.fixture
def tree(tmp_path):
    """A copy of the example fork."""
    return fork(tmp_path / "tree")
