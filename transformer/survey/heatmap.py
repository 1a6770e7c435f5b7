"""A survey as one page that needs nothing else: maps of architectures and of rules by revisions, and tables."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformer.survey.atlas import LETTERS, Atlas, data
from transformer.survey.result import Survey
from transformer.survey.row import STATES, WORDS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

_HERE = Path(__file__).parent
_MARKS = {"changed": "+", "satisfied": "=", "native": "N", "not needed": "-", "blocked": "x"}


def as_html(found: Survey | Atlas) -> str:
    """The page. The data lies in it as JSON in which nothing can end the element that holds it."""
    if isinstance(found, Survey):
        title = f"{found.title} over {len(found.rows)} revisions of {found.repository}"
        atlas, alone = Atlas(found.repository, found.span, found.level, (found,)), True
    else:
        count = len(found.surveys) + len(found.undrafted)
        title = f"{count} architectures over {found.revisions} revisions of {found.repository}"
        atlas, alone = found, False
    document = {**_compact(data(atlas)), "alone": alone, "states": STATES, "words": WORDS, "letters": LETTERS}
    text = json.dumps({**document, "marks": _MARKS}, ensure_ascii=True, separators=(",", ":"))
    inert = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    page, style, script = ((_HERE / f"heatmap.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    parts = {"title": escape(title), "style": style, "data": inert, "script": script}
    head, *rest = page.split("@@")
    return head + "".join(parts[name] + text for name, text in zip(rest[::2], rest[1::2], strict=True))


def _compact(document: dict[str, Any]) -> dict[str, Any]:
    """The data with each rule and each note once: they say much the same from revision to revision."""
    rules: dict[Hashable, int] = {}
    texts: dict[Hashable, int] = {}
    words = list(WORDS)
    archs = []
    for arch in document["architectures"]:
        named = _numbers(rules, (tuple(each.values()) for each in arch["rules"]))
        verdicts = [
            {**each, "rules": [[words.index(word), *_numbers(texts, [note])] for word, note in each["rules"]]}
            for each in arch["verdicts"]
        ]
        archs.append({**arch, "rules": named, "verdicts": verdicts})
    return {**document, "architectures": archs, "rules": list(rules), "texts": list(texts)}


def _numbers(known: dict[Hashable, int], values: Iterable[Hashable]) -> list[int]:
    return [known.setdefault(each, len(known)) for each in values]
