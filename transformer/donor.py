"""Donors: trees that an architecture is read from: a folder, a package as unpacked, or a revision of a repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from transformer.errors import UsageError
from transformer.survey.objects import Objects, ask, git_dir
from transformer.survey.tree import Tree
from transformer.workspace import DiskStore, Workspace

_BELOW = ("", "*", "*/*", "*/*/*")  # an unpacked package holds the tree some folders down


@dataclass(frozen=True, slots=True)
class Donor:
    """A tree to read from, and what a draft says of where it comes from."""

    workspace: Workspace
    repository: str
    revision: str
    licence: str
    root: Path | None = None
    """The folder of the tree; `None` for a revision of a repository."""
    history: Path | None = None
    """The repository of a revision; `None` for a tree in a folder."""

    @property
    def commit(self) -> str:
        """The id of the revision, without its date."""
        return self.revision.split(" ")[0]


class GitStore:
    """The tree of a revision, read from a repository's objects. Nothing is checked out, and nothing is run."""

    def __init__(self, objects: Objects, root: str) -> None:
        self._objects = objects
        self._tree = Tree(objects, root)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none. Raises `MissingObjectError` and `TooLargeError`."""
        blob = self._tree.blob(path)
        return self._objects.blob(blob, path) if blob is not None else None

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        return list(self._tree.names(folder))


def open_donor(text: str, recognise: Callable[[Workspace], None]) -> Donor:
    """The donor that `DONOR` or `DONOR@REV` names. Raises `UsageError` where it is none, or not such a tree."""
    folder, revision = Path(text), ""
    if not folder.exists() and "@" in text:
        name, _, revision = text.rpartition("@")
        folder = Path(name)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", help="give a tree, or a git repository as FOLDER@REVISION")
    return _at(folder, revision, recognise) if revision else _in(folder, recognise)


def _at(folder: Path, revision: str, recognise: Callable[[Workspace], None]) -> Donor:
    """A revision of a repository."""
    objects = Objects(git_dir(folder))
    commit = objects.commit(revision)
    workspace = Workspace(GitStore(objects, commit.tree))
    recognise(workspace)
    try:
        named = ask(folder, "config", "--get", "remote.origin.url").strip().removesuffix(".git")
    except UsageError:
        named = folder.resolve().name
    return Donor(workspace, named, f"{commit.id} ({commit.date})", _licence(workspace), history=folder)


def added(donor: Donor, path: str, text: str) -> str | None:
    """The commit in which a file first holds a text, along first parents; `None` where no history tells.

    A clone that lacks the blobs of its history does not tell either.
    """
    if donor.history is None:
        return None
    with suppress(UsageError):
        words = ("log", "--first-parent", "--reverse", "--format=%H", f"-S{text}", donor.commit, "--", path)
        return next(iter(ask(donor.history, *words).split()), None)
    return None


def later(donor: Donor, commit: str, paths: Sequence[str]) -> list[str]:
    """The titles of the commits after `commit` that change some files, the newest first."""
    if donor.history is None:
        return []
    span = f"{commit}..{donor.commit}"
    return ask(donor.history, "log", "--first-parent", "--format=%h %s", span, "--", *paths).splitlines()


def _in(folder: Path, recognise: Callable[[Workspace], None]) -> Donor:
    """A tree in a folder, or some folders down in it."""
    refused: UsageError | None = None
    for each in _candidates(folder):
        workspace = Workspace(DiskStore(each))
        try:
            recognise(workspace)
        except UsageError as error:
            refused = refused or error
            continue
        return Donor(workspace, folder.resolve().name, "", _licence(workspace), each)
    assert refused is not None
    raise refused


def _candidates(folder: Path) -> Iterator[Path]:
    for pattern in _BELOW:
        yield from sorted(each for each in folder.glob(pattern) if each.is_dir()) if pattern else [folder]


def _licence(workspace: Workspace) -> str:
    """The title and the copyright line of the tree's licence."""
    for name in ("LICENSE", "LICENSE.txt", "COPYING"):
        if workspace.exists(name):
            lines = [line.strip() for line in workspace.source(name).data.decode().splitlines() if line.strip()]
            held = next((line for line in lines if line.lower().startswith("copyright")), "")
            return f"{lines[0]}{', ' + held if held else ''}" if lines else name
    return "not named in the donor"
