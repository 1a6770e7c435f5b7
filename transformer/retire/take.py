"""`retire`: the port goes as far as it is ours, upstream's own support stays, and what is neither is listed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from transformer import pack as packs
from transformer import plan as planning
from transformer import write
from transformer.cpp import Source
from transformer.cpp.enclosing import enclosing_name
from transformer.cpp.suffixes import CODE
from transformer.edit import Edit, digest
from transformer.errors import UsageError, VerifyError
from transformer.outcome import Changes
from transformer.plan import Plan, Step
from transformer.replay import Layered
from transformer.retire.history import Port, Upstream, port, upstream
from transformer.retire.lines import lines, opcodes, without
from transformer.rule import Rule
from transformer.show.files import Files
from transformer.show.lines import counted
from transformer.show.retired import Retired
from transformer.tree import Opened, opened, refuse_dirty, refuse_outside, refuse_unmerged
from transformer.verdict import Ready, exit_code, judge
from transformer.verify import Level, verify
from transformer.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformer.outcome import Outcome
    from transformer.pack import Home, Pack
    from transformer.show.pieces import By
    from transformer.show.view import Diff, View
    from transformer.verify import Report
    from transformer.write.without import Bytes

BINARY = "no text: look at it by hand"
BROKEN = "does not parse, as it did not before"
ABSENT = "upstream's own support is not in this tree"
FIRST = "merge it first; `git revert` or `undo` take a port out altogether"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for."""

    repo: Path
    arch: str | None
    homes: tuple[Home, ...]
    port: str | None = None
    """The commits of the port; else they are looked for."""
    upstream: str | None = None
    """The tree with upstream's own support; else it is looked for."""
    dry_run: bool = False
    level: Level = "types"
    allow_dirty: bool = False
    diff: Diff = "stat"
    by: By = "file"
    files: Files = field(default=Files())


def retire(wanted: Wanted, view: View) -> int:
    """Take a port out; 3 where something of it is left. Raises `TransformerError`, with nothing written."""
    pack = packs.only(wanted.arch, wanted.homes)
    wanted.files.check(wanted.repo)
    if wanted.files.piped:
        view.aside()
    with opened(wanted.repo, writes=not wanted.dry_run) as tree:
        view.note(tree.hold.note if tree.hold else None)
        pack.family.recognise(tree.workspace)
        written = port(wanted.repo, pack.name, pack.arch, wanted.port)
        meets = upstream(wanted.repo, written, pack.arch, lambda other: _has(pack, other), wanted.upstream)
        view.note(f"the port is {written.said}; upstream's own support is as in {meets.said}")
        return _take(wanted, pack, written, meets, view, tree)


def _has(pack: Pack, tree: Workspace) -> bool:
    """Whether a tree has the architecture, and not by this tool."""
    try:
        pack.family.recognise(tree)
    except UsageError:
        return False
    known = pack.family.architectures
    if known is not None and pack.arch not in known(tree):
        return False
    plan = planning.make(pack, tree)
    return plan.state != "absent" and plan.written is None


def _take(wanted: Wanted, pack: Pack, written: Port, meets: Upstream, view: View, tree: Opened) -> int:
    found, texts = _without(written, meets, tree)
    again = _planned_again(pack, wanted, tree.workspace, texts, tree)
    after = judge(planning.make(pack, Workspace(Layered(tree.seen, texts))))
    if after.plan.state == "absent":
        raise UsageError(f"{ABSENT}: without the port {pack.arch} would not be there", help=FIRST)
    found = Retired(pack.title, found.same, found.left, again, after)
    plan = _plan(pack, tree.workspace, texts)
    if not plan.edits:
        view.retired(found, str(wanted.repo), done=None)
        return 3 if found.left else 0
    refuse_outside(wanted.repo, plan.paths)
    if not wanted.dry_run and not wanted.allow_dirty:
        view.note(refuse_dirty(wanted.repo, plan.paths))
    changes = [write.FileChange(path, plan.bytes_before(path), texts[path]) for path in plan.paths]
    if tree.hold is not None:
        tree.hold.check(changes)
    if wanted.diff != "stat":
        view.page(wanted.repo)
    view.plan(Ready(plan, exit_code(plan)), wanted.diff, wanted.by)
    report = _errors(verify(plan, wanted.repo, wanted.level, view.progress), view)
    view.judged(report)
    tree.refuse_moved()
    beside = wanted.files.write(plan, report, wanted.repo, view.data.raw)
    if not report.passed:
        raise VerifyError(
            f"{counted(report.findings, 'new diagnostic')}; nothing was written",
            where=report.findings[0].where,
            help="something else uses what the port brought: give it another base, or take it out first",
        )
    code = 3 if found.left else 0
    if tree.hold is not None:
        notes = {"retired": pack.name, "level": wanted.level}
        tree.hold.apply(changes, label=f"the retirement of {pack.title}", notes=notes, seen=tree.seen,
                        written=lambda: view.finished(code))  # fmt: skip
    view.retired(found, str(wanted.repo), done=tree.hold is not None)
    view.asked_for(beside)
    return code


