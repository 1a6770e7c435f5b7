"""A plan as a diff for people, with reasons above each hunk; what is printed for a file is a patch that git takes."""

from __future__ import annotations

from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

from transformer.show.colours import Words, coloured
from transformer.show.hunks import closed
from transformer.show.patch import quoted
from transformer.show.pieces import By, Note, Piece, groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.plan import Plan
    from transformer.show.terminal import Part

Line = tuple["Part", ...]

_SIGNS = {"+": "green", "-": "red", "\\": "dim"}
_WORDS = {"keyword": "blue", "type": "cyan", "string": "yellow"}
_WORDS |= {"number": "magenta", "comment": "dim", "directive": "magenta"}
NARROW = 80


def unified(plan: Plan, by: By, width: int, colour: bool) -> Iterator[Line]:
    """Hunk for hunk, each with a head of its own, so that what stands between them is no part of a patch."""
    yield from _shown(plan, by, width, colour, columns=False)


def side(plan: Plan, by: By, width: int, colour: bool) -> Iterator[Line]:
    """The same in two columns, before and after."""
    yield from _shown(plan, by, width, colour, columns=True)


def _shown(plan: Plan, by: By, width: int, colour: bool, *, columns: bool) -> Iterator[Line]:
    told: set[str] = set()
    for group in groups(plan, by):
        if by != "file":
            yield ((f"# {'-' * 8} {group.title}", "bold"),)
        before: set[str] = set()
        for piece in group.pieces:
            for note in piece.notes:
                yield from about(note, width, again=note.rule in told)
                told.add(note.rule)
            shift = piece.path in before
            before.add(piece.path)
            yield from _columns(piece, width) if columns else hunk_lines(piece, shift, colour)
            yield ("",)


def about(note: Note, width: int, *, again: bool = False) -> Iterator[Line]:
    """Rule, place, deciding facts, and who is affected; shorter where the rule was told of before."""
    head = note.rule if again else f"{note.rule}: {note.makes}"
    for number, text in enumerate(wrapped(head, width - 2, "  ")):
        rule, colon, rest = text.partition(":")
        yield ("# " + rule, "bold magenta"), (colon + rest, "magenta") if not number else ""
    for name, where in note.anchors[:3]:
        yield from _remark(f"at {name}, {where}", width)
    if len(note.anchors) > 3:
        yield from _remark(f"and {len(note.anchors) - 3} more places", width)
    if not again:
        for fact in note.facts:
            yield from _remark(f"as {fact.name}: {fact.value} ({fact.where})", width)
    if note.effect.alone:
        yield from _remark(f"affects {note.effect.text}", width)
        return
    yield from _remark(f"affects {note.effect.text}", width, "yellow")
    if not again and note.effect.safe:
        yield from _remark(f"safe: {note.effect.safe}", width)
        yield from _remark(f"shown by {', '.join(note.effect.shown)}", width)


def _remark(text: str, width: int, style: str = "dim") -> Iterator[Line]:
    for line in wrapped(text, width - 4, "  "):
        yield ((f"#   {line}", style),)


def wrapped(text: str, width: int, hang: str) -> list[str]:
    """Lines with a hanging indent; no word is broken."""
    return wrap(text, max(width, 20), subsequent_indent=hang, break_long_words=False, break_on_hyphens=False) or [""]


def hunk_lines(piece: Piece, shift: bool = False, colour: bool = True) -> Iterator[Line]:
    """A hunk with a head of its own; with `shift`, for a file that hunks before it have changed already."""
    old, new = (quoted(f"{side}/{piece.path}").decode() for side in "ab")
    tab = "\t" if " " in piece.path else ""
    yield (("--- /dev/null" if piece.new else f"--- {old}{tab}", "bold"),)
    yield (("+++ /dev/null" if piece.gone else f"+++ {new}{tab}", "bold"),)
    yield ((piece.head(shift), "cyan"),)
    for sign, words in signed(piece, colour):
        style = _SIGNS.get(sign, "")
        yield (sign, style), *((text, style if sign == "-" else _WORDS.get(kind, style)) for text, kind in words)


def signed(piece: Piece, colour: bool = True) -> Iterator[tuple[str, Words]]:
    """The lines of a hunk with their sign, in words by kind where colours are wanted; each side is read as one text."""
    path = piece.path if colour else ""
    raw = [part.decode() for line in piece.hunk.lines for part in closed(line).removesuffix(b"\n").split(b"\n")]
    after = iter(coloured(path, [line[1:].removesuffix("\r") for line in raw if line[:1] in "+ "]))
    before = iter(coloured(path, [line[1:].removesuffix("\r") for line in raw if line[:1] in "- "]))
    for line in raw:
        if line[:1] == "\\":
            yield "\\", [(line[1:], "")]
            continue
        words = [next(side) for sign, side in (("-", before), ("+", after)) if line[:1] in (sign, " ")][-1]
        yield line[:1], [*words, ("\r", "")] if line.endswith("\r") else words


def paired(piece: Piece) -> Iterator[tuple[tuple[int, str, Words] | None, tuple[int, str, Words] | None]]:
    """The lines of a hunk side by side: number, sign and words before and after; what was taken beside what was put."""
    old, new = piece.hunk.old_start, piece.hunk.new_start
    gone: list[tuple[int, str, Words]] = []
    come: list[tuple[int, str, Words]] = []
    for sign, words in signed(piece):
        if sign == "-":
            gone.append((old, sign, words))
            old += 1
        elif sign == "+":
            come.append((new, sign, words))
            new += 1
        elif sign == " ":
            yield from zip_longest(gone, come)
            gone, come = [], []
            yield (old, sign, words), (new, sign, words)
            old, new = old + 1, new + 1
    yield from zip_longest(gone, come)


def _columns(piece: Piece, width: int) -> Iterator[Line]:
    yield (f"{piece.path}  ", "bold"), (piece.head(), "cyan")
    half = max((width - 3) // 2, 30)
    for pair in paired(piece):
        cells = [_cell(each, half) for each in pair]
        for left, right in zip_longest(*cells, fillvalue=(" " * half, "")):
            yield left, (" | ", "dim"), (right[0].rstrip(), right[1])


def _cell(side: tuple[int, str, Words] | None, half: int) -> Sequence[tuple[str, str]]:
    """One side of a line: as many rows as its text needs, each as wide as the column."""
    if side is None:
        return [(" " * half, "")]
    number, sign, words = side
    text, room = "".join(word for word, _ in words).rstrip("\r").expandtabs(4), half - 7
    parts = [text[at : at + room] for at in range(0, len(text), room)] or [""]
    heads = [f"{number:5}{sign} ", *[" " * 7] * (len(parts) - 1)]
    return [((head + part).ljust(half), _SIGNS.get(sign, "")) for head, part in zip(heads, parts, strict=True)]
