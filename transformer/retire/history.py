"""What this tool wrote into a tree, and which tree of upstream's it meets there: told by git, or by the journal."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformer.errors import UsageError
from transformer.past import Past, has_history, made
from transformer.retire.lines import Written
from transformer.workspace import DiskStore, Store, Workspace
from transformer.write import files as disk
from transformer.write import journal as book
from transformer.write.git import _line, _output, _run, state_folder, why_no_git

_FARTHEST = 50  # merges, or commits that touched one file


Has = Callable[[Workspace], bool]
"""Whether a tree has the architecture of its own."""


@dataclass(frozen=True, slots=True)
class Port:
    """What was written, per file and in order. `start` is the first commit of it; empty where it is in none."""

    files: Mapping[str, Sequence[Written]]
    said: str
    start: str = ""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The tree that has the architecture of its own, and the one from which it and the fork come, where known."""

    tree: Store
    base: Store | None
    said: str


def port(root: Path, pack: str, arch: str, named: str | None) -> Port:
    """The port: the commits that were named, else those whose message says so, else the runs in the journal.

    Raises `UsageError` where there is none.
    """
    if named is not None:
        return _committed(root, _range(root, named))
    commits = made(root, arch) if has_history(root) else []
    found = _committed(root, commits) if commits else _recorded(root, {pack, arch})
    if found is None:
        raise UsageError(
            f"no port of {arch} is known here: no commit says that it was made by this tool, and no run is recorded",
            help="name the commit of the port, or A..B for several, with --port",
        )
    return found


def _range(root: Path, named: str) -> list[str]:
    """The commits of a revision, or of a range, the oldest first. Raises `UsageError`."""
    if (why := why_no_git(root)) is not None:
        raise UsageError(f"{named} cannot be looked up: {why}", help="without git, only runs in the journal are known")
    if ".." not in named:
        if commit := _commit(root, named):
            return [commit]
        raise UsageError(f"{named} is no commit of this repository", help="`git log --oneline` lists them")
    answer = _run(root, ["rev-list", "--reverse", "--no-merges", "--end-of-options", named, "--"])
    found = os.fsdecode(answer.stdout).split()
    if answer.returncode or not found:
        raise UsageError(f"{named} names no commits of this repository", help="say A..B: after A, up to B")
    return found


def _commit(root: Path, named: str) -> str:
    """The whole name of a commit; empty where nothing is called so."""
    answer = _run(root, ["rev-parse", "-q", "--verify", "--end-of-options", f"{named}^{{commit}}"])
    return os.fsdecode(answer.stdout).strip() if answer.returncode == 0 else ""


def _committed(root: Path, commits: Sequence[str]) -> Port:
    prefix = _line(root, ["rev-parse", "--show-prefix"])
    files: dict[str, list[Written]] = {}
    for commit in commits:
        parents = _line(root, ["log", "-1", "--format=%P", commit]).split()
        if len(parents) != 1:
            what = f"{commit[:12]} has {len(parents)} parents: it is no commit of a port"
            raise UsageError(what, help="name another with --port")
        old, new = Past(root, parents[0], prefix), Past(root, commit, prefix)
        words = ["diff-tree", "-r", "-z", "--no-renames", "--name-only", parents[0], commit]
        for path in os.fsdecode(_output(root, words)).split("\0"):
            if path and path.startswith(prefix):
                inside = path.removeprefix(prefix)
                files.setdefault(inside, []).append(Written(old.read(inside), new.read(inside)))
    names = ", ".join(each[:12] for each in commits[:3]) + (f" and {len(commits) - 3} more" if len(commits) > 3 else "")
    return Port(files, f"commit{'' if len(commits) == 1 else 's'} {names}", commits[0])


# what the journal says


def _recorded(root: Path, names: set[str]) -> Port | None:
    """The runs of an architecture. Raises `UsageError` where nobody knows any more what they wrote."""
    runs = [each for each in book.stack(state_folder(root)) if {each.notes.get("pack"), each.notes.get("arch")} & names]
    if not runs:
        return None
    files: dict[str, list[Written]] = {}
    homes: Counter[str] = Counter()
    for run in runs:
        for entry in run.entries:
            after, commit = _bytes(root, entry.path, entry.after)
            files.setdefault(entry.path, []).append(Written(book.backup(run, entry), after))
            homes[commit] += 1
    del homes[""]
    start = homes.most_common(1)[0][0] if homes else ""
    return Port(files, f"the run of {runs[-1].label} in the journal", start)


