"""Builds a tree with its own CMake files, in a folder outside of it. A second build does only what has changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from transformer import programs
from transformer.cpp.suffixes import CODE
from transformer.errors import NoCompiler, UsageError, VerifyError
from transformer.family import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.family import Progress, Recipe

_COMPILERS = ("c++", "g++", "clang++")
_STEP = re.compile(r"\[\s*(\d+)(?:/(\d+)|%)\]\s*(.*)")
_SOURCES = (*CODE, ".cmake", ".txt")
_TOLD = 20  # lines of the compiler, where it fails
_WIDEST = 400  # a longer one is the command, not what it said


@dataclass(frozen=True, slots=True)
class Builder:
    """A tree, how it is built, and where. The folder is named after the tree's path and the generator."""

    repo: Path
    recipe: Recipe
    folder: Path
    ninja: bool

    def run(self, progress: Progress) -> Evidence:
        """Configure and build; the compiler's last lines where that fails."""
        began = time.monotonic()
        with FileLock(_made(self.folder) / "lock"):
            if _turned_back(self.repo, self.folder):
                shutil.rmtree(self.folder / "build")
            fault = next(filter(None, (_run(words, self.repo, progress) for words in self._commands())), None)
            if fault is None:
                _remember(self.repo, self.folder)
        if fault is not None:
            return Evidence("build", False, f"failed in {self.folder / 'build'}", notes=fault)
        return Evidence("build", True, f"{time.monotonic() - began:.1f} s, in {self.folder / 'build'}")

    def _commands(self) -> Iterator[list[str]]:
        build = str(self.folder / "build")
        generator = "Ninja" if self.ninja else "Unix Makefiles"
        cache = programs.find("ccache", self.repo) or ""
        launchers = [f"-DCMAKE_{language}_COMPILER_LAUNCHER={cache}" for language in ("C", "CXX")]
        # The one that a kept folder remembers may be gone.
        maker = programs.find("ninja" if self.ninja else "make", self.repo)
        options = ["-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_MAKE_PROGRAM={maker}", *launchers, *self.recipe.options]
        cmake = programs.find("cmake", self.repo) or "cmake"
        yield [cmake, "-S", str(self.repo.resolve()), "-B", build, "-G", generator, *options]
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
        yield [cmake, "--build", build, "--parallel", jobs, "--target", *self.recipe.targets]


def builder(repo: Path, recipe: Recipe, base: Path | None) -> Builder:
    """What builds the tree below `base`, by default the user's cache. Raises where something is missing for it."""
    for module in recipe.modules:
        if find_spec(module) is None:
            raise VerifyError(f"{module} is not installed", help=f"pip install '{recipe.extra}'")
    if not programs.find("cmake", repo):
        raise VerifyError("cmake was not found, so the tree cannot be built", help="install cmake, and ninja or make")
    ninja = programs.find("ninja", repo) is not None
    if not ninja and not programs.find("make", repo):
        raise VerifyError("neither ninja nor make was found, so the tree cannot be built", help="install one of them")
    named = os.environ.get("CXX", "").split()
    if not any(programs.find(name, repo) for name in named[:1] or _COMPILERS):
        wanted = f"{named[0]}, named by CXX, was not found" if named else "no C++ compiler was found"
        raise NoCompiler(f"{wanted}, so the tree cannot be built", help="install g++ or clang++")
    base = base or _cache()
    if base.resolve().is_relative_to(repo.resolve()):
        raise UsageError(f"{base} is inside the tree", where=str(base), help="build in a folder outside of it")
    name = repo.resolve().name + "-" + hashlib.sha256(os.fsencode(repo.resolve())).hexdigest()[:8]
    folder = base.resolve() / name / ("ninja" if ninja else "make")
    try:
        _made(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", help="say another --build-dir") from error
    return Builder(repo, recipe, folder, ninja)


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "transformer" / "build"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(words: Sequence[str], repo: Path, progress: Progress) -> tuple[str, ...] | None:
    """Run a command, telling its steps; its last lines where it fails."""
    lines: deque[str] = deque(maxlen=_TOLD)
    environment = {**programs.environment(repo), "NINJA_STATUS": "[%f/%t] ", "LC_ALL": "C"}
    with subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that what it starts can be stopped with it
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                _told(line.rstrip(), lines, progress)
            code = process.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            raise
    if code == 0:
        return None
    return (*lines, f"{Path(words[0]).name} {words[1]} exited with {code}")


def _told(line: str, lines: deque[str], progress: Progress) -> None:
    step = _STEP.match(line)
    if step is not None:
        progress(int(step[1]), int(step[2] or 100), step[3].rpartition("/")[2])
    elif line.strip() and len(line) <= _WIDEST:
        lines.append(line)


# A tree that was put in the place of another one can have files older than what was built. `make` would not build them.


def _times(repo: Path) -> dict[str, int]:
    """When each source file was changed, by its path."""
    found = {}
    for folder, below, names in os.walk(repo):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in names:
            if name.endswith(_SOURCES):
                path = Path(folder, name)
                with suppress(OSError):
                    found[path.relative_to(repo).as_posix()] = path.stat().st_mtime_ns
    return found


def _remember(repo: Path, folder: Path) -> None:
    (folder / "sources.json").write_text(json.dumps(_times(repo)), encoding="utf-8")


def _turned_back(repo: Path, folder: Path) -> bool:
    """Whether a file is another one than at the last build and yet older than that build."""
    record = folder / "sources.json"
    if not (folder / "build").exists():
        return False
    try:
        known, built = json.loads(record.read_text(encoding="utf-8")), record.stat().st_mtime_ns
    except (OSError, ValueError):  # a build that did not end well
        return False
    return any(path in known and known[path] != time < built for path, time in _times(repo).items())
