"""The programs that run models on a library that was built: how they are built with it, and called."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from transformer.family import Recipe

HOME = Path(__file__).parent / "programs"
TARGETS = ("proof-logits", "proof-tokens")

# Each instruction set is named and none is taken from the processor at hand, so that figures can be compared.
INSTRUCTIONS = ("SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2")
OPTIONS = (
    "-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON",
    "-DBUILD_SHARED_LIBS=ON",
    "-DGGML_NATIVE=OFF",
    *(f"-DGGML_{name}=ON" for name in INSTRUCTIONS),
    *(f"-DGGML_{name}=OFF" for name in ("ACCELERATE", "BLAS", "CCACHE", "METAL")),
    *(f"-DLLAMA_BUILD_{part}=OFF" for part in ("COMMON", "TESTS", "EXAMPLES", "TOOLS", "SERVER", "APP")),
    "-DLLAMA_CURL=OFF",
)
RECIPE = Recipe(
    options=(*OPTIONS, f"-DCMAKE_PROJECT_INCLUDE={HOME / 'programs.cmake'}"),
    targets=TARGETS,
    modules=("numpy", "gguf"),
    extra="llama-fork-transformer[verify]",
)
DONOR = replace(RECIPE, targets=(*TARGETS, "proof-nodes", "proof-models"))
FORK = replace(RECIPE, targets=(*TARGETS, "proof-nodes"))
"""How both sides are built where a donor judges."""

# Idle threads sleep: where cores are busy they would otherwise spin through the time of the others.
ENVIRONMENT = {"OMP_WAIT_POLICY": "passive"}


class Failed(RuntimeError):
    """A program did not come to its end. `cause` is the first that it said, or how it ended."""

    def __init__(self, end: str, said: str = "") -> None:
        super().__init__(f"{end}: {said[-1500:]}" if said else end)
        self.cause = next(iter(said.splitlines()), end)


def built(folder: Path, name: str) -> Path:
    """The program of a name in the folder of a build."""
    return folder / "build" / "proof" / f"proof-{name}"


def call(program: Path, *arguments: str | Path, longest: float | None = None) -> str:
    """What the program prints. Raises `Failed`, also where it takes more than `longest` seconds."""
    command = [str(argument) for argument in (program, *arguments)]
    environment = {**os.environ, **ENVIRONMENT}
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, env=environment, timeout=longest
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{program.name} did not end within {longest:g} s") from error
    if ran.returncode:
        how = f"was ended by signal {-ran.returncode}" if ran.returncode < 0 else f"exited with {ran.returncode}"
        raise Failed(f"{program.name} {how}", ran.stderr.strip())
    return ran.stdout
