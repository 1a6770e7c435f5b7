"""Every architecture that a donor has and a tree lacks; the donor and the trees are packages of the registry.

All are planned, with syntax, and some of different kinds are ported with types; `pytest -m matrix` judges the types of
all of them (an hour), and goes on where it was cut off: MATRIX names the file of its rows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from real.trees import DONOR, Tree, cython, python, unpacked

from matrix.pair import examine
from rules.llama import architectures
from rules.llama.donor.tree import Tree as Donor
from rules.llama.fork import Fork
from transformer.workspace import DiskStore, Workspace

OLDEST, CYTHON, PYTHON = cython("0.2.9"), cython("0.2.12"), python("0.3.19")
CLASSES, NEWEST = cython("2026.5.9294"), cython("2026.7.10068")
TARGETS = (OLDEST, CYTHON, PYTHON, CLASSES, NEWEST)
PROJECT = Path(__file__).resolve().parents[2]

MEMORY = {"deepseek32", "deepseek4", "minimax-m3", "kimi-k3"}
DRAFTS = {"gemma4-assistant", "eagle3", "dflash"}
CANNOT = {
    OLDEST: {*MEMORY, *DRAFTS, "glm-dsa"},
    CYTHON: {*MEMORY, *DRAFTS},
    PYTHON: {*MEMORY, *DRAFTS},
    CLASSES: {*MEMORY, *DRAFTS},
    NEWEST: {"minimax-m3", "kimi-k3"},
}
"""What needs an operation, a memory or a draft head that the tree has not."""

TYPED = (
    ("talkie", CYTHON, "a pre-tokenizer beside one that cuts alike"),
    ("cohere2moe", PYTHON, "experts"),
    ("qwen35", OLDEST, "hybrid, with a base class of its graph"),
    ("eurobert", OLDEST, "embeddings"),
    ("hy_v3", CLASSES, "layers that predict further tokens"),
    ("minimax-01", CYTHON, "hybrid"),
    ("graniteswitch", PYTHON, "an input of the graph"),
    ("laguna", NEWEST, "a pre-tokenizer of its own"),
)


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


def missing(tree: Tree) -> dict[str, str]:
    """The architectures that the donor has and the tree has not: name to enumerator."""
    there = Fork(Workspace(DiskStore(unpacked(tree)))).architectures.entries
    donor = Workspace(DiskStore(unpacked(DONOR)))
    names = Donor(donor).names
    return {name: names[name] for name in architectures(donor) if names[name] not in there}


@pytest.mark.real
@pytest.mark.parametrize("tree", TARGETS, ids=lambda tree: tree.name)
def test_planned(tree: Tree, packs: Path) -> None:
    lacks = missing(tree)
    assert len(lacks) > 8
    rows = {name: examine(unpacked(DONOR), name, arch, unpacked(tree), packs, types=False) for name, arch in lacks.items()}
    assert {name: row.state for name, row in rows.items() if row.state not in ("planned", "blocked")} == {}
    assert {name for name, row in rows.items() if row.state == "blocked"} == CANNOT[tree]


def transformer(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "transformer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)


def content(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.real
@pytest.mark.parametrize(("arch", "tree"), [each[:2] for each in TYPED], ids=[each[0] for each in TYPED])
def test_ported(arch: str, tree: Tree, tmp_path: Path) -> None:
    """By one command, with types; the second time nothing is to do, and it is undone byte for byte."""
    fork = tmp_path / "fork"
    shutil.copytree(unpacked(tree), fork)
    before, named = content(fork), ("--arch", arch, "--from", unpacked(DONOR))
    made = transformer("run", fork, *named)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "0 new diagnostics" in made.stdout
    again = transformer("run", fork, *named)
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True), again.stdout + again.stderr
    assert transformer("undo", fork).returncode == 0
    assert content(fork) == before


@pytest.mark.matrix
@pytest.mark.parametrize("tree", TARGETS, ids=lambda tree: tree.name)
def test_typed(tree: Tree, packs: Path) -> None:
    kept = Path(os.environ.get("MATRIX", "matrix.json"))
    rows = json.loads(kept.read_text()) if kept.exists() else {}
    for name, arch in missing(tree).items():
        key = f"{name} {tree.name}"
        if key not in rows:
            rows[key] = examine(unpacked(DONOR), name, arch, unpacked(tree), packs, types=True).as_json()
            kept.write_text(json.dumps(rows, indent=1))
    states = {name: rows[f"{name} {tree.name}"]["state"] for name in missing(tree)}
    assert {name for name, state in states.items() if state != "typed"} == CANNOT[tree]
