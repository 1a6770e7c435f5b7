"""How far logits are from what they should be, and how far they may be. Needs numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# A position says nothing of a mistake that changes it by less, in normalised mean square error.
SEEN = 1e-6


@dataclass(frozen=True)
class Bound:
    """What a run may be off by.

    `tie` is the gap below which two tokens count as equally likely; `outliers` is how many positions may exceed
    `worst`; `agree` is the least share of positions with the same most likely token; `lean` is how far the logits may
    lean towards a known mistake, which is 1 from them.
    """

    nmse: float
    worst: float
    tie: float | None = 0.1
    outliers: int = 0
    agree: float = 0.98
    lean: float = 0.1


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
    lean: float
    towards: str
    bound: Bound

    @property
    def good(self) -> bool:
        """Whether it is within its bound."""
        b = self.bound
        near = self.worst < b.worst or self.outliers <= b.outliers
        agrees = self.wrong == 0 and self.top1 >= b.agree
        return self.nmse < b.nmse and near and agrees and self.lean < b.lean

    def __str__(self) -> str:
        return (
            f"{self.model}, {self.setting}: NMSE {self.nmse:.1e}, worst {self.worst:.1e} at {self.worst_at}, "
            f"top-1 {self.top1:.1%}, {self.wrong} wrong, {self.outliers} outliers, "
            f"leans {self.lean:.1e} towards: {self.towards}; allowed: {self.bound}"
        )


def measure(
    model: str,
    setting: str,
    got: np.ndarray,
    want: np.ndarray,
    steps: int,
    allowed: Bound,
    effects: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """Compare rows of logits; the last `steps` of them are decode steps. `effects`: what known mistakes would add."""
    off, size = ((got - want) ** 2).sum(1), (want**2).sum(1)
    off = np.where(np.isfinite(off), off, np.inf)
    parts = [slice(0, len(want) - steps), slice(len(want) - steps, None)] if steps else [slice(None)]
    rows = np.arange(len(want))
    gap = want.max(1) - want[rows, got.argmax(1)]
    lean, towards = leaning(got, want, effects or {})
    return Figure(
        model,
        setting,
        nmse=max(float(off[part].sum() / size[part].sum()) for part in parts),
        worst=float((off / size).max()),
        worst_at=int((off / size).argmax()),
        top1=float((gap == 0).mean()),
        wrong=0 if allowed.tie is None else int((gap >= allowed.tie).sum()),
        outliers=int((off / size >= allowed.worst).sum()),
        lean=lean,
        towards=towards,
        bound=allowed,
    )


def leaning(got: np.ndarray, want: np.ndarray, effects: Mapping[str, np.ndarray]) -> tuple[float, str]:
    """How far the logits lean towards the mistake that they lean to most, and its name.

    At each position that shows the mistake, the part of its effect that is there; then the median.
    """
    off, size = got - want, (want**2).sum(1)
    if not np.isfinite(off).all():
        return float("inf"), "what is not finite"
    shares = {"nothing": 0.0}
    for name, effect in effects.items():
        strength = (effect**2).sum(1)
        seen = strength > SEEN * size
        shares[name] = float(np.median((off * effect).sum(1)[seen] / strength[seen]))
    most = max(shares, key=lambda name: shares[name])
    return shares[most], most
