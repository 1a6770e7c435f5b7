"""Prompts and generation of the ported tree, with all rows and without, against llama.cpp's own Gemma 4.

    python benchmarks/prompt_speed.py [--rounds N] [--shapes E2B E4B] [--parts prompt-512 ...] [--builds FOLDER]

Ports llama-cpp-python 0.3.19 twice, with the option `drop_rows` on and off, builds both and the native tree of 0.3.24
with the flags of the tests, writes models of random weights, and runs the three in turns: one process each, round
after round. Writes docs/speed.md and docs/speed.png. FOLDER keeps builds, models and what was measured; a second call
with the same folder adds rounds to it. Needs cmake, ninja and the extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shaped import HOME, SHAPES, products, write

from rules.llama import running

DOCS = HOME / "docs"
THREADS = 2
NATIVE, KEPT, DROPPED = "native", "ported, drop_rows=off", "ported"
BUILDS = (NATIVE, KEPT, DROPPED)
PARTS = ("generate-0", "prompt-512", "generate-1024", "prompt-2048")
MIB = 2**20


def made(name: str, target: Path) -> Path:
    """The folder of a build, with its libraries and headers."""
    if not target.exists():
        from e2e import build
        from real import trees

        tree = trees.python("0.3.24" if name == NATIVE else "0.3.19")
        options = ("drop_rows=off",) if name == KEPT else ()
        source = trees.unpacked(tree) if name == NATIVE else build.port(tree, *options)
        shutil.copytree(build.build(tree, source).folder, target, symlinks=True)
    return target


def program(name: str, build: Path) -> Path:
    """`name`.cpp, compiled against a build."""
    source, target, lib = HOME / "benchmarks" / f"{name}.cpp", build / name, build / "lib"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        links = [f"-L{lib}", f"-Wl,-rpath,{lib}", *(f"-l{each}" for each in ("llama", "ggml", "ggml-cpu", "ggml-base"))]
        include = [f"-I{folder}" for folder in (running.HOME, build / "include")]
        command = ["g++", "-std=c++17", "-O1", "-Wall", str(source), *include, *links]
        subprocess.run([*command, "-o", str(target)], check=True)
    return target


def lines(*command: str | Path) -> list[dict[str, Any]]:
    """What a program prints, each line as JSON."""
    ran = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


@dataclass
class Measured:
    """All runs there are, in a file that grows."""

    path: Path
    runs: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.path.exists():
            self.runs = [json.loads(line) for line in self.path.read_text().splitlines()]

    def add(self, **run: Any) -> None:
        self.runs.append(run)
        with self.path.open("a") as file:
            file.write(json.dumps(run) + "\n")

    def values(self, key: str, **wanted: Any) -> list[float]:
        return [run[key] for run in self.runs if key in run and wanted.items() <= run.items()]

    def median(self, key: str, **wanted: Any) -> float:
        return statistics.median(self.values(key, **wanted))

    def rates(self, clock: str, **wanted: Any) -> list[float]:
        """Tokens in a second of the wall clock, or of the processor."""
        tokens, spent = self.values("tokens", **wanted), self.values(clock, **wanted)
        return [count / seconds for count, seconds in zip(tokens, spent, strict=True)]

    def ratio(self, clock: str, build: str, **wanted: Any) -> float | None:
        """The median of the ratios to the native build, round by round."""
        pairs = zip(self.rates(clock, build=build, **wanted), self.rates(clock, build=NATIVE, **wanted), strict=False)
        ratios = [ours / native for ours, native in pairs]
        return statistics.median(ratios) if ratios else None


def measure(measured: Measured, folder: Path, shapes: list[str], parts: list[str], rounds: int) -> None:
    builds = {name: made(name, folder / name.split("=")[0].replace(", ", "-")) for name in BUILDS}
    for shape in shapes:
        model = write(SHAPES[shape], folder / f"{shape}.gguf")
        for number in range(rounds):
            for name in BUILDS[number % 3 :] + BUILDS[: number % 3]:
                load = os.getloadavg()[0]
                for found in lines(program("speed", builds[name]), model, str(THREADS), *parts):
                    measured.add(build=name, shape=shape, load=load, **found)
            measured.add(**lines(program("kernel", builds[NATIVE]), str(THREADS))[0])
            print(f"{shape}: {number + 1} of {rounds} rounds", file=sys.stderr)


def cell(value: float | None, digits: int = 2, unit: str = "") -> str:
    return "-" if value is None else f"{value:.{digits}f}{unit}"


def speeds(measured: Measured) -> Iterator[str]:
    heads = ("model", "what", "runs", *BUILDS, "all rows : native", "**ported : native**", "by processor time")
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for shape in SHAPES:
        for part in PARTS:
            wanted = {"shape": shape, "part": part}
            rates = {name: measured.rates("seconds", build=name, **wanted) for name in BUILDS}
            if not all(rates.values()):
                continue
            middle = [cell(statistics.median(rates[name]), 1) for name in BUILDS]
            kept, ours = (measured.ratio("seconds", name, **wanted) for name in (KEPT, DROPPED))
            busy = measured.ratio("busy", DROPPED, **wanted)
            runs = str(min(map(len, rates.values())))
            yield f"| {' | '.join((shape, part, runs, *middle, cell(kept), f'**{cell(ours)}**', cell(busy)))} |"


def sizes(measured: Measured) -> Iterator[str]:
    yield "| model | build | graph nodes | KV cache, MiB | compute buffer, MiB | peak memory, MiB |"
    yield "|---|---|---|---|---|---|"
    for shape in SHAPES:
        for name in BUILDS:
            wanted = {"shape": shape, "build": name}
            if measured.values("nodes", **wanted):
                found = [measured.median(key, **wanted) for key in ("nodes", "cache", "compute", "peak")]
                yield f"| {shape} | {name} | {found[0]:.0f} | {found[1]:.1f} | {found[2]:.1f} | {found[3]:.0f} |"


def limits(measured: Measured, folder: Path) -> Iterator[str]:
    """What the kernels alone allow, and how much of it is reached."""
    yield "| model | what | matrices alone, tokens in a second | reached by native | reached by ported |"
    yield "|---|---|---|---|---|"
    operations, bandwidth = (measured.median(key) * 1e9 for key in ("gflops", "gbytes"))
    for shape, variant in SHAPES.items():
        need, size = products(variant), (folder / f"{shape}.gguf").stat().st_size
        for part in PARTS:
            rates = {name: measured.rates("seconds", build=name, shape=shape, part=part) for name in (NATIVE, DROPPED)}
            if not all(rates.values()):
                continue
            middle = {name: statistics.median(found) for name, found in rates.items()}
            if part.startswith("prompt"):
                bounds = {NATIVE: operations / 2 / (need.always + need.outputs), DROPPED: operations / 2 / need.always}
            else:
                bounds = dict.fromkeys(rates, bandwidth / size)
            shares = [f"{middle[name] / bounds[name]:.0%}" for name in (NATIVE, DROPPED)]
            both = " / ".join(dict.fromkeys(f"{bounds[name]:.1f}" for name in (NATIVE, DROPPED)))
            yield f"| {shape} | {part} | {both} | {' | '.join(shares)} |"


BY_HAND = "\n## By hand: "  # from the first section of this kind on, the page is kept
TEXT = """# How fast the port is

