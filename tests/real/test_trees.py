"""The whole way on real trees: check, run, run again, patch, compile, undo; and trees that have the architecture."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from real.trees import NATIVE, PARTIAL, PORTED, unpacked

pytestmark = pytest.mark.real

INCLUDES = ("include", "ggml/include", "src", "src/models", "ggml/src", "common", "vendor")


def transformer(*arguments):
    command = [sys.executable, "-m", "transformer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def content(root):
    return {str(p.relative_to(root)): (p.read_bytes(), p.stat().st_mode) for p in Path(root).rglob("*") if p.is_file()}


def diagnostics(root, units):
    """What the compiler says of some units, without line numbers."""
    said = []
    for unit in units:
        flags = [f"-I{root / each}" for each in INCLUDES]
        command = ["g++", "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", *flags, str(root / unit)]
        text = subprocess.run(command, capture_output=True, text=True, check=False).stderr
        said += [line.split(": ", 1)[1] for line in text.splitlines() if ": error: " in line or ": warning: " in line]
    return sorted(said)


@pytest.fixture
def copies(request, tmp_path):
    pristine = unpacked(request.param)
    shutil.copytree(pristine, tmp_path / "ported")
    return pristine, tmp_path / "ported", tmp_path


@pytest.mark.parametrize("copies", PORTED, ids=lambda tree: tree.name, indirect=True)
def test_port(copies):
    pristine, ported, folder = copies
    before = content(ported)
    assert transformer("run", ported, "--check", "--verify", "syntax").returncode == 1
    assert content(ported) == before

    made = transformer("run", ported, "--patch", folder / "port.patch")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "0 new diagnostics" in made.stdout
    after = content(ported)

    for again in (("run", ported), ("run", ported, "--check")):
        said = transformer(*again)
        assert said.returncode == 0
        assert "nothing to do" in said.stdout
    assert content(ported) == after

    touched = [path for path in after if path.endswith(".cpp") and before.get(path) != after[path]]
    assert len(touched) >= 6
    old = diagnostics(pristine, [path for path in touched if path in before])
    assert [line for line in diagnostics(ported, touched) if line not in old] == []

    shutil.copytree(pristine, folder / "patched")
    subprocess.run(["git", "apply", folder / "port.patch"], cwd=folder / "patched", check=True)
    assert content(folder / "patched") == after

    assert transformer("undo", ported).returncode == 0
    assert content(ported) == before


@pytest.mark.parametrize("copies", NATIVE, ids=lambda tree: tree.name, indirect=True)
def test_native(copies):
    _, tree, _ = copies
    before = content(tree)
    said = transformer("run", tree)
    assert (said.returncode, "native" in said.stdout) == (0, True), said.stdout
    assert content(tree) == before


@pytest.mark.parametrize("copies", PARTIAL, ids=lambda tree: tree.name, indirect=True)
def test_partial(copies):
    _, tree, _ = copies
    before = content(tree)
    said = transformer("run", tree)
    assert said.returncode == 4
    assert "partly here" in said.stdout + said.stderr
    assert "vocab.model" in said.stdout + said.stderr
    told = transformer("status", tree)
    assert told.returncode == 0
    words = {line.split()[1]: line.split()[0] for line in told.stdout.splitlines() if line.startswith("  ")}
    assert words["arch.name"] == "native"
    assert words["vocab.model"] == "blocked"
    assert words["vocab.pre-type"] == "absent"
    assert content(tree) == before
