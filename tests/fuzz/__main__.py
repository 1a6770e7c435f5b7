"""`python -m fuzz N [SEED [TARGET...]]` (in tests/): N inputs over all targets, or N for each of those named.

The seed makes the same inputs again.
"""

from __future__ import annotations

import resource
import sys
import time

from fuzz.every import ALL
from fuzz.run import fuzz


def main(arguments: list[str]) -> int:
    inputs, start = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 1
    names = arguments[2:]
    for target in [each for each in ALL if not names or each.name in names]:
        before = time.monotonic()
        count = fuzz(target, inputs if names else max(inputs * target.share // 100, 1), start)
        took = time.monotonic() - before
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{target.name:18} {count.inputs:7} inputs  {took:7.1f} s  slowest {count.slowest:.2f} s  peak {peak} MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
