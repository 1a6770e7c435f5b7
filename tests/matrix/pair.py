"""One architecture and one tree: what becomes of the pair."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from rules.llama import FAMILY
from rules.llama.donor.draft import Draft, Provenance
from rules.llama.donor.read import read
from rules.llama.donor.tree import Tree
from rules.llama.donor.write import files, folder_of
from rules.llama.fork import Fork
from transformer import pack as packs
from transformer import plan as planning
from transformer.errors import TransformerError
from transformer.outcome import Blocked
from transformer.types.check import check_types
from transformer.verify import verify
from transformer.workspace import DiskStore, Workspace


@dataclass
class Row:
    """How far a pair came (`planned`, `typed`; `native` where there was nothing to do), why no further, and what is left."""

    arch: str
    tree: str
    state: str = ""
    why: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The row as data."""
        return asdict(self)


@contextmanager
def timed(row: Row, what: str) -> Iterator[None]:
    """Keep the seconds of a step."""
    started = monotonic()
    try:
        yield
    finally:
        row.seconds[what] = round(monotonic() - started, 2)


def draft(donor: Path, name: str, packs: Path) -> Path:
    """Draft one architecture; the folder of the pack."""
    return kept(drafted(donor, name), packs)


def drafted(donor: Path, name: str) -> Draft:
    """One architecture of a donor."""
    return read(Tree(Workspace(DiskStore(donor))), name, Provenance(donor.name, "", (), ""))


def kept(draft: Draft, packs: Path) -> Path:
    """Write a draft below a folder of packs; the folder of the pack."""
    for path, text in files(draft).items():
        target = packs / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return packs / folder_of(draft.name)


def load(folder: Path) -> packs.Pack:
    """A drafted pack, wherever it lies."""
    return packs.load(folder.name, packs.homes([folder.parent])[-1])


def port(pack: packs.Pack, tree: Path, row: Row, *, types: bool) -> None:
    """Plan, verify, and plan again over the planned tree."""
    with timed(row, "plan"):
        plan = planning.make(pack, Workspace(DiskStore(tree)))
    if plan.state == "complete":
        row.state = "native"
        return
    if plan.state == "partial":
        row.state = "native in part"
        return
    if plan.blocked:
        row.state = "blocked"
        for step in plan.blocked:
            assert isinstance(step.outcome, Blocked)
            row.why.append(f"{step.rule.name}: {step.outcome.why} [{step.outcome.where}]")
        return
    with timed(row, "verify"):
        why = faults(plan, tree, types=types)
    row.state = "refused" if why else "typed" if types else "planned"
    row.left = [f"{step.rule.name}: {step.outcome.why}" for step in plan.skipped if isinstance(step.outcome, Blocked)]
    if why:
        row.why = why[:40]
        return
    with timed(row, "again"):
        again = planning.make(pack, plan.after)
    if again.edits or again.blocked:
        row.state = "not quiet"
        row.why = [f"{e.rule} {e.where}" for e in again.edits] + [step.rule.name for step in again.blocked]


def faults(plan: planning.Plan, tree: Path, *, types: bool) -> list[str]:
    """What the planned tree has that the pristine one does not; types only of the units that the plan touches."""
    found = [f"{each.where}: {each.message}" for each in verify(plan, tree, "syntax", lambda *_: None).findings]
    if found or not types:
        return found
    planned = {path: source.data for path, source in plan.after.planned.items()}
    created = [path for path in planned if not plan.before.exists(path)]
    done = check_types(tree, planned, created=created, names={}, include_dirs=FAMILY.includes)
    return [f"{each.path}:{each.line}: {each.severity}: {each.text}" for each in done.new]


def examine(donor: Path, name: str, arch: str, tree: Path, packs: Path, *, types: bool) -> Row:
    """Everything for one pair."""
    row = Row(arch, tree.name)
    try:
        if arch in Fork(Workspace(DiskStore(tree))).architectures.entries:
            row.state = "native"
            return row
        folder = packs / folder_of(name)
        if not folder.is_dir():
            with timed(row, "draft"):
                folder = draft(donor, name, packs)
        port(load(folder), tree, row, types=types)
    except TransformerError as error:
        row.state = row.state or "failed"
        row.why.append(f"{type(error).__name__}: {error.message} [{error.where}]")
    return row


def fresh(folder: Path) -> None:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
