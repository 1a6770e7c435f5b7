"""What mutators need of a syntax tree: leaves, gaps between them, items of lists, and edits as (start, end, text)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from random import Random

from transformer.cpp import Source

Span = tuple[int, int, bytes]
ATOMS = ("string_literal", "raw_string_literal", "char_literal", "system_lib_string", "comment", "preproc_def",
         "preproc_function_def", "preproc_include", "preproc_call", "preproc_arg")  # fmt: skip


class Text:
    """A file with its tree."""

    def __init__(self, text: str) -> None:
        self.source = Source("", text.encode())
        self.data = self.source.data
        self.root = self.source.tree.root_node

    def of(self, node) -> str:
        return self.data[node.start_byte : node.end_byte].decode()

    def nodes(self, *kinds: str) -> list:
        found, stack = [], [self.root]
        while stack:
            node = stack.pop()
            if node.type in kinds:
                found.append(node)
            stack += reversed(node.named_children)
        return found

    def leaves(self) -> Iterator:
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.child_count and node.type not in ATOMS:
                stack += reversed(node.children)
            else:
                yield node

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The blanks between two tokens outside of directives."""
        left, blocked = None, False
        for leaf in self.leaves():
            directive = _directive(leaf)
            if left is not None and not directive and not blocked and left.end_byte <= leaf.start_byte:
                if not self.data[left.end_byte : leaf.start_byte].strip():
                    yield left.end_byte, leaf.start_byte
            left, blocked = leaf, directive

    def edited(self, edits: Iterable[Span]) -> str:
        """The text with edits carried out; of two that overlap, the first counts."""
        out, position = [], 0
        for start, end, text in sorted(edits, key=lambda each: each[:2]):
            if start < position:
                continue
            out += (self.data[position:start], text)
            position = end
        return b"".join((*out, self.data[position:])).decode()

    def indent(self, offset: int) -> bytes:
        return self.source.indent(offset).encode()


def _directive(leaf) -> bool:
    """Whether a leaf belongs to a directive: its line must not be broken, and nothing may come before it."""
    parent = leaf.parent
    if leaf.type.startswith(("#", "preproc")) or leaf.type == "\n" or "\n" in leaf.type:
        return True
    while parent is not None and parent.type.startswith(("preproc", "binary_exp", "unary_exp", "parenthesized")):
        if parent.type.startswith("preproc"):
            return (
                leaf.type == "identifier"
                or leaf.type.startswith("#")
                or not parent.type.startswith(("preproc_if", "preproc_el"))
            )
        parent = parent.parent
    return False


def some(random: Random, found: list, least: int = 1) -> list:
    """A few of them, or many: how much a file drifts differs."""
    if not found:
        return []
    share = random.choice((0.02, 0.1, 0.3, 1.0))
    count = min(max(least, int(len(found) * share)), len(found), random.choice((1, 3, 20, 10_000)))
    return sorted(random.sample(range(len(found)), count)) and [
        found[i] for i in sorted(random.sample(range(len(found)), count))
    ]


def swapped(random: Random, data: bytes, spans: list[tuple[int, int]]) -> list[Span]:
    """The texts of some spans in each other's place: two of them, a few, or most."""
    texts = [data[start:end] for start, end in spans]
    for _ in range(random.choice((1, 3, len(texts)))):
        if len(texts) > 1:
            a, b = random.sample(range(len(texts)), 2)
            texts[a], texts[b] = texts[b], texts[a]
    return [(start, end, text) for (start, end), text in zip(spans, texts, strict=True)]


def spans(nodes: Iterable) -> list[tuple[int, int]]:
    return [(node.start_byte, node.end_byte) for node in nodes]


def number(random: Random) -> int:
    return random.randrange(10_000, 99_999)


def family(name: str) -> str:
    """`LLM_ARCH_GEMMA3N` belongs to `LLM_ARCH`."""
    return "_".join(name.split("_")[:2])


def word(code: str, old: str, new: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, code)
