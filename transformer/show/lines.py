"""What is said of a plan, of its rules and of its verification, in lines."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from transformer.outcome import Blocked, Changes, NotNeeded, Satisfied
from transformer.verdict import Complete, Ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Sized

    from transformer.family import Shown
    from transformer.origin import Origin
    from transformer.plan import Left, Plan, Step
    from transformer.show.hunks import Hunk
    from transformer.show.terminal import Part
    from transformer.verdict import Verdict
    from transformer.verify import Report

Line = tuple["Part", ...]

BAR = 32


# a plan, in lines


def counts(parts: Sequence[Hunk]) -> tuple[int, int]:
    """How many lines are added, and how many are removed."""
    lines = [line[:1] for hunk in parts for line in hunk.lines]
    return lines.count(b"+"), lines.count(b"-")


def stat(rows: Sequence[tuple[str, int, int]]) -> Iterator[Line]:
    """Each file with its lines added and removed, as `git diff --stat` has them."""
    width = max(len(path) for path, _, _ in rows)
    scale = BAR / max(BAR, *(added + removed for _, added, removed in rows))
    for path, added, removed in rows:
        bars = ("+" * _scaled(added, scale), "green"), ("-" * _scaled(removed, scale), "red")
        yield f"{path.ljust(width)}  ", f"{added + removed:5}  ", *bars
    added, removed = sum(row[1] for row in rows), sum(row[2] for row in rows)
    files = counted(rows, "file")
    yield ((f"{files}, {added} line{'' if added == 1 else 's'} added, {removed} removed", "bold"),)


def _scaled(count: int, scale: float) -> int:
    return max(round(count * scale), 1) if count else 0


def judged(report: Report) -> Iterator[Line]:
    """What verification found."""
    found = counted(report.findings, "new diagnostic")
    match report.level:
        case "none":
            yield (("nothing was verified", "yellow"),)
        case "syntax":
            yield ("syntax verified: ", "yellow" if report.passed else "red"), f"{found}; types were not verified"
        case "types":
            units = counted(report.units, "translation unit")
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


def uncovered(found: Sequence[Shown], width: int) -> Iterator[Line]:
    """What lies in the tree and does not take part in the port, each with the place that shows it."""
    if found:
        yield (("not covered", "bold"),)
    for each in found:
        place = f" ({each.where})" if each.where else ""
        lines = wrap(f"{each.name}: {each.value}{place}", width - 4, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines):
            yield ("    " if number else "  ", line)


# a rule, in lines

STYLES = {"native": "green", "ported": "green", "partial": "yellow", "absent": "yellow"}
STYLES |= {"not needed": "dim", "blocked": "red"}


MEANS = {
    "native": "the fork has it in its own words",
    "ported": "this tool wrote it",
    "partial": "some of it is there; `run` adds the rest",
    "absent": "not there; `run` adds it",
    "not needed": "this fork has no use for it",
    "blocked": "a place that it needs is missing or doubtful",
}
"""What the words of `status` mean."""


def summed(plan: Plan) -> Iterator[Line]:
    """How many rules there are of each word, with what the word means."""
    words = [word(step, plan) for step in plan.steps]
    for each, means in MEANS.items():
        if each in words:
            yield (f"  {words.count(each):3} {each}", STYLES[each]), (f": {means}", "dim")


def next_command(verdict: Verdict, repo: str) -> str:
    """What to do after `status`."""
    arch = f"--arch {verdict.plan.pack.arch}"
    match verdict:
        case Ready():
            return f"run {repo} {arch} --dry-run"
        case Complete():
            return f"verify {repo} {arch}"
    return f"run {repo} {arch} --check"


def whole_of(plan: Plan) -> str:
    """How far the architecture as a whole has come."""
    return plan.state if plan.state != "complete" else "ported" if plan.written is not None else "native"


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


def told(step: Step, word: str) -> Iterator[Line]:
    """A rule and how far it has come."""
    head = (f"  {word.ljust(10)}  ", STYLES[word]), (step.rule.name.ljust(22), "bold")
    optional = "" if step.rule.required else " (optional)"
    match step.outcome:
        case Changes(edits, done):
            there = f"; there: {', '.join(done[:3])}{' ...' if len(done) > 3 else ''}" if done else ""
            what = f"  {counted(edits, 'edit')} from {edits[0].where}{there}"
            yield *head, f"  {step.rule.makes}{optional}", (what, "dim")
        case Satisfied(where):
            yield *head, f"  {step.rule.makes}", (f"  {where}", "dim")
        case NotNeeded(why):
            yield *head, (f"  {why}", "dim")
        case Blocked(why, where, help):
            yield *head, f"  {placed(where, why)}{optional}"
            if help:
                yield ((f"{'':14}try: {help}", "cyan"),)


def obstacles(steps: Sequence[Step]) -> Iterator[Line]:
    """Each obstacle once, with the rules that it stops."""
    stopped: dict[Blocked, list[str]] = {}
    for step in steps:
        if isinstance(step.outcome, Blocked):
            name = step.rule.name + ("" if step.rule.required else " (optional)")
            stopped.setdefault(step.outcome, []).append(name)
    for obstacle, names in stopped.items():
        yield ("  blocked: ", "red"), placed(obstacle.where, obstacle.why)
        for number, part in enumerate(wrap(", ".join(names), 100)):
            yield (("    stops: " if not number else " " * 11, "dim"), part)
        if obstacle.help:
            yield ((f"    try: {obstacle.help}", "cyan"),)


def what_is_left(left: Sequence[Left]) -> Iterator[Line]:
    """What is left as it is in a tree that has the architecture, and why."""
    for each in left:
        optional = "" if each.step.rule.required else " (optional)"
        yield ("  left: ", "yellow"), (each.step.rule.name, "bold"), f"{optional}: {placed(each.where, each.why)}"
        if each.help:
            yield ((f"    try: {each.help}", "cyan"),)


def done(ready: Ready) -> str:
    """What a plan makes of a tree."""
    if not ready.completes:
        whole = ready.plan.whole
        return "ported" if whole is None or len(whole.edits) == len(ready.plan.edits) else "ported in part"
    if ready.plan.written not in (None, ready.plan.pack.options):
        return "changed"
    return "completed as far as it can be" if ready.plan.left else "completed"


def counted(things: Sized, what: str) -> str:
    """How many there are, in words."""
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def placed(where: str, message: str) -> str:
    """A message with its place in front, unless it names that itself."""
    return f"{where}: {message}" if where and not message.startswith(where) else message
