"""A pack tried on trees: planned, its syntax judged, then the types of the units that its own files touch."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from transformer import plan as planning
from transformer.cpp.suffixes import UNITS
from transformer.errors import TransformerError
from transformer.origin import from_pack
from transformer.outcome import Blocked, Changes
from transformer.tree import open_tree, refuse_unmerged
from transformer.verdict import Complete, Nothing, Ready, Stuck, Verdict, judge
from transformer.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from transformer.family import Progress
    from transformer.pack import Pack
    from transformer.show.lines import Line
    from transformer.verify import Level, Report

INTERVAL = 0.3  # seconds between two looks at the files of a pack
SETTLED = 0.05  # seconds in which nobody writes to them any more

_TEMPLATE = re.compile(r"^([\w.-]+\.j2):(\d+)$")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a pack in one tree, and how many seconds that took."""

    repo: Path
    pack: Pack
    verdict: Verdict | None = None
    report: Report | None = None
    error: TransformerError | None = None
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """As `run` would end; 5 where something was found."""
        if self.error is not None:
            return self.error.exit_code
        if self.report is not None and not self.report.passed:
            return 5
        return self.verdict.exit_code if self.verdict is not None else 0

    @property
    def has_types(self) -> bool:
        """Whether there are types to judge: the plan changes the tree, and its syntax is sound."""
        return isinstance(self.verdict, Ready) and self.report is not None and self.report.passed

    @property
    def state(self) -> str:
        """One word for people."""
        if self.error is not None:
            return "no tree" if self.error.exit_code == 2 else "conflict"
        if self.report is not None and not self.report.passed:
            return "unsound"
        match self.verdict:
            case Stuck():
                return "blocked"
            case Complete():
                return "ported" if self.verdict.ours else "native"
            case Nothing():
                return "partial"
            case Ready():
                return "completes" if self.verdict.completes else "ports"
            case None:
                return "unknown"


def plan(pack: Pack, repo: Path) -> Attempt:
    """Plan, and judge the syntax."""
    began = time.monotonic()
    try:
        tree = open_tree(repo)
        pack.family.recognise(tree)
        made = planning.make(pack, tree)
        refuse_unmerged(tree)
        verdict = judge(made)
        report = verify(made, repo, "syntax", _silent) if isinstance(verdict, Ready) else None
    except TransformerError as error:
        return Attempt(repo, pack, error=error, seconds=time.monotonic() - began)
    return Attempt(repo, pack, verdict, report, seconds=time.monotonic() - began)


def check(attempt: Attempt, progress: Progress) -> Attempt:
    """Judge the types too, of no other units than those that hold text of the pack."""
    began = time.monotonic()
    assert isinstance(attempt.verdict, Ready)
    made = attempt.verdict.plan
    units = [path for path in made.after.planned if path.endswith(UNITS) and from_pack(made, path)]
    try:
        report = verify(made, attempt.repo, "types", progress, only=units)
    except TransformerError as error:
        return replace(attempt, error=error, seconds=attempt.seconds + time.monotonic() - began)
    return replace(attempt, report=report, seconds=attempt.seconds + time.monotonic() - began)


def _silent(done: int, total: int, what: str) -> None:
    """No progress display."""


def attempts(pack: Pack, repos: Sequence[Path], level: Level, progress: Progress) -> Iterator[Attempt]:
    """Each tree by its syntax, as soon as that is known; then, where types are wanted, each once more."""
    found = []
    for repo in repos:
        found.append(plan(pack, repo))
        yield found[-1]
    if level == "types":
        for each in found:
            if each.has_types:
                yield check(each, progress)


# for people

_STYLES = {"ports": "green", "completes": "green", "ported": "cyan", "native": "cyan", "partial": "yellow"}


def head(width: int) -> Line:
    """The head of the matrix."""
    columns = f"{'state':<9}  {'rules':>5}  {'edits':>5}  {'blocked':>7}  {'seconds':>7}  judged"
    return ((f"{'tree'.ljust(width)}  {columns}", "bold"),)


