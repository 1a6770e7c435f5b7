"""The pre-tokenizer that model files name: `llama4`, which cuts a text as GPT-4o does.

The published tokenizer has the regular expression of GPT-4o, and the converter writes the name that goes with it. Forks
since April 2025 know the name; one that is older has GPT-4o's at most, for which the new name is another word.
"""

from __future__ import annotations

from transformer.outcome import Blocked, Outcome, Satisfied
from transformer.rule import rule

from ..llama.port import Port

NAME, SAME = '"llama4"', '"gpt-4o"'


@rule(
    "vocab.llama4",
    "the pre-tokenizer llama4 is chosen by its name",
    affects="vocabularies whose file names the pre-tokenizer llama4",
    safe="such a file was refused before, as a pre-tokenizer that is not known; all other names lead where they did",
    shown=("vocab.llama4/beside_gpt_4o",),
)
def llama4(port: Port) -> Outcome:
    """One more name in the condition that chooses GPT-4o's. A fork without that one could not cut a text rightly."""
    load = port.fork.vocab_method("load")
    chosen = [each.condition for each in load.ifs() if each.condition.mentions("tokenizer_pre")]
    if known := [each for each in chosen if each.holds(f"tokenizer_pre == {NAME}")]:
        return Satisfied(known[0].where)
    same = [each for each in chosen if each.holds(f"tokenizer_pre == {SAME}")]
    if len(same) > 1:
        return Blocked(f"gpt-4o is chosen at {len(same)} places", same[1].where)
    if not same:
        why = "model files name the pre-tokenizer llama4, and this fork knows neither it nor gpt-4o, which cuts alike"
        return Blocked(why, load.where, "bring the pre-tokenizer of GPT-4o into the fork first")
    return same[0].widen(f"tokenizer_pre == {NAME}")
