"""The pipeline: open, scan, plan, verify, show, apply. Every command is this, with another last step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from transformer import pack as packs
from transformer import plan as planning
from transformer import write
from transformer.errors import UsageError, VerifyError
from transformer.replay import replanner
from transformer.show.files import Files
from transformer.tree import Opened, open_tree, opened, refuse_dirty, refuse_outside
from transformer.verify import Level, verify
from transformer.workspace import DiskStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from transformer.pack import Pack
    from transformer.plan import Plan
    from transformer.show.view import Diff, View
    from transformer.verify import Report

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
    open_tree(request.repo, pack.family)
    request.files.check(request.repo)
    with opened(request.repo, writes=request.writes) as tree:
        view.note(tree.hold.note if tree.hold else None)
        return _run(request, view, pack, tree)


def _run(request: Request, view: View, pack: Pack, tree: Opened) -> int:
    plan = planning.make(pack, tree.workspace)
    if request.action == "status":
        facts = pack.family.facts(pack.family.open(tree.workspace, pack))
        view.status(plan, facts, write.last_applied(request.repo))
        return 0
    if plan.blocked and plan.state == "absent":
        _hand_out(request, view, plan, None, tree)
        view.stuck(plan)
        return 4
    if plan.state == "complete":
        view.complete(plan, write.last_applied(request.repo))
        view.asked_for(_hand_out(request, view, plan, None, tree))
        return 0
    if not plan.edits:
        view.left(plan)
        view.asked_for(_hand_out(request, view, plan, None, tree))
        return 3

    refuse_outside(request.repo, plan.paths)
    if request.writes and not request.allow_dirty:
        view.note(refuse_dirty(request.repo, plan.paths))
    changes = [write.FileChange(path, plan.bytes_before(path), plan.bytes_after(path)) for path in plan.paths]
    if tree.hold is not None:
        tree.hold.check(changes)
    report = verify(plan, request.repo, request.level, view.progress)
    view.plan(plan, report, request.diff)
    files = _hand_out(request, view, plan, report, tree)
    if not report.passed:
        raise VerifyError(
            f"{len(report.findings)} new diagnostics; nothing was written",
            where=report.findings[0].where,
            help="the rules take this fork for something else than it is: report it with the lines above",
        )

    code = 3 if plan.skipped or plan.left else 0
    if tree.hold is not None:
        notes = {**plan.notes(), "options": dict(pack.spec.get("options", {})), "level": request.level}
        tree.hold.apply(changes, label=pack.title, notes=notes, seen=tree.seen, written=lambda: view.finished(code))
        view.applied(plan)
        view.asked_for(files)
    else:
        view.left_alone(plan, files, inside=request.files.inside(request.repo))
    return 1 if request.action == "check" else code


def _hand_out(request: Request, view: View, plan: Plan, report: Report | None, tree: Opened) -> list[Path]:
    """Write the files that were asked for beside the tree, of the tree as it still is; which they are."""
    tree.refuse_moved()
    files = request.files.write(plan, report, request.repo)
    view.note(request.files.without_patch(report))
    return files


def undo(repo: Path, view: View, arch: str | None = None) -> int:
    """Put back what the last run changed, or the last one that ported `arch`.

    Raises `UsageError` where a file has changed since, or where later runs cannot be planned again without it.
    """
    open_tree(repo)
    with write.held(repo, take_back=True) as hold:
        if any(not each.undo or each.done for each in hold.settled):  # that was the run to take back
            view.finished(0)
            view.note(f"{hold.note}; `undo` again takes back the run before it")
            return 0
        view.note(hold.note)
        runs = hold.runs()
        chosen = [each for each in runs if arch in (None, each.notes.get("pack"))]
        if runs and not chosen:
            there = ", ".join(dict.fromkeys(str(each.notes.get("pack")) for each in runs))
            raise UsageError(f"no run of {arch!r} is recorded for this tree", help=f"there are runs of: {there}")
        seen = write.Seen(repo, DiskStore(repo))
        replan = replanner(repo, seen, view.progress)
        run = chosen[-1].run if chosen else ""
        undone = hold.undo(run, replan, seen=seen, written=lambda: view.finished(0))
        view.undone(undone)
        view.note(_others(each for each in runs if each.run != undone.run))
    return 0


def _others(runs: Iterable[write.Receipt]) -> str | None:
    names = dict.fromkeys(f"{each.label} (undo --arch {each.notes.get('pack')})" for each in runs)
    return f"still in the tree: {', '.join(names)}" if names else None
