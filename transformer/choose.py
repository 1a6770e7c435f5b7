"""Which architecture is meant: the one that was named, or the only one that fits the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer import pack as packs
from transformer import plan as planning
from transformer.errors import ConflictError, UsageError
from transformer.verdict import Complete, Nothing, Ready, Stuck, judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformer.pack import Home, Pack
    from transformer.verdict import Verdict
    from transformer.workspace import Workspace

_SAID = {Ready: "fits", Complete: "is there", Nothing: "is partly there", Stuck: "does not fit"}


def meant(arch: str | None, homes: Sequence[Home], tree: Workspace) -> list[Pack]:
    """The pack that was named, else all there are. Raises `UsageError` where the tree is not of their family."""
    known = [packs.load(arch, homes)] if arch is not None else list(packs.every(homes))
    for pack in known:
        pack.family.recognise(tree)
    return known


def choose(known: Sequence[Pack], options: Mapping[str, bool], tree: Workspace, *, there: bool = False) -> Pack:
    """The only pack of these that fits the tree; with what was chosen of its options, or what the tree has.

    With `there`, one that the tree has goes before those that it could have. Raises `UsageError` where several fit.
    """
    pack = _only(known, tree, there=there)
    return pack.choose({**(_written(pack, tree) or {}), **options})


def _written(pack: Pack, tree: Workspace) -> Mapping[str, bool] | None:
    """The options with which this tool wrote the architecture into the tree: they stay, unless others are asked for."""
    return pack.family.written(pack.family.open(tree, pack)) if pack.options else None


def _only(known: Sequence[Pack], tree: Workspace, *, there: bool) -> Pack:
    if len(known) == 1:
        return known[0]
    verdicts = [(pack, _verdict(pack, tree)) for pack in known]
    lacking = [pack for pack, verdict in verdicts if isinstance(verdict, Ready)]
    having = [pack for pack, verdict in verdicts if verdict and verdict.plan.state != "absent"]
    for fitting in (having, lacking) if there else (lacking, having):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            break
    said = "; ".join(f"{pack.arch} {_SAID[type(v)] if v else 'is in conflict'}" for pack, v in verdicts)
    raise UsageError(f"which architecture? {said}", help=f"say --arch {(fitting or list(known))[0].arch}")


def _verdict(pack: Pack, tree: Workspace) -> Verdict | None:
    try:
        return judge(planning.make(pack, tree))
    except ConflictError:
        return None
