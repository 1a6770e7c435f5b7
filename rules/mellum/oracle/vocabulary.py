"""A vocabulary of 320 tokens: special tokens, all bytes as GPT-2 writes them, and merges of frequent pairs."""

from __future__ import annotations

from ...llama.oracle.bytepairs import Vocabulary, trained
from .variants import VOCABULARY

CONTROLS = (
    "<|pad|>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot|>", "<|start|>", "<|message|>", "<|fim|>", "<|file|>",
)  # fmt: skip
BOS, EOS, EOT, PAD = 1, 2, 3, 0

CORPUS = (
    "The quick brown fox jumps over the lazy dog. The logits must agree at every position: the router picks the\n"
    "experts, their weights sum to one, and only the full layers stretch their positions. "
    "There is no other way to be sure."
)


def tiny() -> Vocabulary:
    """The vocabulary of all tiny models."""
    return trained(CONTROLS, CORPUS, VOCABULARY)
