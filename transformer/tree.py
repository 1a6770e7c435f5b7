"""Opening a tree: is it one, is it whole, may it be changed, and is it still the one that was read."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer import write
from transformer.errors import UsageError
from transformer.workspace import DiskStore, Workspace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Opened:
    """A tree and what was read of it. Without a `hold` it is only looked at."""

    workspace: Workspace
    seen: write.Seen
    hold: write.Hold | None = None

    def refuse_moved(self) -> None:
        """Raises `UsageError` where the tree is not the one any more that was read."""
        moved = self.seen.moved()
        if moved:
            names = ", ".join(moved[:5]) + (f" and {len(moved) - 5} more" if len(moved) > 5 else "")
            raise UsageError(f"the tree changed while it was read: {names}", where=moved[0], help="run again")


def open_tree(repo: Path) -> Workspace:
    """The workspace of a folder. Raises `UsageError` where it is none, or cannot be read."""
    if not repo.exists():
        raise UsageError(f"{repo} does not exist", help="check the path")
    if not repo.is_dir():
        raise UsageError(f"{repo} is not a folder", help="give the folder that holds the fork's source tree")
    try:
        next(repo.iterdir(), None)
    except OSError as error:
        raise UsageError(f"{repo} cannot be read: {error.strerror}", help="check its permissions") from error
    return Workspace(DiskStore(repo))


@contextmanager
def opened(repo: Path, *, writes: bool) -> Iterator[Opened]:
    """A tree, from before the first of its files is read. What writes holds it, alone; what only looks does not."""
    with ExitStack() as stack:
        hold = stack.enter_context(write.held(repo)) if writes else None
        if hold is None:
            settle(repo)
        seen = write.Seen(repo, DiskStore(repo))
        yield Opened(Workspace(seen), seen, hold)


def settle(repo: Path) -> None:
    """Raises `UsageError` where a run was cut off half-way: what writes nothing cannot finish it."""
    if write.unfinished(repo):
        raise UsageError(
            "an earlier run was cut off half-way, or another one is at work: the tree is neither old nor new",
            where=str(repo),
            help="wait for it, or put the tree back with `undo`",
        )


def refuse_unmerged(tree: Workspace) -> None:
    """Raises `UsageError` where a file that was read still holds both sides of a merge."""
    found = [(source.path, line) for source in tree.seen() if (line := source.conflict) is not None]
    if found:
        names = ", ".join(path for path, _ in found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        raise UsageError(
            f"files hold both sides of a merge: {names}",
            where=f"{found[0][0]}:{found[0][1]}",
            help="finish the merge or rebase (`git status` lists what is unmerged), then run again",
        )


def refuse_outside(repo: Path, planned: Collection[str]) -> None:
    """Raises `UsageError` where a planned file is not in the tree but behind a symlink that leads out of it."""
    root = repo.resolve()
    for path in planned:
        try:
            inside = (root / path).resolve().is_relative_to(root)
        except (OSError, RuntimeError) as error:  # a symlink to itself
            raise UsageError(f"{path} cannot be followed: {error}", where=path) from error
        if not inside:
            raise UsageError(
                f"{path} leads out of the tree through a symlink",
                where=path,
                help="give the tree that the file really is in, or put a copy in the symlink's place",
            )


def refuse_dirty(repo: Path, planned: Collection[str], *, commits: bool = False) -> str | None:
    """Raises `UsageError` that names the files with changes that are not committed; a line where git cannot say."""
    dirty = write.dirty_files(repo, planned)
    if dirty is None:
        return f"not checked for uncommitted changes: {write.why_no_git(repo) or 'git knows no file of this tree'}"
    if dirty:
        names = ", ".join(dirty[:5]) + (f" and {len(dirty) - 5} more" if len(dirty) > 5 else "")
        raise UsageError(
            f"the git tree has changes that are not committed: {names}",
            help="commit or stash them" + ("" if commits else ", or say --allow-dirty"),
        )
    return None
