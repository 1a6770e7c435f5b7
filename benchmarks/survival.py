"""`python benchmarks/survival.py TARGETS BASELINE`: what becomes of every tree of a list, for each architecture.

TARGETS lists trees: a repository and a revision, or a package of a registry and its version. Repositories are looked
for below --mirrors (OWNER+NAME/repo), packages below --packages, as source distributions (.tar.gz) or npm tarballs
(.tgz). On a copy of each tree the command line does all of it: `--check`, `run`, `run` again, `--check`, `undo`; the
last must give back every byte. BASELINE has what two real patches of Gemma 4 do to the same trees. Rows are kept in
--rows, so that a run that was stopped goes on; `--page FILE` writes the page and `--readme FILE` the table of the
README between its two marks, of the rows that there are with --no-run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
WANTED = ("src", "include", "ggml", "common", "cmake", "vendor", "cpp", "CMakeLists.txt")
Row = dict[str, Any]

HEAD = """# What becomes of real trees

Made by `python benchmarks/survival.py`, the page with project revision `{revision}`: trees of a list of {total}, each
as it was published. On a copy of each, for each architecture: `--check`, `run` (types verified), `run` again,
`--check`, `undo`.

- **made it**: the first `--check` exits 1 (0 where nothing is to do), `run` 0 with no new diagnostics, the second `run`
  and `--check` 0 with nothing to do, and `undo` gives back every byte. Where the architecture is there already,
  `native` means that nothing of it is missing, and `completed` that `run` added what was.
- **patches** (of Gemma 4): the tree compiles after upstream's commit `63f8fe0ef`, or QVAC-Fabric's `3146840fc`, by the
  best of `git apply`, `git apply -3`, `patch -F3` and cherry-pick; a dash where that was not tried. Both bring the
  state of their day, without any later fix.
- **seconds**: of CPU, of the one `run`, types included; by the clock it is less, types are judged on all cores. Units
  that an earlier run judged as they were before are not judged again (docs/reliability.md).
