"""A large file of which only some functions are wanted: those are parsed, and of the rest only its lines stay."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp.file import CppFile
from transformer.cpp.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEAD = re.compile(rb"^[A-Za-z_][^\n;={}()]*?\b(\w+)[ \t]*\(", re.MULTILINE)
_OPENS = re.compile(rb"[{;]")


class Excerpt:
    """The functions that a file defines with a head at the beginning of a line and a brace alone at their end."""

    def __init__(self, source: Source, ending: str = "") -> None:
        self._source = source
        self._ending = ending.encode()
        """Where it is given, only functions whose names end so are looked for: that takes no time."""

    @cached_property
    def spans(self) -> dict[str, list[tuple[int, int]]]:
        """Where each function stands, by its name."""
        data, found = self._source.data, dict[str, list[tuple[int, int]]]()
        for head in self._heads():
            opening = _OPENS.search(data, head.end())
            end = data.find(b"\n}", opening.end()) if opening is not None and opening[0] == b"{" else -1
            if end >= 0:
                found.setdefault(head[1].decode(), []).append((head.start(), end + 2))
        return found

    def _heads(self) -> Iterator[re.Match[bytes]]:
        data = self._source.data
        if not self._ending:
            yield from _HEAD.finditer(data)
            return
        at = data.find(self._ending)
        while at >= 0:
            head = _HEAD.match(data, data.rfind(b"\n", 0, at) + 1)
            if head is not None and head[1].endswith(self._ending) and head.end() > at:
                yield head
            at = data.find(self._ending, at + 1)

    def file(self, names: Iterable[str]) -> CppFile:
        """The file with nothing but these functions in it, at their own lines."""
        data, parts, position = self._source.data, list[bytes](), 0
        for start, end in sorted(span for name in set(names) for span in self.spans.get(name, ())):
            if start >= position:
                parts += b"\n" * data.count(b"\n", position, start), data[start:end]
                position = end
        return CppFile(Source(self._source.path, b"".join(parts)))
