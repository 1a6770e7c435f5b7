"""What a translation unit sees: the include graph, by regex and without a compiler, and the flags to parse it with."""

import os
import posixpath
import re
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transformer import programs
from transformer.cpp.suffixes import HEADERS, UNITS
from transformer.errors import NoCompiler, UsageError
from transformer.reader import read

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)
# Atomic: a banner of slashes must not be read in every way in which it can be cut into comments.
_LEAD = rb"\A(?:\xef\xbb\xbf)?(?>\s+|//[^\n]*+|/\*.*?\*/)*+"
_FIRST = re.compile(_LEAD + rb'#[ \t]*include[ \t]*("[^"\n]+"|<[^>\n]+>)', re.S)
_GUARD = re.compile(_LEAD + rb"#[ \t]*(?:pragma[ \t]+once\b|ifndef[ \t]+(\w+)\s+#[ \t]*define[ \t]+\1\b)", re.S)


@dataclass(frozen=True, slots=True)
class Sources:
    """The planned tree: planned texts over the files on disk, each read once."""

    root: Path
    planned: Mapping[str, bytes]
    include_dirs: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    """Files that are there and must not be read, with the reason: as good as missing."""
    _texts: dict[str, bytes | None] = field(default_factory=dict)
    _pristine: dict[str, bytes | None] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none."""
        if path not in self._texts:
            self._texts[path] = self.planned.get(path) if path in self.planned else self.pristine(path)
        return self._texts[path]

    def pristine(self, path: str) -> bytes | None:
        """The bytes on disk, None where there are none."""
        if path not in self._pristine:
            self._pristine[path] = self._from_disk(path)
        return self._pristine[path]

    def _from_disk(self, path: str) -> bytes | None:
        try:
            return read(self.root, path)
        except UsageError as error:
            self.refused[path] = error.message
            return None

    def resolve(self, spelled: str, folder: str, *, quoted: bool) -> str | None:
        """The file of the tree that an include names."""
        for base in (folder, *self.include_dirs) if quoted else self.include_dirs:
            path = posixpath.normpath(posixpath.join(base, spelled))
            if not path.startswith("../") and self.read(path) is not None:
                return path
        return None


def units_under(folders: Iterable[str], sources: Sources) -> set[str]:
    """Every translation unit in these folders, at any depth, on disk or planned."""
    found = {path for path in sources.planned if path.endswith(UNITS)}
    for folder in folders:
        for where, inner, names in os.walk(sources.root / folder):
            inner[:] = [name for name in inner if not name.startswith(".")]
            base = Path(where).relative_to(sources.root).as_posix()
            found.update(posixpath.normpath(posixpath.join(base, name)) for name in names if name.endswith(UNITS))
    return found


def included_by(units: Collection[str], sources: Sources) -> dict[str, set[str]]:
    """For each file, the files that include it directly; all that the units reach."""
    users: dict[str, set[str]] = {}
    waiting, seen = list(units), set(units)
    while waiting:
        user = waiting.pop()
        for path in _includes(user, sources):
            users.setdefault(path, set()).add(user)
            if path not in seen:
                seen.add(path)
                waiting.append(path)
    return users


def spelled_includes(text: bytes) -> Iterator[tuple[str, bool, int]]:
    """Every include of a text: its spelling, whether it is quoted, and its line, from 1."""
    line, counted = 1, 0
    for found in _INCLUDE.finditer(text):
        line += text.count(b"\n", counted, found.start())
        counted = found.start()
        yield (found[1] or found[2]).decode(errors="surrogateescape"), found[1] is not None, line


def _includes(path: str, sources: Sources) -> Iterator[str]:
    folder = posixpath.dirname(path)
    for spelled, quoted, _ in spelled_includes(sources.read(path) or b""):
        found = sources.resolve(spelled, folder, quoted=quoted)
        if found:
            yield found


def reach(header: str, users: Mapping[str, set[str]]) -> set[str]:
    """Every file that sees this header, directly or not."""
    seen: set[str] = set()
    waiting = [header]
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in seen:
                seen.add(user)
                waiting.append(user)
    return seen


def mentions(text: bytes, names: Iterable[str]) -> bool:
    """Whether one of these identifiers stands in the text as a whole word."""
    wanted = (name.encode() for name in names)
    return any(name in text and re.search(rb"\b" + re.escape(name) + rb"\b", text) for name in wanted)


def choose_units(sources: Sources, names: Mapping[str, frozenset[str]]) -> tuple[set[str], list[tuple[str, str]]]:
    """The units that the plan touches or can break, and the touched headers that no unit sees."""
    folders = {posixpath.dirname(path) for path in sources.planned}
    units = units_under(folders, sources)
    users = included_by(units, sources)
    chosen = {path for path in sources.planned if path.endswith(UNITS)}
    shown: list[tuple[str, set[str]]] = []  # headers that at least one parsed unit must show, and who sees them
    for header in sorted(path for path in sources.planned if path.endswith(HEADERS)):
        seen_by = reach(header, users)
        shown.append((header, seen_by & units))
        for path in sorted(seen_by - sources.planned.keys()):
            if mentions(sources.read(path) or b"", names.get(header, ())):
                if path in units:
                    chosen.add(path)
                else:
                    shown.append((path, reach(path, users) & units))
    blind = []
    for header, witnesses in shown:
        if not witnesses:
            blind.append((header, "no translation unit here includes it"))
        elif not witnesses & chosen:
            chosen.add(min(witnesses, key=lambda path: (len(sources.read(path) or b""), path)))
    return chosen, blind


def first_include(path: str, sources: Sources) -> str:
    """The spelling of the include that opens a unit, where it is a guarded header of the tree; else ""."""
    match = _FIRST.match(sources.read(path) or b"")
    if not match:
        return ""
    spelled = match[1].decode(errors="surrogateescape")
    header = sources.resolve(spelled[1:-1], posixpath.dirname(path), quoted=spelled[0] == '"')
    # Without a guard the header would be read twice: precompiled, and by the unit's own include.
    return spelled if header and _GUARD.match(sources.read(header) or b"") else ""


def builtin_headers(root: Path) -> str:
    """The folder of the compiler's own headers (stddef.h and so on), which libclang's wheel lacks."""
    for question, suffix in (("-print-file-name=include", ""), ("-print-resource-dir", "include")):
        for name in ("g++", "c++", "gcc", "cc", "clang++", "clang"):
            folder = _ask(name, question, root)
            if folder and (Path(folder, suffix) / "stddef.h").is_file():
                return str(Path(folder, suffix))
    raise NoCompiler(
        "no C++ compiler found, so types cannot be verified",
        help="install g++ or clang (only its headers are used), or check the syntax alone with `--verify syntax`",
    )


def _ask(name: str, question: str, root: Path) -> str:
    program = programs.find(name, root)  # nothing of the target is ever run
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, question],
            capture_output=True,
            text=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
            env=programs.environment(root),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    folder = done.stdout.strip()
    return folder if done.returncode == 0 and os.path.isabs(folder) else ""


def flags_for(
    unit: str, commands: Mapping[str, tuple[str, ...]], include_dirs: Sequence[str], root: Path, builtin: str
) -> tuple[str, ...]:
    """The flags of one unit: its own command, a neighbour's where it is new, else plain C++17."""
    folder, suffix = posixpath.dirname(unit), posixpath.splitext(unit)[1]
    beside = sorted(path for path in commands if posixpath.dirname(path) == folder and path.endswith(suffix))
    known = commands.get(unit) or (commands[beside[0]] if beside else ())
    standard = () if known or unit.endswith(".c") else ("-std=c++17",)
    folders = (*include_dirs, folder)
    added = (flag for flag in (f"-I{root / one}" for one in folders) if flag not in known)
    return (*known, *standard, *dict.fromkeys(added), "-isystem", builtin)
