"""The pipeline: open, scan, plan, verify, show, apply. Every command is this, with another last step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from transformer import pack as packs
from transformer import plan as planning
from transformer import write
from transformer.errors import VerifyError
from transformer.show.files import Files
from transformer.tree import open_tree, refuse_dirty, refuse_outside, settle
from transformer.verify import Level, verify

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformer.show.view import Diff, View

Action = Literal["run", "dry-run", "check", "status"]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    repo: Path
    arch: str
    action: Action = "run"
    level: Level = "types"
    allow_dirty: bool = False
    diff: Diff = "stat"
    files: Files = field(default=Files())
    options: Mapping[str, bool] = field(default_factory=dict)
    """What was chosen of the pack's options; the rest is as the pack has it."""

    @property
    def writes(self) -> bool:
        """Whether the tree itself is to be changed."""
        return self.action == "run" and self.files.folder is None


def run(request: Request, view: View) -> int:
    """Carry out a request; the exit code. Raises `TransformerError`, with nothing written."""
    pack = packs.load(request.arch, packs.home(), request.options)
    tree = open_tree(request.repo, pack.family)
    request.files.check(request.repo)
    view.note(settle(request.repo, writes=request.writes))

    plan = planning.make(pack, tree)
    if request.action == "status":
        view.status(plan, pack.family.facts(pack.family.open(tree, pack)), write.last_applied(request.repo))
        return 0
    if plan.blocked and plan.state == "absent":
        request.files.write(plan, None, request.repo)
        view.stuck(plan)
        return 4
    if plan.state == "complete":
        view.complete(plan, write.last_applied(request.repo))
        view.asked_for(request.files.write(plan, None, request.repo))
        return 0
    if not plan.edits:
        view.left(plan)
        view.asked_for(request.files.write(plan, None, request.repo))
        return 3

    refuse_outside(request.repo, plan.paths)
    if request.writes and not request.allow_dirty:
        view.note(refuse_dirty(request.repo, plan.paths))
    changes = [write.FileChange(path, plan.bytes_before(path), plan.bytes_after(path)) for path in plan.paths]
    if request.writes:
        write.check(request.repo, changes)
    report = verify(plan, request.repo, request.level, view.progress)
    view.plan(plan, report, request.diff)
    files = request.files.write(plan, report, request.repo)
    if not report.passed:
        raise VerifyError(
            f"{len(report.findings)} new diagnostics; nothing was written",
            where=report.findings[0].where,
            help="the rules take this fork for something else than it is: report it with the lines above",
        )

    if request.writes:
        write.apply(request.repo, changes, label=pack.title, notes=plan.notes())
        view.applied(plan)
        view.asked_for(files)
    else:
        view.left_alone(plan, files)
    return 1 if request.action == "check" else 3 if plan.skipped or plan.left else 0


def undo(repo: Path, view: View) -> int:
    """Put back what the last run changed. Raises `UsageError` where a file has changed since."""
    open_tree(repo)
    recovered = write.recover(repo)
    if recovered:  # that run is the one to take back, and it has just been settled
        view.note(f"{recovered}; `undo` again takes back the run before it")
    else:
        view.undone(write.undo(repo))
    return 0
