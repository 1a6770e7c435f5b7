"""A survey as one page that needs nothing else: a heat map of revisions by rules, and a table."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.survey.result import data
from transformer.survey.row import STATES, WORDS

if TYPE_CHECKING:
    from transformer.survey.result import Survey

_PAGE = Path(__file__).with_name("heatmap.html")


def as_html(survey: Survey) -> str:
    """The page. The data lies in it as JSON in which nothing can end the element that holds it."""
    document = {**data(survey), "states": STATES, "words": WORDS}
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    inert = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    head, middle, tail = _PAGE.read_text(encoding="utf-8").split("@@")
    title = f"{survey.title} over {len(survey.rows)} revisions of {survey.repository}"
    return f"{head}{escape(title)}{middle}{inert}{tail}"
