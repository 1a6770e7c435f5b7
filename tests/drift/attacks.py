"""Attacks on trees: which there are, in an order that stays, and what is wrong with the port of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random

import drift.dead
import drift.macros
import drift.rows
import drift.swaps  # noqa: F401 (each registers its kinds)
from drift import meaning, remembered
from drift.kinds import KINDS, Kind, Strike, tree
from drift.machine import DriftedTree, Files, diagnostics, original, own
from transformer import plan
from transformer.cpp import tokens
from transformer.errors import TransformerError
from transformer.outcome import Blocked, Changes, Satisfied
from transformer.types.check import check_types
from transformer.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Attack:
    """One kind of change at one place of one file; the seed says how."""

    root: Path
    kind: str
    path: str
    index: int
    seed: int

    def __str__(self) -> str:
        return f"{self.root.name}: {self.kind}({self.path}, {self.index}, {self.seed})"

    def strike(self) -> Strike | None:
        """What it does; `None` where the place does not lend itself to it."""
        own = tree(self.root)
        site = own.sites(self.kind, self.path)[self.index]
        return KINDS[self.kind].act(Random(self.seed), own, self.path, site)


@dataclass(slots=True)
class Judgement:
    """What became of an attack: nothing drifted, or the port is the same, has a row again, is refused, or is wrong."""

    attack: Attack
    verdict: str = "same"
    complaints: list[str] = field(default_factory=list)
    files: Files = field(default_factory=dict)
    made: plan.Plan | None = None


def places(root: Path, name: str) -> list[tuple[str, int]]:
    """All places of a tree that a kind may change: first those that the port edits something at."""
    own = tree(root)
    found = [(path, index) for path in own.paths for index in range(len(own.sites(name, path)))]
    return sorted(found, key=lambda each: not own.near(each[0], own.sites(name, each[0])[each[1]]))


def every(root: Path, name: str) -> Iterator[Attack]:
    """A kind at each of its places, once."""
    for path, index in places(root, name):
        yield Attack(root, name, path, index, index)


def some(root: Path, name: str, count: int, seed: int) -> Iterator[Attack]:
    """A kind at so many places: half of them near edits of the port, as long as there are any."""
    own, random, found = tree(root), Random(f"{seed} {name}"), places(root, name)
    close = sum(own.near(path, own.sites(name, path)[index]) for path, index in found)
    for number in range(count if found else 0):
        path, index = found[random.randrange(close if number % 2 and close else len(found))]
        yield Attack(root, name, path, index, random.randrange(10**6))


def judge(attack: Attack) -> Judgement:
    """The plan of the changed tree, held against what its kind demands."""
    found, strike, kind = Judgement(attack), attack.strike(), KINDS[attack.kind]
    if strike is None:
        found.verdict = "nothing"
        return found
    found.files = tree(attack.root).files(strike)
    if all(data == original(attack.root).bytes_before(path) for path, data in found.files.items()):
        found.verdict = "nothing"
        return found
    found.complaints = list(_wrong(found, strike, kind))
    if found.complaints:
        found.verdict = "wrong"
    return found


Change = tuple[meaning.Facts, meaning.Facts]


def _wrong(found: Judgement, strike: Strike, kind: Kind) -> Iterator[str]:
    root, base = found.attack.root, original(found.attack.root)
    try:
        made = found.made = remembered.make(base, remembered.before(root), DriftedTree(root, found.files), found.files)
    except TransformerError as error:
        found.verdict = "refused"
        if kind.demand == "same":
            yield f"raised {type(error).__name__}: {error.message} ({error.where})"
        return
    refused = [*made.blocked, *_skipped(made, base)]
    if refused:
        found.verdict = "refused" if made.blocked else "partly refused"
        if kind.demand == "same":
            yield from (f"blocked: {s.rule.name}: {s.outcome.why} ({s.outcome.where})" for s in refused if isinstance(s.outcome, Blocked))
    if made.blocked:
        return
    differ = [path for path in {*base.paths, *made.paths, *found.files} if _after(made, path) != _after(base, path)]
    report = remembered.judge(made, differ, root)
    if report.findings and kind.demand != "same":
        found.verdict = "refused"
        return
    yield from (f"syntax: {f.where}: {f.message}" for f in report.findings)
    again = remembered.make(base, remembered.after(root), made.after, differ)
    if again.state != "complete" or again.edits:
        yield f"second plan is {again.state}, with {len(again.edits)} edits"
    there = any(_satisfied(one, other) for one, other in zip(made.steps, base.steps, strict=True)) and strike.cases
    yield from _differences(found, strike, kind, base, made, partly=bool(refused) or there)
    if kind.demand == "restored or blocked" and not refused:
        was, now = known(root), _known(made.after, made)
        yield from (f"{name}: {was.get(name)} was wanted, {now.get(name)} is there" for name in was if was[name] != now.get(name))


def _after(made: plan.Plan, path: str) -> bytes | None:
    """A file as it is in the end."""
    return made.bytes_after(path) if made.after.exists(path) else None


def _satisfied(one: plan.Step, other: plan.Step) -> bool:
    """Whether a rule found done what there was to do before: a case has now what another one had."""
    return isinstance(one.outcome, Satisfied) and isinstance(other.outcome, Changes)


def _skipped(made: plan.Plan, base: plan.Plan) -> list[plan.Step]:
    known = {step.rule.name for step in base.skipped}
    return [step for step in made.skipped if step.rule.name not in known]


@lru_cache
def known(root: Path) -> dict[str, str]:
    """What the port of the first tree knows of each tensor and key of the architecture, by its name in files."""
    return _known(original(root).after, original(root))


def _known(after: Workspace, made: plan.Plan) -> dict[str, str]:
    port = made.pack.family.open(after, made.pack)
    found = {each.name: "a key" for each in port.spec.keys if each.name in port._keys}
    table = port.fork.tensor_infos
    for each in port.spec.tensors:
        own = port.own_tensors.get(each.name, "")
        found[each.name] = " ".join(table.cell(own).split()) if own in table.rows else "no info"
    return found


Change = tuple[meaning.Facts, meaning.Facts]


def _differences(
    found: Judgement, strike: Strike, kind: Kind, base: plan.Plan, made: plan.Plan, *, partly: bool
) -> Iterator[str]:
    root = found.attack.root
    for path in sorted({*base.paths, *made.paths}):
        if not path.endswith((".h", ".cpp")):
            if (path in base.paths) != (path in made.paths) and not partly:
                yield f"{path}: changed in one plan alone"
            continue
        if path not in found.files and path in base.paths and path in made.paths and made.bytes_after(path) == base.bytes_after(path):
            continue
        wanted, got = _expected(root, path), _changed(made, path, strike.names)
        if not kind.ordered:
            wanted, got = _loose(wanted), _loose(got)
        wanted, got = _told(wanted, strike), _told(got, strike)
        if strike.cases:
            wanted, got = _merged(wanted), _merged(got)
        if strike.exchanged or strike.call:
            wanted, got = _by_name(wanted, strike, path, theirs=False), _by_name(got, strike, path, theirs=True)
        gone = _gone(found, path) if kind.demand == "restored or blocked" else Counter()
        if kind.name == "values_exchanged" and path in found.files:
            wanted, got = (wanted[0], wanted[1] - _gone(found, path)), (got[0], got[1] & _before(root, path))
        yield from _compared(path, wanted, got, gone, found, partly=partly)


def _compared(path: str, wanted: Change, got: Change, gone: meaning.Facts, found: Judgement, *, partly: bool) -> Iterator[str]:
    for word, old, new in zip(("added", "taken away"), wanted, got, strict=True):
        more = new - old
        if gone and word == "added" and more & gone:
            found.verdict = "restored"
            more -= gone
        yield from (f"{path}: {word}, unlike before: {fact}"[:500] for fact in list(more.elements())[:3])
        if not partly:
            less = old - new if word == "added" else old - new - gone
            yield from (f"{path}: no longer {word}: {fact}"[:500] for fact in list(less.elements())[:3])


@lru_cache
def _expected(root: Path, path: str) -> Change:
    return _changed(original(root), path)


def _changed(made: plan.Plan, path: str, names: Mapping[str, str] | None = None) -> Change:
    before = _said(made.before, path, names or {}) if made.before.exists(path) else Counter()
    return meaning.change(before, _said(made.after, path, names or {}) if path in made.paths else before)


def _said(workspace: Workspace, path: str, names: Mapping[str, str]) -> meaning.Facts:
    """What a file says, with the macros of the machine expanded."""
    source = workspace.source(path)
    if not names or b"DRIFT_" not in source.data:
        return meaning.of_source(source)
    code = re.sub(r"^#define DRIFT_(?:\\\n|.)*\n", "", source.data.decode(), flags=re.MULTILINE)
    for name, meant in names.items():
        code = _expanded(code, name, meant)
    return meaning.of(code.encode())


def _expanded(code: str, name: str, meant: str) -> str:
    if not name.endswith("("):
        return re.sub(rf"\b{re.escape(name)}(?!\w)", lambda _: meant, code)
    while (start := code.find(name)) >= 0:
        inner = start + len(name)
        end = _close(code, inner)
        inside = code[inner:end]
        code = f"{code[:start]}{'{' + inside + '}' if meant else inside}{code[end + 1 :]}"
    return code


def _gone(found: Judgement, path: str) -> meaning.Facts:
    """What the tree does not say any more."""
    assert found.made is not None
    tree = found.made.before
    return _before(found.attack.root, path) - meaning.of_source(tree.source(path)) if tree.exists(path) else Counter()


def _before(root: Path, path: str) -> meaning.Facts:
    """What the first tree says."""
    return meaning.of_source(original(root).before.source(path))


def _loose(change: Change) -> Change:
    """Without the order of statements."""
    added, taken = _mapped(change, lambda fact: "" if "=> begins with" in fact else re.sub(r" -> .*", "", fact))
    del added[""], taken[""]
    return added - taken, taken - added


def _merged(change: Change) -> Change:
    """Without the labels of cases that other architectures have, each fact once."""
    added, taken = _mapped(change, lambda fact: re.sub(r"/case (?!LLM_ARCH_(?:GEMMA4|MUSE))[^/=]+", "/case", fact))
    return Counter(dict.fromkeys(added, 1)), Counter(dict.fromkeys(taken, 1))


def _told(change: Change, strike: Strike) -> Change:
    """In the words of the first tree."""
    for code, was in ((_plain(code), _plain(was)) for code, was in strike.texts.items()):
        change = _mapped(change, lambda fact, code=code, was=was: fact.replace(code, was).replace(code.replace(" (", "(").replace("( ", "(").removesuffix(" )"), was.replace(" (", "(").replace("( ", "(").removesuffix(" )")))
    return change


_OURS = re.compile(r"(?i)gemma-?_?4|muse_?-?glimmer")


def _by_name(change: Change, strike: Strike, path: str, *, theirs: bool) -> Change:
    """What we write goes with names and parameters that changed places; what the fork had may have stayed."""

    def other(fact: str) -> str:
        if strike.call:
            return _arguments(fact, *strike.call)
        a, b = strike.exchanged or ("", "")
        return re.sub(r"\w+", lambda m: {a: b, b: a}.get(m[0], m[0]), fact)

    def tell(fact: str) -> str:
        if _OURS.search(fact.partition(" -> ")[0]) or _OURS.search(path):
            return other(fact) if theirs else fact
        return min(fact, other(fact))

    added, taken = _mapped(change, tell)
    return added - taken, taken - added


def _plain(code: str) -> str:
    return tokens.tokens(code).replace(tokens.SEP, " ")


def _mapped(change: Change, tell) -> Change:
    added, taken = (Counter(tell(each) for each in side.elements()) for side in change)
    return added, taken


def _close(text: str, start: int) -> int:
    """Where the parenthesis ends that was opened before `start`."""
    depth = 1
    for at in range(start, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    return len(text)


def _arguments(fact: str, name: str, index: int) -> str:
    """Calls of a function with two neighbouring arguments in each other's place."""
    for match in list(re.finditer(rf"\b{name} \( ", fact)):
        end = _close(fact, match.end())
        parts, depth = [""], 0
        for char in fact[match.end() : end]:
            depth += (char in "([{") - (char in ")]}")
            if char == "," and depth == 0:
                parts.append("")
            else:
                parts[-1] += char
        if index + 1 < len(parts):
            each = [part.strip() for part in parts]
            each[index], each[index + 1] = each[index + 1], each[index]
            fact = f"{fact[: match.end()]}{' , '.join(each)} {fact[end:]}"
    return fact


def compiled(found: Judgement) -> list[str]:
    """What a compiler says of the port, and says neither of the tree before nor of what was done to it."""
    assert found.made is not None
    root, made = found.attack.root, found.made
    said = [each for each in diagnostics(root, found.files, made) if not own(each)]
    if not said:
        return []
    report = check_types(root, found.files, created=(), names={path: frozenset({""}) for path in found.files},
                         include_dirs=made.pack.family.includes, only={each.path for each in said}, jobs=1)  # fmt: skip
    known = {(each.path, each.text) for each in report.new}
    return [str(each) for each in said if (each.path, each.text) not in known]
