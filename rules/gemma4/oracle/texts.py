"""Texts for the tiny vocabulary: newlines, runs of blanks, characters without a token, tags that look like tokens."""

from __future__ import annotations

import json
from functools import partial

from ...llama.proof import Texts
from . import golden
from .models import MODELS, checked
from .vocabulary import tiny

FILE = golden.FOLDER / "texts.json"
TEXTS = (
    "Hello , world .",
    "The quick brown fox jumps over the lazy dog. I 'm fine , thank you !",
    "line\nbreak\n\n\nthree\n",
    "\n" * 5 + "x" + "\n" * 11,
    "\ttab\t\ttabs \t mixed",
    "  leading and trailing  ",
    "👩‍🦰 flags 🇫🇷 skin 👍🏽",
    'def f(x: int) -> str:\n    return f"{x!r:>10}"\n',
    "int main() { return 0; } // <s></s>\r\n",
    "Ελληνικά кириллица עברית हिन्दी 中文 한국어",
    "e\u0301 vs é, ½ \u200b\ufeff\x01\x7f",
    "<|tool_call>call:f{}<tool_call|><turn|>",
)
BEGIN = "<bos>"
ENDS = ("<eos>", "<turn|>", "<|tool_response>")


def texts() -> Texts:
    """What they must become, as the `tokenizers` library has it."""
    tokens = list(tiny().kinds)
    return Texts(
        write=partial(checked, MODELS[0]),
        ids=json.loads(FILE.read_text(encoding="utf-8")),
        begin=BEGIN,
        ends=[tokens.index(name) for name in ENDS],
    )
