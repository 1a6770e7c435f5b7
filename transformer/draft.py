"""Drafting packs from a donor, and writing them where nothing stands in the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from transformer import pack as packs
from transformer import plan as planning
from transformer.donor import Donor, added, later, open_donor
from transformer.errors import TransformerError, UsageError
from transformer.outcome import Blocked
from transformer.show.lines import counted
from transformer.tree import open_tree

if TYPE_CHECKING:
    from transformer.family import Family
    from transformer.show.view import View


_SHOWN = 5  # later changes, by their titles


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
            form = fitting(family, donor, name, wish.pre_types, wish.missing_in)
            fits = "" if wish.missing_in is None else "; it fits" if not form.needs else "; it cannot be carried:"
            view.say((name.ljust(22), "bold"), f"  {write(form.files, wish.into)}{fits}")
            view.say_all(((f"  {each}", "dim"),) for each in (*form.remarks, *form.needs))
        except TransformerError as error:
            if len(names) == 1:
                raise
            failed.append(name)
            view.say((name.ljust(22), "bold"), f"  not drafted: {error.message} {error.where}".rstrip())
    return 3 if failed else 0


@dataclass(frozen=True, slots=True)
class Form:
    """A draft, what is to be said of it, and what it needs that the tree it is meant for has not."""

    files: Mapping[str, str]
    remarks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def fitting(family: Family[Any], donor: Donor, arch: str, pre_types: Sequence[str], tree: Path | None) -> Form:
    """An architecture as the donor has it today; where that cannot be carried into the tree, as it was at first.

    The first form is tried where the donor is a revision of a repository: some architectures moved to operations of
    their own only later. Raises `UsageError` where the donor has no such architecture.
    """
    assert family.draft is not None
    today = Form(family.draft(donor, arch, pre_types))
    if tree is None:
        return today
    today = Form(today.files, needs=_needs(today.files, arch, tree))
    commit = added(donor, *family.first(donor.workspace, arch)) if today.needs and family.first else None
    if commit is None or commit == donor.commit:
        return today
    try:
        first = family.draft(open_donor(f"{donor.history}@{commit}", family.recognise), arch, pre_types)
    except TransformerError:  # its code of that day cannot be read
        return today
    if _needs(first, arch, tree):
        return today
    paths = sorted({path for text in first.values() for path in re.findall(r"(?<!\S)[\w/-]+/models/[\w.-]+", text)})
    since = later(donor, commit, paths)
    remarks = [
        f"today's form: {today.needs[0]}",
        f"taken: the form of {commit[:9]}, which added it, without {counted(since, 'later change')} of its files",
        *(f"  {each}" for each in since[:_SHOWN]),
    ]
    return Form(first, tuple(remarks))


def _needs(files: Mapping[str, str], arch: str, tree: Path) -> tuple[str, ...]:
    """What stops a pack in a tree; nothing where it is there, or fits."""
    with TemporaryDirectory(prefix="drafted-") as folder:
        write(files, Path(folder))
        pack = packs.load(arch, packs.homes([Path(folder)])[1:])
        plan = planning.make(pack, open_tree(tree))
    blocked = [] if plan.state != "absent" else plan.blocked
    return tuple(f"{each.rule.name}: {each.outcome.why}" for each in blocked if isinstance(each.outcome, Blocked))


@contextmanager
def drafted(family: Family[Any], donor: str, arch: str, pre_types: Sequence[str] = (), tree: Path | None = None,
            say: Callable[[str], None] = lambda text: None) -> Iterator[Path]:  # fmt: skip
    """A folder of packs with the one that was drafted, for a tree where one is named; it is gone afterwards.

    What is to be known of the draft is said. Raises `UsageError`.
    """
    if family.draft is None:
        raise UsageError(f"packs of {family.name} cannot be drafted", help="say --packs DIR with a pack of your own")
    form = fitting(family, open_donor(donor, family.recognise), arch, pre_types, tree)
    for each in form.remarks:
        say(each)
    with TemporaryDirectory(prefix="drafted-") as folder:
        write(form.files, Path(folder))
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
