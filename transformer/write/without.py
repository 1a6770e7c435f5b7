"""Taking out a run that others came after: the tree as it was before it, with the later runs planned on it again.

That is right only where nobody changed what the runs wrote, where planning all of them again gives the very bytes that
are there now, and where the later ones are still whole without it. Planning is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from transformer.errors import TransformerError, UsageError
from transformer.write import files
from transformer.write import journal as book
from transformer.write.apply import Later
from transformer.write.checks import FileChange
from transformer.write.record import Entry, Journal

Bytes = Mapping[str, bytes | None]
"""What differs from the tree on the disk: the bytes of files; None where there is to be none."""


@dataclass(frozen=True, slots=True)
class Replanned:
    """The files that a run writes, and what its plan `lacks`, in words."""

    files: Mapping[str, bytes]
    lacks: str = ""


Replan = Callable[[Mapping[str, object], Bytes], Replanned]
"""Plans a run again, by the notes of its journal, on the tree with these bytes."""


def without(
    root: Path, run: Journal, later: Sequence[Journal], replan: Replan | None
) -> tuple[list[FileChange], Later]:
    """The changes that take `run` out of the tree, and the journals of the later ones as they are then.

    Raises UsageError that names the runs in the way.
    """
    present = _present(root, [run, *later], _advice(run, later))
    if replan is None:
        raise _refusal(run, later, "there is nothing here that plans the later runs again")
    start = _bytes_before([run, *later])
    _replay_as_it_was(run, later, start, replan)
    tree: dict[str, bytes | None] = dict(start)
    modes = {entry.path: entry.mode for each in reversed([run, *later]) for entry in each.entries}
    folders = sorted({folder for each in (run, *later) for folder in each.folders})
    rebased: list[tuple[Journal, list[bytes | None]]] = []
    for each in later:
        planned = _again(run, later, each, tree, replan)
        for path in planned.keys() - tree.keys():  # no run has written this one so far
            present[path] = tree[path] = files.read(path, files.inside(root, path))
        new, copies = _rebase(each, planned, tree, modes)
        mine = [folder for folder in folders if any(_below(entry.path, folder) for entry in new.entries)]
        folders = [folder for folder in folders if folder not in mine]
        rebased.append((replace(new, folders=tuple(mine)), copies))
    return [FileChange(path, present[path], tree[path]) for path in sorted(tree)], rebased


def _present(root: Path, runs: Sequence[Journal], advice: str) -> dict[str, bytes | None]:
    """What the runs wrote, as it is now. Raises UsageError where it is not what they wrote."""
    known: dict[str, str | None] = {}
    for each in runs:
        for entry in each.entries:
            if known.get(entry.path, entry.before) != entry.before:
                raise UsageError(f"{entry.path} was changed between two runs", where=entry.path, help=advice)
            known[entry.path] = entry.after
    now = {path: files.read(path, files.inside(root, path)) for path in sorted(known)}
    changed = [path for path, data in now.items() if files.hash_of(data) != known[path]]
    if changed:
        raise UsageError(
            f"{', '.join(changed)} changed since the runs",
            where=changed[0],
            help="bring these files back to what the runs wrote, or go back with git",
        )
    return now


def _bytes_before(runs: Sequence[Journal]) -> dict[str, bytes | None]:
    before: dict[str, bytes | None] = {}
    for each in runs:
        for entry in each.entries:
            if entry.path not in before:
                before[entry.path] = book.backup(each, entry)
    return before


def _replay_as_it_was(run: Journal, later: Sequence[Journal], start: Bytes, replan: Replan) -> None:
    """Raises UsageError where planning the runs again does not give the bytes that are there."""
    tree = dict(start)
    for each in (run, *later):
        again = _planned(run, later, each, tree, replan)
        wanted = {entry.path: entry.after for entry in each.entries}
        if {path: files.hash_of(data) for path, data in again.files.items()} != wanted:
            why = f"{each.label} is planned otherwise today: the tool, its rules or files beside these have changed"
            raise _refusal(run, later, why)
        tree |= again.files


def _again(run: Journal, later: Sequence[Journal], each: Journal, tree: Bytes, replan: Replan) -> Mapping[str, bytes]:
    again = _planned(run, later, each, tree, replan)
    if again.lacks:
        raise _refusal(run, later, f"{each.label} would not be whole without it: {again.lacks}")
    return again.files


def _planned(run: Journal, later: Sequence[Journal], each: Journal, tree: Bytes, replan: Replan) -> Replanned:
    try:
        return replan(each.notes, tree)
    except TransformerError as error:
        raise _refusal(run, later, f"{each.label} cannot be planned again: {error.message}") from error


def _rebase(
    run: Journal, planned: Mapping[str, bytes], tree: dict[str, bytes | None], modes: Mapping[str, int | None]
) -> tuple[Journal, list[bytes | None]]:
    """The journal of a run on other bytes; `tree` is changed to what it is after it."""
    entries: list[Entry] = []
    copies: list[bytes | None] = []
    for number, (path, data) in enumerate(sorted(planned.items())):
        before = tree[path]
        backup = None if before is None else f"{number:04d}"
        entries.append(Entry(path, files.hash_of(before), files.hash_of(data), modes.get(path), backup))
        copies.append(before)
        tree[path] = data
    return replace(run, entries=tuple(entries)), copies


def _below(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _refusal(run: Journal, later: Sequence[Journal], why: str) -> UsageError:
    names = ", ".join(each.label for each in reversed(later))
    message = f"{run.label} cannot be taken back by itself: {names} came later, and {why}"
    return UsageError(message, help=_advice(run, later))


def _advice(run: Journal, later: Sequence[Journal]) -> str:
    return f"take them back in order: {', then '.join(each.label for each in (*reversed(later), run))}"
