"""Names of pre-tokenizers: how a fork cuts a text before it merges the pieces, chosen by the name in a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.outcome import Blocked, Outcome, Satisfied

if TYPE_CHECKING:
    from .port import Port


def chosen_like(port: Port, name: str, same: str) -> Outcome:
    """`name` is chosen as well where `same`, which cuts alike, is chosen; `Blocked` where the fork knows neither."""
    load = port.fork.vocab_method("load")
    chosen = [each.condition for each in load.ifs() if each.condition.mentions("tokenizer_pre")]
    if known := [each for each in chosen if each.holds(f'tokenizer_pre == "{name}"')]:
        return Satisfied(known[0].where)
    alike = [each for each in chosen if each.holds(f'tokenizer_pre == "{same}"')]
    if len(alike) > 1:
        return Blocked(f"{same} is chosen at {len(alike)} places", alike[1].where)
    if not alike:
        why = f"model files name the pre-tokenizer {name}, and this fork knows neither it nor {same}, which cuts alike"
        return Blocked(why, load.where, f"bring the pre-tokenizer of {same} into the fork first")
    return alike[0].widen(f'tokenizer_pre == "{name}"')
