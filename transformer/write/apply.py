"""The one place that writes to a tree: everything or nothing, and it can be taken back."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from transformer.errors import Interrupted, TransformerError
from transformer.write import back, files
from transformer.write import journal as book
from transformer.write.back import naming
from transformer.write.record import Entry, Journal, WriteError
from transformer.write.signals import Stop, held_back

if TYPE_CHECKING:
    from transformer.write.checks import Step
    from transformer.write.seen import Seen, Written

Later = Sequence[tuple[Journal, Sequence[bytes | None]]]
"""Journals of later runs as they will be, each with the copies of the bytes before."""


def entries_of(steps: Sequence[Step]) -> tuple[Entry, ...]:
    """What a journal says of the steps."""
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


def carry_out(
    root: Path,
    journal: Journal,
    steps: Sequence[Step],
    written: Callable[[], None],
    *,
    seen: Seen | None = None,
    later: Later = (),
) -> Journal:
    """The journal, applied. Whatever goes wrong before, the tree is put back before the error is raised.

    `written` is called once nothing can be taken back any more. The journal is written first, then all new bytes
    beside their files, then come the renames; then everything that was `seen` is looked at once more.
    """
    with held_back() as stop:
        started: list[Step] = []
        try:
            _prepare(journal, steps, later)
            _write(root, journal, steps, started, stop)
            stop.check()
            _look_again(root, steps, seen)
            applied = replace(journal, state="applied")
            with naming("the journal"):
                book.save(applied)
        except BaseException as error:
            _abort(root, journal, len(started), error)
        stop.past()
        written()
        back.finish(root, applied)
    return applied


def _prepare(journal: Journal, steps: Sequence[Step], later: Later) -> None:
    with naming("the journal"):
        book.prepare(journal, [step.change.before for step in steps])
        for each, copies in later:
            book.prepare(replace(each, folder=book.later(journal, each.folder.name)), copies)


def _write(root: Path, journal: Journal, steps: Sequence[Step], started: list[Step], stop: Stop) -> None:
    for folder in journal.folders:
        with naming(folder):
            (root / folder).mkdir(exist_ok=True)
    temporaries = [back.temporary(root, journal, step.change.path) for step in steps]
    for step, temporary in zip(steps, temporaries, strict=True):
        stop.check()
        _stage(step, temporary)
    for step, temporary in zip(steps, temporaries, strict=True):
        stop.check()
        if files.read(step.change.path, step.target) != step.change.before:
            raise WriteError(f"{step.change.path} was changed by someone else meanwhile", where=step.change.path)
        started.append(step)
        _swap(step, temporary)
    files.sync_parents(step.target for step in steps)


def _stage(step: Step, temporary: Path) -> None:
    if step.change.after is not None:
        with naming(step.change.path):
            files.write_new(temporary, step.change.after, step.mode, files.owner(step.target))


def _swap(step: Step, temporary: Path) -> None:
    with naming(step.change.path):
        if step.change.after is None:
            step.target.unlink()
        else:
            os.replace(temporary, step.target)


def _look_again(root: Path, steps: Sequence[Step], seen: Seen | None) -> None:
    """Raises WriteError where somebody else wrote to the tree while we did: half of theirs and half of ours.

    A file of ours that holds something new by now was edited after we had written it, which anybody may. One that
    is as before was put back, by a checkout say.
    """
    ours: Written = {}
    moved: list[str] = []
    for step in steps:
        now = files.read(step.change.path, step.target)
        ours[step.target.relative_to(root).as_posix()] = files.hash_of(now)
        if now != step.change.after and now in (step.change.before, None):
            moved.append(step.change.path)
    moved += seen.moved(ours) if seen is not None else []
    if moved:
        raise WriteError(f"{', '.join(moved[:5])} was changed by someone else meanwhile", where=moved[0])


def _abort(root: Path, journal: Journal, started: int, error: BaseException) -> NoReturn:
    """Put the tree back and say so; where even that fails, the journal stays for the next run."""
    try:
        put = back.put_back(root, journal, journal.entries[:started], leave=True)
    except BaseException as second:
        advice = f"the next run, or undo, tries again to put the files back; copies are in {journal.folder}"
        message = f"{_tell(error)}; putting the files back failed too: {_tell(second)}"
        raise WriteError(message, help=advice) from error
    theirs = [path for path in put.foreign if path in {entry.path for entry in journal.entries[:started]}]
    state = f"all was put back but {', '.join(theirs)}, now somebody else's" if theirs else "nothing was changed"
    if isinstance(error, KeyboardInterrupt):
        raise Interrupted(f"interrupted; {state}") from error
    where = error.where if isinstance(error, TransformerError) else ""
    raise WriteError(f"{_tell(error)}; {state}", where=where) from error


def _tell(error: BaseException) -> str:
    if isinstance(error, TransformerError):
        return error.message
    if isinstance(error, OSError):
        return f"{error.filename}: {files.reason(error)}" if error.filename else files.reason(error)
    return "interrupted" if isinstance(error, KeyboardInterrupt) else repr(error)
