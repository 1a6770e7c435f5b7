"""A tree that this process holds: from before its first file is read to after the last one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from transformer.errors import Interrupted, UsageError
from transformer.write import files, signals
from transformer.write import journal as book
from transformer.write.apply import Later, carry_out, entries_of
from transformer.write.back import Settled, settle
from transformer.write.checks import FileChange, Step, checked, missing_folders, refuse
from transformer.write.git import state_folder
from transformer.write.lock import locked
from transformer.write.record import Journal, Receipt
from transformer.write.seen import Seen
from transformer.write.without import Replan, without

_NO_NOTES: Mapping[str, object] = MappingProxyType({})


def _nothing() -> None:
    """What is done at the point of no return, unless the caller has something to do."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The tree at `root`. `settled` is what became of earlier runs that had been cut off."""

    root: Path
    state: Path
    settled: tuple[Settled, ...]

    @property
    def note(self) -> str | None:
        """A line about earlier runs that had been cut off."""
        return _line(self.settled)

    def runs(self) -> list[Receipt]:
        """The runs that can be taken back, oldest first."""
        return [journal.receipt for journal in book.stack(self.state)]

    def check(self, changes: Sequence[FileChange]) -> None:
        """Whether `apply` could start now. Raises UsageError with all that is in the way; writes nothing."""
        checked(self.root, self.state, changes)

    def apply(
        self,
        changes: Sequence[FileChange],
        *,
        label: str,
        notes: Mapping[str, object] = _NO_NOTES,
        seen: Seen | None = None,
        written: Callable[[], None] = _nothing,
    ) -> Receipt:
        """Carry out all changes, or none; `notes` must be JSON data.

        `seen` is what the changes were planned on, and `written` is called at the point of no return.
        Raises UsageError before anything is written, WriteError or Interrupted after all was taken back.
        """
        _refuse_moved(seen)
        steps = checked(self.root, self.state, changes)
        if not steps:
            return Receipt(label, ())
        journal = Journal(book.new_folder(self.state), "writing", label, entries_of(steps), notes=notes)
        done = carry_out(self.root, _with_folders(self.root, journal, steps), steps, written, seen=seen)
        book.prune(self.state)
        return done.receipt

    def undo(
        self,
        run: str = "",
        replan: Replan | None = None,
        *,
        seen: Seen | None = None,
        written: Callable[[], None] = _nothing,
    ) -> Receipt:
        """Take back a run, by default the last one; the receipt is that of the run.

        Below later runs it is taken out by planning those again without it, which `replan` does.
        Raises UsageError where there is no run, where a file has changed since, and where that is not the same
        tree as if it had never been there; else as `apply`.
        """
        stack = book.stack(self.state)
        place = next((n for n, each in enumerate(stack) if each.folder.name == run), len(stack) - 1 if not run else -1)
        if place < 0:
            raise UsageError("nothing to undo: no run is recorded for this tree", where=str(self.root))
        first, above = stack[place], stack[place + 1 :]
        later: Later = ()
        if above:
            changes, later = without(self.root, first, above, replan)
        else:
            changes = _inverse(self.root, first)
        _refuse_moved(seen)
        modes = {entry.path: entry.mode for each in reversed(stack[place:]) for entry in each.entries}
        steps = [replace(s, mode=_or(modes[s.change.path], s.mode)) for s in checked(self.root, self.state, changes)]
        journal = Journal(book.new_folder(self.state), "writing", f"undo of {first.label}", entries_of(steps))
        journal = replace(_with_folders(self.root, journal, steps), undoes=first.folder.name)
        carry_out(self.root, journal, steps, written, seen=seen, later=later)
        return first.receipt


@contextmanager
def held(root: Path, *, take_back: bool = False) -> Iterator[Hold]:
    """Hold a tree, alone. What earlier runs left half done is finished or taken back first.

    With `take_back`, a run is taken back in any case, also where all of its files are there.
    Raises UsageError where another process holds it, or where a file was changed since a run was cut off.
    """
    signals.begin()
    root, state = _open(root)
    with locked(state):
        yield Hold(root, state, _settle(root, state, back=take_back))


def unfinished(root: Path) -> bool:
    """Whether a run was cut off half-way, or is at work; looks, and holds nothing."""
    return any(journal.unfinished for journal in book.journals(_open(root)[1]))


def last_applied(root: Path) -> Receipt | None:
    """What the last run that was not undone did to this tree; None without one."""
    stack = book.stack(_open(root)[1])
    return stack[-1].receipt if stack else None


def _open(root: Path) -> tuple[Path, Path]:
    with files.looking(str(root)):
        if not root.is_dir():
            raise UsageError(f"{root} is not a folder")
        return root.resolve(), state_folder(root)


def _settle(root: Path, state: Path, *, back: bool) -> tuple[Settled, ...]:
    settled: tuple[Settled, ...] = ()
    try:
        with signals.held_back():
            settled = settle(root, state, back=back)
    except KeyboardInterrupt as error:
        if settled:
            raise Interrupted(f"interrupted; {_line(settled)}") from error
        raise
    return settled


def _line(settled: Sequence[Settled]) -> str | None:
    return "; ".join(each.words for each in settled) or None


def _or(mode: int | None, other: int | None) -> int | None:
    return other if mode is None else mode


def _with_folders(root: Path, journal: Journal, steps: Sequence[Step]) -> Journal:
    return replace(journal, folders=missing_folders(root, steps))


def _refuse_moved(seen: Seen | None) -> None:
    moved = seen.moved() if seen is not None else []
    if moved:
        names = ", ".join(moved[:5]) + (f" and {len(moved) - 5} more" if len(moved) > 5 else "")
        message = f"the tree changed while it was read: {names}; nothing was written"
        raise UsageError(message, where=moved[0], help="run again")


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
    refuse(problems)
    return changes
