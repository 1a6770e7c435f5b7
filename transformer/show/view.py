"""What people see: a plan as a diff with reasons, a status, an error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transformer.outcome import Blocked, Changes
from transformer.selection import missing
from transformer.show import retired, why
from transformer.show.data import status
from transformer.show.diff import side, unified
from transformer.show.files import STDOUT
from transformer.show.hunks import hunks
from transformer.show.lines import (
    STYLES,
    counted,
    counts,
    done,
    judged,
    next_command,
    obstacles,
    placed,
    stat,
    summed,
    told,
    uncovered,
    what_is_left,
    whole_of,
    word,
)
from transformer.show.output import write_all
from transformer.show.remarks import annotated
from transformer.show.terminal import Terminal, program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformer.errors import TransformerError
    from transformer.explain import Explanation
    from transformer.family import Evidence
    from transformer.pack import Pack
    from transformer.plan import Plan
    from transformer.show.files import Files
    from transformer.show.pieces import By
    from transformer.show.retired import Retired
    from transformer.verdict import Complete, Nothing, Ready, Stuck, Verdict
    from transformer.verify import Report
    from transformer.write import Receipt

Diff = Literal["unified", "side", "stat"]


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
                self.say_all([line], fold=False)  # one by one: the first is to be read while the others are made
        self.say_all(stat([(path, *counts(parts)) for path, parts in changed]))
        self.say_all(what_is_left(plan.left) if plan.left else obstacles(plan.skipped))

    def judged(self, report: Report) -> None:
        """What verification found."""
        self.close()
        self.say_all(judged(report))

    def applied(self, ready: Ready) -> None:
        """What was written."""
        self.written = True
        plan = ready.plan
        counts = f"{counted(plan.changing, 'rule')}, {counted(plan.edits, 'edit')}, {counted(plan.paths, 'file')}"
        self.say((f"{plan.pack.title} is {done(ready)}: ", "bold yellow" if plan.left else "bold green"), counts)
        self.say(("  rebuild from a clean build folder; `undo` takes it back", "dim"))

    def uncovered(self, plan: Plan) -> None:
        """What the tree has that the port does not reach."""
        self.say_all(uncovered(plan.uncovered, self.out.width))

    def annotate(self, plan: Plan, report: Report | None, repo: Path) -> None:
        """The remarks on the tree, as workflows of GitHub read them."""
        self.say_all(((line,) for line in annotated(plan, report, repo)), fold=False)

    def committed(self, commits: Sequence[tuple[str, str]], branch: str | None) -> None:
        """The commits that were made."""
        for name, subject in commits:
            self.say((f"  committed {name} ", "green"), subject, (f" (on {branch})", "dim") if branch else "")

    def left_alone(self, ready: Ready, files: Sequence[Path], *, inside: bool = False) -> None:
        """That the tree is as it was, and which files were written beside it, or as new ones in it (`inside`)."""
        what = "nothing but the file below" if inside else "nothing"
        self.say((f"{ready.plan.pack.title} would be {done(ready)}: ", "bold"), f"{what} was written to the tree")
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
        for line in obstacles([*stuck.steps, *stuck.plan.skipped]):
            self.tell(*line)
        self.tell(("  try: `status` shows the whole picture", "cyan"))

    def nothing(self, nothing: Nothing) -> None:
        """That the architecture is there, in its own way, and that nothing can be added to it."""
        title = nothing.plan.pack.title
        self.say((f"{title} is partly here, in its own way: ", "bold yellow"), "nothing to do for this tool")
        self.say_all(what_is_left(nothing.left))
        self.say(("  try: `status` shows the whole picture", "cyan"))

    def status(self, verdict: Verdict, repo: str, files: Files) -> None:
        """What the fork is, and how far each rule has come."""
        if files.json is not None:
            self._give(files.json, status(verdict, repo))
            return
        plan = verdict.plan
        self.say(("this fork", "bold"))
        names = max((len(fact.name) for fact in plan.facts), default=0)
        values = max((len(fact.value) for fact in plan.facts), default=0)
        for fact in plan.facts:
            self.say(f"  {fact.name.ljust(names)}  ", (fact.value.ljust(values), "cyan"), (f"  {fact.where}", "dim"))
        whole = whole_of(plan)
        self.say((f"{plan.pack.title}: ", "bold"), (whole, STYLES[whole]))
        for step in plan.steps:
            self.say_all(told(step, word(step, plan)))
        self.say_all(what_is_left([each for each in plan.left if not isinstance(each.step.outcome, Blocked)]))
        self.say(("in all", "bold"))
        self.say_all(summed(plan))
        self.say(("next: ", "bold"), f"{program()} {next_command(verdict, repo)}")

    def explanation(self, explanation: Explanation, files: Files) -> None:
        """Why a line is as it is."""
        if files.json is None:
            self.say_all(why.told(explanation, self.out.width))
        else:
            self._give(files.json, why.data(explanation))

    def _give(self, path: Path, text: str) -> None:
        """Data to a file, or to standard output."""
        if path == STDOUT:
            self.data.raw(text)
            return
        write_all({path: text.encode()})
        self.asked_for([path])

    def evidence(self, evidence: Evidence) -> None:
        """One thing that was proved, or was not."""
        self.close()
        style = {True: "bold green", False: "bold red", None: "bold yellow"}[evidence.good]
        self.say((f"{evidence.title}: ", style), evidence.text)
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
        self.say((f"{receipt.label} is undone: ", "bold"), f"{counted(receipt.files, 'file')} as before the run")

    def retired(self, found: Retired, repo: str, *, done: bool | None) -> None:
        """What of a port is left, and what comes next."""
        self.written = self.written or bool(done)
        self.say_all(retired.told(found, repo, program(), self.out.width, done=done))

    def finished(self, code: int) -> None:
        """The point of no return is behind: the tree is written, and this is the exit code of it."""
        self.written, self.done = True, code

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

    def foreign(self, pack: Pack) -> None:
        """That code of a pack from elsewhere was run."""
        if pack.foreign:
            self.note(f"Python of pack {pack.name} was run, from {pack.path.parent}: you named its folder")

    def error(self, error: TransformerError) -> None:
        """What happened, where, what to try."""
        self.tell((f"{error.title}: ", "bold red"), placed(error.where, error.message))
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
