"""Plans and verifies revision after revision, and asks a rule again only where something that it looked at changed."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections import Counter, deque
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from transformer import plan as planning
from transformer.cpp.suffixes import CODE
from transformer.errors import ConflictError, NoCompiler, PackError, TransformerError, UsageError
from transformer.outcome import Blocked, Changes, NotNeeded, Outcome, Satisfied
from transformer.survey.objects import MissingObjectError, Objects
from transformer.survey.row import Cell, Row, Verdict
from transformer.survey.tree import Library, Looks, Revision, Tree
from transformer.verdict import Complete, Nothing, Stuck, judge
from transformer.verify import Level, Report, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformer.pack import Pack
    from transformer.plan import Plan, Step
    from transformer.rule import Rule

T = TypeVar("T")

LIMIT = 12_000_000  # bytes of files that are kept with their syntax trees (measured: some 17 times as much memory)
_DEPTH = 6  # answers that are kept for each question: history comes back to what it was
_TEXTS = (*CODE, ".txt")  # what a rule may read


class Memory(Generic[T]):
    """What was found, with what was looked at to find it."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Looks, T]] = deque(maxlen=_DEPTH)

    def find(self, tree: Tree) -> tuple[Looks, T] | None:
        """What was found in a tree that gives the same answers."""
        return next((each for each in self._kept if tree.gives(each[0])), None)

    def keep(self, looks: Looks, found: T) -> None:
        """Remember."""
        self._kept.appendleft((looks, found))


@dataclass(slots=True)
class Counts:
    """How much was asked, and how much of it was known."""

    plans: int = 0
    plans_known: int = 0
    rules: int = 0
    rules_known: int = 0


