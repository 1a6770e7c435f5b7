"""What runs did to a tree, kept outside of it: to finish, take back and explain them."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from transformer.errors import TransformerError, UsageError
from transformer.write.files import hash_of, inside, owner, read, reason, sync_folder, sync_parents, write_new

VERSION = 1
KEPT = 8
_FILE = "journal.json"


class WriteError(TransformerError):
    """Writing failed; the message says in what state the tree is."""

    exit_code = 70
    title = "writing"


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """One file that a run changed, with the hashes of its bytes; None where there was no file."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one run did; `notes` is whatever the caller wanted to be remembered with it."""

    label: str
    files: tuple[ReceiptFile, ...]
    notes: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a journal: hashes, the mode bits before, and the copy of the bytes before."""

    path: str
    before: str | None
    after: str | None
    mode: int | None
    backup: str | None


@dataclass(frozen=True, slots=True)
class Journal:
    """One run over the tree. `folders` it creates, outermost first; `undoes` names a journal beside it."""

    folder: Path
    state: Literal["writing", "applied"]
    label: str
    entries: tuple[Entry, ...]
    folders: tuple[str, ...] = ()
    notes: Mapping[str, object] = field(default_factory=dict, hash=False)
    undoes: str = ""

    @property
    def unfinished(self) -> bool:
        """An undo is over only when both journals are gone."""
        return self.state == "writing" or bool(self.undoes)


def receipt_to_json(receipt: Receipt) -> str:
    """The receipt as one JSON document. Raises TypeError where notes are not plain data."""
    return json.dumps(asdict(replace(receipt, notes=dict(receipt.notes))), sort_keys=True)


def receipt_from_json(text: str) -> Receipt:
    """The receipt that `receipt_to_json` wrote. Raises ValueError on anything else."""
    try:
        data = json.loads(text)
        files = tuple(ReceiptFile(**item) for item in data["files"])
        return Receipt(data["label"], files, data["notes"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a receipt: {error}") from error


def receipt_of(journal: Journal) -> Receipt:
    """What the run of this journal did, without how it is undone."""
    files = (ReceiptFile(entry.path, entry.before, entry.after) for entry in journal.entries)
    return Receipt(journal.label, tuple(files), journal.notes)


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the tree for this process. Raises UsageError at once where another run holds it."""
    from filelock import FileLock, Timeout  # not needed to look at a tree

    lock = FileLock(state / "lock", timeout=0)
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        message = "another run is working on this tree"
        raise UsageError(message, help="wait until it has ended, then try again") from error
    except OSError as error:
        message = f"the state folder cannot be written: {reason(error)}"
        raise UsageError(message, where=str(state)) from error
    try:
        yield
    finally:
        lock.release()


def new_folder(state: Path) -> Path:
    """The name of the next journal's folder; names sort in the order of the runs."""
    last = max((int(folder.name.partition("-")[0]) for folder in _folders(state)), default=0)
    return state / "runs" / f"{last + 1:06d}-{os.urandom(4).hex()}"


def journals(state: Path) -> list[Journal]:
    """All journals of the tree, oldest first. Raises UsageError where one cannot be read."""
    loaded = (_load(folder) for folder in _folders(state))
    return [journal for journal in loaded if journal is not None]


def save(journal: Journal) -> None:
    """Write the journal so that it survives a power cut. Raises OSError, or TypeError on odd notes."""
    data = {"version": VERSION, **asdict(replace(journal, notes=dict(journal.notes)))}
    del data["folder"]
    temporary = journal.folder / "journal.tmp"
    temporary.unlink(missing_ok=True)
    write_new(temporary, json.dumps(data, indent=1).encode("ascii"), 0o600)
    os.replace(temporary, journal.folder / _FILE)
    sync_folder(journal.folder)


def discard(folder: Path) -> None:
    """Forget a journal; without its main file the rest of the folder means nothing."""
    (folder / _FILE).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def prune(state: Path) -> None:
    """Drop what crashes left and all but the latest journals. Failing to do so harms nothing."""
    folders = _folders(state)
    known = [folder for folder in folders if (folder / _FILE).is_file()]
    for folder in {*folders} - {*known[-KEPT:]}:
        with suppress(OSError):
            discard(folder)


def _folders(state: Path) -> list[Path]:
    try:
        found = list((state / "runs").iterdir())
    except OSError:
        return []
    return sorted(folder for folder in found if folder.name.partition("-")[0].isdecimal())