- **digest**: the first eight digits of SHA-256 over the paths and bytes of all changed files.
"""

MARKS = "<!-- trees: made by benchmarks/survival.py -->", "<!-- end of trees -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", type=Path)
    parser.add_argument("baseline", type=Path)
    parser.add_argument("--mirrors", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--arch", action="append", default=[], help="gemma4 where none is named")
    parser.add_argument("--page", type=Path)
    parser.add_argument("--readme", type=Path)
    parser.add_argument("--no-run", action="store_true")
    given = parser.parse_args()
    targets = json.loads(given.targets.read_text())
    archs = given.arch or ["gemma4"]
    lines = given.rows.read_text().splitlines() if given.rows.exists() else []
    known = {(row["arch"], row["tree"]): row for row in map(json.loads, lines)}
    with given.rows.open("a") as kept:
        for target in [] if given.no_run else targets:
            missing = [arch for arch in archs if (arch, target["name"]) not in known]
            for row in survive(target, missing, given.mirrors, given.packages) if missing else []:
                known[row["arch"], row["tree"]] = row
                kept.write(json.dumps(row) + "\n")
                kept.flush()
                print(row["tree"], row["arch"], row["outcome"], row.get("why", ""), row.get("seconds", ""), flush=True)
    rows = [known[arch, target["name"]] for arch in archs for target in targets if (arch, target["name"]) in known]
    if given.page is not None:
        baseline = json.loads(given.baseline.read_text())["rows"]
        given.page.write_text("\n".join(page(rows, baseline, len(targets))))
    if given.readme is not None:
        text = given.readme.read_text()
        before, after = text.partition(MARKS[0])[0], text.partition(MARKS[1])[2]
        given.readme.write_text(before + "\n".join([MARKS[0], *table(rows, targets), MARKS[1]]) + after)


def survive(target: Row, archs: Sequence[str], mirrors: Path, packages: Path) -> Iterator[Row]:
    """The whole way on a copy of one tree, for each architecture."""
    with tempfile.TemporaryDirectory(prefix="survival-") as folder:
        tree = Path(folder) / "tree"
        why = unpack(target, mirrors, packages, tree)
        for arch in archs:
            row: Row = {"tree": target["name"], "arch": arch, "group": target["group"]}
            row["dialect"] = target.get("dialect") or ""
            yield {**row, "outcome": "not to be had", "why": why} if why else {**row, **walk(tree, arch, folder)}


def unpack(target: Row, mirrors: Path, packages: Path, tree: Path) -> str:
    """Put the tree into a folder; why it cannot be had."""
    if "repository" in target:
        mirror = mirrors / target["repository"].replace("/", "+") / "repo"
        if not mirror.is_dir():
            return f"no mirror of {target['repository']}"
        names = ask("git", f"--git-dir={mirror}", "ls-tree", "--name-only", target["revision"]).stdout.split()
        packed = tree.parent / "tree.tar"
        wanted = [each for each in names if each in WANTED]
        made = ask("git", f"--git-dir={mirror}", "archive", "-o", str(packed), target["revision"], *wanted)
        if made.returncode or not wanted:
            return made.stderr.strip().splitlines()[-1] if made.stderr.strip() else "the revision is not in the mirror"
        return extract(packed, "", tree)
    name = target.get("npm") or target["package"].replace("-", "_")
    found = sorted(packages.rglob(f"{name}-{target['version']}.t*gz"))
    inner = "" if "npm" in target else target["path"]
    return extract(found[0], inner, tree, skip=1) if found else f"no file of {name} {target['version']}"


def extract(archive: Path, inner: str, tree: Path, *, skip: int = 0) -> str:
    """The wanted files of an archive, below `inner`, without the first `skip` folders."""
    with tarfile.open(archive) as tar:
        for member in tar:
            path = "/".join(member.name.split("/")[skip:])
            path = path.removeprefix(f"{inner}/") if path.startswith(f"{inner}/") or not inner else ""
            if member.isfile() and path.split("/")[0] in WANTED:
                member.name = path
                tar.extract(member, tree, filter="data")
    return "" if tree.is_dir() else f"{archive.name} has no tree"


def walk(tree: Path, arch: str, folder: str) -> Row:
    """Check, run, run again, check, undo."""
    before = content(tree)
    plan = Path(folder) / f"{arch}.json"
    run = "run", tree, "--arch", arch
    check = transformer(*run, "--check", "--verify", "syntax")
    began = spent()
    ran = transformer(*run, "--json", plan)
    row: Row = {"seconds": round(spent() - began, 1), "check": check.returncode, "exit": ran.returncode}
    after = content(tree)
    if plan.exists():
        row |= figures(json.loads(plan.read_text()))
    if ran.returncode not in (0, 3):
        same = "" if after == before else "; and the tree has changed"
        return {**row, "outcome": "refused", "why": reason(row, ran) + same}
    again, quiet = transformer(*run), transformer(*run, "--check")
    changed = hashlib.sha256()
    for path in after:
        if after[path] != before.get(path):
            changed.update(path.encode() + b"\0" + after[path])
    row |= {"again": again.returncode, "quiet": quiet.returncode, "changed": after != before}
    row["digest"] = changed.hexdigest()[:8]
    idle = content(tree) == after and again.returncode == quiet.returncode == ran.returncode
    if not row["changed"]:
        wanted, row["outcome"] = 0, "native"
    else:
        wanted, row["outcome"] = 1, "completed" if row.get("state") == "partial" else "ported"
        undone = transformer("undo", tree).returncode == 0 and content(tree) == before
        idle = idle and undone
    if not idle or check.returncode not in (wanted, ran.returncode):
        why = f"check {check.returncode}, run {ran.returncode}, again {again.returncode}"
        return {**row, "outcome": "unsound", "why": why}
    if row.get("left"):
        return {**row, "outcome": "partly", "why": f"left: {', '.join(row['left'])}"}
    return row


def figures(plan: Row) -> Row:
    """What a plan says of itself."""
    verified = plan["verified"] or {}
    blocked = [each for each in plan["rules"] if each["outcome"] == "blocked" and each["required"]]
    return {
        "state": plan["state"],
        "rules": sum(each["outcome"] == "changes" for each in plan["rules"]),
        "edits": len(plan["edits"]),
        "files": len({each["path"] for each in plan["edits"]}),
        "units": len(verified.get("units", [])),
        "new": len(verified.get("findings", [])),
        "pristine": verified.get("pristine diagnostics", 0),
        "left": [each["rule"] for each in plan["left"]],
        "blocked": [f"{each['rule']}: {each['where']}: {each['why']}" for each in blocked],
    }


def reason(row: Row, ran: subprocess.CompletedProcess[str]) -> str:
    """Why a run wrote nothing, in a line."""
    if row.get("blocked"):
        return f"{len(row['blocked'])} rules blocked, first {row['blocked'][0]}"
    return ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else f"exit {ran.returncode}"


def transformer(*arguments: object) -> subprocess.CompletedProcess[str]:
    return ask(sys.executable, "-m", "transformer", *map(str, arguments))


def ask(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)


def spent() -> float:
    """Seconds of CPU of the programs that were called, with their workers."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def content(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


