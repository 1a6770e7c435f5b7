"""What people see: a plan as a diff with reasons, a status, an error."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Literal

from transformer.outcome import Blocked, Changes, NotNeeded, Satisfied
from transformer.selection import missing
from transformer.show.diff import side, unified
from transformer.show.hunks import Hunk, hunks
from transformer.show.terminal import Part, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.errors import TransformerError
    from transformer.family import Evidence
    from transformer.origin import Origin
    from transformer.plan import Left, Plan, Step
    from transformer.show.pieces import By
    from transformer.verdict import Complete, Nothing, Ready, Stuck, Verdict
    from transformer.verify import Report
    from transformer.write import Receipt

Diff = Literal["unified", "side", "stat"]
Line = tuple[Part, ...]

_BAR = 32


class View(Terminal):
    """Says what a run found and did. `written` tells whether the tree was changed already."""

    written = False

    # a plan

    def plan(self, ready: Ready, diff: Diff, by: By) -> None:
        """What would change, before it is verified."""
        self.close()
        plan = ready.plan
        changed = [(path, hunks(plan.bytes_before(path), edits)) for path, edits in plan.by_file()]
        if diff != "stat":
            for line in (unified if diff == "unified" else side)(
                plan, by, self.out.width, self.out.console is not None
            ):
                self.say_all([line])  # one by one: the first is to be read while the others are made
        self.say_all(_stat([(path, *_counts(parts)) for path, parts in changed]))
        self.say_all(_left(plan.left) if plan.left else _obstacles(plan.skipped))

    def judged(self, report: Report) -> None:
        """What verification found."""
        self.close()
        self.say_all(_judged(report))

    def applied(self, ready: Ready) -> None:
        """What was written."""
        self.written = True
        plan = ready.plan
        counts = f"{_count(plan.changing, 'rule')}, {_count(plan.edits, 'edit')}, {_count(plan.paths, 'file')}"
        self.say((f"{plan.pack.title} is {_done(ready)}: ", "bold yellow" if plan.left else "bold green"), counts)
        self.say(("  rebuild from a clean build folder; `undo` takes it back", "dim"))

    def committed(self, commits: Sequence[tuple[str, str]], branch: str | None) -> None:
        """The commits that were made."""
        for name, subject in commits:
            self.say((f"  committed {name} ", "green"), subject, (f" (on {branch})", "dim") if branch else "")

    def left_alone(self, ready: Ready, files: Sequence[Path]) -> None:
        """That the tree is as it was, and which files were written beside it."""
        self.say((f"{ready.plan.pack.title} would be {_done(ready)}: ", "bold"), "nothing was written to the tree")
        self.asked_for(files)

    def asked_for(self, files: Sequence[Path]) -> None:
        """The files that were written beside the tree."""
        for file in files:
            self.say(("  written: ", "dim"), str(file))

    def complete(self, complete: Complete) -> None:
        """Nothing to do, and why."""
        plan = complete.plan
        how = "is ported here already" if complete.ours else "is native here"
        self.say((f"{plan.pack.title} {how}: ", "bold green"), "nothing to do")
        for step in plan.steps:
            if isinstance(step.outcome, Changes | Blocked):
                self.say(("  left as it is: ", "yellow"), f"{step.rule.name}: {step.rule.makes}")

    def stuck(self, stuck: Stuck) -> None:
        """Why nothing is written."""
        self.close()
        self.tell((f"{stuck.plan.pack.title} cannot be ported here: ", "bold red"), "nothing was written")
        for line in _obstacles([*stuck.steps, *stuck.plan.skipped]):
            self.tell(*line)
        self.tell(("  try: `status` shows the whole picture", "cyan"))

    def nothing(self, nothing: Nothing) -> None:
        """That the architecture is there, in its own way, and that nothing can be added to it."""
        title = nothing.plan.pack.title
        self.say((f"{title} is partly here, in its own way: ", "bold yellow"), "nothing to do for this tool")
        self.say_all(_left(nothing.left))
        self.say(("  try: `status` shows the whole picture", "cyan"))

    def status(self, verdict: Verdict) -> None:
        """What the fork is, and how far each rule has come."""
        plan = verdict.plan
        self.say(("this fork", "bold"))
        names = max((len(fact.name) for fact in plan.facts), default=0)
        values = max((len(fact.value) for fact in plan.facts), default=0)
        for fact in plan.facts:
            self.say(f"  {fact.name.ljust(names)}  ", (fact.value.ljust(values), "cyan"), (f"  {fact.where}", "dim"))
        whole = plan.state if plan.state != "complete" else "ported" if plan.written is not None else "native"
        self.say((f"{plan.pack.title}: ", "bold"), (whole, _STYLES[whole]))
        for step in plan.steps:
            self.say_all(_told(step, word(step, plan)))
        self.say_all(_left([each for each in plan.left if not isinstance(each.step.outcome, Blocked)]))

    def evidence(self, evidence: Evidence) -> None:
        """One thing that was proved, or was not."""
        self.close()
        self.say((f"{evidence.title}: ", "bold green" if evidence.good else "bold red"), evidence.text)
        widths = [max(map(len, column)) for column in zip(*evidence.rows, strict=True)]
        for number, row in enumerate(evidence.rows):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            self.say((f"  {line}", "red" if number in evidence.bad else "" if number else "bold"))
        for note in evidence.notes:
            self.say(f"  {note}")

    def nothing_to_prove(self, plan: Plan) -> None:
        """Why there is nothing to prove."""
        what = "is partly here" if plan.state == "partial" else "is not here"
        self.tell((f"{plan.pack.title} {what}: ", "bold red"), "there is nothing to prove yet")
        self.tell(("  try: `run` first; `status` shows the whole picture", "cyan"))

    def undone(self, receipt: Receipt) -> None:
        """What was put back."""
        self.written = True
        self.say((f"{receipt.label} is undone: ", "bold"), f"{_count(receipt.files, 'file')} as before the run")

    # what went otherwise

    def chosen(self, plan: Plan, remarks: Sequence[str] = ()) -> None:
        """That only a part was chosen, and what the port is not whole without."""
        for remark in remarks:
            self.note(remark)
        if lacking := list(missing(plan)):
            self.note(f"a part was chosen: the port is not whole without {', '.join(lacking)}")

    def ask(self, question: str) -> str:
        """What the reader answers; `q` where there is nobody to answer."""
        self.out.prompt(question)
        line = sys.stdin.readline()
        return line.strip().lower()[:1] if line else "q"

    def declined(self) -> None:
        """That the reader took nothing."""
        self.say(("nothing was chosen: ", "bold"), "nothing was written")

    def note(self, text: str | None) -> None:
        """Something that the user should know before the rest."""
        if text:
            self.tell(("note: ", "yellow"), text)

    def error(self, error: TransformerError) -> None:
        """What happened, where, what to try."""
        self.tell((f"{error.title}: ", "bold red"), _at(error.where, error.message))
        if error.help:
            self.tell((f"  try: {error.help}", "cyan"))

    def interrupted(self) -> None:
        """Stopped by the user."""
        self.tell(("interrupted", "bold red"), "" if self.written else "; nothing was written")

    def internal(self, error: Exception) -> None:
        """A fault of this program, in two lines."""
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        state = "" if self.written else "; nothing was written"
        self.tell(("internal error: ", "bold red"), f"{Path(last.filename).name}:{last.lineno}: {what}{state}")
        self.tell(("  try: TRANSFORMER_DEBUG=1 shows the traceback; report it with what `status` says", "cyan"))


# a plan, in lines


def _counts(parts: Sequence[Hunk]) -> tuple[int, int]:
    lines = [line[:1] for hunk in parts for line in hunk.lines]
    return lines.count(b"+"), lines.count(b"-")


def _stat(rows: Sequence[tuple[str, int, int]]) -> Iterator[Line]:
    width = max(len(path) for path, _, _ in rows)
    scale = _BAR / max(_BAR, *(added + removed for _, added, removed in rows))
    for path, added, removed in rows:
        bars = ("+" * _scaled(added, scale), "green"), ("-" * _scaled(removed, scale), "red")
        yield f"{path.ljust(width)}  ", f"{added + removed:5}  ", *bars
    added, removed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    files = _count(rows, "file")
    yield ((f"{files}, {added} line{'' if added == 1 else 's'} added, {removed} removed", "bold"),)


def _scaled(count: int, scale: float) -> int:
    return max(round(count * scale), 1) if count else 0


def _judged(report: Report) -> Iterator[Line]:
    found = f"{len(report.findings)} new diagnostics"
    match report.level:
        case "none":
            yield (("nothing was verified", "yellow"),)
        case "syntax":
            yield ("syntax verified: ", "yellow" if report.passed else "red"), f"{found}; types were not verified"
        case "types":
            units = f"{len(report.units)} translation units"
            yield ("types verified: ", "green" if report.passed else "red"), f"{units}, {found}"
    for path, why in report.unchecked:
        yield (("  not verified: ", "yellow"), f"{path}: {why}")
    for finding in report.findings:
        yield (("  " + finding.where, "red"), f": {finding.severity}: {finding.message}")
        if finding.origin is not None:
            yield from _written_by(finding.origin)


def _written_by(origin: Origin) -> Iterator[Line]:
    """The rule and the template line behind a line of generated code."""
    yield ("    written by rule ", "dim"), (origin.rule, "bold"), f" from {origin.template}" if origin.template else ""
    if origin.text:
        yield (f"      {origin.text}",)


# a rule, in lines

_STYLES = {"native": "green", "ported": "green", "partial": "yellow", "absent": "yellow"}
_STYLES |= {"not needed": "dim", "blocked": "red"}


def word(step: Step, plan: Plan) -> str:
    """How far a rule has come: what this tool wrote is ported, what else is true is native."""
    match step.outcome:
        case Changes(_, done):
            return "partial" if done else "absent"
        case Satisfied(_, ours):
            return "ported" if ours or (ours is None and plan.written is not None) else "native"
        case NotNeeded():
            return "not needed"
        case Blocked():
            return "blocked"


def _told(step: Step, word: str) -> Iterator[Line]:
    head = (f"  {word.ljust(10)}  ", _STYLES[word]), (step.rule.name.ljust(22), "bold")
    optional = "" if step.rule.required else " (optional)"
    match step.outcome:
        case Changes(edits, done):
            there = f"; there: {', '.join(done[:3])}{' ...' if len(done) > 3 else ''}" if done else ""
            what = f"  {_count(edits, 'edit')} from {edits[0].where}{there}"
            yield *head, f"  {step.rule.makes}{optional}", (what, "dim")
        case Satisfied(where):
            yield *head, f"  {step.rule.makes}", (f"  {where}", "dim")
        case NotNeeded(why):
            yield *head, (f"  {why}", "dim")
        case Blocked(why, where, help):
            yield *head, f"  {_at(where, why)}{optional}"
            if help:
                yield ((f"{'':14}try: {help}", "cyan"),)


def _obstacles(steps: Sequence[Step]) -> Iterator[Line]:
    """Each obstacle once, with the rules that it stops."""
    stopped: dict[Blocked, list[str]] = {}
    for step in steps:
        if isinstance(step.outcome, Blocked):
            name = step.rule.name + ("" if step.rule.required else " (optional)")
            stopped.setdefault(step.outcome, []).append(name)
    for obstacle, names in stopped.items():
        yield ("  blocked: ", "red"), _at(obstacle.where, obstacle.why)
        for number, part in enumerate(wrap(", ".join(names), 100)):
            yield (("    stops: " if not number else " " * 11, "dim"), part)
        if obstacle.help:
            yield ((f"    try: {obstacle.help}", "cyan"),)


def _left(left: Sequence[Left]) -> Iterator[Line]:
    """What is left as it is in a tree that has the architecture, and why."""
    for each in left:
        optional = "" if each.step.rule.required else " (optional)"
        yield ("  left: ", "yellow"), (each.step.rule.name, "bold"), f"{optional}: {_at(each.where, each.why)}"
        if each.help:
            yield ((f"    try: {each.help}", "cyan"),)


def _done(ready: Ready) -> str:
    """What a plan makes of a tree."""
    if not ready.completes:
        return "ported"
    if ready.plan.written not in (None, ready.plan.pack.options):
        return "changed"
    return "completed as far as it can be" if ready.plan.left else "completed"


def _count(things: Sequence[object], what: str) -> str:
    """How many there are, in words."""
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def _at(where: str, message: str) -> str:
    """A message with its place in front, unless it names that itself."""
    return f"{where}: {message}" if where and not message.startswith(where) else message