def _errors(report: Report, view: View) -> Report:
    """A report of errors alone: a tree with both supports may not compile, and then has no warnings to compare with."""
    warnings = [each for each in report.findings if each.severity == "warning"]
    if warnings:
        told = "; ".join(f"{each.where}: {each.message}" for each in warnings[:3])
        more = f" and {len(warnings) - 3} more" if len(warnings) > 3 else ""
        view.note(f"warnings that the tree did not show as it was: {told}{more}")
    return replace(report, findings=tuple(each for each in report.findings if each not in warnings))


def _without(written: Port, meets: Upstream, tree: Opened) -> tuple[Retired, dict[str, bytes | None]]:
    """What becomes of each file that the port wrote to; those that stay as they are are left out."""
    found, texts = Retired(), dict[str, bytes | None]()
    fresh = arrived = 0
    for path, steps in sorted(written.files.items()):
        if not tree.workspace.exists(path):
            continue
        if path.endswith(CODE):
            tree.workspace.source(path)
        refuse_unmerged(tree.workspace)
        now = tree.seen.read(path) or b""
        if b"\0" in now:
            found.left.append((path, 1, BINARY))
            continue
        theirs = meets.tree.read(path)
        result = without(now, theirs, steps, meets.base.read(path) if meets.base else None)
        fresh, arrived = fresh + result.fresh, arrived + result.arrived
        if result.data != now:
            texts[path] = result.data
        found.same.extend((path, line) for line in result.same)
        found.left.extend((path, line, why) for line, why in result.left)
        found.left.extend(_faults(path, result.data, theirs))
    if fresh and not arrived:
        raise UsageError(ABSENT, help=FIRST)
    return found, texts


def _faults(path: str, data: bytes | None, theirs: bytes | None) -> Iterator[tuple[str, int, str]]:
    """Where a file does not parse, if it is none that upstream's does not parse either."""
    if path.endswith(CODE) and data is not None and data != theirs:
        source = Source(path, data)
        if len(source.faults) > len(Source(path, theirs or b"").faults):
            yield path, source.line(source.faults[0]), BROKEN


def _planned_again(
    pack: Pack, wanted: Wanted, before: Workspace, texts: dict[str, bytes | None], tree: Opened
) -> list[str]:
    """Other ports of this tool may use what goes: they are planned again on what is left, and named."""
    again = []
    for other in packs.every(wanted.homes):
        if other.name == pack.name:
            continue
        plan = planning.make(other, before)
        if plan.state == "absent" or plan.written is None:
            continue
        new = planning.make(other.choose(plan.written), Workspace(Layered(tree.seen, dict(texts))))
        if new.edits:
            texts |= {path: new.bytes_after(path) for path in new.paths}
            again.append(other.title)
    return again


def _plan(pack: Pack, before: Workspace, texts: Bytes) -> Plan:
    """The changes as a plan of one rule, line by line."""
    edits = tuple(edit for path, after in sorted(texts.items()) for edit in _edits(before, path, after))
    step = Step(Rule("retire", MAKES, _nothing, marks=True, affects=AFFECTS), Changes(edits))
    gone = frozenset(path for path, data in texts.items() if data is None)
    return Plan(pack, (step,), edits, before, before.overlay(edits), None, removed=gone)


MAKES = "what the port alone brought is gone, and upstream's own stands where it has its own"
AFFECTS = "whoever runs what the port had changed: it is again as without the port"


def _nothing(_context: Any) -> Outcome:
    return Changes(())


def _edits(before: Workspace, path: str, after: bytes | None) -> Iterator[Edit]:
    source = before.source(path) if before.exists(path) else None
    if source is None:
        yield _edit(path, (0, 0), after or b"", "", "", 1)
        return
    old, new = lines(source.data), lines(after)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    known = digest(source.data)
    for a, b, c, d in opcodes(old, new):
        start, end = starts[a], starts[b]
        name = enclosing_name(source, start, end) if path.endswith(CODE) and after is not None else ""
        yield _edit(path, (start, end), b"".join(new[c:d]), known, name or "a place of the port", a + 1)


def _edit(path: str, span: tuple[int, int], text: bytes, before: str, anchor: str, line: int) -> Edit:
    return Edit(path, span[0], span[1], text, before, anchor, line, "retire", MAKES)
