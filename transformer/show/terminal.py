"""The terminal: styled lines, a bar for what takes long, and a reader who may leave early."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TextIO

from transformer.errors import TransformerError
from transformer.show.fold import folded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress

    from transformer.show.pager import Pager

Colour = Literal["auto", "always", "never"]
Part = str | tuple[str, str]
"""A piece of a line: text, or text and its style."""

# What would steer a terminal, end a line, or show text in another order than it is read: control codes, the line ends
# of Unicode, bidi marks and overrides; and what is no character: lone surrogates, from names that are not UTF-8.
# The carriage return of a line that ends with one stays where nobody but a program reads it.
_UNSEEN = re.compile("(?!\r\\Z)[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class OutputError(TransformerError):
    """Standard output cannot be written."""

    exit_code = 2
    title = "output"


class _Stream:
    """One output. When its reader leaves (`| head`), the rest is said to nobody and the run goes on."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr
        self.colour: Colour = "auto"
        self.paged: TextIO | None = None
        with suppress(AttributeError):  # replaced by something that is no text file
            self.file.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]

    @property
    def file(self) -> TextIO:
        """Where the text goes."""
        if self.paged is not None:
            return self.paged
        return sys.stderr if self._stderr else sys.stdout

    @cached_property
    def console(self) -> Console | None:
        """The console of a terminal; without one there are no styles, and rich is not even imported."""
        shown = self.paged is not None or self.file.isatty()
        forced = self.colour == "always" or (self.colour == "auto" and bool(os.environ.get("FORCE_COLOR")))
        if self.colour == "never" or not (shown or forced):
            return None
        from rich.console import Console

        plain = bool(os.environ.get("NO_COLOR")) and not forced
        system: Literal["auto", "standard"] = "auto" if shown else "standard"
        kept = dict(os.environ) if not forced else {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        return Console(
            file=self.file,
            color_system=None if plain else system,
            force_terminal=True,
            soft_wrap=True,
            _environ=kept,
        )

    @property
    def width(self) -> int:
        """How wide lines may be: as the terminal, at most 120; 80 where there is none."""
        return min(shutil.get_terminal_size((80, 24)).columns, 120) if sys.stdout.isatty() else 80

    def write(self, lines: Iterable[tuple[Part, ...]], *, fold: bool = True) -> None:
        """Lines, on a terminal with their styles and folded. Raises `OutputError` where they cannot be written."""
        if fold and (self.paged is not None or self.file.isatty()):
            columns = shutil.get_terminal_size((80, 24)).columns
            lines = [part for line in lines for part in folded(line, columns)]
        try:
            if self.console is not None:
                _print(self.console, lines)
            else:
                self.file.write("".join("".join(map(_text, line)) + "\n" for line in lines))
                self.file.flush()
        except BrokenPipeError:
            self.end()
        except OSError as error:
            self.end()
            if not self._stderr:  # that of errors has nobody left to be told
                raise OutputError(f"the output cannot be written: {error.strerror}") from error

    def prompt(self, text: str) -> None:
        """The beginning of a line that somebody else ends."""
        with suppress(OSError):
            self.file.write(visible(text))
            self.file.flush()

    def raw(self, text: str) -> None:
        """Data, as it is."""
        try:
            self.file.write(text)
            self.file.flush()
        except BrokenPipeError:
            self.end()
        except OSError as error:
            self.end()
            raise OutputError(f"the output cannot be written: {error.strerror}") from error

    def end(self) -> None:
        """Keep quiet from now on; the interpreter's last flush must not complain either."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError):  # replaced by something that is no file
            os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class Terminal:
    """Results go to `out`, all else to `err`. Plain text where there is no terminal, or where `NO_COLOR` is set."""

    done: int | None = None
    """The exit code of what was written to the tree, from then on: whatever fails later changes nothing of it."""

    def __init__(self) -> None:
        self.out = self.data = _Stream()
        self.err = _Stream(stderr=True)
        self._progress: Progress | None = None
        self._pager: Pager | None = None

    def colours(self, colour: Colour) -> None:
        """Whether to use colours; to be said before anything else."""
        self.out.colour = self.err.colour = colour

    def aside(self) -> None:
        """From now on, results are told beside the data, which has standard output to itself."""
        self.data, self.out = self.out, self.err

    def page(self, repo: Path) -> None:
        """From now on, results go through the pager of git, where there is a terminal."""
        from transformer.show.pager import Pager, command

        words = command(repo) if sys.stdout.isatty() and self.out is self.data else ""
        if words and self._pager is None:
            self._pager = Pager(words, repo)
            self.out.paged = self._pager.file

    def say(self, *parts: Part) -> None:
        """One line of the result."""
        self.say_all([parts])

    def say_all(self, lines: Iterable[tuple[Part, ...]], *, fold: bool = True) -> None:
        """Several lines of the result, at once; `fold` says whether a terminal may have long ones in several."""
        self.out.write(lines, fold=fold)

    def tell(self, *parts: Part) -> None:
        """One line beside the result."""
        self.leave()
        self.err.write([parts])

    def progress(self, done: int, total: int, unit: str, *, what: str = "checking types") -> None:
        """A bar for what takes long; nothing where there is no terminal."""
        if self.err.console is None or self._pager is not None:
            return
        if self._progress is None:
            self._progress = _bar(self.err.console, total, what)
        self._progress.update(self._progress.task_ids[0], completed=done, total=total, unit=visible(unit))

    def ended(self, code: int) -> int:
        """The exit code after an error that has been told."""
        if self.done is None:
            return code
        self.tell(("note: ", "yellow"), "what was asked for had been done before that, and the exit code says so")
        return self.done

    def close(self) -> None:
        """End the bar."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def leave(self) -> None:
        """Wait for the reader of the pager, where there is one."""
        self.close()
        if self._pager is not None:
            self._pager.close()
            self._pager = None


def program() -> str:
    """What this program was started as."""
    name = os.path.basename(sys.argv[0])
    return "python -m transformer" if name in ("__main__.py", "-m", "-c", "") else name


def _text(part: Part) -> str:
    return visible(part if isinstance(part, str) else part[0])


def _print(console: Console, lines: Iterable[tuple[Part, ...]]) -> None:
    """As segments: text would have its tabs expanded."""
    from rich.segment import Segment, Segments

    segments: list[Segment] = []
    for line in lines:
        for part in line:
            style = "" if isinstance(part, str) else part[1]
            segments.append(Segment(_text(part), console.get_style(style) if style else None))
        segments.append(Segment.line())
    console.print(Segments(segments), end="")


def visible(text: str) -> str:
    """`text` as one line, with what a terminal would obey, or hide, spelled out; tabs stay."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def inert(json: str) -> str:
    """A JSON document in which no text steers or confuses whoever prints it: the same data, with more escapes."""
    return _UNSEEN.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", json)


def _bar(console: Console, total: int, what: str) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what, markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    name = TextColumn("{task.fields[unit]}", style="dim", markup=False)
    bar = Progress(*columns, name, console=console, transient=True)
    bar.add_task(what, total=total, unit="")
    bar.start()
    return bar