def lines(attempt: Attempt, width: int) -> Iterator[Line]:
    """A row of the matrix, and the first obstacle with the template line behind it."""
    made = attempt.verdict.plan if attempt.verdict is not None else None
    changed = len(made.changing) if made else 0
    edits = len(made.edits) if made else 0
    blocked = sum(isinstance(step.outcome, Blocked) for step in made.steps) if made else 0
    counts = f"  {changed:>5}  {edits:>5}  {blocked:>7}  {attempt.seconds:>7.1f}  "
    state = (f"{attempt.state:<9}", _STYLES.get(attempt.state, "red"))
    yield f"{str(attempt.repo).ljust(width)}  ", state, counts, _judged(attempt)
    yield from _obstacle(attempt)


def _judged(attempt: Attempt) -> str:
    report = attempt.report
    if report is None:
        return "-"
    return "syntax" if report.level == "syntax" else f"types of {len(report.units)} units"


def _obstacle(attempt: Attempt) -> Iterator[Line]:
    """The first thing that stands in the way: an error, what was found, or a blocked rule."""
    if attempt.error is not None:
        where = f"{attempt.error.where}: " if attempt.error.where else ""
        yield (("  ", ""), (f"{where}{attempt.error.message}", "red"))
        return
    if attempt.report is not None and attempt.report.findings:
        first, others = attempt.report.findings[0], len(attempt.report.findings) - 1
        yield (f"  {first.where}", "red"), f": {first.message}", f" (and {others} more)" if others else ""
        if first.origin is not None:
            yield (f"    written by rule {first.origin.rule} from {first.origin.template or 'no template'}",)
            yield (f"      {first.origin.text}",)
        return
    steps = attempt.verdict.plan.steps if attempt.verdict is not None else ()
    stopped = [step for step in steps if isinstance(step.outcome, Blocked)]
    for step in sorted(stopped, key=lambda step: not step.rule.required)[:1]:
        assert isinstance(step.outcome, Blocked)
        optional = "" if step.rule.required else " (optional)"
        where = f"{step.outcome.where}: " if step.outcome.where else ""
        yield ("  blocked: ", "red"), f"{step.rule.name}{optional}: {where}{step.outcome.why}"
        if excerpt := _excerpt(attempt.pack, step.outcome.where):
            yield (f"      {excerpt}",)


def _excerpt(pack: Pack, where: str) -> str:
    """The line of a template of the pack that a place (`template:line`) means; empty where it is none."""
    found = _TEMPLATE.match(where)
    path = pack.templates / found[1] if found else None
    if found is None or path is None or not path.is_file():
        return ""
    text = path.read_text(encoding="utf-8").splitlines()
    return text[int(found[2]) - 1].strip() if 0 < int(found[2]) <= len(text) else ""


def difference(old: Attempt | None, new: Attempt) -> str:
    """Which rules changed what they say since the last look; empty where none did."""
    if old is None or old.verdict is None or new.verdict is None:
        return ""
    before, after = (_said(each.verdict.plan.steps) for each in (old, new) if each.verdict is not None)
    changed = [name for name, word in after.items() if before.get(name) != word]
    return ", ".join(f"{name} {before.get(name, 'new')} -> {after[name]}" for name in changed)


def _said(steps: Sequence[planning.Step]) -> dict[str, str]:
    words = {Changes: "changes", Blocked: "blocked"}
    return {step.rule.name: words.get(type(step.outcome), "holds") for step in steps}


# watching


def stamps(pack: Pack) -> Mapping[str, int]:
    """The files of a pack, and when each was changed."""
    folders = {pack.path.parent, pack.templates}
    files = {path for folder in folders for path in folder.rglob("*") if path.suffix in (".toml", ".j2", ".py")}
    found = {}
    for path in sorted(files):
        try:
            found[str(path)] = path.stat().st_mtime_ns
        except FileNotFoundError:  # an editor is putting another in its place
            continue
    return found


def wait(pack: Pack, known: Mapping[str, int], interval: float = INTERVAL) -> Mapping[str, int]:
    """Until a file of the pack is another than it was, and none is being written; how they are then."""
    while (now := stamps(pack)) == known:
        time.sleep(interval)
    while True:
        time.sleep(SETTLED)
        if (later := stamps(pack)) == now:
            return now
        now = later
