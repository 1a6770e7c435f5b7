"""`PYTHONPATH=tests python -m matrix DONOR ARCHITECTURES.json RESULTS.json TREE...`: the matrix, resumable."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from .pair import Row, examine, fresh


def main() -> None:
    """Run the pairs that have no row yet, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("donor", type=Path)
    parser.add_argument("architectures", type=Path, help="rows with arch (enumerator), name and group")
    parser.add_argument("results", type=Path)
    parser.add_argument("trees", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", default=[], help="names of architectures")
    parser.add_argument("--syntax", action="store_true", help="do not check types")
    parser.add_argument("--again", action="store_true", help="forget the rows there are")
    parser.add_argument("--packs", type=Path, default=Path("drafts"))
    given = parser.parse_args()
    if given.again:
        fresh(given.packs)
    rows = {} if given.again or not given.results.exists() else json.loads(given.results.read_text())
    architectures = [each for each in json.loads(given.architectures.read_text())
                     if not given.only or each["name"] in given.only]  # fmt: skip
    for tree in given.trees:
        for each in architectures:
            key = f"{each['name']} {tree.name}"
            if key not in rows:
                row = guarded(given, each, tree)
                rows[key] = {**row.as_json(), "group": each["group"]}
                given.results.write_text(json.dumps(rows, indent=1))
                print(key, row.state, *row.why[:3], sep=" | ", flush=True)
    report(rows, [tree.name for tree in given.trees])


def guarded(given: argparse.Namespace, each: dict[str, str], tree: Path) -> Row:
    """A row, also where the tool itself fails."""
    try:
        return examine(given.donor, each["name"], each["arch"], tree, given.packs, types=not given.syntax)
    except Exception as error:  # the row must say so, and the matrix go on
        return Row(each["arch"], tree.name, "crashed", [f"{type(error).__name__}: {error}"])


def report(rows: dict[str, dict[str, str]], trees: list[str]) -> None:
    """Counts per tree and group."""
    for tree in trees:
        counts = Counter((row["group"], row["state"]) for row in rows.values() if row["tree"] == tree)
        print(tree, *(f"{group}: {state} {count}" for (group, state), count in sorted(counts.items())), sep="\n  ")


if __name__ == "__main__":
    main()
