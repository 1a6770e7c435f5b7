"""`python -m drift.attacked LOG [--each N] [--typed N] TREE...` (in tests/): attacks on trees, a line of JSON for each.

Every row of a table and every enumerator of the files of the port is taken away once (of more than 1500 in a tree, as
many by chance); every other kind is tried N times in each tree. With `--typed N`, so many of all are type-checked, of
each kind alike. A run that was stopped goes on where it was; what was judged by syntax alone is judged again where types
are asked for. At the end, and for a log alone, the figures.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any

from drift.attacks import Attack, compiled, every, judge, some
from drift.kinds import KINDS

MOST = 1500
SYSTEMATIC = "row_deleted"
FIGURES = ("same", "restored", "refused", "partly refused", "wrong")


def attacks(root: Path, each: int, seed: int) -> Iterator[Attack]:
    """All of them for a tree, the rows last."""
    for name in KINDS:
        if name != SYSTEMATIC:
            yield from some(root, name, each, seed)
    found = list(every(root, SYSTEMATIC))
    yield from found if len(found) <= MOST else Random(seed).sample(found, MOST)


def line(attack: Attack, *, typed: bool) -> dict[str, Any]:
    """What became of one."""
    started = time.process_time()
    try:
        found = judge(attack)
        complaints, verdict = found.complaints, found.verdict
        typed = typed and verdict in ("same", "restored")
        if typed and (said := compiled(found)):
            refused = KINDS[attack.kind].demand != "same"  # a run ends with exit code 5 there, and writes nothing
            verdict, complaints = ("refused", []) if refused else ("wrong", said)
    except Exception as error:  # what makes the program fail is a find as well
        complaints, verdict = [f"{type(error).__name__}: {error}"], "wrong"
    seconds = round(time.process_time() - started, 2)
    head = {"attack": str(attack), "tree": attack.root.name, "kind": attack.kind, "typed": typed}
    return {**head, "verdict": verdict, "complaints": complaints[:5], "seconds": seconds}


def lines(log: Path) -> list[dict[str, Any]]:
    """What was said of each attack at last."""
    read = [json.loads(each) for each in log.read_text().splitlines()] if log.exists() else []
    return list({each["attack"]: each for each in read}.values())


def chosen(found: list[Attack], count: int, seed: int) -> set[Attack]:
    """So many of all, of each kind alike."""
    random, kinds = Random(seed), defaultdict(list)
    for attack in found:
        kinds[attack.kind].append(attack)
    turns = zip_longest(*(random.sample(own, len(own)) for own in kinds.values()))
    return set([attack for turn in turns for attack in turn if attack is not None][:count])


def figures(found: list[dict[str, Any]]) -> Iterator[str]:
    """A table by kind and one by tree."""
    found = [each for each in found if each["verdict"] != "nothing"]
    for key in ("kind", "tree"):
        yield f"| {key} | mutants | {' | '.join(FIGURES)} | type-checked |"
        yield f"|{'---|' * (len(FIGURES) + 3)}"
        for name in dict.fromkeys(each[key] for each in found):
            own = [each for each in found if each[key] == name]
            count = Counter(each["verdict"] for each in own)
            cells = (str(count[each]) for each in FIGURES)
            yield f"| {name} | {len(own)} | {' | '.join(cells)} | {sum(each['typed'] for each in own)} |"
    count, typed = Counter(each["verdict"] for each in found), sum(each["typed"] for each in found)
    yield f"in all: {len(found)} mutants, {typed} type-checked, {count['wrong']} wrong"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("trees", type=Path, nargs="*")
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--typed", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_intermixed_args()
    done = {each["attack"]: each["typed"] for each in lines(options.log)}
    todo = [list(attacks(root, options.each, options.seed)) for root in options.trees]
    mixed = [attack for group in zip_longest(*todo) for attack in group if attack is not None]
    typed = chosen(mixed, options.typed, options.seed)
    gc.freeze()  # what belongs to the trees stays
    with options.log.open("a") as out:
        for attack in mixed:
            if str(attack) not in done or (attack in typed and not done[str(attack)]):
                out.write(json.dumps(line(attack, typed=attack in typed)) + "\n")
                out.flush()
    found = lines(options.log)
    print("\n".join(figures(found)))
    return int(any(each["verdict"] == "wrong" for each in found))


if __name__ == "__main__":
    raise SystemExit(main())
