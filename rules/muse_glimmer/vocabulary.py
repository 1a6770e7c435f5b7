"""The pre-tokenizer that model files name: `llama4`, which cuts a text as GPT-4o does.

The published tokenizer has the regular expression of GPT-4o, and the converter writes the name that goes with it. Forks
since April 2025 know the name; one that is older has GPT-4o's at most, for which the new name is another word.
"""

from __future__ import annotations

from transformer.outcome import Outcome
from transformer.rule import rule

from ..llama.port import Port
from ..llama.pretokenizers import chosen_like


@rule(
    "vocab.llama4",
    "the pre-tokenizer llama4 is chosen by its name",
    affects="vocabularies whose file names the pre-tokenizer llama4",
    safe="such a file was refused before, as a pre-tokenizer that is not known; all other names lead where they did",
    shown=("vocab.llama4/beside_gpt_4o",),
)
def llama4(port: Port) -> Outcome:
    """One more name in the condition that chooses GPT-4o's. A fork without that one could not cut a text rightly."""
    return chosen_like(port, "llama4", "gpt-4o")
