"""Plans of many trees that are nearly the same: a rule that reads none of the files that differ says what it said.

A rule is a pure function of the files that it reads. Which these are is found by asking each rule alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from drift.machine import original
from transformer import plan
from transformer.cpp import CppFile, Source
from transformer.outcome import Outcome
from transformer.rule import Rule
from transformer.verify import Report, verify
from transformer.workspace import Workspace

Memory = dict[str, tuple[frozenset[str], Outcome]]
"""By rule: the files that it read, and what it said."""


class _Read(Workspace):
    """A tree that notes which files are read. That a file is there says nothing about what is in it."""

    def __init__(self, tree: Workspace) -> None:
        super().__init__(tree._store)
        self.tree = tree
        self.read: set[str] = set()

    def source(self, path: str) -> Source:
        self.read.add(path)
        return self.tree.source(path)

    def file(self, path: str) -> CppFile:
        self.read.add(path)
        return self.tree.file(path)

    def exists(self, path: str) -> bool:
        return self.tree.exists(path)

    def list(self, folder: str) -> list[str]:
        return self.tree.list(folder)


@lru_cache
def before(root: Path) -> Memory:
    """What the rules say of a tree."""
    return _memory(original(root), original(root).before)


@lru_cache
def after(root: Path) -> Memory:
    """What they say of it when it is ported."""
    return _memory(original(root), original(root).after)


def _memory(made: plan.Plan, tree: Workspace) -> Memory:
    found: Memory = {}
    for rule in made.pack.rules:
        noted = _Read(tree)
        outcome = plan.ask(rule, made.pack.family.open(noted, made.pack))
        found[rule.name] = frozenset(noted.read), outcome
    return found


def make(base: plan.Plan, memory: Memory, tree: Workspace, differ: Collection[str]) -> plan.Plan:
    """The plan of a tree in which these files differ from those that are remembered."""
    rules = tuple(_recalled(rule, memory, set(differ)) for rule in base.pack.rules)
    return plan.make(replace(base.pack, rules=rules), tree)


def judge(made: plan.Plan, paths: Collection[str], root: Path) -> Report:
    """The syntax of some of the planned files: the others are as in a plan that was judged."""
    ours = [edit for edit in made.edits if edit.path in paths]
    part = replace(made, edits=tuple(ours), after=made.before.overlay(ours))
    return verify(part, root, "syntax", lambda *_: None)


def _recalled(rule: Rule[object], memory: Memory, differ: set[str]) -> Rule[object]:
    read, outcome = memory[rule.name]
    return rule if read & differ else replace(rule, plan=lambda _: outcome)
