"""The pre-tokenizer that model files name: `mellum2`, which cuts off each digit and then cuts as GPT-2 does.

Forks older than the name have others that cut so, Refact's among them, which asks for nothing else.
"""

from __future__ import annotations

from transformer.outcome import Outcome
from transformer.rule import rule

from ..llama.port import Port
from ..llama.pretokenizers import chosen_like


@rule("vocab.mellum2", "the pre-tokenizer mellum2 is chosen by its name")
def mellum2(port: Port) -> Outcome:
    """One more name in the condition that chooses Refact's."""
    return chosen_like(port, "mellum2", "refact")
