"""What becomes of one file: each place that a port wrote is made what upstream has there, and nothing else is touched.

Whose a line is, is told by comparing: the port's lines are followed into the file as it is, and so are upstream's.
What both have stays; what is the port's alone goes, and what upstream has in its place comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_TELLING = re.compile(rb"\w{2}")
_EVERYWHERE = re.compile(rb"\W*(?:break|return|else|default|public|private|endif)?\W*")

_CLOSE = 3  # lines

Op = tuple[str, int, int, int, int]
"""What differs or not: from and to in upstream's file, from and to in the file as it is."""

EDITED = "lines of the port that were changed since, or have others between them"
BOTH = "upstream and this fork have each other lines here than before the port"
REMADE = "a file of the port that was changed since, and upstream has none of its name"


@dataclass(frozen=True, slots=True)
class Written:
    """One file before and after a commit, or a run, of the port; `None` where there is none."""

    before: bytes | None
    after: bytes | None


@dataclass(slots=True)
class Result:
    """The file without the port (`None`: it goes), and the lines in it, from 1, at which something of the port stays.

    `same` are those that upstream has in the same words, `left` those that are to be looked at, with the reason.
    """

    data: bytes | None
    same: list[int] = field(default_factory=list)
    left: list[tuple[int, str]] = field(default_factory=list)
    fresh: int = 0
    """How many lines upstream has that neither it nor the fork had before."""
    arrived: int = 0
    """How many of those are here, and not by the port."""


@dataclass(slots=True)
class _Hunk:
    """Lines that the port took away and put there, and where the latter are in the file as it is."""

    removed: list[bytes]
    added: list[bytes]
    places: list[int | None]
    at: int
    """The line of the file as it is behind the place, where that is known; else -1."""

    @property
    def entire(self) -> bool:
        """Whether all its lines are there, one after the other."""
        first = self.places[0] if self.places else None
        return first is not None and self.places == [*range(first, first + len(self.places))]


def lines(data: bytes | None) -> list[bytes]:
    """Lines as git counts them."""
    return _LINE.findall(data or b"")


def telling(line: bytes) -> bool:
    """Whether a line says so much that one can know it again."""
    return _TELLING.search(line) is not None and _EVERYWHERE.fullmatch(line) is None


def without(now: bytes, upstream: bytes | None, written: Sequence[Written], base: bytes | None) -> Result:
    """A file without the port. `base` is what upstream and the fork come from; unknown, the fork before the port."""
    if upstream is None and written[0].before is None:
        return Result(None) if _is_ours(now, written) else Result(now, left=[(1, REMADE)])
    return _File(now, upstream, _joined(written), base).result()


def _joined(written: Sequence[Written]) -> list[Written]:
    """Steps that follow each other as one."""
    found: list[Written] = []
    for each in written:
        if found and found[-1].after == each.before:
            found[-1] = Written(found[-1].before, each.after)
        else:
            found.append(each)
    return found


def _is_ours(now: bytes, written: Sequence[Written]) -> bool:
    """Whether a file of the port is as it was written, but for the ends of its lines."""
    return _keys(lines(now)) == _keys(lines(written[-1].after))


def _keys(found: Sequence[bytes]) -> list[bytes]:
    return [line.rstrip(b"\r\n") for line in found]


def _compared(old: Sequence[bytes], new: Sequence[bytes]) -> SequenceMatcher[bytes]:
    return SequenceMatcher(None, old, new, autojunk=False)


