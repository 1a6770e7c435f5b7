"""Cases: one readable text file each, that shows what a rule makes of a file, what it leaves alone, or why it refuses.

    # why the case is there
    === src/some-file.h
    the file before
    --- becomes
    the file after

A file without a `--- becomes` must not change. A case may end with `--- blocked: words of the reason`. In front of the
files may stand `fork: NAME`, where only that example fork shows the case, `arch: NAME`, where another architecture than
the pack's own is meant, and `option: NAME=on` (or `off`), as for `run`. Files that a case does not bring come from the
example fork.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transformer.errors import PackError
from transformer.pack import option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from transformer.pack import Pack

_HEAD = ("arch", "fork", "option")


@dataclass(slots=True)
class Case:
    """What a case file says. `before` and `after` hold the texts of files by path; `blocked` words of the reason."""

    path: Path
    why: str = ""
    arch: str = ""
    fork: str = ""
    options: dict[str, bool] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    blocked: str = ""

    @property
    def rule(self) -> str:
        """The rule, which is named by the folder."""
        return self.path.parent.name

    @property
    def changed(self) -> dict[str, str]:
        """The files that the rule must change, with their texts afterwards."""
        return {path: text for path, text in self.after.items() if self.before.get(path) != text}


def read(path: Path) -> Case:
    """A case file. Raises `PackError` with the line where it is malformed."""
    case = Case(path)
    current, target = "", case.before
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(keepends=True), 1):
        if line.startswith("=== "):
            current, target = line[4:].strip(), case.before
            target[current] = ""
        elif line.startswith("--- becomes"):
            target = case.after
            target[current] = ""
        elif line.startswith("--- blocked:"):
            case.blocked = line.removeprefix("--- blocked:").strip()
            current = ""
        elif current:
            target[current] += line
        else:
            _head(case, line.strip(), f"{path}:{number}")
    for name, text in case.before.items():
        case.after.setdefault(name, text)
    return case


def _head(case: Case, line: str, where: str) -> None:
    """A line in front of the files."""
    if line.startswith("#"):
        case.why = f"{case.why} {line.lstrip('# ')}".strip()
    elif line:
        name, colon, value = line.partition(":")
        if not colon or name not in _HEAD:
            raise PackError(f"{line!r} is no line of a case", where=where, help=f"known: {', '.join(_HEAD)}, # why")
        if name != "option":
            setattr(case, name, value.strip())
            return
        try:
            case.options.update([option(value.strip())])
        except ValueError as error:
            raise PackError(str(error), where=where) from error


def paths(pack: Pack) -> Iterator[Path]:
    """The cases of a pack's own rules and of its family's, sorted by rule and name."""
    folders = {pack.path.parent, *(each / pack.family.templates for each in pack.home.all_rules)}
    known = {rule.name for rule in pack.rules}
    found = {path for folder in folders for path in folder.glob("cases/*/*.txt") if path.parent.name in known}
    yield from sorted(found, key=lambda path: (path.parent.name, path.name))
