"""Which of many alike cases run each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


def sampled(values: Iterable[object], keep: int) -> list[object]:
    """All `values` as parameters of a test: `keep` of them, spread evenly from the first on; the others are slow."""
    listed = list(values)
    kept = {index * len(listed) // keep for index in range(keep)}
    return [
        value if index in kept else pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow)
        for index, value in enumerate(listed)
    ]
