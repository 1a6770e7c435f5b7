"""A vocabulary of 320 tokens: special tokens, all bytes as GPT-2 writes them, and merges of frequent pairs."""

from __future__ import annotations

from ...llama.oracle.bytepairs import Vocabulary, trained
from .variants import VOCABULARY

CONTROLS = (
    "<|pad|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot|>", "<|start|>", "<|message|>", "<|image|>", "<|video|>",
)  # fmt: skip
BOS, EOS, EOT, PAD = 1, 2, 3, 0

CORPUS = """The quick brown fox jumps over the lazy dog. The logits must agree at every position: the window slides,
the full layers have no positions, and the gate comes before the projection. There is no other way to be sure."""


def tiny() -> Vocabulary:
    """The vocabulary of all tiny models."""
    return trained(CONTROLS, CORPUS, VOCABULARY)
