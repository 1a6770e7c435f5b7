"""Where the journals of a tree are."""

from __future__ import annotations

from pathlib import Path

import pytest
from writing import CHANGES, NEW, OLD, apply, files_of, fill, git, undo

from transformer.errors import UsageError
from transformer.write import last_applied, state_folder


def test_without_git_the_state_is_in_the_users_folder(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    assert state_folder(tree).is_relative_to(tree.parent / "state" / "transformer")
    assert state_folder(tree).is_dir()


def test_state_home_defaults_to_the_home_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert state_folder(tree).parent == tree.parent / "home/.local/state/transformer"


def test_in_git_the_state_is_in_the_git_folder(repo: Path) -> None:
    apply(repo, CHANGES, label="x")
    assert state_folder(repo) == repo / ".git/transformer"
    status = git(repo, "status", "--porcelain", "--untracked-files=all").split()
    assert status == ["M", "a.cpp", "M", "b.cpp", "M", "c.bin", "??", "new/deep/d.cpp"]
    undo(repo)
    assert git(repo, "status", "--porcelain", "--ignored") == ""


def test_linked_work_trees_are_apart(repo: Path) -> None:
    git(repo, "worktree", "add", "-q", "../linked")
    linked = repo.parent / "linked"
    apply(linked, CHANGES, label="x")
    assert state_folder(linked).is_relative_to(repo / ".git/worktrees")
    assert last_applied(repo) is None
    assert files_of(repo) == OLD


def test_subfolders_of_one_repo_are_apart(repo: Path) -> None:
    one, two = fill(repo / "third_party/lib"), fill(repo / "other/lib")
    apply(one, CHANGES, label="one")
    apply(two, CHANGES, label="two")
    apply(repo, CHANGES, label="top")
    assert len({state_folder(root) for root in (one, two, repo)}) == 3
    assert all(state_folder(root).is_relative_to(repo / ".git/transformer") for root in (one, two, repo))
    assert undo(one).label == "one"
    assert files_of(one) == OLD
    assert files_of(two) == NEW
    assert undo(repo).label == "top"


def test_runs_from_before_git_init_are_found(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    git(tree, "init", "-q")
    undo(tree)
    assert files_of(tree) == OLD


def test_no_place_for_the_state(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "nowhere")
    with pytest.raises(UsageError, match="no folder to keep the journal in"):
        apply(tree, CHANGES, label="x")
    assert files_of(tree) == OLD


def test_unwritable_state_folder(tree: Path) -> None:
    (tree.parent / "state").write_bytes(b"a file")
    with pytest.raises(UsageError, match="state folder cannot be written"):
        apply(tree, CHANGES, label="x")
    assert files_of(tree) == OLD
