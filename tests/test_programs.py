"""Nothing of a tree is ever run: no module of it is imported, no program in it is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import fork, git, repository

from transformer import programs

pytestmark = pytest.mark.usefixtures("settled")

MODULES = ("signal", "multiprocessing", "pickle", "json", "socket", "sitecustomize", "click", "transformer", "runpy",
           "tree_sitter", "concurrent", "selectors", "threading", "transformer_rules")  # fmt: skip
PROGRAMS = ("git", "g++", "c++", "gcc", "cc", "clang++", "clang", "cmake", "ninja", "make", "ccache", "uname")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A tree whose modules and programs leave a mark beside it when they run."""
    root = fork(tmp_path / "hostile")
    mark = tmp_path / "mark"
    for name in MODULES:
        (root / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write(__file__ + '\\n')\n")
    for folder in (root, root / "bin"):
        folder.mkdir(exist_ok=True)
        for name in PROGRAMS:
            (folder / name).write_text(f'#!/bin/sh\necho "$0" >> {mark}\n')
            (folder / name).chmod(0o755)
    return root


def path(root: Path) -> dict[str, str]:
    """A `PATH` with the tree in front, said in each way."""
    return {"PATH": os.pathsep.join((".", "", "bin", str(root), str(root / "bin"), os.environ["PATH"]))}


def marks(root: Path) -> str:
    mark = root.parent / "mark"
    return mark.read_text() if mark.exists() else ""


def script(root: Path, *words: object, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As the console script, from inside of the tree: Python is given nothing that would protect it."""
    console = root.parent / "console"
    console.write_text("from transformer.__main__ import main\n\nif __name__ == '__main__':\n    main()\n")
    command = [sys.executable, str(console), *map(str, words)]
    return subprocess.run(
        command, cwd=root, env={**os.environ, **env}, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


LEVELS = ("syntax", pytest.param("types", marks=pytest.mark.slow))


@pytest.mark.parametrize("level", LEVELS)
def test_a_survey_of_the_working_folder_runs_nothing_of_it(hostile, level):
    repository(hostile)
    git(hostile, "commit", "-q", "--allow-empty", "-m", "second")
    (hostile.parent / "names").write_text("HEAD\nHEAD~1\n")
    words = ("survey", ".", "--arch", "gemma4", "--revisions", hostile.parent / "names", "--jobs", 2, "--verify", level)
    for env in ({}, path(hostile)):
        said = script(hostile, *words, env=env)
        assert said.returncode == 0, said.stdout + said.stderr
        assert said.stdout.count(" ports ") == 3
        assert marks(hostile) == ""


@pytest.mark.parametrize("level", LEVELS)
def test_a_run_in_the_working_folder_runs_nothing_of_it(hostile, level):
    stays_unmarked(hostile, "run", ".", "--arch", "gemma4", "--check", "--verify", level)


@pytest.mark.parametrize("words", [("status", ".", "--arch", "gemma4"), ("verify", ".", "--arch", "gemma4", "--build")])
def test_a_look_at_the_working_folder_runs_nothing_of_it(hostile, words):
    stays_unmarked(hostile, *words)


def stays_unmarked(hostile, *words):
    repository(hostile)
    said = script(hostile, *words, env=path(hostile))
    assert said.returncode in (0, 1, 6), said.stdout + said.stderr
    assert marks(hostile) == ""


def test_where_programs_are_taken_from(tmp_path, monkeypatch):
    tree, tools = tmp_path / "tree", tmp_path / "tools"
    for folder in (tree / "bin", tools):
        folder.mkdir(parents=True)
        (folder / "tool").write_text("#!/bin/sh\n")
        (folder / "tool").chmod(0o755)
    (tools / "sly").symlink_to(tree / "bin" / "tool")
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PATH", os.pathsep.join(("bin", "", str(tree / "bin"), "../tree/bin", str(tools))))
    assert programs.search_path(tree) == str(tools)
    assert programs.find("tool", tree) == str(tools / "tool")
    assert programs.find("tool") == str(tree / "bin" / "tool")
    assert programs.find("sly", tree) is None
    assert programs.find("none", tree) is None
    assert programs.find("bin/tool") is None
    assert programs.find(str(tools / "tool"), tree) == str(tools / "tool")
    assert programs.find(str(tree / "bin" / "tool"), tree) is None
    assert programs.environment(tree)["PATH"] == str(tools)
