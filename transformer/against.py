"""A donor as the judge of a port: which tree it is, whether it can judge, and the pack to ask the port with."""

from __future__ import annotations

from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from transformer import pack as packs
from transformer.donor import open_donor
from transformer.draft import drafted
from transformer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from transformer.donor import Donor
    from transformer.family import Family
    from transformer.pack import Home


@contextmanager
def judging(text: str, repo: Path, arch: str, homes: Sequence[Home]) -> Iterator[tuple[Path, Sequence[Home]]]:
    """The tree of the donor that was named, and the homes of packs: with a drafted pack where none knows `arch`.

    Raises `UsageError` where the donor is none, is the tree that is judged, or cannot judge the architecture.
    """
    family = next(packs.every(homes)).family
    donor = open_donor(text, family.recognise)
    root = _root(donor, text, repo)
    _refuse(family, donor, arch)
    if packs.has(arch, homes):
        yield root, homes
        return
    with drafted(family, str(root), arch) as folder:
        yield root, (*homes, *packs.homes((folder,))[1:])


def _root(donor: Donor, text: str, repo: Path) -> Path:
    if donor.root is None:
        name, _, revision = text.rpartition("@")
        checked = f"git -C {name} worktree add FOLDER {revision}"
        raise UsageError(f"{text} is a revision, and --against builds what lies in a folder", help=checked)
    if repo.is_dir() and donor.root.samefile(repo):
        raise UsageError("the donor is the tree that is to be judged", where=str(donor.root),
                         help="give the tree that the architecture comes from")  # fmt: skip
    return donor.root


def _refuse(family: Family[Any], donor: Donor, arch: str) -> None:
    if family.judge is None or family.architectures is None:
        raise UsageError(f"a donor of {family.name} judges nothing", help="run it again without --against")
    known = family.architectures(donor.workspace)
    if arch not in known:
        close = ", ".join(get_close_matches(arch, known, 3, 0.4) or known)
        raise UsageError(f"the donor has no architecture {arch!r}", help=f"it has: {close}")
    family.judge.refuse(donor.workspace, arch)
