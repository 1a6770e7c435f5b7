"""The story of docs/rebase.md on the example fork: the base moves, the port is dropped and made again, and compared."""

import subprocess

import pytest
from command import PROJECT, call, git, replace, repository

pytestmark = pytest.mark.usefixtures("settled")


def rebased(tree, *words):
    return subprocess.run(["git", "rebase", "-q", *words], cwd=tree, capture_output=True, check=False).returncode


def test_a_port_is_made_again_on_a_base_that_has_moved(tree):
    git(repository(tree), "branch", "base-1")
    assert call("run", tree, "--commit", "--branch", "port-1").code == 0

    # a little: rebasing does it, and a check says that nothing was lost
    git(tree, "checkout", "-q", "-b", "base-2", "base-1")
    replace(tree / "src" / "llama-arch.h", "enum llm_arch {", "// moved on\nenum llm_arch {")
    git(tree, "commit", "-qam", "base-2")
    git(tree, "checkout", "-q", "-b", "try", "port-1")
    assert rebased(tree, "--onto", "base-2", "base-1", "try") == 0
    assert call("run", tree, "--check").code == 0
    row = next(line for line in (tree / "src" / "llama-arch.cpp").read_text().splitlines(keepends=True) if '"gemma4"' in line)
    replace(tree / "src" / "llama-arch.cpp", row, "")
    assert call("run", tree, "--check").code == 1
    git(tree, "checkout", "-q", ".")

    # a lot: git is at a loss, and so is a run until that is over
    git(tree, "checkout", "-q", "-b", "base-3", "base-1")
    names = tree / "src" / "llama-arch.cpp"
    names.write_text(names.read_text().replace('"gemma3n"', '"gemma3n" /* as published */'))
    git(tree, "commit", "-qam", "base-3")
    git(tree, "checkout", "-q", "-b", "again", "port-1")
    assert rebased(tree, "--onto", "base-3", "base-1", "again") != 0
    stopped = call("run", tree)
    assert (stopped.code, "files hold both sides of a merge: src/llama-arch.cpp" in stopped.err) == (2, True)
    git(tree, "rebase", "--abort")

    git(tree, "checkout", "-q", "base-3")
    assert call("run", tree, "--commit", "--branch", "port-3").code == 0
    assert call("run", tree, "--check").code == 0
    compared = git(tree, "range-diff", "base-1..port-1", "base-3..port-3")
    assert len([line for line in compared.splitlines() if line[:2] == "1:"]) == 1
    assert " ! 1:" in compared.splitlines()[0]


def test_the_story_is_told_with_commands_that_are_there(tree):
    page = (PROJECT / "docs" / "rebase.md").read_text()
    repository(tree)
    for line in page.splitlines():
        if line.startswith(("$ python -m transformer ", "python -m transformer ")):
            words = line.partition(" #")[0].removeprefix("$ ").split()[3:]
            words = [str(tree) if word == "." else word for word in words]
            result = call(*words, "--help")
            assert (result.code, "No such option" in result.said) == (0, False)