def opcodes(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """The lines that differ: from and to in the one, from and to in the other."""
    for tag, a, b, c, d in _compared(old, new).get_opcodes():
        if tag != "equal":
            yield a, b, c, d


def _groups(compared: Sequence[Op], apart: Callable[[Op], bool]) -> Iterator[list[Op]]:
    """What differs, with what differs close behind it; what is equal and sets them `apart` is by itself."""
    group: list[Op] = []
    for op in compared:
        if op[0] == "equal" and apart(op):
            yield from filter(None, (group, [op]))
            group = []
        else:
            group.append(op)
    if group:
        yield group


class _File:
    """The file as it is, line by line, with whose each line is."""

    def __init__(self, now: bytes, upstream: bytes | None, written: Sequence[Written], base: bytes | None) -> None:
        self.now, self.theirs = lines(now), lines(upstream)
        self.keys, self.their_keys = _keys(self.now), _keys(self.theirs)
        self.end = b"\r\n" if b"\r\n" in now else b"\n"
        self.based, self.base_keys = base is not None, _keys(lines(written[0].before if base is None else base))
        self.common = set(self.base_keys)
        old = _compared(self.base_keys, self.their_keys).get_matching_blocks()
        self.fresh = {*range(len(self.theirs))} - {b + each for _, b, count in old for each in range(count)}
        self.hunks: list[_Hunk] = []
        for each in written:
            earlier = {line for hunk in self.hunks for line in hunk.added if telling(line)}
            self.hunks += self._hunks(each, earlier)
        self.mine = {place: hunk for hunk in self.hunks for place in hunk.places if place is not None}
        self.there: dict[int, int] = {}
        """Where the lines are that upstream has as well, and which of its lines they are."""
        self.out: list[bytes] = []
        self.left: list[tuple[int, str]] = []

    def _hunks(self, written: Written, earlier: Container[bytes]) -> Iterator[_Hunk]:
        """What one step changed, followed into the file as it is; what an `earlier` one put there it did not find."""
        old, new = lines(written.before), lines(written.after)
        old_keys, new_keys = _keys(old), _keys(new)
        blocks = _compared(new_keys, self.keys).get_matching_blocks()
        there = {start + each: place + each for start, place, count in blocks for each in range(count)}
        for tag, a, b, c, d in _compared(old_keys, new_keys).get_opcodes():
            if tag != "equal":
                places = [there.get(each) for each in range(c, d)]
                found = [line for line, key in zip(old[a:b], old_keys[a:b], strict=True) if key not in earlier]
                yield _Hunk(found, new_keys[c:d], places, there.get(d, -1))

    def result(self) -> Result:
        """Everything but the port's own lines as it is, and upstream's where those were."""
        same: list[int] = []
        compared = _compared(self.their_keys, self.keys).get_opcodes()
        self.there = {c + each: a + each for tag, a, b, c, _ in compared if tag == "equal" for each in range(b - a)}
        arrived = [new for place, new in self.there.items() if new in self.fresh and place not in self.mine]
        shared = self._shared()
        for group in _groups(compared, lambda op: op[4] - op[3] > _CLOSE):
            self._group(group, shared, same, 2 * _CLOSE)
        fresh, came = (sum(telling(self.theirs[each]) for each in found) for found in (self.fresh, arrived))
        return Result(b"".join(self.out), same, self.left, fresh, came)

    def _group(self, group: Sequence[Op], shared: Sequence[int], same: list[int], close: int) -> None:
        """Lines of the file as they are to be: as upstream has all of them, or one part of it after the other."""
        if self._kept_for_ours(group, close):
            self._give(self.theirs[group[0][1] : group[-1][2]])
        elif len(group) == 1 and group[0][0] == "equal":
            _, _, _, c, d = group[0]
            same.extend(len(self.out) + 1 + first - c for first in shared if c <= first < d)
            self.out += self.now[c:d]
        elif len(group) == 1:
            self._differing(*group[0][1:])
        else:
            parts = list(_groups(group, lambda op: any(map(telling, self.now[op[3] : op[4]]))))
            for part in parts if len(parts) > 1 else ([op] for op in group):
                self._group(part, shared, same, 0)

    def _kept_for_ours(self, group: Sequence[Op], close: int) -> bool:
        """Whether the merge kept lines that upstream has no more, or has others for, for the port's `close` to them."""
        places = [each for tag, _, _, c, d in group if tag != "equal" for each in range(c, d)]
        others = [each for each in places if each not in self.mine and telling(self.now[each])]
        near = range(group[0][3] - close, group[-1][4] + close) if close else places
        return bool(others) and any(each in self.mine for each in near) and self.old.issuperset(others)

    @cached_property
    def old(self) -> set[int]:
        """The lines that upstream and the fork both had; where that is not known, none."""
        found = _compared(self.base_keys, self.keys).get_matching_blocks() if self.based else ()
        return {start + each for _, start, count in found for each in range(count)} - self.there.keys()

    def _shared(self) -> list[int]:
        """Where the places of the port begin of which upstream has all telling lines that are still there."""
        found = []
        for hunk in self.hunks:
            places = [p for p, line in zip(hunk.places, hunk.added, strict=True) if p is not None and telling(line)]
            if places and all(each in self.there for each in places):
                found.append(places[0])
        return sorted(set(found))

    def _differing(self, a: int, b: int, start: int, end: int) -> None:
        """Lines of the file that upstream has not, or has others for: those from `a` to `b` of its file."""
        theirs, fresh = self.theirs[a:b], not self.fresh.isdisjoint(range(a, b))
        if start == end:
            self.out += theirs if self._taken(theirs, start, fresh=fresh) else ()
            return
        first, last = self._slid(start, end) if not theirs else (start, end)
        if self._all_mine(first, last):
            self._put(theirs, first, last, fresh=fresh)
        elif not any(each in self.mine for each in range(start, end)):
            self.out += self.now[start:end]
        else:
            self._mixed(start, end)

    def _all_mine(self, start: int, end: int) -> bool:
        """Whether lines are the port's, but for those between them that say nothing."""
        there = range(start, end)
        known = all(each in self.mine or not telling(self.now[each]) for each in there)
        return known and any(each in self.mine for each in there)

    def _taken(self, theirs: Sequence[bytes], place: int, *, fresh: bool) -> bool:
        """Whether the port is why these lines are not here.

        It took just these away, or they are new in upstream and the port's came instead, some of which both have.
        """
        keys = _keys(theirs)
        if any(not hunk.added and hunk.at == place and _keys(hunk.removed) == keys for hunk in self.hunks):
            return True
        return fresh and bool({place - 1, place} & self.mine.keys())

    def _slid(self, start: int, end: int) -> tuple[int, int]:
        """The same insertion where it is the port's alone: of lines before it that are like its last, either came."""
        for step in (-1, 1):
            first, last = start, end
            while first >= 0 and last <= len(self.keys):
                if self._all_mine(first, last):
                    return first, last
                before, behind = (first - 1, last - 1) if step < 0 else (first, last)
                if before < 0 or behind >= len(self.keys) or self.keys[before] != self.keys[behind]:
                    break
                first, last = first + step, last + step
        return start, end

    def _put(self, theirs: list[bytes], first: int, last: int, *, fresh: bool) -> None:
        """Lines that are the port's: upstream's come in their place, or the fork's where upstream changed nothing."""
        found = (self.mine[each] for each in range(first, last) if each in self.mine)
        hunks = list({id(hunk): hunk for hunk in found}.values())
        inside = all(hunk.entire and first <= (hunk.places[0] or 0) for hunk in hunks)
        whole = inside and sum(len(hunk.added) for hunk in hunks) == last - first
        removed = [line for hunk in hunks for line in hunk.removed]
        old = _keys(removed)
        if not whole or old == _keys(theirs):
            self._give(theirs)
        elif not fresh:
            self._give(removed)
        elif self.common.issuperset(old):
            self._give(theirs)
        else:
            self._leave(first, last, BOTH)

    def _mixed(self, start: int, end: int) -> None:
        """Lines of the port among others that upstream does not have either: whole places of the port go."""
        place = start
        while place < end:
            hunk = self.mine.get(place)
            stop = place + 1
            while stop < end and self.mine.get(stop) is hunk:
                stop += 1
            if hunk is None:
                self.out += self.now[place:stop]
            elif self._alone(hunk, place, stop):
                self._give(hunk.removed)
            else:
                self._leave(place, stop, EDITED)
            place = stop

    def _alone(self, hunk: _Hunk, start: int, end: int) -> bool:
        """Whether a place of the port is whole, with nothing but upstream's lines between its own.

        Where it took something away, these lines are to be all of it: then one knows where that comes back.
        """
        places = [each for each in hunk.places if each is not None]
        if hunk.removed or len(places) < len(hunk.places):
            return hunk.entire and places == [*range(start, end)]
        if any(each in self.there and re.search(rb"[{}]", self.now[each]) for each in places):
            return False  # a brace that upstream has as well may be another one
        return {*range(places[0], places[-1])} - {*places} <= self.there.keys()

    def _give(self, found: Sequence[bytes]) -> None:
        """Put lines there, ended as those of the file are."""
        self.out += [line.rstrip(b"\r\n") + self.end if line.endswith(b"\n") else line for line in found]

    def _leave(self, start: int, end: int, why: str) -> None:
        at = next((each for each in range(start, end) if telling(self.now[each])), None)
        if at is not None:
            self.left.append((len(self.out) + 1 + at - start, why))
        self.out += self.now[start:end]
