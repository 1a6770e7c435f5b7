"""Opening a tree: is it one, is it whole, may it be changed."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from transformer import write
from transformer.errors import UsageError
from transformer.workspace import DiskStore, Workspace


def open_tree(repo: Path) -> Workspace:
    """The workspace of a folder. Raises `UsageError` where it is none, or cannot be read."""
    if not repo.exists():
        raise UsageError(f"{repo} does not exist")
    if not repo.is_dir():
        raise UsageError(f"{repo} is not a folder", help="give the folder that holds the fork's source tree")
    try:
        next(repo.iterdir(), None)
    except PermissionError as error:
        raise UsageError(f"{repo} cannot be read: {error.strerror}") from error
    return Workspace(DiskStore(repo))


def refuse_dirty(repo: Path, planned: Collection[str]) -> None:
    """Raises `UsageError` that names the files where git knows of changes that are not committed."""
    dirty = write.dirty_files(repo, planned)
    if dirty:
        names = ", ".join(dirty[:5]) + (f" and {len(dirty) - 5} more" if len(dirty) > 5 else "")
        raise UsageError(
            f"the git tree has changes that are not committed: {names}",
            where=dirty[0],
            help="commit or stash them, or say --allow-dirty",
        )
