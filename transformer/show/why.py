"""An explanation as text and as data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from transformer.show.diff import about, wrapped
from transformer.show.pieces import Note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformer.explain import Explanation, Reason
    from transformer.show.diff import Line

VERSION = 1
BEFORE = "the line was there before the port, and the rule found that it holds here"
HOW = {
    "written": "this tool wrote the line",
    "planned": "this tool would change the line",
    "holds": "the rule found that it holds here; who wrote the line is not known",
}


def told(explanation: Explanation, width: int) -> Iterator[Line]:
    """For people."""
    inside = f", in {explanation.inside}" if explanation.inside else ""
    yield (f"{explanation.path}:{explanation.line}", "bold"), inside
    yield ((f"    {explanation.text.strip()}", "cyan"),)
    if not explanation.reasons:
        yield ("no rule has to do with this line",)
    for reason in explanation.reasons:
        yield ((f"{HOW[reason.how]}:", "bold"),)
        yield from about(_note(reason), width)
        for line in wrapped(" ".join(reason.step.rule.guide.split()), width - 4, ""):
            yield ((f"#   {line}", "dim"),)
        if reason.template:
            yield ((f"#   most like template line {reason.template}", "dim"),)
    if explanation.base:
        yield ((f"compared with {explanation.base[:12]}, the tree before the port", "dim"),)


def _note(reason: Reason) -> Note:
    anchors = ((reason.anchor or "what it asks for", reason.where),) if reason.where else ()
    return Note(reason.step.rule.name, reason.step.rule.makes, reason.effect, anchors, reason.facts)


def data(explanation: Explanation) -> str:
    """As JSON, in a schema with a version: docs/review.md."""
    document = {
        "version": VERSION,
        "path": explanation.path,
        "line": explanation.line,
        "text": explanation.text,
        "inside": explanation.inside,
        "base": explanation.base,
        "reasons": [_reason(each) for each in explanation.reasons],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _reason(reason: Reason) -> dict[str, object]:
    rule, effect = reason.step.rule, reason.effect
    return {
        "how": reason.how,
        "rule": rule.name,
        "makes": rule.makes,
        "guide": rule.guide,
        "feature": rule.feature,
        "anchor": reason.anchor,
        "where": reason.where,
        "template": reason.template,
        "facts": [{"name": each.name, "value": each.value, "where": each.where} for each in reason.facts],
        "affects": {"others": effect.reach, "safe": effect.safe, "shown": list(effect.shown)},
    }
