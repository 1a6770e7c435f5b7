"""The example forks: every source parses, every unit compiles, and each is taken for the kind of fork that it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from casefile import FORK

from rules.llama.facts import Facts
from rules.llama.fork import Fork, recognise
from transformer.cpp.source import Source
from transformer.types.check import check_types
from transformer.workspace import DiskStore, Workspace

EXAMPLES = FORK.parent
FORKS = ("minifork", "miniclasses")
INCLUDES = ("src", "include", "ggml/include")
FILES = [
    str(path.relative_to(EXAMPLES))
    for fork in FORKS
    for path in sorted((EXAMPLES / fork / "src").rglob("*"))
    if path.suffix in (".h", ".cpp")
]


def units(fork: Path) -> dict[str, bytes]:
    return {path.relative_to(fork).as_posix(): path.read_bytes() for path in sorted(fork.rglob("*.cpp"))}


@pytest.mark.parametrize("path", FILES)
def test_every_source_parses(path):
    """Not so the C headers of ggml and of the library, whose macros the grammar does not know."""
    source = Source(path, (EXAMPLES / path).read_bytes())
    assert [source.where(fault) for fault in source.faults] == []


@pytest.mark.slow
@pytest.mark.parametrize("fork", FORKS)
def test_every_unit_compiles(fork, tmp_path):
    """As files that a plan creates in a tree that has none, so that whatever is said of them is new."""
    planned = units(EXAMPLES / fork)
    shutil.copytree(EXAMPLES / fork, tmp_path / fork, ignore=shutil.ignore_patterns("*.cpp"))
    report = check_types(tmp_path / fork, planned, created=planned, names={}, include_dirs=INCLUDES)
    assert len(report.units) == len(planned) > 10
    assert [f"{one.where}: {one.text}" for one in report.errors] == []
    assert report.unchecked == ()


@pytest.mark.parametrize(
    ("fork", "known"),
    [
        ("minifork", ("cases", "sets", "members", "swa_layers: uint32_t", "listed")),
        ("miniclasses", ("classes", "flat", "functions", "is_swa_impl: uint32_t", "globbed")),
    ],
)
def test_each_fork_is_of_its_era(fork, known):
    workspace = Workspace(DiskStore(EXAMPLES / fork))
    recognise(workspace)
    facts = Facts(Fork(workspace))
    found = (facts.architectures, facts.tensor_names, facts.head_sizes, facts.window_flags, facts.sources)
    assert tuple(str(each.value) for each in found) == known


def test_a_class_for_every_model_that_the_factory_makes():
    """Each with its own file, as the tree of an era with classes has it."""
    fork = Fork(Workspace(DiskStore(EXAMPLES / "miniclasses")))
    made = fork.file("llama-model.cpp").function("llama_model_mapping")
    classes = [name for name in fork.file("models/models.h").structs() if name.startswith("llama_model_")]
    assert len(classes) == 5
    assert [name for name in classes if not made.mentions(name)] == []
    assert [name for name in classes if not fork.has_file(f"models/{file_of(name)}")] == []


def file_of(name: str) -> str:
    return name.removeprefix("llama_model_").replace("_", "-") + ".cpp"
