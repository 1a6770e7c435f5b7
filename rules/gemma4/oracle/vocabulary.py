"""A vocabulary of 512 tokens with the special tokens, the byte tokens and the newline runs of the real one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from .variants import VOCABULARY

NORMAL, CONTROL, USER, BYTE = 1, 3, 4, 6

CONTROLS = [
    "<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<|tool>", "<tool|>", "<|think|>", "<|turn>", "<turn|>", "<|image>",
    "<|audio>", "<|image|>", "<|audio|>", "<image|>", "<audio|>", "<|video|>",
]  # fmt: skip
RENDERED = [
    "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", '<|"|>', "<|channel>", "<channel|>",
]  # fmt: skip

CORPUS = """The quick brown fox jumps over the lazy dog. The port reads the same tensors as the reference, and
the logits must agree at every position: the window slides, the last layers share the keys and the values of
the earlier layers, and the router picks the experts. There is no other way to be sure that the graph is the
right one than to compare the numbers. Hello world! How are you today? I am fine, thank you. What is this?"""


@dataclass
class Vocabulary:
    """Tokens with their kinds, and the merges that build the longer ones."""

    kinds: dict[str, int] = field(default_factory=dict)
    merges: list[tuple[str, str]] = field(default_factory=list)

    def add(self, token: str, kind: int = NORMAL) -> None:
        """Add a token, unless it is there or the vocabulary is full."""
        if len(self.kinds) < VOCABULARY:
            self.kinds.setdefault(token, kind)


def tiny() -> Vocabulary:
    """The vocabulary of all tiny models."""
    vocabulary = Vocabulary()
    for token in CONTROLS:
        vocabulary.add(token, CONTROL)
    for token in RENDERED:
        vocabulary.add(token, USER)
    vocabulary.add("</s>")  # an HTML tag here, not an end marker
    for letter, longest in (("\n", 4), ("▁", 4), ("\t", 2)):
        for length in range(1, longest + 1):
            vocabulary.add(letter * length)
        for length in range(longest, 1, -1):  # the longest runs first, as in the real file
            vocabulary.merges += [(letter * left, letter * (length - left)) for left in range(length - 1, 0, -1)]
    for byte in range(256):
        vocabulary.add(f"<0x{byte:02X}>", BYTE)
    for letter in [*map(chr, range(33, 127)), *"éà中ï"]:
        vocabulary.add(letter)
    _learn(vocabulary)
    for number in range(VOCABULARY):
        vocabulary.add(f"<unused{number}>")
    return vocabulary


def _learn(vocabulary: Vocabulary) -> None:
    """Merge the most frequent adjacent pair of the corpus until the vocabulary is nearly full."""
    words = [list(word) for word in CORPUS.replace(" ", "\0▁").replace("\n", "\0").split("\0") if word]
    while len(vocabulary.kinds) < VOCABULARY - 4:
        count = Counter(pair for word in words for pair in pairwise(word))
        if not count:
            break
        best = max(sorted(count), key=lambda pair: count[pair])
        vocabulary.merges.append(best)
        vocabulary.add("".join(best))
        for word in words:
            _join(word, best)


def _join(word: list[str], pair: tuple[str, str]) -> None:
    at = 0
    while at + 1 < len(word):
        if (word[at], word[at + 1]) == pair:
            word[at : at + 2] = ["".join(pair)]
        at += 1
