"""Before anything is written: whether all changes can be carried out. All that is in the way is named at once."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformer.errors import UsageError
from transformer.write import files

_SLACK = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileChange:
    """The bytes of one file before and after; None before makes it new, None after removes it."""

    path: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Step:
    """A change that passed all checks: where it really goes, the mode bits it finds and leaves."""

    change: FileChange
    target: Path
    found_mode: int | None
    mode: int | None


def checked(root: Path, state: Path, changes: Iterable[FileChange]) -> list[Step]:
    """One step for each change that changes something. Raises UsageError with all that is wrong."""
    steps: list[Step] = []
    problems: list[UsageError] = []
    for change in sorted(changes, key=lambda change: change.path):
        try:
            with files.looking(change.path):
                step = _check(root, change)
            if any(step.target == other.target for other in steps):
                raise UsageError(f"{change.path} is planned twice", where=change.path)
            steps.append(step)
        except UsageError as problem:
            problems.append(problem)
    refuse(problems)
    steps = [step for step in steps if step.change.before != step.change.after]
    with files.looking(str(root)):
        _check_space(root, state, steps)
    return steps


def refuse(problems: Sequence[UsageError]) -> None:
    """Raises one UsageError for all of the problems, where there are any."""
    if not problems:
        return
    helps = dict.fromkeys(problem.help for problem in problems if problem.help)
    message = "; ".join(problem.message for problem in problems)
    raise UsageError(message, help="; ".join(helps), where=problems[0].where)


def missing_folders(root: Path, steps: Iterable[Step]) -> tuple[str, ...]:
    """The folders that have to be made, outermost first."""
    parents = {parent for step in steps for parent in step.target.parents}
    with files.looking(str(root)):
        missing = [parent for parent in parents if parent.is_relative_to(root) and not parent.exists()]
    return tuple(sorted(parent.relative_to(root).as_posix() for parent in missing))


def _check(root: Path, change: FileChange) -> Step:
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
    return Step(change, target, mode, mode)


def _check_writable(root: Path, path: str, target: Path) -> None:
    folder = next(folder for folder in target.parents if folder.exists())
    # Root may write anything, yet a read-only bit still says that nobody should.
    for place, access in ((folder, os.W_OK | os.X_OK), (target, os.W_OK)):
        if not place.exists() or (place.stat().st_mode & 0o222 and os.access(place, access)):
            continue
        name = place.relative_to(root).as_posix()
        what = path if place == target else f"{path}: its folder {name}"
        raise UsageError(f"{what} is read-only", help=f"chmod u+w {name}", where=path)


def _check_space(root: Path, state: Path, steps: Sequence[Step]) -> None:
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
