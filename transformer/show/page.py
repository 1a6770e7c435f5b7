"""A plan as one page: everything in it, nothing fetched, and text from the tree stays text."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformer import __version__
from transformer.effect import ALONE, effects
from transformer.render import page
from transformer.selection import Links
from transformer.show.diff import paired, signed
from transformer.show.lines import counted
from transformer.show.pieces import Piece, groups
from transformer.show.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformer.plan import Plan
    from transformer.show.colours import Words
    from transformer.verify import Report

HERE = Path(__file__).parent
_SIGNS = {"+": "add", "-": "del", " ": "same", "\\": "mark"}


def html(plan: Plan, report: Report | None, name: str) -> str:
    """The page. `name` is what the tree is called."""
    style, script = ((HERE / f"page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    hunks = [_hunk(piece) for group in groups(plan, "file") for piece in group.pieces]
    words: dict[str, Any] = {
        "title": plan.pack.title,
        "words": plan.pack.words,
        "name": visible(name),
        "version": __version__,
        "style": style,
        "script": script,
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'",
        "hunks": hunks,
        "rules": list(_rules(plan)),
        "counts": _counts(plan, hunks),
        "verified": _verified(report),
        "facts": plan.facts,
        "uncovered": plan.uncovered,
        "left": [f"{step.rule.name}: {step.rule.makes}" for step in (*plan.blocked, *plan.skipped)],
    }
    return page(HERE, "page.html.j2", words)


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _hunk(piece: Piece) -> dict[str, Any]:
    return {
        "path": visible(piece.path),
        "head": piece.head(),
        "new": piece.new,
        "notes": piece.notes,
        "makes": {note.rule: note.makes for note in piece.notes},
        "rules": " ".join(dict.fromkeys(note.rule for note in piece.notes)),
        "effects": "; ".join(dict.fromkeys(each.effect.reach for each in piece.notes if each.effect.reach)) or ALONE,
        "alone": all(note.effect.alone for note in piece.notes),
        "rows": list(_unified(piece)),
        "pairs": [[_side(left), _side(right)] for left, right in paired(piece)],
    }


def _unified(piece: Piece) -> Iterator[dict[str, Any]]:
    old, new = piece.hunk.old_start, piece.hunk.new_start
    for sign, words in signed(piece):
        numbers = {"+": ("", new), "-": (old, ""), " ": (old, new)}.get(sign, ("", ""))
        yield {"kind": _SIGNS[sign], "sign": sign, "numbers": numbers, "words": _shown(words)}
        old, new = old + (sign in "- "), new + (sign in "+ ")


def _side(side: tuple[int, str, Words] | None) -> dict[str, Any]:
    if side is None:
        return {"kind": "none", "number": "", "words": []}
    number, sign, words = side
    return {"kind": _SIGNS[sign], "number": number, "words": _shown(words)}


def _shown(words: Words) -> Words:
    """Words with what would hide or reorder text spelled out."""
    return [(visible(text.rstrip("\r")), kind) for text, kind in words]


def _rules(plan: Plan) -> Iterator[dict[str, Any]]:
    """Each rule that changes something, with the rules that it cannot be without."""
    links, reached = Links(plan), effects(plan)
    for step in plan.changing:
        own = [edit for edit in plan.edits if edit.rule == step.rule.name]
        needs = dict.fromkeys(e.rule for e in links.with_needs(own) if e.rule != step.rule.name)
        alone = all(reached[id(edit)].alone for edit in own)
        yield {"name": step.rule.name, "makes": step.rule.makes, "needs": " ".join(needs), "alone": alone}


def _counts(plan: Plan, hunks: list[dict[str, Any]]) -> str:
    kinds = [row["kind"] for hunk in hunks for row in hunk["rows"]]
    added = counted([each for each in kinds if each == "add"], "line")
    parts = counted(plan.paths, "file"), counted(hunks, "hunk"), counted(plan.changing, "rule")
    return f"{', '.join(parts)}, {added} added, {kinds.count('del')} removed"


def _verified(report: Report | None) -> str:
    if report is None or report.level == "none":
        return "not verified"
    found = counted(report.findings, "new diagnostic")
    if report.level == "syntax":
        return f"syntax verified, {found}; types were not verified"
    return f"types verified in {counted(report.units, 'translation unit')}, {found}"
