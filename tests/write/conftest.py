"""The tests of writing have a tree of four files, and settings of their own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from writing import fill, git


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's state folder nor the user's git settings take part, and no test waits for the disk."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TEST_FSYNC", "0")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ann Example")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return fill(tmp_path / "tree")


@pytest.fixture(scope="session")
def _first_repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = fill(tmp_path_factory.mktemp("first") / "repo")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-m", "start")
    return root


@pytest.fixture
def repo(tmp_path: Path, _first_repo: Path) -> Path:
    root = shutil.copytree(_first_repo, tmp_path / "repo")
    git(root, "update-index", "-q", "--refresh")
    return root
