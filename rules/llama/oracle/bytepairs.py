"""Vocabularies of byte pairs: special tokens, all bytes as GPT-2 writes them, and merges of frequent pairs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import gguf

NORMAL, CONTROL = 1, 3


@dataclass(frozen=True)
class Vocabulary:
    """Tokens with their kinds, and the merges that build the longer ones."""

    kinds: dict[str, int]
    merges: list[tuple[str, str]]


def letters() -> dict[int, str]:
    """Each byte as a printable character: those that are printable in Latin-1 as they are, the others from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + at) for at, byte in enumerate(others)}


def trained(controls: Iterable[str], corpus: str, size: int, words: str = r" ?\w+|\n") -> Vocabulary:
    """A vocabulary of `size` tokens: control tokens, 256 bytes, and what is frequent inside the words of the corpus."""
    alphabet = letters()
    kinds = dict.fromkeys(controls, CONTROL) | dict.fromkeys((alphabet[byte] for byte in range(256)), NORMAL)
    merges: list[tuple[str, str]] = []
    split = [[alphabet[byte] for byte in word.encode()] for word in re.findall(words, corpus)]
    while len(kinds) < size:
        count = Counter(pair for word in split for pair in pairwise(word))
        best = max(sorted(count), key=lambda pair: count[pair])
        merges.append(best)
        kinds["".join(best)] = NORMAL
        for word in split:
            _join(word, best)
    return Vocabulary(kinds, merges)


def add(writer: gguf.GGUFWriter, vocabulary: Vocabulary, pre: str, **special: int) -> None:
    """The vocabulary in a file, with its pre-tokenizer and the ids of its special tokens (`bos`, `eos`, ...)."""
    writer.add_string("tokenizer.ggml.model", "gpt2")
    writer.add_string("tokenizer.ggml.pre", pre)
    writer.add_token_list([token.encode() for token in vocabulary.kinds])
    writer.add_token_types(list(vocabulary.kinds.values()))
    writer.add_token_merges([f"{left} {right}" for left, right in vocabulary.merges])
    for key, value in special.items():
        writer.add_uint32(f"tokenizer.ggml.{key}_token_id", value)
    writer.add_bool("tokenizer.ggml.add_bos_token", True)


def _join(word: list[str], pair: tuple[str, str]) -> None:
    at = 0
    while at + 1 < len(word):
        if (word[at], word[at + 1]) == pair:
            word[at : at + 2] = ["".join(pair)]
        at += 1
