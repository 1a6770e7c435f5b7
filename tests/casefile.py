"""Rule cases on the example forks: the tree of a case, and what a rule says of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from transformer import pack, plan
from transformer.case import Case, paths, read
from transformer.outcome import Blocked, Changes, NotNeeded, Outcome, Satisfied
from transformer.pack import Pack
from transformer.workspace import MemoryStore, Workspace

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
FORKS = tuple(sorted(each.name for each in EXAMPLES.iterdir() if (each / "src").is_dir()))
FORK = EXAMPLES / "minifork"


FOLDERS: list[Path] = []
"""Folders of other packs, from `pytest --packs=DIR`."""


@cache
def homes() -> tuple[pack.Home, ...]:
    return pack.homes(FOLDERS)


@cache
def packs() -> tuple[Pack, ...]:
    """Every pack of this checkout, and of the folders that were named."""
    return tuple(pack.every(homes()))


@cache
def load(arch: str) -> Pack:
    """A pack, read once for all cases."""
    return pack.load(arch, homes())


def chosen() -> tuple[Pack, ...]:
    """The packs that are tested: those of the folders that were named, else those of this checkout."""
    return tuple(each for each in packs() if bool(FOLDERS) == (each.home.base is not None))


@cache
def example(fork: str = "minifork") -> dict[str, bytes]:
    """An example fork, as bytes."""
    root = EXAMPLES / fork
    return {str(p.relative_to(root).as_posix()): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def tree(files: dict[str, str], crlf: bool, fork: str = "minifork") -> Workspace:
    """An example fork with the files of a case in it."""
    base = {**example(fork), **{path: text.encode() for path, text in files.items()}}
    if crlf:
        base = {path: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for path, data in base.items()}
    return Workspace(MemoryStore({path: data for path, data in base.items() if data}))


def ask(rule: str, workspace: Workspace, arch: str = "gemma4", options: Mapping[str, bool] | None = None) -> Outcome:
    """What one rule says of a tree."""
    loaded = load(arch).choose(options or {})
    found = [each for each in loaded.rules if each.name == rule]
    assert found, f"there is no rule {rule}"
    return plan.ask(found[0], loaded.family.open(workspace, loaded))


def edits(outcome: Outcome) -> tuple:
    return outcome.edits if isinstance(outcome, Changes) else ()


__all__ = ["FOLDERS", "FORK", "FORKS", "Blocked", "Case", "Changes", "NotNeeded", "Satisfied", "ask", "chosen", "edits",
           "example", "homes", "packs", "paths", "read", "tree"]  # fmt: skip
