"""Conditions that are always true, or never, where there are no drafts: what follows from options that are stripped."""

from __future__ import annotations

import re

from transformer.cpp.lift import Part

from .. import spelling

_OPTION = re.compile(r"(?:cparams|ml)\s*(?:\.|->)\s*(\w+)")
_ARCH = re.compile(r"(?:model\s*(?:\.|->)\s*)?arch\s*(==|!=)\s*(LLM_ARCH_\w+)")
_TAPPED = re.compile(r"(?<![^&|])[^&|]*\bcparams\.embeddings_layer_inp\b[^&|]*")
_DRAFT = re.compile(r"params\.gtype\s*==\s*LLM_GRAPH_TYPE_DECODER_MTP")


def truth(part: Part, own: str) -> bool | None:
    """Whether a condition is always true or always false for the architecture `own`; `None` where it depends."""
    text = part.text.strip()
    while text.startswith("(") and text.endswith(")") and _whole(text):
        inner = part.named("value") or _only(part)
        if inner is None:
            return None
        part, text = inner, inner.text.strip()
    if match := _OPTION.fullmatch(text):
        known = spelling.CONSTANTS.get(match.group(1))
        return None if known is None else known == "true"
    if _DRAFT.fullmatch(text) or _TAPPED.fullmatch(text):
        return False
    if match := _ARCH.fullmatch(text):
        return (match.group(2) == own) is (match.group(1) == "==")
    if text.startswith("!"):
        inner = part.named("argument")
        value = truth(inner, own) if inner is not None else None
        return None if value is None else not value
    left, right = part.named("left"), part.named("right")
    if left is None or right is None:
        return None
    sign = part.source.between(left.node.end_byte, right.node.start_byte).strip()
    if sign not in ("&&", "||"):
        return None
    values, decisive = (truth(left, own), truth(right, own)), sign == "||"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _whole(text: str) -> bool:
    """Whether the first parenthesis closes at the end."""
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return index == len(text) - 1
    return False


def _only(part: Part) -> Part | None:
    found = part.children()
    return found[0] if len(found) == 1 else None