def _load(folder: Path) -> Journal | None:
    try:
        data: dict[str, Any] = json.loads((folder / _FILE).read_bytes())
        if data.pop("version") != VERSION:
            raise ValueError("written by another version")
        data["entries"] = tuple(Entry(**item) for item in data["entries"])
        data["folders"] = tuple(data["folders"])
        return Journal(folder=folder, **data)
    except (FileNotFoundError, NotADirectoryError):
        return None  # not begun, or gone since
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"the journal of an earlier run cannot be read: {error}"
        advice = "look at the tree, then remove that folder"
        raise UsageError(message, help=advice, where=str(folder / _FILE)) from error


# Going back, in the process that wrote or in a later one.


def settle(root: Path, state: Path) -> str | None:
    """Finish or take back each run that was cut off; a line about it. Raises UsageError, OSError."""
    unfinished = [journal for journal in journals(state) if journal.unfinished]
    return "; ".join(_settle(root, journal) for journal in reversed(unfinished)) or None


def _settle(root: Path, journal: Journal) -> str:
    run = f"an earlier run ({journal.label}) was cut off"
    if journal.state == "applied" or _standing(root, journal, journal.entries) == [*journal.entries]:
        save(replace(journal, state="applied"))
        finish(root, journal)
        return f"{run} after its last file: it is complete now"
    count = put_back(root, journal, journal.entries)
    return f"{run}: {count} of its files put back" if count else f"{run} before its first file: nothing to put back"


def finish(root: Path, journal: Journal) -> None:
    """Close a run that is saved as applied; an undo takes both journals with it. Raises OSError."""
    if not journal.undoes:
        return
    undone = _load(journal.folder.with_name(journal.undoes))
    if undone is not None:
        _remove_folders(root, undone)
        discard(undone.folder)
    discard(journal.folder)


def put_back(root: Path, journal: Journal, entries: Sequence[Entry]) -> int:
    """Restore those of the entries that were written and forget the run; how many they were.

    Raises UsageError before anything is touched where a file is neither old nor new, and OSError.
    """
    changed = _standing(root, journal, entries)
    copies = [backup(journal, entry) for entry in changed]
    temporaries = {entry.path: temporary(root, journal, entry.path) for entry in journal.entries}
    for leftover in temporaries.values():
        leftover.unlink(missing_ok=True)
    for entry, data in zip(changed, copies, strict=True):
        target = inside(root, entry.path)
        if data is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        write_new(temporaries[entry.path], data, entry.mode, owner(target))
        os.replace(temporaries[entry.path], target)
    _remove_folders(root, journal)
    sync_parents(inside(root, entry.path) for entry in entries)
    discard(journal.folder)
    return len(changed)


def _standing(root: Path, journal: Journal, entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose file is as the run left it. Raises UsageError where one is neither old nor new."""
    hashes = {entry.path: hash_of(read(entry.path, inside(root, entry.path))) for entry in entries}
    foreign = [entry.path for entry in entries if hashes[entry.path] not in (entry.before, entry.after)]
    if foreign:
        raise UsageError(
            f"a run ({journal.label}) was cut off, and these files are neither as before it nor as it wrote them: "
            + ", ".join(foreign),
            help=f"restore them (copies are in {journal.folder}), or remove that folder to keep the tree as it is",
            where=foreign[0],
        )
    return [entry for entry in entries if hashes[entry.path] == entry.after]


def backup(journal: Journal, entry: Entry) -> bytes | None:
    """The bytes before the run, None for a new file. Raises UsageError where the copy is damaged."""
    if entry.backup is None:
        return None
    copy = journal.folder / entry.backup
    data = read(entry.path, copy)
    if hash_of(data) != entry.before:
        raise UsageError(f"the saved copy of {entry.path} is damaged", where=str(copy))
    return data


def _remove_folders(root: Path, journal: Journal) -> None:
    for folder in reversed(journal.folders):
        with suppress(OSError):  # not empty: someone else put something there
            (root / folder).rmdir()


def temporary(root: Path, journal: Journal, path: str) -> Path:
    """The file beside the target that holds its new bytes; a later process works out the same name."""
    number = [entry.path for entry in journal.entries].index(path)
    return inside(root, path).with_name(f".{journal.folder.name}-{number}.tmp")
