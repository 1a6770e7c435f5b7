"""A rule: one end condition, and a pure function from what is known of the fork to one outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from transformer.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Rule:
    """`plan` gets the context that the family of the pack makes (fork, facts, spec, templates).

    Where the architecture is there already, a rule is carried out only with all that it `needs`: what it adds is of
    no use, or does harm, without them. Names of rules that the pack does not have count as done.
    """

    name: str
    makes: str
    plan: Callable[[Any], Outcome]
    required: bool = True
    marks: bool = False
    guide: str = ""
    needs: tuple[str, ...] = ()


def rule(
    name: str, makes: str, *, required: bool = True, marks: bool = False, needs: Sequence[str] = ()
) -> Callable[..., Rule]:
    """Turn a planning function into a rule.

    `makes` is the end condition, in words. A fork that satisfies the one rule that `marks` the pack has the
    architecture already; what it lacks of the rules that are not `required` does not make it partial.
    """

    def decorate(plan: Callable[[Any], Outcome]) -> Rule:
        return Rule(name, makes, plan, required, marks, (plan.__doc__ or "").strip(), tuple(needs))

    return decorate
