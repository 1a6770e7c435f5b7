"""Saving a loaded model: the file holds all that the loader needs, or saving is refused."""

from __future__ import annotations

from transformer.outcome import Outcome
from transformer.rule import rule

from ..llama.port import Port
from ..llama.saving import saved_or_refused


@rule("saver.gemma4", "a saved model holds all that its loader needs, or saving is refused", required=False)
def saved(port: Port) -> Outcome:
    """Values of its own, and the three tensors of per-layer embeddings that the saver does not write for others."""
    return saved_or_refused(port, tensors="saver_tensors.cpp.j2")