# the page

GOOD = ("ported", "completed", "native")


def page(rows: Sequence[Row], baseline: Iterable[Row], total: int) -> Iterator[str]:
    """The page, line by line."""
    patches = tried(baseline)
    revision = ask("git", "describe", "--always", "--dirty").stdout.strip()
    yield HEAD.format(revision=revision, total=total)
    for arch in dict.fromkeys(row["arch"] for row in rows):
        own = [row for row in rows if row["arch"] == arch]
        had = [row for row in own if row["outcome"] != "not to be had"]
        yield f"## {arch}: {len(had)} trees\n"
        yield from by_group(had, patches if arch == "gemma4" else {})
        yield from failures(own)
        yield from every(had)


def table(rows: Sequence[Row], targets: Sequence[Row]) -> Iterator[str]:
    """The first tree of each dialect in each group, with what each architecture came to."""
    archs = list(dict.fromkeys(row["arch"] for row in rows))
    known = {(row["arch"], row["tree"]): row for row in rows}
    yield f"| tree | dialect | {' | '.join(archs)} |"
    yield f"|---|---|{'---|' * len(archs)}"
    seen = set()
    for target in targets:
        kind = target["group"], target.get("dialect") or target["name"]
        if kind not in seen and any((arch, target["name"]) in known for arch in archs):
            seen.add(kind)
            told = (cell(known.get((arch, target["name"]))) for arch in archs)
            yield f"| {target['name']} | {target.get('dialect') or ''} | {' | '.join(told)} |"


def cell(row: Row | None) -> str:
    """What an architecture came to in a tree."""
    if row is None:
        return "-"
    if row["outcome"] not in ("ported", "completed"):
        return str(row["outcome"])
    return f"{row['edits']} edits in {row['files']} files, {row['units']} units, {row['new']} new, {row['seconds']} s"


def tried(baseline: Iterable[Row]) -> dict[str, list[bool]]:
    """For each tree, whether it compiles after each patch by any method."""
    found: dict[str, list[bool]] = {}
    for row in baseline:
        good = any(method["compiles"] for method in row["methods"].values())
        found.setdefault(row["tree"], []).append(good)
    return found


def by_group(rows: Sequence[Row], patches: dict[str, list[bool]]) -> Iterator[str]:
    yield "### By group\n"
    yield (
        "| group | trees | made it | of these ported / completed / native | patches: upstream's | QVAC-Fabric's "
        "| the better | seconds: median / most |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    groups = list(dict.fromkeys(row["group"] for row in rows))
    for group in [*groups, "all"]:
        own = [row for row in rows if group in (row["group"], "all")]
        kinds = [sum(row["outcome"] == kind for row in own) for kind in GOOD]
        known = [patches[row["tree"]] for row in own if row["tree"] in patches]
        counts = [f"{sum(each[at] for each in known)} of {len(known)}" if known else "-" for at in (0, 1)]
        better = f"{sum(map(any, known))} of {len(known)}" if known else "-"
        costs = [row["seconds"] for row in own]
        cells = [group, len(own), f"**{sum(kinds)} of {len(own)}**", " / ".join(map(str, kinds)), *counts, better,
                 f"{median(costs):.1f} / {max(costs):.1f}"]  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""


def failures(rows: Sequence[Row]) -> Iterator[str]:
    bad = [row for row in rows if row["outcome"] not in GOOD]
    yield "### What did not make it\n"
    yield "| tree | dialect | outcome | why |\n|---|---|---|---|" if bad else "Nothing.\n"
    for row in bad:
        yield f"| {row['tree']} | {row['dialect']} | {row['outcome']} | {row.get('why', '')} |"
    yield ""


def every(rows: Sequence[Row]) -> Iterator[str]:
    yield "### Every tree\n"
    yield (
        "| tree | group | dialect | outcome | rules | edits in files | units type-checked "
        "| diagnostics: pristine / new | seconds | digest |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        idle = not row.get("edits") or row["outcome"] not in ("ported", "completed", "partly")
        work = ["-"] * 4
        if not idle:
            found = f"{row['pristine']} / {row['new']}"
            work = [row["rules"], f"{row['edits']} in {row['files']}", row["units"], found]
        cells = [row["tree"], row["group"], row["dialect"], row["outcome"], *work, row["seconds"],
                 "-" if idle else row["digest"]]  # fmt: skip
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""


if __name__ == "__main__":
    main()