class Judge:
    """Says what a pack makes of the revisions of one repository. One per thread and pack.

    Judges of several packs share what one of them has read and parsed: `beside` is another one of the same thread.
    """

    def __init__(self, repository: str, pack: Pack, level: Level, beside: Judge | None = None) -> None:
        self.objects: Objects = beside.objects if beside else Objects(repository)
        self.counts = Counts()
        self._library: Library = beside._library if beside else Library(self.objects, LIMIT)
        self._pack = pack
        self._level = level
        self._verdicts: Memory[Verdict] = Memory()
        self._outcomes: dict[str, Memory[Outcome]] = {rule.name: Memory() for rule in pack.rules}

    def row(self, name: str) -> Row:
        """One revision. Raises only what stops the whole survey: a broken pack, no compiler."""
        started = time.perf_counter()
        try:
            commit = self.objects.commit(name)
        except (TransformerError, ValueError, KeyError, IndexError) as error:
            why = error.message if isinstance(error, TransformerError) else "its commit cannot be read"
            return Row(name, "", "", Verdict("broken", why), time.perf_counter() - started, lasting=False)
        verdict, lasting = self._verdict(self._library.tree(commit.tree))
        spent = time.perf_counter() - started
        return Row(commit.id, commit.date, commit.subject, verdict, spent, lasting)

    def _verdict(self, tree: Tree) -> tuple[Verdict, bool]:
        """What is said of a tree, and whether it will be the same tomorrow."""
        looks: Looks = {}
        try:
            self.counts.plans += 1
            known = self._verdicts.find(tree)
            if known is not None:
                self.counts.plans_known += 1
                return known[1], True
            verdict = self._judged(tree, looks)
        except (NoCompiler, PackError):
            raise
        except MissingObjectError as error:
            return Verdict("broken", error.message, error.where), False
        except TransformerError as error:
            verdict = Verdict("broken", error.message, error.where)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            why = f"internal error: {Path(last.filename).name}:{last.lineno}: {type(error).__name__}: {error}"
            return Verdict("broken", why), False
        self._verdicts.keep(looks, verdict)
        return verdict, True

    def _judged(self, tree: Tree, looks: Looks) -> Verdict:
        workspace = Revision(tree, self._library, looks)
        try:
            self._pack.family.recognise(workspace)
        except UsageError as error:
            return Verdict("foreign", error.message, error.where)
        rules = tuple(replace(each, plan=partial(self._outcome, each, tree, looks)) for each in self._pack.rules)
        try:
            plan = planning.make(replace(self._pack, rules=rules), workspace)
        except ConflictError as error:
            return Verdict("conflict", error.message, error.where)
        cells = tuple(_cells(plan))
        match judge(plan):
            case Stuck(steps=(first, *_)):
                why = next(c.note for c, step in zip(cells, plan.steps, strict=True) if step.rule is first.rule)
                return Verdict("blocked", f"{first.rule.name}: {why}", "", cells)
            case Complete():
                return Verdict("native", "", "", cells)
            case Nothing():
                return Verdict("partial", _left(plan), "", cells)
        report = self._verified(plan, tree, looks)
        if not report.passed:
            worst = report.findings[0]
            return Verdict("unsound", f"{len(report.findings)} diagnostics: {worst.message}", worst.where, cells)
        if plan.state == "partial":
            return Verdict("partial", _left(plan), "", cells)
        return Verdict("partly" if plan.skipped else "ports", "", "", cells)

    def _outcome(self, rule: Rule[Any], tree: Tree, looks: Looks, _: Any) -> Outcome:
        """What a rule says. It gets a context of its own, so that all it learns goes through what it looks at."""
        self.counts.rules += 1
        known = self._outcomes[rule.name].find(tree)
        if known is not None:
            self.counts.rules_known += 1
            looks.update(known[0])
            return known[1]
        seen: Looks = {}
        try:
            context = self._pack.family.open(Revision(tree, self._library, seen), self._pack)
            outcome = planning.ask(rule, context)
        finally:  # an error as well is the answer to what was looked at
            looks.update(seen)
        self._outcomes[rule.name].keep(seen, outcome)
        return outcome

    def _verified(self, plan: Plan, tree: Tree, looks: Looks) -> Report:
        if self._level != "types":
            return verify(plan, Path(), self._level, _silent)
        looks.update({("all", folder): tree.all(folder) for folder in plan.pack.family.includes})
        with tempfile.TemporaryDirectory(prefix="survey-") as root:
            for folder in plan.pack.family.includes:
                _write_out(tree, folder, Path(root))
            return verify(plan, Path(root), self._level, _silent)

    def close(self) -> None:
        """End git."""
        self.objects.close()


def _left(plan: Plan) -> str:
    """The rules that are not carried out in a tree that has the architecture."""
    return f"left: {', '.join(each.step.rule.name for each in plan.left)}" if plan.left else ""


def _silent(done: int, total: int, unit: str) -> None:
    """No progress display."""


def _write_out(tree: Tree, folder: str, root: Path) -> None:
    """The code of a folder, for the compiler; nothing else of the tree is needed."""
    for path in tree.names(folder):
        blob = tree.blob(path)
        if blob is not None and path.endswith(_TEXTS):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(tree.objects.blob(blob))
    for inner in tree.folders(folder):
        _write_out(tree, inner, root)


def _cells(plan: Plan) -> Iterator[Cell]:
    there = any(step.rule.marks and isinstance(step.outcome, Satisfied) for step in plan.steps)
    for step in plan.steps:
        yield _cell(step, there)


def _cell(step: Step, there: bool) -> Cell:
    match step.outcome:
        case Changes(edits, done):
            files = Counter(edit.path for edit in edits)
            also = f"; there: {len(done)}" if done else ""
            return Cell("changed", ", ".join(f"{path} ({count})" for path, count in sorted(files.items())) + also)
        case Satisfied(where):
            return Cell("native" if there else "satisfied", where)
        case NotNeeded(why):
            return Cell("not needed", why)
        case Blocked(why, where):
            return Cell("blocked", f"{where}: {why}" if where and not why.startswith(where) else why)
