"""The whole way on real trees: check, run, run again, patch, compile, undo; and trees that have the architecture."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from real.trees import NATIVE, PARTIAL, PORTED, unpacked

pytestmark = pytest.mark.real

INCLUDES = ("include", "ggml/include", "src", "src/models", "ggml/src", "common", "vendor", "cpp", "cpp/common")


def transformer(*arguments):
    named = [] if arguments[0] == "undo" else ["--arch", "gemma4"]
    command = [sys.executable, "-m", "transformer", *map(str, arguments), *named]
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


def words(tree):
    """Rule to how far it has come."""
    told = transformer("status", tree)
    assert told.returncode == 0, told.stderr
    return {line.split()[1]: line.split()[0] for line in told.stdout.splitlines() if line.startswith("  ")}


@pytest.mark.parametrize("copies", PARTIAL, ids=lambda tree: tree.name, indirect=True)
def test_partial(copies):
    pristine, tree, folder = copies
    before = content(tree)
    found = words(tree)
    assert [found[each] for each in ("arch.name", "graph.builder", "load.tensors", "experts.scale")] == ["native"] * 4
    assert [found[each] for each in ("load.cap", "vocab.model", "graph.padding")] == ["absent"] * 3
    assert [found[each] for each in ("load.tail", "load.sizes", "arch.tensors", "vocab.end")] == ["partial"] * 4
    assert transformer("run", tree, "--check", "--verify", "syntax").returncode == 1
    assert content(tree) == before

    made = transformer("run", tree, "--patch", folder / "port.patch")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "Gemma 4 is completed" in made.stdout
    assert "0 new diagnostics" in made.stdout
    after = content(tree)
    assert "src/models/gemma4-iswa.cpp" in {path for path in after if after[path] != before.get(path)}
    assert after.keys() == before.keys()
    found = words(tree)
    assert not {"absent", "partial", "blocked"} & set(found.values())
    assert (found["load.cap"], found["graph.builder"]) == ("ported", "native")
    for again in (("run", tree), ("run", tree, "--check")):
        said = transformer(*again)
        assert (said.returncode, "nothing to do" in said.stdout) == (0, True)
    assert content(tree) == after

    touched = [path for path in after if path.endswith(".cpp") and before[path] != after[path]]
    old = diagnostics(pristine, touched)
    assert [line for line in diagnostics(tree, touched) if line not in old] == []
    assert transformer("undo", tree).returncode == 0
    assert content(tree) == before
