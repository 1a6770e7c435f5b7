"""`PYTHONPATH=tests python -m matrix.history REPOSITORY@REVISION ROWS TREE...`: pairs that today's form is blocked at.

The donor is a repository with the commits that added them: where the form of that commit type-checks in the tree, the
row says so, and which commit it is.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from .numbers import transformer

TAKEN = re.compile(r"^note: taken: the form of (\w+), which added it", re.MULTILINE)


def main() -> None:
    """Try each blocked row once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("donor", help="a git directory at a revision")
    parser.add_argument("rows", type=Path)
    parser.add_argument("trees", type=Path, nargs="+")
    given = parser.parse_args()
    rows = json.loads(given.rows.read_text())
    for tree in given.trees:
        for key, row in rows.items():
            if row["tree"] == tree.name and row["state"] == "blocked":
                said = transformer("run", tree, "--arch", key.split()[0], "--from", given.donor, "--dry-run", "--allow-dirty")
                taken = TAKEN.search(said)
                row["first"] = taken[1] if taken and ", 0 new diagnostics" in said else ""
                given.rows.write_text(json.dumps(rows, indent=1))
                print(key, row["first"], sep=" | ", flush=True)


if __name__ == "__main__":
    main()
