"""How far logits are from what they should be, and how far they may be. Needs numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Bound:
    """What a run may be off by.

    `tie` is the gap below which two tokens count as equally likely; `outliers` is how many positions may exceed
    `worst`; `agree` is the least share of positions with the same most likely token.
    """

    nmse: float
    worst: float
    tie: float | None = 0.1
    outliers: int = 0
    agree: float = 0.98


# For exact keys and values without flash attention. A structural mistake costs 1e-4 to 1.
STRICT = Bound(1e-5, 2e-4)


@dataclass(frozen=True)
class Figure:
    """How one model did under one setting. `nmse` is the larger of the prompt's and the decode steps'."""

    model: str
    setting: str
    nmse: float
    worst: float
    worst_at: int
    top1: float
    wrong: int
    outliers: int
    bound: Bound

    @property
    def good(self) -> bool:
        """Whether it is within its bound."""
        b = self.bound
        near = self.worst < b.worst or self.outliers <= b.outliers
        return self.nmse < b.nmse and near and self.wrong == 0 and self.top1 >= b.agree

    def __str__(self) -> str:
        return (
            f"{self.model}, {self.setting}: NMSE {self.nmse:.1e}, worst {self.worst:.1e} at {self.worst_at}, "
            f"top-1 {self.top1:.1%}, {self.wrong} wrong, {self.outliers} outliers; allowed: {self.bound}"
        )


def measure(model: str, setting: str, got: np.ndarray, want: np.ndarray, steps: int, allowed: Bound) -> Figure:
    """Compare rows of logits; the last `steps` of them are decode steps."""
    off, size = ((got - want) ** 2).sum(1), (want**2).sum(1)
    off = np.where(np.isfinite(off), off, np.inf)
    parts = [slice(0, len(want) - steps), slice(len(want) - steps, None)] if steps else [slice(None)]
    rows = np.arange(len(want))
    gap = want.max(1) - want[rows, got.argmax(1)]
    return Figure(
        model,
        setting,
        nmse=max(float(off[part].sum() / size[part].sum()) for part in parts),
        worst=float((off / size).max()),
        worst_at=int((off / size).argmax()),
        top1=float((gap == 0).mean()),
        wrong=0 if allowed.tie is None else int((gap >= allowed.tie).sum()),
        outliers=int((off / size >= allowed.worst).sum()),
        bound=allowed,
    )
