"""A port whose architecture upstream brings itself a release later, merged in three ways, and taken out again."""

import shutil
import subprocess
import sys

import pytest

from real.trees import python, unpacked

pytestmark = pytest.mark.real

KEPT = ("src", "include", "ggml", "common", "cmake", "vendor", "CMakeLists.txt")
WHO = ["-c", "user.name=Ann Example", "-c", "user.email=ann@example.org"]


def git(root, *words):
    return subprocess.run(["git", "-C", str(root), *WHO, *words], capture_output=True, text=True, check=True).stdout


def transformer(root, *words):
    command = [sys.executable, "-m", "transformer", words[0], str(root), *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def fill(root, tree):
    for name in KEPT:
        old, new = root / name, unpacked(tree) / name
        shutil.rmtree(old, ignore_errors=True)
        old.unlink(missing_ok=True)
        if new.is_dir():
            shutil.copytree(new, old)
        elif new.exists():
            shutil.copy(new, old)
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "--allow-empty", "-m", tree.name)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """0.3.19 on `main`, with a port of Gemma 4 on `port`; 0.3.20, which has it, on `upstream`."""
    root = tmp_path_factory.mktemp("history") / "tree"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ann Example")
    git(root, "config", "user.email", "ann@example.org")
    fill(root, python("0.3.19"))
    git(root, "checkout", "-q", "-b", "upstream")
    fill(root, python("0.3.20"))
    git(root, "checkout", "-q", "main")
    words = ["--arch", "gemma4", "--verify", "syntax", "--commit", "--branch", "port"]
    assert transformer(root, "run", *words).returncode == 0
    return root


@pytest.mark.parametrize("how", ["union", "theirs", "ours"])
def test_what_is_left_is_upstreams(history, how):
    git(history, "checkout", "-q", "-B", how, "port")
    attributes = history / ".git" / "info" / "attributes"
    attributes.write_text("* merge=union\n" if how == "union" else "")
    git(history, "merge", "-q", "--no-edit", *([] if how == "union" else ["-X", how]), "upstream")
    attributes.write_text("")
    assert git(history, "diff", "--name-only", "upstream").split()
    done = transformer(history, "retire", "--arch", "gemma4")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 new diagnostics" in done.stdout
    assert git(history, "diff", "--name-only", "upstream") == ""
    git(history, "commit", "-qam", "retired")
    status = transformer(history, "status", "--arch", "gemma4").stdout
    assert "Gemma 4: partial" in status  # upstream's first version lacks what came in its later fixes
    assert " ported" not in status
