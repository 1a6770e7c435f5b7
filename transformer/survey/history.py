"""Which revisions of a repository to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.errors import UsageError
from transformer.survey.objects import ask

if TYPE_CHECKING:
    from pathlib import Path


def in_range(repository: Path, span: str, every: int) -> list[str]:
    """The first-parent commits of `A..B`, oldest first: each Nth from the first, and the last."""
    if span.startswith("-") or not span.strip():
        raise UsageError(f"{span!r} is not a range of revisions", help="say A..B")
    found = ask(repository, "rev-list", "--first-parent", "--reverse", "--end-of-options", span, "--").split()
    if not found:
        raise UsageError(f"there is no revision in {span}", help="say A..B with A the older one")
    return thinned(found, every)


def thinned(revisions: list[str], every: int) -> list[str]:
    """Each Nth from the first, and the last."""
    kept = revisions[::every]
    return kept if kept[-1] == revisions[-1] else [*kept, revisions[-1]]


def listed(file: Path) -> list[str]:
    """The revisions that a file names, one a line; `#` begins a comment."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", help="one revision a line") from error
    names = [line.partition("#")[0].strip() for line in lines]
    found = list(dict.fromkeys(name for name in names if name))
    if not found:
        raise UsageError(f"{file} names no revision", help="one revision a line")
    return found
