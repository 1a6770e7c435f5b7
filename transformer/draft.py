"""Drafting packs from a donor, and writing them where nothing stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from transformer.donor import open_donor
from transformer.errors import TransformerError, UsageError

if TYPE_CHECKING:
    from transformer.family import Family
    from transformer.show.view import View


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be drafted: architectures by name, all of a donor, or those that a tree lacks."""

    donor: str
    names: Sequence[str]
    into: Path
    all: bool = False
    missing_in: Path | None = None
    pre_types: Sequence[str] = ()
    """Pre-tokenizers that come along whatever the donor says of them."""


def draft(family: Family[Any], wish: Wish, view: View) -> int:
    """Draft packs; 0 where all were, 3 where some could not be. Raises `UsageError` for a donor that is none."""
    if family.draft is None or family.architectures is None:
        raise UsageError(f"packs of {family.name} cannot be drafted", help="begin with `rules new` and no donor")
    donor = open_donor(wish.donor, family.recognise)
    names = list(wish.names)
    if wish.all or wish.missing_in is not None:
        names = family.architectures(donor.workspace)
    if wish.missing_in is not None:
        there = set(family.architectures(open_donor(str(wish.missing_in), family.recognise).workspace))
        names = [each for each in names if each not in there]
    failed = []
    for name in names:
        try:
            written = write(family.draft(donor, name, wish.pre_types), wish.into)
            view.say((name.ljust(22), "bold"), f"  {written}")
        except TransformerError as error:
            if len(names) == 1:
                raise
            failed.append(name)
            view.say((name.ljust(22), "bold"), f"  not drafted: {error.message} {error.where}".rstrip())
    return 3 if failed else 0


@contextmanager
def drafted(family: Family[Any], donor: str, arch: str, pre_types: Sequence[str] = ()) -> Iterator[Path]:
    """A folder of packs with the one that was drafted; it is gone afterwards. Raises `UsageError`."""
    if family.draft is None:
        raise UsageError(f"packs of {family.name} cannot be drafted", help="say --packs DIR with a pack of your own")
    with TemporaryDirectory(prefix="drafted-") as folder:
        write(family.draft(open_donor(donor, family.recognise), arch, pre_types), Path(folder))
        yield Path(folder)


def write(files: Mapping[str, str], into: Path) -> str:
    """Write a pack, or say that it is there. Raises `UsageError` where another one, or an edited one, stands there."""
    folders = sorted({path.split("/")[0] for path in files})
    there = [path for path in files if (into / path).exists()]
    if there:
        same = len(there) == len(files) and all(_text(into / path) == files[path] for path in files)
        if not same:
            where = str(into / folders[0])
            raise UsageError("there is another pack of this name, or an edited one", where=where,
                             help="give another folder with --into, or move that one away")  # fmt: skip
        return f"is there already ({into / folders[0]})"
    for path, text in files.items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    return f"{len(files)} files in {into / folders[0]}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
