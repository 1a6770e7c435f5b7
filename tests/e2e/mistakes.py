"""Mistakes that ports make, planted in a model rather than in code, and how they would change the logits.

A build that is right and reads a file with a mistake in it computes what a build with that mistake computes of a right
file. Where a file cannot say it, the model in numpy does. Each architecture brings its own: gemma4.py, muse_glimmer.py.

Rounding hides small mistakes: with Q8_0 it costs more than some of them. But its errors point anywhere, and those of a
mistake in one direction, which is known. How far logits lean that way tells both apart: 0 is right, 1 is the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

VISIBLE = 1e-4
"""A mistake shows in a shape where its normalised mean square error is larger."""

Change = Callable[[Any, str, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Mistake:
    """What is changed in the hyperparameters and in the tensors, and the shapes in which it shows; none: in all.

    `model` computes it where neither says it. `in_file`: whether a file can hold it.
    """

    name: str
    shapes: tuple[str, ...] = ()
    variant: Callable[[Any], Any] = lambda variant: variant
    tensor: Change = lambda _variant, _name, tensor: tensor
    in_file: bool = True
    model: Callable[..., Any] | None = None

    def shows_in(self, shape: str) -> bool:
        return not self.shapes or shape in self.shapes


def added(right: np.ndarray, wrong: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What each adds to the right logits. Raises ValueError where that is next to nothing."""
    effects = {name: logits - right for name, logits in wrong.items()}
    for name, effect in effects.items():
        if (effect**2).sum() < VISIBLE * (right**2).sum():
            raise ValueError(f"does not show: {name}")
    return effects