def _bytes(root: Path, path: str, wanted: str | None) -> tuple[bytes | None, str]:
    """The file of a hash: as it is, or as some commit has it, and which; the first that had it."""
    if wanted is None:
        return None, ""
    found, where = None, ""
    if has_history(root):
        prefix = _line(root, ["rev-parse", "--show-prefix"])
        listed = _output(root, ["log", f"-{_FARTHEST}", "--format=%H", "--full-history", "--no-merges", "--", path])
        for commit in os.fsdecode(listed).split():
            data = Past(root, commit, prefix).read(path)
            if disk.hash_of(data) == wanted:
                found, where = data, commit
    if found is None and disk.hash_of(now := disk.read(path, disk.inside(root, path))) == wanted:
        found = now
    if found is None:
        raise UsageError(
            f"what the run wrote into {path} is known to nobody any more: the file has changed, and no commit has it",
            where=path,
            help="name the commit of the port with --port",
        )
    return found, where


# upstream


def upstream(root: Path, found: Port, arch: str, has: Has, named: str | None) -> Upstream:
    """The tree that was named, else the newest that was merged since the port and has the architecture.

    Where the port was put on a tree that has it, that is the one. Raises `UsageError` where none has it.
    """
    history = has_history(root)
    prefix = _line(root, ["rev-parse", "--show-prefix"]) if history else ""
    if named is not None:
        return _named(root, found, arch, has, named, prefix if history else None)
    before = f"{found.start}^" if found.start else ""
    for commit in [*_merged(root, found.start), _line(root, ["rev-parse", before])] if before else []:
        tree = Past(root, commit, prefix)
        if has(Workspace(tree)):
            return Upstream(tree, _base(root, before, commit, prefix), f"commit {commit[:12]}")
    raise UsageError(
        f"nothing that was merged since the port has {arch} of its own",
        help="merge upstream first, or say where its support is: --upstream REV or a folder; "
        + (f"`git revert {found.start[:12]}` takes the port out altogether" if found.start else "`undo` takes it back"),
    )


def _named(root: Path, found: Port, arch: str, has: Has, named: str, prefix: str | None) -> Upstream:
    trees: list[tuple[Store, str]] = []
    if prefix is not None:
        commit = _commit(root, named)
        trees += [(Past(root, commit, each), commit) for each in dict.fromkeys((prefix, ""))] if commit else []
    if not trees and Path(named).is_dir():
        trees = [(DiskStore(Path(named)), "")]
    if not trees:
        raise UsageError(f"{named} is neither a commit nor a folder", help="say a revision, or a folder")
    for tree, commit in trees:
        if has(Workspace(tree)):
            start = f"{found.start}^" if found.start else "HEAD"
            base = _base(root, start, commit, prefix or "") if commit else None
            return Upstream(tree, base, f"commit {commit[:12]}" if commit else named)
    raise UsageError(f"{named} has no {arch} of its own", help="name a tree of upstream's that has it")


def _merged(root: Path, start: str) -> Iterator[str]:
    """What merges since a commit brought, the newest first: their parents that do not have the commit."""
    words = ["rev-list", "--merges", "--ancestry-path", f"-{_FARTHEST}", "--parents", f"{start}..HEAD"]
    for line in os.fsdecode(_output(root, words)).splitlines():
        yield from (each for each in line.split()[1:] if not _holds(root, each, start))


def _holds(root: Path, commit: str, start: str) -> bool:
    return _run(root, ["merge-base", "--is-ancestor", start, commit]).returncode == 0


def _base(root: Path, ours: str, theirs: str, prefix: str) -> Store | None:
    answer = _run(root, ["merge-base", ours, theirs])
    return Past(root, os.fsdecode(answer.stdout).strip(), prefix) if answer.returncode == 0 else None
