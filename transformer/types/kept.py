"""What the compiler said of a unit, kept between runs for as long as all that it saw is the same.

A result lies under the unit, its flags, the version of the compiler and the names of all files that an include could
find before another. It holds the digest of each file of the tree that was seen, and size and time of each file outside.
It is kept in the user's cache, never in a tree; what is damaged there counts as unknown, and the oldest goes where
there is too much.
"""

import hashlib
import json
import os
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath

import msgspec

from transformer.cpp.suffixes import UNITS
from transformer.types.includes import Sources
from transformer.types.worker import Diagnostic

LIMIT = 64 << 20  # bytes in all (measured: 125 units of a fork take 2 MB)
ENTRIES = 4  # results of one unit: before and after a port, and those of the last change
_FORMAT = "1"
_SEARCHED = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "SDKROOT", "LIBCLANG_LIBRARY_PATH")
_PARSERS = ("worker.py", "clang.py", "includes.py")

Said = tuple[Diagnostic, ...]


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    """One result, and what was seen for it."""

    inside: dict[str, str]
    outside: dict[str, tuple[int, int]]
    said: Said


_DECODER = msgspec.msgpack.Decoder(list[_Entry])


def default_folder() -> Path | None:
    """Where results are kept: in the user's cache folder; `None` where there is none."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named, "transformer", "types")
    with suppress(RuntimeError):
        return Path.home() / ".cache" / "transformer" / "types"
    return None


@dataclass(slots=True)
class Kept:
    """The results of one tree: its pristine and its planned files."""

    folder: Path | None
    sources: Sources
    began: float = field(default_factory=time.time)
    _base: dict[bool, str] = field(default_factory=dict)
    _digests: dict[tuple[bool, str], str] = field(default_factory=dict)
    _stamps: dict[str, tuple[int, int]] = field(default_factory=dict)
    _changed: bool = False

    def find(self, unit: str, flags: Sequence[str], *, planned: bool, skeleton: bytes | None = None) -> Said | None:
        """What was said of a unit of the planned or the pristine tree; `None` where it is not known.

        With `skeleton`, the unit has this text, and not its own.
        """
        path = self._path(unit, flags, planned, skeleton)
        for entry in _entries(path):
            inside = (self._digest(name, planned, skeleton, unit) == known for name, known in entry.inside.items())
            if all(inside) and all(self._stamp(name) == known for name, known in entry.outside.items()):
                with suppress(OSError):
                    os.utime(path)
                return entry.said
        return None

    def keep(
        self,
        unit: str,
        flags: Sequence[str],
        said: Said,
        seen: Iterable[str],
        *,
        planned: bool,
        skeleton: bytes | None = None,
    ) -> None:
        """Remember what was said, and which files (by absolute paths) were seen. A full disk loses it, not the run."""
        names = sorted({unit, *map(self._relative, seen)})
        inside = {n: self._digest(n, planned, skeleton, unit) for n in names if not os.path.isabs(n)}
        outside = {n: self._stamp(n) for n in names if os.path.isabs(n)}
        if self.folder is None or not self._lasting(inside, outside, said, planned):
            return
        path = self._path(unit, flags, planned, skeleton)
        entry = _Entry(inside, outside, said)
        others = [each for each in _entries(path) if (each.inside, each.outside) != (inside, outside)]
        data = zlib.compress(msgspec.msgpack.encode([entry, *others[: ENTRIES - 1]]), 1)
        half = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            half.write_bytes(data)
            os.replace(half, path)
            self._changed = True

    def close(self) -> None:
        """Let the oldest results go where there are too many."""
        if not self._changed or self.folder is None:
            return
        found = sorted(_sizes(self.folder), reverse=True)
        total = sum(size for _, size, _ in found)
        most = LIMIT if total <= LIMIT else LIMIT * 3 // 4
        while found and total > most:
            _, size, path = found.pop()
            total -= size
            with suppress(OSError):
                path.unlink()

    def _lasting(self, inside: dict[str, str], outside: dict[str, tuple[int, int]], said: Said, planned: bool) -> bool:
        """Whether a result will be right as long as its files are the same. A missing header may come any time."""
        root = str(self.sources.root)
        for one in said:
            if one.severity == "fatal" or root in one.text or any(root in note for note in one.notes):
                return False
        on_disk = [name for name in inside if not (planned and name in self.sources.planned)]
        fresh = any(self._stamp(os.path.join(root, name))[1] > self.began * 1e9 for name in on_disk)
        units = any(name.endswith(UNITS) for name in outside)  # a new unit of the tree could come before such a one
        return not fresh and not units and all(inside.values()) and all(stamp[1] >= 0 for stamp in outside.values())

    def _relative(self, path: str) -> str:
        top = str(self.sources.root) + os.sep
        return path[len(top) :].replace(os.sep, "/") if path.startswith(top) else path

    def _path(self, unit: str, flags: Sequence[str], planned: bool, skeleton: bytes | None) -> Path:
        """Where the results of a unit lie; the tree itself can lie anywhere."""
        root = str(self.sources.root)
        words = [self._state(planned), unit, str(skeleton is None), *(flag.replace(root, "{root}") for flag in flags)]
        key = hashlib.sha256(json.dumps(words).encode()).hexdigest()
        return (self.folder or Path(os.devnull)) / key[:2] / f"{key[2:40]}.kept"

    def _state(self, planned: bool) -> str:
        """All that a result depends on beside its unit and its files."""
        if planned not in self._base:
            digest = hashlib.sha256(f"{_FORMAT} {_version()} {[os.environ.get(n) for n in _SEARCHED]}".encode())
            for name in _PARSERS:
                digest.update(Path(__file__).with_name(name).read_bytes())
            names = _found_first({*_names(self.sources), *(self.sources.planned if planned else ())})
            digest.update("\n".join(sorted(names)).encode(errors="surrogateescape"))
            self._base[planned] = digest.hexdigest()
        return self._base[planned]

    def _digest(self, path: str, planned: bool, skeleton: bytes | None, unit: str) -> str:
        """The digest of a file of the tree; "" where there is none."""
        if skeleton is not None and path == unit:
            return hashlib.sha256(skeleton).hexdigest()
        key = planned, path
        if key not in self._digests:
            data = self.sources.read(path) if planned else self.sources.pristine(path)
            self._digests[key] = "" if data is None else hashlib.sha256(data).hexdigest()
        return self._digests[key]

    def _stamp(self, path: str) -> tuple[int, int]:
        """Size and time of a file; negative where there is none."""
        if path not in self._stamps:
            try:
                found = os.stat(path)
                self._stamps[path] = found.st_size, found.st_mtime_ns
            except OSError:
                self._stamps[path] = -1, -1
        return self._stamps[path]


def _version() -> str:
    try:
        return version("libclang")
    except PackageNotFoundError:
        return "unknown"


def _names(sources: Sources) -> Iterator[str]:
    """Every file that an include could find: a new one can come before the one that was seen."""
    folders = {*sources.include_dirs, *(path.rpartition("/")[0] for path in sources.planned)}
    for folder in sorted(folders):
        for where, inner, names in os.walk(sources.root / folder):
            inner[:] = [name for name in inner if not name.startswith(".")]
            base = os.path.relpath(where, sources.root)
            yield from (f"{base}/{name}" for name in names)


def _found_first(names: set[str]) -> Iterator[str]:
    """Those of the files that can come before another: all headers, and units of one name (few are ever included)."""
    alike = Counter(PurePosixPath(name).name for name in names)
    return (name for name in names if not name.endswith(UNITS) or alike[PurePosixPath(name).name] > 1)


def _entries(path: Path) -> list[_Entry]:
    try:
        packed = zlib.decompressobj()
        return _DECODER.decode(packed.decompress(path.read_bytes(), LIMIT))
    except (OSError, zlib.error, msgspec.MsgspecError, RecursionError):
        return []


def _sizes(folder: Path) -> Iterator[tuple[float, int, Path]]:
    for path in folder.glob("*/*"):
        with suppress(OSError):
            found = path.stat()
            yield found.st_mtime, found.st_size, path
