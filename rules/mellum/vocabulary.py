"""The pre-tokenizer that model files name: `mellum2`, which cuts off each digit and then cuts as GPT-2 does.

Forks older than the name have others that cut so, Refact's among them, which asks for nothing else.
"""

from __future__ import annotations

from transformer.outcome import Outcome
from transformer.rule import rule

from ..llama.port import Port
from ..llama.pretokenizers import chosen_like


@rule(
    "vocab.mellum2",
    "the pre-tokenizer mellum2 is chosen by its name",
    affects="vocabularies whose file names the pre-tokenizer mellum2",
    safe="such a file was refused before, as a pre-tokenizer that is not known; all other names lead where they did",
    shown=("vocab.mellum2/beside_refact",),
)
def mellum2(port: Port) -> Outcome:
    """One more name in the condition that chooses Refact's."""
    return chosen_like(port, "mellum2", "refact")
