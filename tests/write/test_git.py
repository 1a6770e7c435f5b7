"""What git says of a tree, without anything in it being run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from writing import CHANGES, NEW, apply, files_of, fill, git

from transformer.write import dirty_files, state_folder, why_no_git


def test_clean_tree(repo: Path) -> None:
    assert dirty_files(repo) == []
    assert why_no_git(repo) is None


def test_modified_staged_and_deleted_files_count(repo: Path) -> None:
    (repo / "a.cpp").write_bytes(b"x")
    (repo / "b.cpp").unlink()
    (repo / "staged.cpp").write_bytes(b"x")
    git(repo, "add", "staged.cpp")
    assert dirty_files(repo) == ["a.cpp", "b.cpp", "staged.cpp"]


def test_both_names_of_a_moved_file_count(repo: Path) -> None:
    git(repo, "mv", "a.cpp", "moved.cpp")
    assert dirty_files(repo) == ["a.cpp", "moved.cpp"]


def test_untracked_files_count_only_in_the_way(repo: Path) -> None:
    (repo / "new/deep").mkdir(parents=True)
    (repo / "new/deep/d.cpp").write_bytes(b"x")
    (repo / "notes.txt").write_bytes(b"x")
    (repo / ".gitignore").write_text("*.gen\n")
    (repo / "x.gen").write_bytes(b"x")
    assert dirty_files(repo) == []
    assert dirty_files(repo, planned=[*NEW, "x.gen", "missing.cpp"]) == ["new/deep/d.cpp", "x.gen"]


def test_only_files_below_the_root_count(repo: Path) -> None:
    root = fill(repo / "sub dir")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "sub")
    (repo / "a.cpp").write_bytes(b"x")
    (root / "b.cpp").write_bytes(b"x")
    (root / "n.cpp").write_bytes(b"x")
    assert dirty_files(root, planned=["n.cpp"]) == ["b.cpp", "n.cpp"]


def test_odd_names(repo: Path) -> None:
    names = ["[a]*.cpp", "new\nline", "-dash", "\u00e4 b"]
    for name in names:
        (repo / name).write_bytes(b"x")
    assert dirty_files(repo, planned=names) == sorted(names)
    git(repo, "add", ".")
    assert dirty_files(repo) == sorted(names)


def test_no_work_tree(tree: Path, repo: Path) -> None:
    assert dirty_files(tree) is None
    assert why_no_git(tree) == "the folder is not in a git work tree"
    assert dirty_files(repo / ".git") is None


def test_no_git_program(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo.parent / "empty"))
    assert dirty_files(repo) is None
    assert why_no_git(repo) == "git is not installed"
    apply(repo, CHANGES, label="x")
    assert state_folder(repo).is_relative_to(repo.parent / "state")


def test_dubious_ownership(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    if "dubious" not in (why_no_git(repo) or ""):
        pytest.skip("this git does not look at the owner")
    assert dirty_files(repo) is None
    apply(repo, CHANGES, label="x")
    assert files_of(repo) == NEW


def test_surrounding_git_process_does_not_mislead(repo: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tree, "init", "-q")
    (repo / "a.cpp").write_bytes(b"x")
    monkeypatch.setenv("GIT_DIR", str(tree / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tree))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tree / ".git/index"))
    assert dirty_files(repo) == ["a.cpp"]


def test_program_in_the_tree_is_never_git(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = repo / "git"
    trap.write_text(f"#!/bin/sh\n: > {repo}/ran\n")
    trap.chmod(0o755)
    monkeypatch.setenv("PATH", str(repo))
    monkeypatch.chdir(repo)
    assert dirty_files(repo) is None
    monkeypatch.setenv("PATH", ".")
    assert dirty_files(repo) is None
    assert not (repo / "ran").exists()


def set_traps(root: Path, mark: Path) -> None:
    """Everything that a repository can name to be run by git, as far as we use git."""
    script = root / ".git/trap.sh"
    script.write_text(f"#!/bin/sh\necho $0 >> {mark}\ncat\n")
    script.chmod(0o755)
    for hook in ("pre-commit", "post-commit", "commit-msg", "prepare-commit-msg", "reference-transaction"):
        shutil.copy(script, root / ".git/hooks" / hook)
    for key in ("core.fsmonitor", "filter.t=r.ap.clean", "filter.t=r.ap.process", "gpg.program", "core.editor"):
        git(root, "config", key, str(script))
    git(root, "config", "filter.t=r.ap.required", "true")
    (root / ".git/info/attributes").write_text("* filter=t=r.ap\n")


def test_nothing_that_the_repository_names_is_run(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = repo.parent / "ran"
    set_traps(repo, mark)
    (repo / "a.cpp").write_bytes(b"other\n")
    (repo / "n.cpp").write_bytes(b"x\n")
    assert dirty_files(repo, ["n.cpp"]) == ["a.cpp", "n.cpp"]
    assert not mark.exists()
    with pytest.raises(subprocess.CalledProcessError):  # the traps do work
        git(repo, "commit", "-a", "-S", "-m", "x")
    assert mark.exists()
