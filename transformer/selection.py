"""A part of a plan: the rules that were chosen, and what they cannot be without."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp.enclosing import is_exhaustive, surroundings
from transformer.cpp.suffixes import CODE, HEADERS
from transformer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from transformer.edit import Edit
    from transformer.pack import Pack
    from transformer.plan import Plan

_WORD = re.compile(rb"[A-Za-z_]\w*")
_DEFINED = re.compile(rb"\b(\w+)::")
_LABEL = re.compile(rb"\bcase\s+(\w+)\s*:")
_TYPE = re.compile(rb"\b(?:struct|class)\s+(\w+)[^;{()]*\{")
_SAID = re.compile(rb'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def _words(edit: Edit) -> set[bytes]:
    """The words of what an edit puts there, but those of comments and texts."""
    return set(_WORD.findall(_SAID.sub(b" ", edit.text)))


@dataclass(frozen=True)
class Links:
    """Which edits of a plan cannot be without which: one uses a name that is new, and another declares it."""

    plan: Plan

    @cached_property
    def _new(self) -> list[set[bytes]]:
        """For each edit, the words in it that no changed file has; those of comments and texts do not count."""
        there: set[bytes] = set()
        for path in self.plan.paths:
            there |= set(_WORD.findall(self.plan.bytes_before(path) or b""))
        files = {edit.path.rpartition("/")[2].encode() for edit in self.plan.edits if edit.creates}
        return [_words(edit) - there | {name for name in files if name in edit.text} for edit in self.plan.edits]

    @cached_property
    def _declaring(self) -> Mapping[bytes, set[int]]:
        """For each new word, the edits that declare it: those outside of functions; a new file, what it defines."""
        found: defaultdict[bytes, set[int]] = defaultdict(set)
        for number, edit in enumerate(self.plan.edits):
            types = set(_TYPE.findall(edit.text))  # what stands inside of a type is its own business
            for word in (types or self._new[number]) if self._outside(edit) else ():
                found[word].add(number)
            if edit.creates:
                for word in {*_DEFINED.findall(edit.text), edit.path.rpartition("/")[2].encode()}:
                    found[word].add(number)
        return found

    def _outside(self, edit: Edit) -> bool:
        if edit.creates or not edit.path.endswith(CODE):
            return False
        around = surroundings(self.plan.before.source(edit.path), edit.start, edit.end)
        return around.kind != "body" and (around.kind != "call" or edit.path.endswith(HEADERS))

    @cached_property
    def needs(self) -> list[set[int]]:
        """For each edit, the numbers of those that it cannot be without."""
        found = []
        for number, words in enumerate(self._new):
            made = {other for word in words for other in self._made(word, number)} | self._awaited(number)
            found.append((made | self._mates(number)) - {number})
        return found

    def _awaited(self, number: int) -> set[int]:
        """For an edit that brings an enumerator: the labels of it in switches that compilers want to be whole."""
        brought = {word for word in self._new[number] if number in self._declaring.get(word, ())}
        return {other for word in brought for other in self._labels.get(word, ())}

    @cached_property
    def _labels(self) -> Mapping[bytes, set[int]]:
        """For each word, the edits that add a label of it to a switch without a default."""
        found: defaultdict[bytes, set[int]] = defaultdict(set)
        for number, edit in enumerate(self.plan.edits):
            label = _LABEL.search(edit.text)
            if label and not edit.creates and is_exhaustive(self.plan.before.source(edit.path), edit.start):
                found[label[1]].add(number)
        return found

    def _made(self, word: bytes, number: int) -> Iterator[int]:
        """The edits that declare a word for one that uses it; two that each declare it mean two things by it."""
        there, edits = self._declaring.get(word, set()), self.plan.edits
        for other in there:
            if number not in there or edits[number].creates or edits[other].rule == edits[number].rule:
                yield other

    def _mates(self, number: int) -> set[int]:
        """The edits of the same rule that are one thing with it."""
        return next(group for group in self._things[self.plan.edits[number].rule] if number in group)

    @cached_property
    def _things(self) -> Mapping[str, list[set[int]]]:
        """The edits of each rule in groups: an enumerator with its row; whatever declares nothing stays together."""
        found: dict[str, list[set[int]]] = {}
        for rule in dict.fromkeys(edit.rule for edit in self.plan.edits):
            found[rule] = self._grouped([n for n, edit in enumerate(self.plan.edits) if edit.rule == rule])
        return found

    def _grouped(self, numbers: Sequence[int]) -> list[set[int]]:
        own = {word for word, made in self._declaring.items() if made & set(numbers)}
        groups: list[tuple[set[int], set[bytes]]] = []
        for number in numbers:
            words = self._new[number] & own or {b""}
            touching = [group for group in groups if group[1] & words]
            for group in touching:
                groups.remove(group)
            merged = {number}.union(*(group[0] for group in touching))
            groups.append((merged, words.union(*(group[1] for group in touching))))
        return [numbers for numbers, _ in groups]

    def parts(self, rule: str) -> list[tuple[Edit, ...]]:
        """A rule's edits in the smallest groups that can be chosen by themselves."""
        return [tuple(self.plan.edits[number] for number in sorted(group)) for group in self._things[rule]]

    def with_needs(self, edits: Iterable[Edit]) -> list[Edit]:
        """Some edits and all that they cannot be without, in the order of the plan."""
        return self._closed(edits, self.needs)

    def with_users(self, edits: Iterable[Edit]) -> list[Edit]:
        """Some edits and all that cannot be without them."""
        users: list[set[int]] = [set() for _ in self.needs]
        for number, needed in enumerate(self.needs):
            for other in needed:
                users[other].add(number)
        return self._closed(edits, users)

    def _closed(self, edits: Iterable[Edit], more: Sequence[Collection[int]]) -> list[Edit]:
        chosen = {id(edit) for edit in edits}
        found = {number for number, edit in enumerate(self.plan.edits) if id(edit) in chosen}
        waiting = list(found)
        while waiting:
            new = set(more[waiting.pop()]) - found
            found |= new
            waiting += new
        return [self.plan.edits[number] for number in sorted(found)]


