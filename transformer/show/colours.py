"""The words of C++ by kind, for whoever shows code in colours."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from transformer.cpp.suffixes import CODE, FOREIGN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pygments.lexer import Lexer

Words = list[tuple[str, str]]
"""A line as words, each with its kind: keyword, type, string, number, comment, directive, or nothing."""


def coloured(path: str, lines: Sequence[str]) -> list[Words]:
    """Lines that follow each other, in words by kind; of what is not C++, each line is one word."""
    if not path.endswith((*CODE, *FOREIGN)) or any("\r" in line for line in lines):
        return [[(line, "")] for line in lines]
    found: list[Words] = [[]]
    for kind, text in _lexer().get_tokens("\n".join(lines)):
        parts = text.split("\n")
        for number, part in enumerate(parts):
            if number:
                found.append([])
            if part:
                found[-1].append((part, _kind(str(kind))))
    return found[: len(lines)] + [[] for _ in range(len(lines) - len(found))]


@cache
def _lexer() -> Lexer:
    from pygments.lexers.c_cpp import CppLexer

    return CppLexer(stripnl=False, ensurenl=False)


_KINDS = (
    ("Token.Comment.Preproc", "directive"),
    ("Token.Comment", "comment"),
    ("Token.Keyword.Type", "type"),
    ("Token.Keyword", "keyword"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
)


@cache
def _kind(token: str) -> str:
    return next((kind for start, kind in _KINDS if token.startswith(start)), "")
