"""The terminal: styled lines, a bar for what takes long, and a reader who may leave early."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment, Segments

from transformer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.progress import Progress

Part = str | tuple[str, str]
"""A piece of a line: text, or text and its style."""

# What would steer a terminal, or show text in another order than it is read: control codes and bidi overrides.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Stream(Console):
    """One output. When its reader leaves (`| head`), the rest is said to nobody and the run goes on."""

    def __init__(self, *, stderr: bool = False) -> None:
        plain = bool(os.environ.get("NO_COLOR"))
        super().__init__(stderr=stderr, color_system=None if plain else "auto", soft_wrap=True)
        with suppress(AttributeError):  # replaced by something that is no text file
            (sys.stderr if stderr else sys.stdout).reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    def on_broken_pipe(self) -> None:
        """Nobody reads on: not an error."""
        self.end()

    def end(self) -> None:
        """Keep quiet from now on; the interpreter's last flush must not complain either."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class Terminal:
    """Results go to `out`, all else to `err`. Plain text where there is no terminal, or where `NO_COLOR` is set."""

    def __init__(self) -> None:
        self.out = _Stream()
        self.err = _Stream(stderr=True)
        self._progress: Progress | None = None

    def say(self, *parts: Part) -> None:
        """One line of the result."""
        self.say_all([parts])

    def say_all(self, lines: Iterable[tuple[Part, ...]]) -> None:
        """Several lines of the result, at once."""
        _print(self.out, lines)

    def tell(self, *parts: Part) -> None:
        """One line beside the result."""
        self.close()
        _print(self.err, [parts])

    def progress(self, done: int, total: int, unit: str, *, what: str = "checking types") -> None:
        """A bar for what takes long; nothing where there is no terminal."""
        if not self.err.file.isatty():
            return
        if self._progress is None:
            self._progress = _bar(self.err, total, what)
        self._progress.update(self._progress.task_ids[0], completed=done, total=total, unit=unit)

    def close(self) -> None:
        """End the bar."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _print(stream: _Stream, lines: Iterable[tuple[Part, ...]]) -> None:
    """As segments: text would have its tabs expanded."""
    segments: list[Segment] = []
    for line in lines:
        for part in line:
            text, style = (part, "") if isinstance(part, str) else part
            segments.append(Segment(visible(text), stream.get_style(style) if style else None))
        segments.append(Segment.line())
    try:
        stream.print(Segments(segments), end="")
    except OSError as error:
        stream.end()
        raise UsageError(f"the output cannot be written: {error.strerror}") from error


def visible(text: str) -> str:
    """`text` with what a terminal would obey, or hide, spelled out; line ends and tabs stay."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _bar(stream: Console, total: int, what: str) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, TextColumn("[dim]{task.fields[unit]}"), console=stream, transient=True)
    bar.add_task(what, total=total, unit="")
    bar.start()
    return bar
