"""Texts for the tiny vocabulary, and the tokens that they must become."""

from __future__ import annotations

import json
from functools import partial

from ...llama.proof import Texts
from . import golden
from .models import MODELS, checked
from .vocabulary import CONTROLS, EOS, EOT

FILE = golden.FOLDER / "texts.json"
TEXTS = (
    "Hello, world.",
    "The quick brown fox jumps over the lazy dog. I'm fine, thank you!",
    "line\nbreak\n\n\nthree\n",
    "\ttab\t\ttabs \t mixed",
    "  leading and trailing  ",
    "camelCase HTTPServer parseURL",
    "1234567 and 3.14159, 100%",
    "def f(x: int) -> str:\n    return f\"{x!r:>10}\"\n",
    "int main() { return 0; } // <s></s>\r\n",
    "the positions 中文 the window 👍",
)  # fmt: skip
BEGIN = CONTROLS[1]


def texts() -> Texts:
    """What they must become, as the `tokenizers` library has it."""
    return Texts(
        write=partial(checked, MODELS[0]),
        ids=json.loads(FILE.read_text(encoding="utf-8")),
        begin=BEGIN,
        ends=[EOS, EOT],
    )
