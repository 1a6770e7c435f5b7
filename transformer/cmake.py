"""Source lists in CMake: one command, its arguments, the lines that they stand on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer.errors import AnchorError
from transformer.outcome import Changes, Outcome, Satisfied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.cpp import Source

_TOKEN = re.compile(
    rb"#\[(?P<c>=*)\[.*?(?:\](?P=c)\]|\Z)|#[^\n]*"  # comments: no group
    rb"|(?P<word>\"(?:\\.|[^\"\\])*\"|\[(?P<b>=*)\[.*?(?:\](?P=b)\]|\Z)|[()]|(?:\\.|\"[^\"\n]*\"|[^\s()#\"])+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Word:
    """An argument, a command name or a parenthesis."""

    text: str
    start: int
    end: int


class SourceList:
    """The arguments of `command(first ...)`. Raises `AnchorError` where the file has no such call, or several."""

    def __init__(self, source: Source, command: str, first: str) -> None:
        self.source = source
        self.name = f"{command}({first} ...)"
        words = [_Word(m["word"].decode(), m.start(), m.end()) for m in _TOKEN.finditer(source.data) if m["word"]]
        texts = [word.text for word in words]
        if texts.count("(") != texts.count(")"):
            raise AnchorError(f"{self.name} stands in a file with parentheses that do not match", where=source.path)
        calls = [words for name, words in _calls(words) if name == command.lower()]
        found = [words for words in calls if words and words[0].text == first]
        if len(found) != 1:
            raise AnchorError(f"{self.name} was found {len(found)} times", where=source.path)
        self._head, *self._arguments = found[0]

    def add(self, argument: str, *, near: str) -> Outcome:
        """An argument below `near`, or below the last one; beside it where several stand on its line."""
        for each in self._arguments:
            if each.text.strip('"') == argument:
                return Satisfied(self.source.where(each.start))
        if not self._arguments:
            raise AnchorError(f"{self.name} is empty", where=self.source.where(self._head.start))
        model = next((each for each in self._arguments if each.text.strip('"') == near), self._arguments[-1])
        indent = self.source.indent(model.start)
        start, end = model.start, model.end
        before = self.source.data[self.source.line_start(start) : start].strip()
        rest = next((each.group("word") for each in _TOKEN.finditer(self.source.data, end, self._line_end(end))), None)
        if before or rest not in (None, b")"):
            return Changes((self.source.edit(end, end, f" {argument}", self.name),))
        if rest == b")":
            return Changes((self.source.edit(end, end, f"\n{indent}{argument}", self.name),))
        return Changes((self.source.insert_lines(self._line_end(end), indent + argument, self.name),))

    def _line_end(self, offset: int) -> int:
        """The end of a line, and of the bracket comment that begins on it."""
        end = self.source.line_end(offset)
        for comment in _TOKEN.finditer(self.source.data, offset):
            if comment.start() >= end:
                break
            end = max(end, self.source.line_end(comment.end() - 1))
        return end


def _calls(words: Sequence[_Word]) -> Iterator[tuple[str, Sequence[_Word]]]:
    """The name of each command, in lower case, and the words between its parentheses."""
    depth = start = 0
    for index, word in enumerate(words):
        if word.text == "(":
            depth += 1
            start = index if depth == 1 else start
        elif word.text == ")":
            depth -= 1
            if depth == 0 and start:
                yield words[start - 1].text.lower(), words[start + 1 : index]
