"""Ports a tree with the command line and builds its library for the CPU, outside the tree.

There is one build folder per tree, all below one. Pristine and ported sources take turns in it, only files that differ are written,
and ninja compiles only what these reach. The libraries are then copied to a folder named after the content that they
were built from, so that a second run of the same content builds nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock
from real.trees import CACHE, WANTED

from e2e.trees import AnyTree, pristine
from rules.llama import running
from transformer.build import builder

# What pip put beside the interpreter comes first: cmake and ninja, where the extra e2e is installed.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
SHARED = running.HOME
WORK = CACHE / "e2e"
KEPT = 8

# Set E2E_SANITIZE to any text for libraries and programs that stop at the first bad access or undefined step.
SANITIZE = bool(os.environ.get("E2E_SANITIZE"))
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all") if SANITIZE else ()
SANITIZED = ("-DLLAMA_SANITIZE_ADDRESS=ON", "-DLLAMA_SANITIZE_UNDEFINED=ON") if SANITIZE else ()
BUILD = "build-sanitized" if SANITIZE else "build"

OWN = ("-DGGML_RPC=ON", *SANITIZED)  # a second device for layers: device.h
FLAGS = ("-DCMAKE_BUILD_TYPE=Release", *running.OPTIONS, *OWN)
RECIPE = replace(running.RECIPE, options=(*running.RECIPE.options, *OWN), targets=("llama", *running.TARGETS))
COMPILER = ("g++", "-std=c++17", "-O1", "-Wall")
LIBRARIES = ("llama", "ggml", "ggml-base")


@dataclass(frozen=True)
class Build:
    """The libraries and headers that came out of one state of a tree."""

    tree: str
    digest: str
    folder: Path
    seconds: float
    """How long cmake and ninja took when they ran; less where the build folder was warm."""
    cached: bool
    """Whether a compiler cache was in use: `seconds` then says little."""

    def program(self, name: str) -> Path:
        """The program `name`.cpp, compiled against these libraries."""
        source = next(path for folder in (HERE, SHARED) if (path := folder / f"{name}.cpp").exists())
        texts = (path.read_bytes() for path in (source, SHARED / "common.h", *sorted(HERE.glob("*.h"))))
        digest = hashlib.sha256(b"\0".join(texts)).hexdigest()
        target = self.folder / f"{name}-{digest[:16]}"
        if not target.exists():
            lib, include = self.folder / "lib", self.folder / "include"
            links = [f"-L{lib}", f"-Wl,-rpath,{lib}", *(f"-l{library}" for library in LIBRARIES)]
            _call([*COMPILER, *SANITIZERS, str(source), f"-I{SHARED}", f"-I{include}", *links, "-o", str(target)])
        return target


def port_from(donor: AnyTree, tree: AnyTree, archs: tuple[str, ...]) -> Path:
    """A copy of the tree into which the command line has ported some architectures of a donor, drafted as it goes."""
    return _ported(tree, "drafted", [(arch, "--from", str(pristine(donor)), "--verify", "syntax") for arch in archs])


def port(tree: AnyTree, *options: str) -> Path:
    """A copy of the tree into which the command line has ported every architecture, verified as it does by default."""
    gemma4 = ("gemma4", *(f"--option={each}" for each in options))
    return _ported(tree, "-".join(("ported", *options)), [gemma4, ("muse-glimmer",)])


def _ported(tree: AnyTree, name: str, runs: Sequence[Sequence[str]]) -> Path:
    """A copy of the tree called `name`, ported aside first: what another process reads there does not change under it."""
    work = _made(WORK / tree.name)
    target, aside = work / name, work / "port"
    with FileLock(work / "port.lock"):
        shutil.rmtree(aside, ignore_errors=True)
        _sync(pristine(tree), aside)
        for arch, *options in runs:
            _call([sys.executable, "-m", "transformer", "run", str(aside), "--arch", arch, *options], cwd=PROJECT)
        _sync(aside, target)
    return target


def build(tree: AnyTree, source: Path) -> Build:
    """The library of the sources at `source`, one state of `tree`."""
    work = _made(WORK / tree.name)
    digest = _digest(source)
    folder = work / "builds" / digest
    with FileLock(work / "build.lock"):
        if not (folder / "build.json").exists():
            _build(work, source, folder)
    facts = json.loads((folder / "build.json").read_text())
    return Build(tree.name, digest, folder, facts["seconds"], facts["cached"])


def verified(tree: AnyTree, source: Path) -> str:
    """What `verify --build` says of the sources, built where `build` builds: nothing is compiled twice."""
    work = _made(WORK / tree.name)
    with FileLock(work / "build.lock"):
        _sync(source, work / "source")
        command = [sys.executable, "-m", "transformer", "verify", str(work / "source"), "--arch", "gemma4", "--build"]
        return _call([*command, "--build-dir", str(WORK / BUILD)], cwd=PROJECT)


def judged(tree: AnyTree, source: Path, donor: AnyTree, other_source: Path, arch: str) -> str:
    """What `verify --against` says of the sources of one tree by those of another, built where `build` builds."""
    repo, other = WORK / tree.name / "source", WORK / donor.name / "source"
    with FileLock(_made(repo.parent) / "build.lock"), FileLock(_made(other.parent) / "build.lock"):
        _sync(source, repo)
        _sync(other_source, other)
        command = [sys.executable, "-m", "transformer", "verify", str(repo), "--arch", arch, "--build"]
        return _call([*command, "--against", str(other), "--build-dir", str(WORK / BUILD)], cwd=PROJECT)


def _build(work: Path, source: Path, folder: Path) -> None:
    began = time.monotonic()
    _sync(source, work / "source")
    maker = builder(work / "source", RECIPE, WORK / BUILD)
    made = maker.run(lambda *_: None)
    if not made.good:
        raise RuntimeError("\n".join((made.text, *made.notes)))
    seconds = round(time.monotonic() - began, 1)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(maker.folder / "build" / "bin", folder / "lib", symlinks=True)
    for headers in (source / "include", source / "ggml" / "include"):
        shutil.copytree(headers, folder / "include", dirs_exist_ok=True)
    (folder / "build.json").write_text(json.dumps({"seconds": seconds, "cached": _has_cache()}))
    for old in sorted((work / "builds").iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old)


def _has_cache() -> bool:
    return bool(shutil.which("ccache")) and not os.environ.get("CCACHE_DISABLE")


def _digest(source: Path) -> str:
    """Names the content of a tree and how it is built."""
    digest = hashlib.sha256("\0".join(FLAGS).encode())
    for name, path in _files(source).items():
        digest.update(f"\0{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:24]


def _files(folder: Path) -> dict[str, Path]:
    parts = [folder / name for name in WANTED if (folder / name).exists()]
    paths = [path for part in parts for path in (part.rglob("*") if part.is_dir() else [part]) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path for path in sorted(paths)}


def _sync(source: Path, target: Path) -> None:
    """Make `target` hold what `source` holds; files that are the same keep their time stamps."""
    wanted, there = _files(source), _files(target) if target.exists() else {}
    for name in there.keys() - wanted.keys():
        there[name].unlink()
    for name, path in wanted.items():
        if name not in there or there[name].read_bytes() != path.read_bytes():
            _made((target / name).parent)
            shutil.copy(path, target / name)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _call(command: list[str], cwd: Path | None = None) -> str:
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ran.returncode:
        tail = "\n".join((ran.stdout + ran.stderr).splitlines()[-40:])
        raise RuntimeError(f"{' '.join(command)} failed with {ran.returncode}:\n{tail}")
    return ran.stdout
