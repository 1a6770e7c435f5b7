"""A rule: one end condition, and a pure function from what is known of the fork to one outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from transformer.outcome import Outcome

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Rule(Generic[C]):
    """An end condition. `plan` gets the context `C` that the family of the pack makes of a tree.

    Where the architecture is there already, a rule is carried out only together with all that it `needs`: what it adds
    is of no use, or does harm, without them. `guide` is what a reader of `rules show` is told beside `makes`.

    `affects` says who besides the architecture runs code that the rule changes (empty: nobody), `who` names them in one
    tree, `safe` says what keeps them as they are, and `shown` which cases (`rule/name`) or tests show that. `feature`
    is the group that the rule belongs to.
    """

    name: str
    makes: str
    plan: Callable[[C], Outcome]
    required: bool = True
    marks: bool = False
    guide: str = ""
    needs: tuple[str, ...] = ()
    affects: str = ""
    safe: str = ""
    shown: tuple[str, ...] = ()
    who: Callable[[C], Sequence[str]] | None = None
    feature: str = ""


def rule(
    name: str,
    makes: str,
    *,
    required: bool = True,
    marks: bool = False,
    needs: Sequence[str] = (),
    affects: str = "",
    safe: str = "",
    shown: Sequence[str] = (),
    who: Callable[[C], Sequence[str]] | None = None,
) -> Callable[[Callable[[C], Outcome]], Rule[C]]:
    """Turn a planning function into a rule; its docstring becomes the guide.

    `makes` is the end condition, in words. A fork that satisfies the one rule that `marks` the pack has the
    architecture already; what it lacks of the rules that are not `required` does not make it partial.
    A rule whose edits reach code that others run says whom it `affects`, and why that is `safe`.
    """

    def decorate(plan: Callable[[C], Outcome]) -> Rule[C]:
        guide = (plan.__doc__ or "").strip()
        return Rule(name, makes, plan, required, marks, guide, tuple(needs), affects, safe, tuple(shown), who)

    return decorate
