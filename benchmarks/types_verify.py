"""Time `check_types` against libclang alone: the same units, bare, in two processes, in the same run.

    python benchmarks/types_verify.py TREE [UNIT ...] [--include DIR ...] [--jobs N] [--repeat N]

Without units, every unit under TREE/src is parsed. The units count as touched (a comment is added in memory).
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from transformer.types.check import check_types  # noqa: E402
from transformer.types.commands import compile_commands  # noqa: E402
from transformer.types.includes import (  # noqa: E402
    Sources,
    builtin_headers,
    flags_for,
    units_under,
)

DIRS = ("include", "ggml/include", "src", "src/models", "ggml/src", "common", "vendor")
BARE = """
import json, sys
from clang import cindex
index = cindex.Index.create()
for path, flags in json.load(sys.stdin):
    list(index.parse(path, args=flags).diagnostics)
"""


def halves(root: Path, units: list[str], dirs: list[str]) -> list[list[tuple[str, tuple[str, ...]]]]:
    """The units in two parts of about equal work."""
    commands, builtin = compile_commands(root).flags, builtin_headers(root)
    parts: list[list[tuple[str, tuple[str, ...]]]] = [[], []]
    loads = [0, 0]
    for unit in sorted(units, key=lambda one: -(root / one).stat().st_size):
        lighter = loads.index(min(loads))
        loads[lighter] += 80_000 + (root / unit).stat().st_size
        parts[lighter].append((str(root / unit), flags_for(unit, commands, dirs, root, builtin)))
    return parts


def bare(parts: list[list[tuple[str, tuple[str, ...]]]]) -> float:
    """Seconds until the slower of two processes has parsed its half."""
    started = time.monotonic()
    running = []
    for part in parts:
        process = subprocess.Popen([sys.executable, "-I", "-c", BARE], stdin=subprocess.PIPE, text=True)
        assert process.stdin
        process.stdin.write(json.dumps(part))
        process.stdin.close()
        running.append(process)
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit("the bare parse failed")
    return time.monotonic() - started


def main() -> None:
    """Measure both, print both and their ratio."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("tree", type=Path)
    arguments.add_argument("units", nargs="*")
    arguments.add_argument("--include", nargs="*", default=DIRS)
    arguments.add_argument("--jobs", type=int, default=None)
    arguments.add_argument("--repeat", type=int, default=1)
    chosen = arguments.parse_args()
    root = chosen.tree.resolve()
    dirs = [one for one in chosen.include if (root / one).is_dir()]
    units = chosen.units or sorted(units_under(["src"], Sources(root, {})))
    planned = {unit: (root / unit).read_bytes() + b"// touched\n" for unit in units}
    alone, ours = [], []
    for _ in range(chosen.repeat):  # in turns, so that other load on the machine meets both
        alone.append(bare(halves(root, units, dirs)))
        report = check_types(root, planned, created=(), names={}, include_dirs=dirs, jobs=chosen.jobs)
        ours.append(report.seconds)
    print(f"units         {len(report.units)}")
    print(f"bare          {min(alone):.2f} s (slower of two halves; best of {chosen.repeat})")
    print(f"check_types   {min(ours):.2f} s, {report.peak_rss_mb:.0f} MB in the largest worker")
    print(f"ratio         {min(ours) / min(alone):.2f}")
    print(f"diagnostics   {report.planned_count} planned, {report.pristine_count} pristine, {len(report.new)} new")
    for one in (*report.new, *report.unchecked):
        print(f"  {one}")


if __name__ == "__main__":
    main()
