"""`python -m fuzz.guided TARGET CORPUS [OPTION...]` (in tests/): inputs that reach new code are kept and changed further.

Needs the package `atheris` (Linux), which sees what each input reaches; hypothesis makes the inputs out of its bytes.
CORPUS is a folder where they are kept, so that the next run goes on; options are those of libFuzzer (`-runs=100000`).
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["transformer", "rules"]):
    from fuzz.every import ALL
from hypothesis import HealthCheck, given, settings

from fuzz.run import limited


def main(arguments: list[str]) -> None:
    name, *others = arguments
    chosen = next(each for each in ALL if each.name == name)

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(chosen.inputs)
    def check(given: object) -> None:
        with limited():
            chosen.check(given)

    atheris.Setup([sys.argv[0], *others], check.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
