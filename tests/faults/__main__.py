"""`python -m faults` (in tests/): every call of every command goes wrong in every way; the table of docs/reliability.md."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from faults.calls import KINDS
from faults.commands import COMMANDS, Command, Place, Row, every, tried


def main() -> int:
    print("| command | calls | what goes wrong | as before | done | half-way, put right by the next command | faults |")
    print("|---|---|---|---|---|---|---|")
    os.fsync = lambda handle: None  # what is killed here is a process, not the machine
    wrong = []
    for command in COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            place = Place(Path(folder), command)
            rows = list(tried(place, command, every))
            start = "between" if command.cut else "old" if place.start == place.old else "new"
        for kind in KINDS:
            print(_line(command, kind, start, [row for row in rows if row.kind == kind]), flush=True)
        wrong += [row for row in rows if row.faults]
    for row in wrong:
        print(row, file=sys.stderr)
    return 1 if wrong else 0


def _line(command: Command, kind: str, start: str, rows: list[Row]) -> str:
    ends = Counter("half" if row.tree == "between" else "before" if row.tree == start else "done" for row in rows)
    faults = sum(bool(row.faults) for row in rows)
    return f"| {command.name} | {len(rows)} | {kind} | {ends['before']} | {ends['done']} | {ends['half']} | {faults} |"


if __name__ == "__main__":
    sys.exit(main())
