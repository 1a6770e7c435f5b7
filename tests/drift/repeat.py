"""`python -m drift.repeat SEED [-q] [TREE ...]` (in tests/): one mutant again.

What drifted, what is wrong, and without -q the diff of the port.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from drift.machine import FORK, judge, mutant


def main(arguments: list[str]) -> int:
    seed, *roots = [each for each in arguments if each != "-q"]
    verdict = judge(mutant(int(seed), tuple(map(Path, roots)) or (FORK,)))
    if verdict.made is not None and "-q" not in arguments:
        for path in verdict.made.paths:
            old, new = verdict.made.bytes_before(path), verdict.made.bytes_after(path)
            if old is not None:
                lines = (old.decode().splitlines(keepends=True), new.decode().splitlines(keepends=True))
                sys.stdout.writelines(difflib.unified_diff(*lines, f"drifted/{path}", f"ported/{path}"))
    print(verdict.mutant)
    print("\n".join(verdict.complaints) or "nothing is wrong")
    return 1 if verdict.complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
