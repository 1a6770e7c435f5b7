"""The one place that writes to a tree: everything or nothing, and it can be taken back."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from transformer.errors import Interrupted, TransformerError, UsageError
from transformer.write import files
from transformer.write import journal as book
from transformer.write.git import state_folder
from transformer.write.journal import Entry, Journal, Receipt, WriteError

_NO_NOTES: Mapping[str, object] = MappingProxyType({})
_SLACK = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileChange:
    """The bytes of one file before and after; None before makes it new, None after removes it."""

    path: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class _Step:
    """A change that passed all checks: where it really goes, the mode bits it finds and leaves."""

    change: FileChange
    target: Path
    found_mode: int | None
    mode: int | None


def apply(root: Path, changes: Sequence[FileChange], *, label: str, notes: Mapping[str, object] = _NO_NOTES) -> Receipt:
    """Carry out all changes, or none; `notes` must be JSON data.

    Raises UsageError before anything is written, WriteError or Interrupted after all was taken back.
    """
    root, state = _open(root)
    with book.locked(state):
        _settle(root, state)
        steps = _checked(root, state, changes)
        if not steps:
            return Receipt(label, ())
        draft = Journal(book.new_folder(state), "writing", label, _entries(steps), notes=notes)
        done = _carry_out(root, replace(draft, folders=_missing_folders(root, steps)), steps)
        book.prune(state)
    return book.receipt_of(done)


def check(root: Path, changes: Sequence[FileChange]) -> None:
    """Whether `apply` could start now. Raises UsageError with all that is in the way; writes nothing."""
    root, state = _open(root)
    _checked(root, state, changes)


def undo(root: Path) -> Receipt:
    """Take back the last run; the receipt is that of the run.

    Raises UsageError where there is none or a file has changed since, else as `apply`.
    """
    root, state = _open(root)
    with book.locked(state):
        _settle(root, state)
        last = _last(state)
        if last is None:
            raise UsageError("nothing to undo: no run is recorded for this tree", where=str(root))
        modes = {entry.path: entry.mode for entry in last.entries}
        checked = _checked(root, state, _inverse(root, last))
        steps = [replace(step, mode=modes[step.change.path]) for step in checked]
        draft = Journal(book.new_folder(state), "writing", f"undo of {last.label}", _entries(steps))
        draft = replace(draft, folders=_missing_folders(root, steps), undoes=last.folder.name)
        done = _carry_out(root, draft, steps)
        with _naming("the journal"):
            book.finish(root, done)
    return book.receipt_of(last)


def recover(root: Path) -> str | None:
    """Finish or take back what a killed run left half done; a line that says which, or None.

    Raises UsageError where a file was changed since, or another run is at work.
    """
    root, state = _open(root)
    if not any(journal.unfinished for journal in book.journals(state)):
        return None
    with book.locked(state):
        return _settle(root, state)


def last_applied(root: Path) -> Receipt | None:
    """What the last run that was not undone did to this tree; None without one."""
    last = _last(_open(root)[1])
    return None if last is None else book.receipt_of(last)


def _open(root: Path) -> tuple[Path, Path]:
    if not root.is_dir():
        raise UsageError(f"{root} is not a folder")
    return root.resolve(), state_folder(root)


def _last(state: Path) -> Journal | None:
    applied = [journal for journal in book.journals(state) if not journal.unfinished]
    return applied[-1] if applied else None


def _settle(root: Path, state: Path) -> str | None:
    with _naming("the files of an earlier run"):
        return book.settle(root, state)


# Checks: nothing is written before all of them pass.


def _checked(root: Path, state: Path, changes: Iterable[FileChange]) -> list[_Step]:
    """One step for each change that changes something. Raises UsageError with all that is wrong."""
    steps: list[_Step] = []
    problems: list[UsageError] = []
    for change in sorted(changes, key=lambda change: change.path):
        try:
            step = _check(root, change)
            if any(step.target == other.target for other in steps):
                raise UsageError(f"{change.path} is planned twice", where=change.path)
            steps.append(step)
        except UsageError as problem:
            problems.append(problem)
    _refuse(problems)
    steps = [step for step in steps if step.change.before != step.change.after]
    _check_space(root, state, steps)
    return steps


def _refuse(problems: Sequence[UsageError]) -> None:
    if not problems:
        return
    helps = dict.fromkeys(problem.help for problem in problems if problem.help)
    message = "; ".join(problem.message for problem in problems)
    raise UsageError(message, help="; ".join(helps), where=problems[0].where)


def _check(root: Path, change: FileChange) -> _Step:
    path = change.path
    target = files.inside(root, path)
    found = files.read(path, target)
    if change.before is None and (found is not None or os.path.lexists(root / path)):
        raise UsageError(f"{path} exists already", where=path)
    if found != change.before:
        what = "was removed" if found is None else "has changed"
        raise UsageError(f"{path} {what} since it was read", help="run again", where=path)
    if change.after is None and (root / path).is_symlink():
        raise UsageError(f"{path} is a symlink and cannot be removed as a file", where=path)
    _check_writable(root, path, target)
    mode = None if found is None else stat.S_IMODE(target.stat().st_mode)
    return _Step(change, target, mode, mode)


def _check_writable(root: Path, path: str, target: Path) -> None:
    folder = next(folder for folder in target.parents if folder.exists())
    # Root may write anything, yet a read-only bit still says that nobody should.
    for place, access in ((folder, os.W_OK | os.X_OK), (target, os.W_OK)):
        if not place.exists() or (place.stat().st_mode & 0o222 and os.access(place, access)):
            continue
        name = place.relative_to(root).as_posix()
        what = path if place == target else f"{path}: its folder {name}"
        raise UsageError(f"{what} is read-only", help=f"chmod u+w {name}", where=path)


def _check_space(root: Path, state: Path, steps: Sequence[_Step]) -> None:
    """Old and new bytes are on the disk side by side for a moment. Raises UsageError."""
    new = sum(len(step.change.after or b"") for step in steps)
    old = sum(len(step.change.before or b"") for step in steps)
    state = next(place for place in (state, *state.parents) if place.is_dir())
    shared = root.stat().st_dev == state.stat().st_dev
    needs = {root: new + old} if shared else {root: new, state: old}
    for place, size in needs.items():
        disk = os.statvfs(place)
        free = disk.f_bavail * disk.f_frsize
        # Some network and user-space file systems report no size at all.
        if disk.f_blocks and free < size + _SLACK:
            message = f"not enough disk space: {size + _SLACK} bytes are needed, {free} are free"
            raise UsageError(message, where=str(place))


def _missing_folders(root: Path, steps: Iterable[_Step]) -> tuple[str, ...]:
    parents = {parent for step in steps for parent in step.target.parents}
    missing = (parent for parent in parents if parent.is_relative_to(root) and not parent.exists())
    return tuple(sorted(parent.relative_to(root).as_posix() for parent in missing))


def _inverse(root: Path, journal: Journal) -> list[FileChange]:
    """The changes that take a run back. Raises UsageError that names each file changed since."""
    changes: list[FileChange] = []
    problems: list[UsageError] = []
    advice = "bring these files back to what the run wrote, or go back with git"
    for entry in journal.entries:
        now = files.read(entry.path, files.inside(root, entry.path))
        if files.hash_of(now) != entry.after:
            what = "was removed" if now is None else "has changed"
            problems.append(UsageError(f"{entry.path} {what} since the run", help=advice, where=entry.path))
        changes.append(FileChange(entry.path, now, book.backup(journal, entry)))
    _refuse(problems)
    return changes


# Writing: the journal first, then all new bytes beside their files, then the renames.


def _entries(steps: Sequence[_Step]) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            path=step.change.path,
            before=files.hash_of(step.change.before),
            after=files.hash_of(step.change.after),
            mode=step.found_mode,
            backup=None if step.change.before is None else f"{number:04d}",
        )
        for number, step in enumerate(steps)
    )


def _carry_out(root: Path, journal: Journal, steps: Sequence[_Step]) -> Journal:
    """The journal, applied. Whatever goes wrong, the tree is put back before the error is raised."""
    started = 0
    try:
        _prepare(journal, steps)
        for folder in journal.folders:
            with _naming(folder):
                (root / folder).mkdir(exist_ok=True)
        temporaries = [book.temporary(root, journal, step.change.path) for step in steps]
        for step, temporary in zip(steps, temporaries, strict=True):
            _stage(step, temporary)
        for step, temporary in zip(steps, temporaries, strict=True):
            if files.read(step.change.path, step.target) != step.change.before:
                raise WriteError(f"{step.change.path} was changed by someone else meanwhile", where=step.change.path)
            started += 1
            _swap(step, temporary)
        files.sync_parents(step.target for step in steps)
        applied = replace(journal, state="applied")
        with _naming("the journal"):
            book.save(applied)
    except BaseException as error:
        _abort(root, journal, started, error)
    return applied


def _prepare(journal: Journal, steps: Sequence[_Step]) -> None:
    with _naming("the journal"):
        journal.folder.mkdir(mode=0o700, parents=True)
        for entry, step in zip(journal.entries, steps, strict=True):
            if entry.backup is not None and step.change.before is not None:
                files.write_new(journal.folder / entry.backup, step.change.before, 0o600)
        book.save(journal)
        files.sync_parents([journal.folder])


def _stage(step: _Step, temporary: Path) -> None:
    if step.change.after is not None:
        with _naming(step.change.path):
            files.write_new(temporary, step.change.after, step.mode, files.owner(step.target))


def _swap(step: _Step, temporary: Path) -> None:
    with _naming(step.change.path):
        if step.change.after is None:
            step.target.unlink()
        else:
            os.replace(temporary, step.target)


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Say which file it was: what the system names is the temporary one."""
    try:
        yield
    except OSError as error:
        raise WriteError(f"{what} could not be written: {files.reason(error)}", where=what) from error


def _abort(root: Path, journal: Journal, started: int, error: BaseException) -> NoReturn:
    """Put the tree back and say so; where even that fails, the journal stays for the next run."""
    try:
        book.put_back(root, journal, journal.entries[:started])
    except BaseException as second:
        advice = f"the next run, or undo, tries again to put the files back; copies are in {journal.folder}"
        message = f"{_tell(error)}; putting the files back failed too: {_tell(second)}"
        raise WriteError(message, help=advice) from error
    if isinstance(error, KeyboardInterrupt):
        raise Interrupted("interrupted; nothing was changed") from error
    where = error.where if isinstance(error, TransformerError) else ""
    raise WriteError(f"{_tell(error)}; nothing was changed", where=where) from error


def _tell(error: BaseException) -> str:
    if isinstance(error, TransformerError):
        return error.message
    if isinstance(error, OSError):
        return f"{error.filename}: {files.reason(error)}" if error.filename else files.reason(error)
    return "interrupted" if isinstance(error, KeyboardInterrupt) else repr(error)