Made by `python benchmarks/prompt_speed.py`: llama-cpp-python 0.3.19 (dialect I), ported with the option `drop_rows` on
and off, against the Gemma 4 of llama.cpp itself in llama-cpp-python 0.3.24. Models of random Q4_0 weights in the
published shapes with a vocabulary of 512 (`benchmarks/shaped.py`); {threads} threads, flash attention auto, F16 cache,
context 2304, micro-batches of 512. A prompt has one output, at its end; `generate-D` is 64 tokens behind D others.
All were built alike with

    {flags}

The three run in turns, one process each; figures are medians, ratios medians of the ratios within a round. The machine
is a virtual one with {cores} cores; its load was {low:.1f} to {high:.1f} at the start of a run, most of it left by the
run before. Processor time is that of all threads together, waiting for each other included.

## Tokens in a second

{speeds}

![tokens in a second, native is 1](speed.png)

By the multiply-adds in the matrices alone, the ratio cannot exceed {limits_e2b:.2f} for E2B and {limits_e4b:.2f} for
E4B.

## Size

{sizes}

## Against the machine

In the same runs the bare kernel (`benchmarks/kernel.cpp`, Q4_0 in the layout that the CPU backend prefers) did
{gflops:.0f} GFLOP with 512 columns and {gbytes:.1f} GB with one in a second. A prompt cannot be
faster than its products at that rate, and generation not faster than the weights can be read. What is missing is
attention, the F16 projection of the per-layer inputs, norms and the other element-wise work, and waiting of one thread
for the other.

{limits}
"""


def report(measured: Measured, folder: Path) -> None:
    from e2e.build import FLAGS

    loads, page = measured.values("load"), DOCS / "speed.md"
    by_hand = "".join(page.read_text().partition(BY_HAND)[1:]) if page.exists() else ""
    page.write_text(
        TEXT.format(
            threads=THREADS,
            flags="\n    ".join(FLAGS),
            cores=os.cpu_count(),
            low=min(loads),
            high=max(loads),
            speeds="\n".join(speeds(measured)),
            sizes="\n".join(sizes(measured)),
            limits="\n".join(limits(measured, folder)),
            limits_e2b=products(SHAPES["E2B"]).ratio,
            limits_e4b=products(SHAPES["E4B"]).ratio,
            gflops=measured.median("gflops"),
            gbytes=measured.median("gbytes"),
        )
        + by_hand
    )
    plot(measured)


def plot(measured: Measured) -> None:
    from matplotlib import pyplot

    shown = [shape for shape in SHAPES if measured.values("nodes", shape=shape)]
    figure, axes = pyplot.subplots(1, len(shown), figsize=(5 * len(shown), 3.6), sharey=True, squeeze=False)
    for axis, shape in zip(axes[0], shown, strict=True):
        parts = [part for part in PARTS if measured.ratio("seconds", DROPPED, shape=shape, part=part)]
        for offset, (name, colour) in enumerate(((KEPT, "#9aa5b1"), (DROPPED, "#2f6fb3"))):
            heights = [measured.ratio("seconds", name, shape=shape, part=part) or 0 for part in parts]
            places = [index + 0.38 * offset for index in range(len(parts))]
            axis.bar_label(axis.bar(places, heights, 0.36, label=name, color=colour), fmt="%.2f", fontsize=8)
        axis.axhline(1, color="black", linewidth=0.8)
        axis.axhline(products(SHAPES[shape]).ratio, color="#b33", linestyle=":", label="limit of a prompt's products")
        axis.set_xticks([index + 0.19 for index in range(len(parts))], parts, rotation=20)
        axis.set_title(f"{shape}-shaped, Q4_0")
    axes[0][0].set_ylabel("tokens in a second, native = 1")
    axes[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(DOCS / "speed.png", dpi=110, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--builds", type=Path, default=HOME / ".cache" / "speed")
    options = parser.parse_args()
    folder = options.builds.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    measured = Measured(folder / "runs.jsonl")
    measure(measured, folder, options.shapes, options.parts, options.rounds)
    report(measured, folder)


if __name__ == "__main__":
    main()
