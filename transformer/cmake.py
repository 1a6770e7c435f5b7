"""Source lists in CMake: one command, one argument a line."""

from __future__ import annotations

import re

from transformer.cpp import Source
from transformer.errors import AnchorError
from transformer.outcome import Changes, Outcome, Satisfied


class SourceList:
    """The arguments of `command(first ...)`. Raises `AnchorError` where the file has no such call."""

    def __init__(self, source: Source, command: str, first: str) -> None:
        self.source = source
        self.name = f"{command}({first} ...)"
        pattern = rf"^[ \t]*{re.escape(command)}\s*\(\s*{re.escape(first)}\b([^)]*)\)".encode()
        found = list(re.finditer(pattern, source.data, re.MULTILINE))
        if len(found) != 1:
            raise AnchorError(f"{self.name} was found {len(found)} times", where=source.path)
        self._start, self._end = found[0].span(1)

    def _find(self, argument: str) -> int:
        pattern = rf"(?<![\w./-]){re.escape(argument)}(?![\w./-])".encode()
        match = re.compile(pattern).search(self.source.data, self._start, self._end)
        return match.start() if match else -1

    def add(self, argument: str, *, near: str) -> Outcome:
        """An argument on the line below `near`, or below the last argument where `near` is not there."""
        at = self._find(argument)
        if at >= 0:
            return Satisfied(self.source.where(at))
        model = self._find(near)
        if model < 0:
            arguments = list(re.finditer(rb"[^\s#]+", self.source.data[self._start : self._end]))
            if not arguments:
                raise AnchorError(f"{self.name} is empty", where=self.source.where(self._start))
            model = self._start + arguments[-1].start()
        line = self.source.indent(model) + argument
        return Changes((self.source.insert_lines(self.source.line_end(model), line, self.name),))