def narrowed(plan: Plan, edits: Iterable[Edit]) -> Plan:
    """The plan with these of its edits alone."""
    kept = {id(edit) for edit in edits}
    left = tuple(edit for edit in plan.edits if id(edit) in kept)
    return replace(plan, edits=left, after=plan.before.overlay(left), whole=plan)


def choose(plan: Plan, only: Sequence[str], skip: Sequence[str]) -> tuple[Plan, list[str]]:
    """The plan as far as it was asked for, and remarks on what came along or was left with the rest.

    `only` and `skip` are names of rules or features, or patterns (`vocab.*`). Raises `UsageError` where one is unknown,
    and where one that is asked for cannot be without one that is not wanted.
    """
    links = Links(plan)
    asked = named(plan.pack, only) if only else {step.rule.name for step in plan.steps}
    unwanted = named(plan.pack, skip)
    if both := sorted(named(plan.pack, only) & unwanted if only else ()):
        raise UsageError(f"{both[0]} is asked for and left out", help="say it once, with --only or with --skip")
    gone = {id(edit) for edit in links.with_users([e for e in plan.edits if e.rule in unwanted])}
    first = [edit for edit in plan.edits if edit.rule in asked]
    chosen = links.with_needs(first if only else [e for e in first if id(e) not in gone])
    if clash := [edit for edit in chosen if id(edit) in gone]:
        rules = (
            ", ".join(dict.fromkeys(edit.rule for edit in clash if edit.rule not in unwanted)) or "what is asked for"
        )
        raise UsageError(f"{rules} cannot be without what --skip leaves out", help="leave out both, or neither")
    remarks = []
    if only and (more := dict.fromkeys(e.rule for e in chosen if e.rule not in asked)):
        remarks.append(f"taken as well, as it is needed: {', '.join(more)}")
    if skip and (more := dict.fromkeys(e.rule for e in plan.edits if id(e) in gone and e.rule not in unwanted)):
        remarks.append(f"left out as well, as it needs what is left out: {', '.join(more)}")
    return narrowed(plan, chosen), remarks


def named(pack: Pack, words: Sequence[str]) -> set[str]:
    """The rules that some words name: rules, features, or patterns. Raises `UsageError` where one names none."""
    found: set[str] = set()
    for word in words:
        hits = {r.name for r in pack.rules if r.feature == word or fnmatchcase(r.name, word)}
        hits |= {r.name for r in pack.rules if r.name.startswith(f"{word}.")}
        if not hits:
            features = ", ".join(dict.fromkeys(rule.feature for rule in pack.rules))
            raise UsageError(f"{word} is no rule and no feature of {pack.name}", help=f"features: {features}")
        found |= hits
    return found


def missing(plan: Plan) -> Iterator[str]:
    """The required rules that a part of a plan does not carry out, or not wholly."""
    if plan.whole is None:
        return
    kept = {id(edit) for edit in plan.edits}
    required = {step.rule.name for step in plan.steps if step.rule.required}
    yield from dict.fromkeys(e.rule for e in plan.whole.edits if id(e) not in kept and e.rule in required)
