"""What people see: a plan as a diff with reasons, a status, an error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.text import Text

from transformer.errors import TransformerError
from transformer.outcome import Blocked, Changes, NotNeeded, Satisfied
from transformer.plan import Plan, Step
from transformer.show.data import data
from transformer.show.hunks import Hunk, hunks
from transformer.show.patch import patch
from transformer.verify import Report

if TYPE_CHECKING:
    from rich.progress import Progress

    from transformer.app import Request
    from transformer.write import Receipt

Diff = Literal["unified", "stat", "none"]
_COLORS = {b"+": "green", b"-": "red"}


class View:
    """The terminal. Plain text where it is none, or where `NO_COLOR` is set."""

    def __init__(self, diff: Diff = "none") -> None:
        self.diff = diff
        self.console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
        self.errors = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._progress: Progress | None = None

    def say(self, text: str, style: str = "") -> None:
        """One line."""
        self.console.print(Text(text, style=style))

    def note(self, text: str | None) -> None:
        """Something that the user should know before the rest."""
        if text:
            self.errors.print(Text(text, style="yellow"))

    def error(self, error: TransformerError) -> None:
        """What happened, where, what to try."""
        self.close()
        where = f"{error.where}: " if error.where else ""
        self.errors.print(Text.assemble((f"{error.title}: ", "bold red"), f"{where}{error.message}"))
        if error.help:
            self.errors.print(Text(f"  try: {error.help}", style="cyan"))

    def progress(self, done: int, total: int, unit: str) -> None:
        """A bar while types are checked; nothing where there is no terminal."""
        if not self.errors.is_terminal:
            return
        if self._progress is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("checking types"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._progress = Progress(*columns, TextColumn("{task.fields[unit]}"), console=self.errors, transient=True)
            self._progress.add_task("types", total=total, unit="")
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done, total=total, unit=unit)

    def close(self) -> None:
        """End the progress display."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    # a plan

    def plan(self, plan: Plan, report: Report) -> None:
        """The plan, and what its verification found."""
        self.close()
        if self.diff == "unified":
            for path, edits in plan.by_file():
                self._file(path, hunks(plan.bytes_before(path), edits))
        elif self.diff == "stat":
            self._stat(plan)
        for step in plan.skipped:
            self._step(step, plan)
        self._report(report)

    def _file(self, path: str, parts: Sequence[Hunk]) -> None:
        added, removed = _counts(parts)
        self.console.print(Text(f"\n{path}  +{added} -{removed}", style="bold"))
        for hunk in parts:
            for rule, reason in dict.fromkeys((edit.rule, edit.reason) for edit in hunk.edits):
                self.console.print(Text.assemble((f"# {rule}", "bold magenta"), (f": {reason}", "magenta")))
            self.console.print(Text(hunk.head, style="cyan"))
            text = Text()
            for line in hunk.lines:
                text.append(line.decode().rstrip("\r\n") + "\n", style=_COLORS.get(line[:1], ""))
            self.console.print(text, end="")

    def _stat(self, plan: Plan) -> None:
        rows = [(path, *_counts(hunks(plan.bytes_before(path), edits))) for path, edits in plan.by_file()]
        width = max(len(path) for path, _, _ in rows)
        for path, added, removed in rows:
            self.say(f"{path.ljust(width)}  +{added} -{removed}")

    def _report(self, report: Report) -> None:
        match report.level:
            case "none":
                self.say("nothing was verified", "yellow")
            case "syntax":
                self.say("syntax verified; types were not", "yellow" if report.passed else "red")
            case "types":
                said = f"{len(report.units)} translation units, {len(report.findings)} new diagnostics"
                self.say(f"types verified: {said}", "green" if report.passed else "red")
        for path, why in report.unchecked:
            self.say(f"not verified: {path}: {why}", "yellow")
        for finding in report.findings:
            self.say(f"{finding.where}: {finding.severity}: {finding.message}", "red")

    def applied(self, plan: Plan) -> None:
        """What was written."""
        rules = sum(isinstance(step.outcome, Changes) for step in plan.steps)
        self.say(f"{plan.pack.title}: {rules} rules changed {len(plan.paths)} files ({len(plan.edits)} edits)", "bold")
        self.say("  rebuild from a clean build folder; `undo` takes it back", "dim")

    def complete(self, plan: Plan, receipt: Receipt | None) -> None:
        """Nothing to do, and why."""
        how = "is ported here already" if _ours(plan, receipt) else "is native here"
        self.say(f"{plan.pack.title} {how}: nothing to do", "bold green")
        for step in plan.steps:
            if isinstance(step.outcome, Changes | Blocked):
                self.say(f"  left as it is: {step.rule.name}: {step.rule.makes}", "yellow")

    def blocked(self, plan: Plan) -> None:
        """Why nothing is written."""
        if plan.state == "partial":
            self.say(f"{plan.pack.title} is partly here, in its own way; nothing was written", "bold red")
            shown = [step for step in plan.steps if isinstance(step.outcome, Changes | Blocked)]
        else:
            self.say(f"{plan.pack.title} cannot be ported here; nothing was written", "bold red")
            shown = plan.blocked + plan.skipped
        for step in shown:
            self._step(step, plan)

    def _step(self, step: Step, plan: Plan) -> None:
        word, detail, style = _told(step, plan)
        self.console.print(Text.assemble((f"  {word.ljust(10)}", style), (step.rule.name.ljust(24), "bold"), detail))
        if isinstance(step.outcome, Blocked) and step.outcome.help:
            self.say(f"{'':36}{step.outcome.help}", "dim")

    def status(self, plan: Plan, facts: dict[str, tuple[str, str]], receipt: Receipt | None) -> None:
        """What the fork is, and how far each rule has come."""
        self.say("facts", "bold")
        width = max(map(len, facts))
        for name, (value, where) in facts.items():
            self.console.print(Text.assemble(f"  {name.ljust(width)}  ", (value.ljust(18), "cyan"), (where, "dim")))
        word = {"absent": "absent", "partial": "partial"}.get(plan.state, "ported" if _ours(plan, receipt) else "native")
        self.console.print(Text.assemble(("rules of ", "bold"), (plan.pack.title, "bold"), f": {word}"))
        for step in plan.steps:
            self._step(step, plan)

    def undone(self, receipt: Receipt) -> None:
        """What was put back."""
        self.say(f"{receipt.label}: {len(receipt.files)} files are as they were", "bold")

    # files

    def files(self, request: Request, plan: Plan, report: Report | None) -> None:
        """The files that the user asked for."""
        if request.json:
            request.json.write_text(data(plan, report), encoding="utf-8")
        edits = plan.state == "absent" and not plan.blocked
        if request.patch:
            request.patch.write_bytes(patch(plan) if edits else b"")
        if request.out and edits:
            for path in plan.paths:
                target = Path(request.out, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(plan.bytes_after(path))


def _counts(parts: Sequence[Hunk]) -> tuple[int, int]:
    lines = [line[:1] for hunk in parts for line in hunk.lines]
    return lines.count(b"+"), lines.count(b"-")


def _ours(plan: Plan, receipt: Receipt | None) -> bool:
    """Whether the last run that is remembered put this architecture here."""
    return receipt is not None and receipt.notes.get("pack") == plan.pack.name


def _told(step: Step, plan: Plan) -> tuple[str, str, str]:
    """Word, detail and style of a step."""
    optional = "" if step.rule.required else " (optional)"
    match step.outcome:
        case Changes(edits, done):
            word = "partial" if done else "absent"
            place = f", there: {', '.join(done[:3])}" if done else ""
            return word, f"{step.rule.makes}{optional}: {len(edits)} edits from {edits[0].where}{place}", "yellow"
        case Satisfied(where):
            return "done", where, "green"
        case NotNeeded(why):
            return "not needed", why, "dim"
        case Blocked(why, where, _):
            return "blocked", f"{where}: {why}{optional}" if where else why, "red"
