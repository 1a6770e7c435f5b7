"""The journals of a tree, kept outside of it: what runs did, to finish, take back and explain them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from transformer.errors import UsageError
from transformer.write import files
from transformer.write.record import NAME, Entry, Journal, decode, encode

KEPT = 8
_FILE = "journal.json"
_LATER = "later"


def new_folder(state: Path) -> Path:
    """The name of the next journal's folder; names sort in the order of the runs."""
    last = max((int(folder.name.partition("-")[0]) for folder in _folders(state)), default=0)
    return state / "runs" / f"{last + 1:06d}-{os.urandom(4).hex()}"


def journals(state: Path) -> list[Journal]:
    """All journals of the tree, oldest first. Raises UsageError where one cannot be read."""
    loaded = (load(folder) for folder in _folders(state))
    return [journal for journal in loaded if journal is not None]


def stack(state: Path) -> list[Journal]:
    """The runs that can be taken back, oldest first. Raises UsageError where a journal cannot be read."""
    found = journals(state)
    gone = {journal.undoes for journal in found if not journal.unfinished}
    return [each for each in found if not each.unfinished and not each.undoes and each.folder.name not in gone]


def save(journal: Journal) -> None:
    """Write the journal so that it survives a power cut. Raises OSError, or TypeError on odd notes."""
    temporary = journal.folder / "journal.tmp"
    temporary.unlink(missing_ok=True)
    files.write_new(temporary, encode(journal), 0o600)
    os.replace(temporary, journal.folder / _FILE)
    files.sync_folder(journal.folder)


def prepare(journal: Journal, copies: Sequence[bytes | None]) -> None:
    """Write a new journal with the bytes before, one for each entry. Raises OSError."""
    journal.folder.mkdir(mode=0o700, parents=True)
    for entry, data in zip(journal.entries, copies, strict=True):
        if entry.backup is not None and data is not None:
            files.write_new(journal.folder / entry.backup, data, 0o600)
    save(journal)
    files.sync_parents([journal.folder])


def discard(folder: Path) -> None:
    """Forget a journal; without its main file the rest of the folder means nothing."""
    (folder / _FILE).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def prune(state: Path) -> None:
    """Drop what crashes left and all but the latest journals. Failing to do so harms nothing."""
    with suppress(OSError, UsageError):
        folders = _folders(state)
        known = [folder for folder in folders if (folder / _FILE).is_file()]
        for folder in {*folders} - {*known[-KEPT:]}:
            with suppress(OSError):
                discard(folder)


def load(folder: Path) -> Journal | None:
    """The journal in a folder; None where it is not begun, or gone since. Raises UsageError where it is none."""
    try:
        return decode(folder, files.read_own(folder / _FILE))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        message = f"the journal of an earlier run cannot be read: {error}"
        advice = "look at the tree, then remove that folder"
        raise UsageError(message, help=advice, where=str(folder / _FILE)) from error


def backup(journal: Journal, entry: Entry) -> bytes | None:
    """The bytes before the run, None for a new file. Raises UsageError where the copy is damaged."""
    if entry.backup is None:
        return None
    copy = journal.folder / entry.backup
    try:
        data = files.read_own(copy)
    except (OSError, ValueError) as error:
        raise UsageError(f"the saved copy of {entry.path} cannot be read: {error}", where=str(copy)) from error
    if files.hash_of(data) != entry.before:
        raise UsageError(f"the saved copy of {entry.path} is damaged", where=str(copy))
    return data


def later(journal: Journal, name: str = "") -> Path:
    """Where an undo keeps the journals of later runs as they will be without the run that it takes back."""
    return journal.folder / _LATER / name


def prepared(journal: Journal) -> list[Path]:
    """The folders of these journals, sorted. Raises OSError."""
    return _entries(later(journal))


def _folders(state: Path) -> list[Path]:
    """The folders of journals, oldest first. A link is none of them.

    Raises UsageError where all are behind one, and where they cannot be listed: a run that was cut off may be there.
    """
    with files.looking(str(state / "runs")):
        if (state / "runs").is_symlink():
            raise UsageError("the folder of the journals is a link", where=str(state / "runs"), help="remove the link")
        return _entries(state / "runs")


def _entries(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            names = [each.name for each in found if each.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder / name for name in sorted(names) if NAME.fullmatch(name)]
