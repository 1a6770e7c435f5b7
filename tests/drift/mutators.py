"""Small pure functions (seed, text) -> text, each a kind of drift that keeps the meaning of a file."""

from __future__ import annotations

from drift.layout import LAYOUT, Mutator, clang_format
from drift.order import ORDER

MUTATORS: dict[str, Mutator] = {**LAYOUT, **ORDER}

__all__ = ["LAYOUT", "MUTATORS", "ORDER", "Mutator", "clang_format"]
