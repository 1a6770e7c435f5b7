"""Going back, in the process that wrote or in a later one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from transformer.errors import UsageError
from transformer.write import files
from transformer.write import journal as book
from transformer.write.record import Entry, Journal, WriteError


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a run that was cut off: in words, whether it was an `undo`, and whether it was completed."""

    words: str
    undo: bool
    done: bool


@dataclass(frozen=True, slots=True)
class PutBack:
    """How many files were put back, and which were left as somebody else wrote them meanwhile."""

    count: int
    foreign: tuple[str, ...] = ()


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Say which file it was: what the system names is the temporary one."""
    try:
        yield
    except OSError as error:
        raise WriteError(f"{what} could not be written: {files.reason(error)}", where=what) from error


def settle(root: Path, state: Path, *, back: bool) -> tuple[Settled, ...]:
    """Finish or take back each run that was cut off; with `back`, a run is taken back in any case.

    Raises UsageError where a file is neither old nor new, and WriteError; then the next command tries again.
    """
    cut_off = [journal for journal in book.journals(state) if journal.unfinished or journal.undoes]
    with naming("the files of an earlier run"):
        return tuple(_settle(root, journal, back=back) for journal in reversed(cut_off))


def _settle(root: Path, journal: Journal, *, back: bool) -> Settled:
    run, undo = f"an earlier run ({journal.label}) was cut off", bool(journal.undoes)
    if not journal.unfinished or (_whole(root, journal) and (undo or not back)):
        applied = replace(journal, state="applied")
        if journal.unfinished:
            book.save(applied)
        finish(root, applied)
        return Settled(f"{run} after its last file: it is complete now", undo, True)
    count = put_back(root, journal, journal.entries).count
    what = f"{run}: {count} of its files put back" if count else f"{run} before its first file: nothing to put back"
    return Settled(what, undo, False)


def _whole(root: Path, journal: Journal) -> bool:
    return _standing(root, journal, journal.entries) == [*journal.entries]


def finish(root: Path, journal: Journal) -> None:
    """Close a run that is saved as applied. An undo takes both journals with it, and changes those of later runs.

    The tree is as it should be already: what fails here is done by the next command.
    """
    if not journal.undoes:
        return
    with suppress(OSError, UsageError):
        for folder in book.prepared(journal):
            old = journal.folder.with_name(folder.name)
            book.discard(old)
            os.rename(folder, old)
        undone = book.load(journal.folder.with_name(journal.undoes))
        if undone is not None:
            _remove_folders(root, undone)
            book.discard(undone.folder)
        book.discard(journal.folder)


def put_back(root: Path, journal: Journal, entries: Sequence[Entry], *, leave: bool = False) -> PutBack:
    """Restore those of the entries that were written, and forget the run.

    Raises OSError, and UsageError before anything is touched where a file is neither old nor new; with `leave`,
    such files are left to whom they belong, and the others are put back.
    """
    foreign = tuple(_foreign(root, entries)) if leave else ()
    ours = [entry for entry in entries if entry.path not in foreign]
    changed = _standing(root, journal, ours)
    copies = [book.backup(journal, entry) for entry in changed]
    for entry in journal.entries:
        with suppress(UsageError):  # its place is behind a link now: no file of ours is there
            temporary(root, journal, entry.path).unlink(missing_ok=True)
    for entry, data in zip(changed, copies, strict=True):
        target = files.inside(root, entry.path)
        if data is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        new = temporary(root, journal, entry.path)
        files.write_new(new, data, entry.mode, files.owner(target))
        os.replace(new, target)
    _remove_folders(root, journal)
    files.sync_parents(files.inside(root, entry.path) for entry in ours)
    book.discard(journal.folder)
    return PutBack(len(changed), foreign)


def _hash(root: Path, entry: Entry) -> str | None:
    return files.hash_of(files.read(entry.path, files.inside(root, entry.path)))


def _foreign(root: Path, entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        try:
            if _hash(root, entry) not in (entry.before, entry.after):
                yield entry.path
        except UsageError:  # something else is there now, or it leads elsewhere
            yield entry.path


def _standing(root: Path, journal: Journal, entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose file is as the run left it. Raises UsageError where one is neither old nor new."""
    hashes = {entry.path: _hash(root, entry) for entry in entries}
    foreign = [entry.path for entry in entries if hashes[entry.path] not in (entry.before, entry.after)]
    if foreign:
        raise UsageError(
            f"a run ({journal.label}) was cut off, and these files are neither as before it nor as it wrote them: "
            + ", ".join(foreign),
            help=f"restore them (copies are in {journal.folder}), or remove that folder to keep the tree as it is",
            where=foreign[0],
        )
    return [entry for entry in entries if hashes[entry.path] == entry.after]


def _remove_folders(root: Path, journal: Journal) -> None:
    for folder in reversed(journal.folders):
        with suppress(OSError, UsageError):  # not empty: someone else put something there; or it leads elsewhere now
            files.inside(root, folder).rmdir()


def temporary(root: Path, journal: Journal, path: str) -> Path:
    """The file beside the target that holds its new bytes; a later process works out the same name."""
    number = [entry.path for entry in journal.entries].index(path)
    return files.inside(root, path).with_name(f".{journal.folder.name}-{number}.tmp")
