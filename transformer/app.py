"""The pipeline: open, scan, plan, verify, show, apply. Every command is this, with another last step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from transformer import plan as planning
from transformer import selection, write
from transformer.choose import choose
from transformer.deliver.request import Delivery
from transformer.errors import VerifyError
from transformer.pack import home
from transformer.show.ask import choose_by_hand
from transformer.show.files import Files
from transformer.tree import open_tree, refuse_dirty, refuse_outside, refuse_unmerged, settle
from transformer.verdict import Complete, Nothing, Ready, Stuck, exit_code, judge
from transformer.verify import Level, verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from transformer.pack import Home
    from transformer.show.pieces import By
    from transformer.show.view import Diff, View

Action = Literal["run", "dry-run", "check", "status"]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    repo: Path
    arch: str | None
    action: Action = "run"
    level: Level = "types"
    allow_dirty: bool = False
    diff: Diff = "stat"
    by: By = "file"
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    """Rules, features or patterns that are wanted, or not."""
    interactive: bool = False
    delivery: Delivery = field(default=Delivery())
    files: Files = field(default=Files())
    options: Mapping[str, bool] = field(default_factory=dict)
    """What was chosen of the pack's options; the rest is as the pack, or the port that is there, has it."""
    homes: tuple[Home, ...] = field(default_factory=lambda: (home(),))
    """Where packs lie."""

    @property
    def writes(self) -> bool:
        """Whether the tree itself is to be changed."""
        return self.action == "run" and self.files.folder is None


def run(request: Request, view: View) -> int:
    """Carry out a request; the exit code. Raises `TransformerError`, with nothing written."""
    tree = open_tree(request.repo)
    pack = choose(request.arch, request.homes, request.options, tree)
    request.files.check(request.repo)
    request.delivery.check(request.repo)
    view.note(settle(request.repo, writes=request.writes))

    plan = planning.make(pack, tree)
    refuse_unmerged(tree)
    verdict = judge(plan)
    if request.action == "status":
        view.status(verdict)
        return 0
    match verdict:
        case Stuck():
            view.stuck(verdict)
        case Complete():
            view.complete(verdict)
        case Nothing():
            view.nothing(verdict)
        case Ready():
            part = _part(verdict, request, view)
            return _carry_out(part, request, view) if part is not None else 0
    view.asked_for(request.files.write(plan, None, request.repo))
    return verdict.exit_code


def _part(ready: Ready, request: Request, view: View) -> Ready | None:
    """What was asked for of a plan; `None` where that is nothing."""
    plan = ready.plan
    if request.only or request.skip:
        plan, remarks = selection.choose(plan, request.only, request.skip)
        view.chosen(plan, remarks)
    if request.interactive and plan.edits:
        plan = choose_by_hand(plan, view) or replace(plan, edits=())
        view.chosen(plan)
    if not plan.edits:
        view.declined()
        return None
    return replace(ready, plan=plan, exit_code=exit_code(plan))


def _carry_out(ready: Ready, request: Request, view: View) -> int:
    """Verify the plan, show it, and write it where that was asked for."""
    plan = ready.plan
    refuse_outside(request.repo, plan.paths)
    if request.writes and not request.allow_dirty:
        view.note(refuse_dirty(request.repo, plan.paths))
    changes = [write.FileChange(path, plan.bytes_before(path), plan.bytes_after(path)) for path in plan.paths]
    if request.writes:
        write.check(request.repo, changes)
    if request.diff != "stat":
        view.page(request.repo)
    view.plan(ready, request.diff, request.by)
    report = verify(plan, request.repo, request.level, view.progress)
    view.judged(report)
    files = [
        *request.files.write(plan, report, request.repo),
        *request.delivery.write(plan, report, request.repo),
    ]
    if not report.passed:
        raise VerifyError(
            f"{len(report.findings)} new diagnostics; nothing was written",
            where=report.findings[0].where,
            help=report.advice(plan.pack),
        )

    if request.writes:
        messages = request.delivery.messages(plan, report)
        write.apply(request.repo, changes, label=plan.pack.title, notes=plan.notes())
        view.applied(ready)
        view.committed(request.delivery.carry_out(messages, request.repo), request.delivery.branch)
        view.asked_for(files)
    else:
        view.left_alone(ready, files)
    return 1 if request.action == "check" else ready.exit_code


def undo(repo: Path, view: View) -> int:
    """Put back what the last run changed. Raises `UsageError` where a file has changed since."""
    open_tree(repo)
    recovered = write.recover(repo)
    if recovered:  # that run is the one to take back, and it has just been settled
        view.note(f"{recovered}; `undo` again takes back the run before it")
    else:
        view.undone(write.undo(repo))
    return 0
