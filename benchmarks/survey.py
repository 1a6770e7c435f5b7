"""Survey a range in one process and say how fast, where the time goes, and how much memory it takes.

    python benchmarks/survey.py GIT_DIR A..B [--count N] [--arch NAME] [--verify LEVEL]

Nothing is taken from a cache on disk. "Per core" is per second of processor time, git's included, so that other load on
the machine does not count. The parts exclude each other: what a rule spends in reading, parsing and rendering is not
its own. Clocks around small calls cost something themselves: the first pass is timed without them, the second with.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import jinja2  # noqa: E402

from transformer import pack, plan  # noqa: E402
from transformer.cpp.source import Source  # noqa: E402
from transformer.survey import history, judge  # noqa: E402
from transformer.survey.objects import Objects, git_dir  # noqa: E402

spent: Counter[str] = Counter()
running: list[str] = []
last = 0.0


def switch(name: str | None) -> None:
    """Give the time since the last switch to what ran; then run `name`, or what ran before."""
    global last
    now = time.process_time()
    if running:
        spent[running[-1]] += now - last
    last = now
    if name is None:
        running.pop()
    else:
        running.append(name)


def timed(name: str, function):
    def call(*arguments, **named):
        switch(name)
        try:
            return function(*arguments, **named)
        finally:
            switch(None)

    return call


def put_clocks() -> None:
    Objects.read = timed("git read", Objects.read)
    Source.tree.func = timed("parse", Source.tree.func)
    jinja2.Template.render = timed("render", jinja2.Template.render)
    judge.verify = timed("verify", judge.verify)
    judge.planning.ask = timed("rules", plan.ask)
    judge.Memory.find = timed("compare", judge.Memory.find)
    judge.Judge.row = timed("rest", judge.Judge.row)


def seconds() -> float:
    """Processor time of this process and of the ended ones below it."""
    below = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + below.ru_utime + below.ru_stime


def survey(folder: str, names: list[str], options: argparse.Namespace) -> judge.Judge:
    one = judge.Judge(folder, pack.load(options.arch, pack.home()), options.verify)
    started, wall = seconds(), time.perf_counter()
    states = Counter(one.row(name).verdict.state for name in names)
    one.close()
    took, wall = seconds() - started, time.perf_counter() - wall
    print(
        f"{len(names)} revisions, {len(names) / took:.1f} per second and core ({took:.1f} s of processor, {wall:.1f} s)"
    )
    print(", ".join(f"{state} {count}" for state, count in states.items()))
    return one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("range")
    parser.add_argument("--count", type=int, help="only the last N of the range")
    parser.add_argument("--arch", default="gemma4")
    parser.add_argument("--verify", default="syntax", choices=["syntax", "none", "types"])
    options = parser.parse_args()
    names = history.in_range(options.repository, options.range, 1)[-(options.count or 0) :]
    folder = git_dir(options.repository)
    one = survey(folder, names, options)
    known = one.counts
    print(f"known: {known.plans_known} of {known.plans} plans; of the rest {known.rules_known} of {known.rules} rules")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    del one
    put_clocks()
    survey(folder, names, options)
    whole = sum(spent.values())
    for name, each in spent.most_common():
        print(f"{name:>10}  {each:6.2f} s  {100 * each / whole:5.1f} %")


if __name__ == "__main__":
    main()
