"""`python -m drift.endurance LOG FIRST COUNT [--typed N] [TREE ...]` (in tests/): many mutants, a line of JSON for each.

A run that was stopped goes on where it was: seeds that are in the log are left out. `--typed N` type-checks every
Nth seed as well. At the end, and for a log alone, the figures.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from drift.chosen import roots
from drift.machine import compiled, judge, mutant

Line = dict[str, object]


def judged(job: tuple[int, tuple[Path, ...], bool]) -> Line:
    """What became of one seed."""
    seed, trees, typed = job
    started = time.process_time()
    one = mutant(seed, trees)
    try:
        complaints = judge(one).complaints
        types = compiled(one, jobs=1) if typed and not complaints else []
    except Exception as error:  # a mutant that makes the program fail is a find as well
        complaints, types = [f"{type(error).__name__}: {error}"], []
    steps = sorted({name for name, _, _ in one.steps})
    seconds = round(time.process_time() - started, 2)
    return {
        "seed": seed,
        "tree": one.root.name,
        "mutators": steps,
        "typed": typed,
        "complaints": complaints + types,
        "seconds": seconds,
    }


def lines(log: Path) -> list[Line]:
    """What was judged already."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def figures(found: list[Line]) -> Iterator[str]:
    """How many mutants of each tree, how many of them were type-checked, and the seeds of those that failed."""
    count, typed = Counter(str(e["tree"]) for e in found), Counter(str(e["tree"]) for e in found if e["typed"])
    wrong = [e for e in found if e["complaints"]]
    for tree in sorted(count):
        own = [e["seed"] for e in wrong if e["tree"] == tree]
        yield f"{tree}: {count[tree]} mutants, {typed[tree]} type-checked, {len(own)} wrong {own}"
    yield f"in all: {len(found)} mutants, {sum(typed.values())} type-checked, {len(wrong)} wrong"


def main(arguments: list[str]) -> int:
    log = Path(arguments.pop(0))
    every = int(arguments.pop(arguments.index("--typed") + 1)) if "--typed" in arguments else 0
    numbers = [each for each in arguments if each.isdigit()]
    if numbers:
        first, count = map(int, numbers)
        trees = tuple(Path(each) for each in arguments if not each.isdigit() and not each.startswith("--"))
        done = {each["seed"] for each in lines(log)}
        own = roots(*trees)
        jobs = (
            (seed, own, bool(every) and seed % every == 0) for seed in range(first, first + count) if seed not in done
        )
        with ProcessPoolExecutor(os.cpu_count()) as pool, log.open("a") as out:
            for line in as_completed([pool.submit(judged, job) for job in jobs]):
                out.write(json.dumps(line.result()) + "\n")
                out.flush()
    print("\n".join(figures(lines(log))))
    return int(any(each["complaints"] for each in lines(log)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
