"""`PYTHONPATH=tests python -m matrix.page ROWS ARCHITECTURES.json PAGE`: the rows of the matrix as a page."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Rows = dict[str, dict[str, Any]]
HEAD = """# Which architectures go into which trees

Made by `python -m matrix` (plans and types), `python -m matrix.numbers` (builds, and what they compute) and
`python -m matrix.page`, in `tests/matrix`. The donor is {donor}; each architecture is drafted from it, planned,
type-checked and planned again over its own plan (which must be quiet).

- **9 of 9**: ported, built, and that many runs of tiny random models give the donor's logits, or embeddings (`verify
  --against`); ✓ where texts become the donor's tokens as well. Where fewer are right, [donors.md](donors.md) says why.
- **typed**: ported and type-checked, and the donor makes no model of it, or the tree was not built.
- **typed, first form**: today's form cannot be carried; that of the commit which added the architecture, from a repository as the donor
  (`python -m matrix.history`), is ported and type-checked.
- **native**: the tree has it. **-**: it cannot be carried, and nothing is written; the reasons stand below.
"""


def cell(row: dict[str, Any] | None) -> str:
    """What became of a pair, in a word."""
    if row is None:
        return ""
    if row.get("first"):
        return "typed, first form"
    if row["state"] != "typed":
        return "native" if row["state"].startswith("native") else "-"
    numbers = row.get("against", "")
    texts = " ✓" if row.get("texts", "").startswith("200 of 200") else ""
    return f"**{numbers}**{texts}" if numbers[:1].isdigit() else f"typed{texts}"


def page(rows: Rows, architectures: list[dict[str, Any]], donor: str) -> Iterator[str]:
    """The lines of the page."""
    trees = list(dict.fromkeys(row["tree"] for row in rows.values()))
    yield HEAD.format(donor=donor)
    yield f"| architecture | since | kind | {' | '.join(trees)} |"
    yield f"|---|---|---|{'---|' * len(trees)}"
    for each in architectures:
        cells = [cell(rows.get(f"{each['name']} {tree}")) for tree in trees]
        yield f"| {each['name']} | {each['date']} | {each['group']} | {' | '.join(cells)} |"
    yield "\n## By tree\n"
    for tree in trees:
        counts = Counter(cell(row).split(" ")[0].strip("*,") for row in rows.values() if row["tree"] == tree)
        computed = sum(count for word, count in counts.items() if word.isdigit())
        yield (f"- {tree}: {computed} computed, {counts['typed']} typed, {counts['native']} native, "
               f"{counts['-']} that cannot be carried")  # fmt: skip
    yield "\n## What cannot be carried, and what is left\n"
    for tree in trees:
        for row in (row for row in rows.values() if row["tree"] == tree and not row.get("first")):
            if reasons := row["why"][:1] or row.get("left", [])[:1]:
                yield f"- {row['arch'].removeprefix('LLM_ARCH_').lower()}, {tree}: {reasons[0]}"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("architectures", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--donor", default="xllamacpp 2026.8.10566 (llama.cpp of August 2026)")
    given = parser.parse_args()
    lines = page(json.loads(given.rows.read_text()), json.loads(given.architectures.read_text()), given.donor)
    given.page.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
