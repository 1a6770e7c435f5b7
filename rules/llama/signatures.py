"""What rules of this family add to functions of the fork: described once, in order, for the rules and for the calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transformer.cpp import Parameter


@dataclass(frozen=True, slots=True)
class Addition:
    """A parameter that a function learns, at its end; of several overloads, those learn it that have `beside`.

    It is promised to calls only where the pack has the `rule` that adds it.
    """

    function: str
    beside: str
    parameter: Parameter
    rule: str


GATE_UP = Parameter("ggml_tensor *", "gate_up_exps", "nullptr")
EXPERT_SCALE = Parameter("ggml_tensor *", "down_exps_s", "nullptr")

ADDITIONS = (
    Addition("build_moe_ffn", "up_exps_b", GATE_UP, "experts.parameters"),
    Addition("build_moe_ffn", "up_exps_b", EXPERT_SCALE, "experts.parameters"),
)
"""In the order in which the parameters follow each other."""


def added(function: str, names: Sequence[str], rules: Sequence[str]) -> Iterator[Parameter]:
    """What a function with parameters of these names learns from some rules, in order."""
    for each in ADDITIONS:
        learns = each.function == function and each.beside in names and each.rule in rules
        if learns and each.parameter.name not in names:
            yield each.parameter
