"""The pipeline: open, scan, plan, verify, show, apply. Every command is this, with another last step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from transformer import pack as packs
from transformer import plan as planning
from transformer import write
from transformer.errors import VerifyError
from transformer.plan import Plan
from transformer.show.view import View
from transformer.tree import open_tree, refuse_dirty
from transformer.verify import Level, verify

Action = Literal["run", "dry-run", "check", "status"]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    repo: Path
    arch: str
    action: Action = "run"
    level: Level = "types"
    allow_dirty: bool = False
    patch: Path | None = None
    out: Path | None = None
    json: Path | None = None


def run(request: Request, view: View) -> int:
    """Carry out a request; the exit code. Raises `TransformerError`, with nothing written."""
    view.note(write.recover(request.repo))
    tree = open_tree(request.repo)
    pack = packs.load(request.arch, packs.home())
    pack.family.recognise(tree)
    plan = planning.make(pack, tree)
    receipt = write.last_applied(request.repo)
    if request.action == "status":
        view.status(plan, pack.family.facts(pack.family.open(tree, pack)), receipt)
        return 0
    if plan.state == "partial" or plan.blocked:
        view.blocked(plan)
        view.files(request, plan, None)
        return 4
    if plan.state == "complete":
        view.complete(plan, receipt)
        view.files(request, plan, None)
        return 0
    writes = request.action == "run" and request.out is None
    if writes and not request.allow_dirty:
        refuse_dirty(request.repo, plan.paths)
    report = verify(plan, request.repo, request.level, view.progress)
    view.plan(plan, report)
    if not report.passed:
        raise VerifyError(f"{len(report.findings)} new diagnostics, nothing was written", where=report.findings[0].where)
    view.files(request, plan, report)
    if writes:
        changes = [write.FileChange(path, plan.bytes_before(path), plan.bytes_after(path)) for path in plan.paths]
        write.apply(request.repo, changes, label=pack.title, notes=plan.notes())
        view.applied(plan)
    return _conclude(request.action, plan)


def _conclude(action: Action, plan: Plan) -> int:
    if action == "check":
        return 1
    return 3 if plan.skipped else 0


def undo(repo: Path, view: View) -> int:
    """Put back what the last run changed. Raises `UsageError` where a file has changed since."""
    view.note(write.recover(repo))
    view.undone(write.undo(repo))
    return 0
