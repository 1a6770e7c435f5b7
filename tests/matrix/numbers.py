"""`PYTHONPATH=tests python -m matrix.numbers DONOR ROWS WORK TREE...`: what ports compute, by the donor.

Into a copy of each tree, below WORK, the command line ports every architecture whose row says *typed*, all into one;
both trees are built once, and `verify --against` judges each architecture. What it says is added to the rows.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SAID = {
    "against": re.compile(r"^against: (?:(\d+ of \d+) runs give|(not proved: .*))", re.MULTILINE),
    "texts": re.compile(r"^texts: (?:(\d+ of \d+) texts become|(not proved: .*))", re.MULTILINE),
}


def transformer(*arguments: object) -> str:
    """What a command says, whether it was carried out or not."""
    command = [sys.executable, "-m", "transformer", *map(str, arguments)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def copied(tree: Path, fork: Path) -> Path:
    """A tree without its history and its model files, in another place, if it is not there yet."""
    if not fork.exists():
        shutil.copytree(tree, fork, ignore=shutil.ignore_patterns(".git", "models"), ignore_dangling_symlinks=True)
        shutil.copytree(tree / "src" / "models", fork / "src" / "models")
    return fork


def ported(donor: Path, tree: Path, work: Path, archs: list[str]) -> Path:
    """A copy of a tree with these architectures, each from the donor."""
    fork = copied(tree, work / tree.name)
    for arch in archs:
        said = transformer("run", fork, "--arch", arch, "--from", donor, "--verify", "syntax", "--allow-dirty")
        print(tree.name, arch, said.strip().splitlines()[-2:], flush=True)
    return fork


def judged(donor: Path, fork: Path, work: Path, arch: str) -> dict[str, str]:
    """What `verify --against` says of the logits and of the texts."""
    said = transformer("verify", fork, "--arch", arch, "--build", "--build-dir", work / "builds", "--against", donor)
    found = {name: pattern.search(said) for name, pattern in SAID.items()}
    return {name: next(filter(None, each.groups())) for name, each in found.items() if each} or {"against": said[-300:]}


def main() -> None:
    """Port, build and judge; rows that have been judged are left alone unless --again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("donor", type=Path)
    parser.add_argument("rows", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("trees", type=Path, nargs="+")
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for tree in given.trees:
        rows = json.loads(given.rows.read_text())
        wanted = {key: row for key, row in rows.items() if row["tree"] == tree.name and row["state"] == "typed"}
        left = {key.split()[0]: key for key, row in wanted.items() if given.again or "against" not in row}
        if not left:
            continue
        fork = ported(given.donor, tree, given.work, [key.split()[0] for key in wanted])
        for arch, key in left.items():
            rows[key].update(judged(given.donor, fork, given.work, arch))
            given.rows.write_text(json.dumps(rows, indent=1))
            print(key, rows[key].get("against"), rows[key].get("texts"), sep=" | ", flush=True)


if __name__ == "__main__":
    main()
