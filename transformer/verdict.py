"""What a plan amounts to: made here, with its exit code, and matched once by everybody who acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformer.plan import Left, Plan, Step


@dataclass(frozen=True, slots=True)
class Stuck:
    """The architecture is not there, and these required rules cannot be carried out: nothing is written."""

    plan: Plan
    steps: tuple[Step, ...]
    exit_code: int = 4


@dataclass(frozen=True, slots=True)
class Complete:
    """The architecture is there, and every required rule holds: nothing is to be done."""

    plan: Plan
    exit_code: int = 0

    @property
    def ours(self) -> bool:
        """Whether this tool wrote it, as the tree itself tells."""
        return self.plan.written is not None


@dataclass(frozen=True, slots=True)
class Nothing:
    """The architecture is there in a way of its own that lacks something, and nothing of it can be added."""

    plan: Plan
    left: tuple[Left, ...]
    exit_code: int = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """The plan changes the tree. The exit code holds for a plan that was carried out, or only shown."""

    plan: Plan
    exit_code: int

    @property
    def completes(self) -> bool:
        """Whether the architecture is there already, and the plan adds what it lacks."""
        return self.plan.state != "absent"


Verdict = Stuck | Complete | Nothing | Ready


def judge(plan: Plan) -> Verdict:
    """The verdict on a plan."""
    if plan.state == "absent" and plan.blocked:
        return Stuck(plan, tuple(plan.blocked))
    if plan.state == "complete":
        return Complete(plan)
    if not plan.edits:
        return Nothing(plan, plan.left)
    return Ready(plan, exit_code(plan))


def exit_code(plan: Plan) -> int:
    """What a plan that changes the tree ends with: 3 where something is left to do, else 0."""
    part = plan.whole is not None and len(plan.edits) < len(plan.whole.edits)
    return 3 if plan.skipped or plan.left or part else 0
