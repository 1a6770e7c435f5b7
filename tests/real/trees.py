"""Real trees: packages from the registries that carry a whole llama.cpp."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("TRANSFORMER_CACHE") or Path.home() / ".cache" / "llama-fork-transformer")
WANTED = ("src", "include", "ggml", "common", "cmake", "vendor", "conversion", "CMakeLists.txt", "LICENSE", "cpp")


@dataclass(frozen=True)
class Tree:
    """A package, its version, and where the tree lies in it. `flat`: from npm, with all sources in one folder."""

    package: str
    version: str
    folder: str
    flat: bool = False

    @property
    def name(self) -> str:
        return f"{self.package}-{self.version}"


def python(version: str) -> Tree:
    return Tree("llama-cpp-python", version, "vendor/llama.cpp")


def cython(version: str) -> Tree:
    return Tree("xllamacpp", version, "thirdparty/llama.cpp")


def react(version: str) -> Tree:
    return Tree("llama.rn", version, "", flat=True)


PORTED = (python("0.3.19"), cython("0.2.9"), cython("0.2.12"), cython("0.2.13"),
          react("0.9.0"), react("0.11.2"))  # fmt: skip
NATIVE = (python("0.3.24"),)
PARTIAL = (python("0.3.20"),)
DONOR = cython("2026.8.10566")
"""A tree that has every architecture of the registry's trees, and more."""


def unpacked(tree: Tree) -> Path:
    """The pristine tree; downloaded once, never changed."""
    target = CACHE / tree.name
    if not (target / "done").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        archive = _download(tree)
        _unpack(archive, tree.folder, target)
        archive.unlink()
        (target / "done").touch()
    return target / "tree"


def _download(tree: Tree) -> Path:
    if tree.flat:
        subprocess.run(["npm", "pack", "--silent", f"{tree.package}@{tree.version}"], check=True, cwd=CACHE)
        return CACHE / f"{tree.package}-{tree.version}.tgz"
    wanted = f"{tree.package}=={tree.version}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", tree.package, wanted]
    subprocess.run([*command, "-d", str(CACHE)], check=True)
    return next(CACHE.glob(f"{tree.package.replace('-', '_')}-{tree.version}.tar.gz"))


def _unpack(archive: Path, folder: str, target: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            _, _, inside = member.name.partition("/")
            if (folder and not inside.startswith(folder + "/")) or not member.isfile():
                continue
            path = inside.removeprefix(folder + "/" if folder else "")
            if path.split("/")[0] in WANTED:
                member.name = path
                tar.extract(member, target / "tree", filter="data")
