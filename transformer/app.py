"""The pipeline: open, scan, plan, verify, show, apply. Every command is this, with another last step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from transformer import plan as planning
from transformer import selection, write
from transformer.choose import choose, meant
from transformer.deliver.request import Delivery
from transformer.edit import digest
from transformer.errors import UsageError, VerifyError
from transformer.pack import home
from transformer.past import series
from transformer.replay import replanner
from transformer.show.ask import choose_by_hand
from transformer.show.files import Files
from transformer.show.lines import counted
from transformer.tree import Opened, open_tree, opened, refuse_dirty, refuse_outside, refuse_unmerged
from transformer.verdict import Complete, Nothing, Ready, Stuck, exit_code, judge
from transformer.verify import Level, verify
from transformer.workspace import DiskStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from transformer.pack import Home, Pack
    from transformer.plan import Plan
    from transformer.show.pieces import By
    from transformer.show.view import Diff, View
    from transformer.verify import Report

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
    annotate: bool = False
    """Whether to say for GitHub what is lacking where, when nothing is written."""
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
    known = meant(request.arch, request.homes, open_tree(request.repo))
    request.files.check(request.repo)
    request.delivery.check(request.repo)
    if request.files.piped:
        view.aside()
    with opened(request.repo, writes=request.writes) as tree:
        view.note(tree.hold.note if tree.hold else None)
        return _run(request, known, view, tree)


def _run(request: Request, known: Sequence[Pack], view: View, tree: Opened) -> int:
    """Plan, and do with the verdict what was asked for."""
    pack = choose(known, request.options, tree.workspace, there=request.action in ("check", "status"))
    view.foreign(pack)
    plan = planning.make(pack, tree.workspace)
    refuse_unmerged(tree.workspace)
    verdict = judge(plan)
    if request.action == "status":
        view.status(verdict, str(request.repo), request.files)
        return 0
    match verdict:
        case Ready():
            part = _part(verdict, request, view)
            return _carry_out(part, request, view, tree) if part is not None else 0
        case Stuck():
            view.stuck(verdict)
        case Complete():
            view.complete(verdict)
            _say_uncovered(request, plan, view)
        case Nothing():
            view.nothing(verdict)
            _say_uncovered(request, plan, view)
    view.asked_for(_hand_out(request, view, plan, None, tree))
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


def _carry_out(ready: Ready, request: Request, view: View, tree: Opened) -> int:
    """Verify the plan, show it, and write it where that was asked for."""
    plan = ready.plan
    refuse_outside(request.repo, plan.paths)
    if request.writes and not request.allow_dirty:
        view.note(refuse_dirty(request.repo, plan.paths, commits=request.delivery.commit))
    changes = [write.FileChange(path, plan.bytes_before(path), plan.bytes_after(path)) for path in plan.paths]
    if tree.hold is not None:
        tree.hold.check(changes)
    if request.diff != "stat":
        view.page(request.repo)
    view.plan(ready, request.diff, request.by)
    report = verify(plan, request.repo, request.level, view.progress)
    view.judged(report)
    _say_uncovered(request, plan, view)
    files = _hand_out(request, view, plan, report, tree)
    if not report.passed:
        raise VerifyError(
            f"{counted(report.findings, 'new diagnostic')}; nothing was written",
            where=report.findings[0].where,
            help=report.advice(plan.pack),
        )
    if tree.hold is None:
        view.left_alone(ready, files, inside=request.files.inside(request.repo))
        return 1 if request.action == "check" else ready.exit_code
    notes = {**plan.notes(), "level": request.level}
    written = partial(view.finished, ready.exit_code)
    messages = request.delivery.messages(plan, report)
    tree.hold.apply(changes, label=plan.pack.title, notes=notes, seen=tree.seen, written=written)
    view.applied(ready)
    view.committed(request.delivery.carry_out(messages, request.repo), request.delivery.branch)
    view.asked_for(files)
    return ready.exit_code


def _say_uncovered(request: Request, plan: Plan, view: View) -> None:
    """What the port does not reach, for who reads; `--check` is asked whether it is whole, and looks at no backend."""
    if request.action != "check":
        view.uncovered(plan)


def _hand_out(request: Request, view: View, plan: Plan, report: Report | None, tree: Opened) -> list[Path]:
    """Write the files that were asked for beside the tree, of the tree as it still is; which they are."""
    tree.refuse_moved()
    if request.annotate and not request.writes:
        view.annotate(plan, report, request.repo)
    files = request.files.write(plan, report, request.repo, view.data.raw)
    files += request.delivery.write(plan, report, request.repo)
    view.note(request.files.without_patch(report))
    return files


def explain(request: Request, place: str, view: View) -> int:
    """Say why a line is as it is: `place` is FILE:LINE. Raises `UsageError`."""
    from transformer.explain import explain as explained

    path, _, number = place.rpartition(":")
    if not path or not number.isdigit():
        raise UsageError(f"{place!r} is not FILE:LINE", help="as in src/file.cpp:120, below the tree's root")
    tree = open_tree(request.repo)
    pack = choose(meant(request.arch, request.homes, tree), request.options, tree, there=True)
    plan = planning.make(pack, tree)
    view.explanation(explained(plan, request.repo, path.removeprefix("./"), int(number)), request.files)
    return 0


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
        chosen = [each for each in runs if arch in (None, each.notes.get("pack"), each.notes.get("arch"))]
        if runs and not chosen:
            there = ", ".join(dict.fromkeys(str(each.notes.get("pack")) for each in runs))
            raise UsageError(f"no run of {arch!r} is recorded for this tree", help=f"there are runs of: {there}")
        seen = write.Seen(repo, DiskStore(repo))
        replan = replanner(repo, seen, view.progress)
        run = chosen[-1].run if chosen else ""
        view.note(_committed(repo, chosen[-1]) if chosen else None)
        undone = hold.undo(run, replan, seen=seen, written=lambda: view.finished(0))
        view.undone(undone)
        view.note(_others(each for each in runs if each.run != undone.run))
    return 0


def _committed(repo: Path, run: write.Receipt) -> str | None:
    """What taking back a run means once it was committed."""
    there = DiskStore(repo)
    whole = all((data := there.read(file.path)) is not None and digest(data) == file.after for file in run.files)
    commit = write.commit_of(repo, [file.path for file in run.files]) if whole else None
    if commit is None:
        return None
    named = series(repo, commit, str(run.notes.get("arch", "")))
    stays = "the commits stay" if ".." in named else "the commit stays"
    return (
        f"the run was committed ({named}): its {counted(run.files, 'file')} are put back in the work tree, "
        f"and {stays}; `git revert {named}` would take it back instead"
    )


def _others(runs: Iterable[write.Receipt]) -> str | None:
    packs = ((each.label, each.notes.get("pack")) for each in runs)
    names = dict.fromkeys(f"{label} (undo --arch {pack})" for label, pack in packs if pack)
    return f"still in the tree: {', '.join(names)}" if names else None
