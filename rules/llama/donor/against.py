"""The donor as the judge of a port: both builds compute the same models, and every logit must agree."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from transformer.errors import UsageError
from transformer.family import Evidence, Progress
from transformer.pack import Pack
from transformer.workspace import Workspace

from ..figures import STRICT, Bound, measure
from ..fork import Fork
from ..running import Failed
from .keys import embeds, table, without_result
from .models import SHIFTED, Maker, Model, computed, feeding
from .nodes import parting

MAKES = "llama_model_init_from_user"
"""The function of the public header that makes a model of keys alone; since March 2026."""

# Both sides run the same operations on the same processor. What differs is how an older ggml sums.
BOUNDS = {"F32": Bound(1e-6, 1e-6), "F16": STRICT}
HEAD = ("model", "type", "fed in", "NMSE", "worst", "position", "top-1", "verdict")
_FEWER = re.compile(r"wrong number of tensors; expected (\d+), got (\d+)")


def refuse(donor: Workspace, name: str) -> None:
    """Raises `UsageError` where a donor cannot judge the architecture that model files call `name`."""
    header = next(filter(donor.exists, ("include/llama.h", Fork(donor).path("llama.h"))), "")
    if not header or MAKES.encode() not in donor.source(header).data:
        raise UsageError(f"this donor cannot make models: it has no {MAKES}", where=header,
                         help="give a tree of March 2026 or later")  # fmt: skip
    if without_result(name):
        raise UsageError(f"{name} gives neither logits nor embeddings for a text", help="run it without --against")


@dataclass(slots=True)
class _Found:
    """The table of what was found, the numbers of its bad rows, and how many were right."""

    rows: list[tuple[str, ...]] = field(default_factory=lambda: [HEAD])
    notes: list[str] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)
    right: int = 0

    def add(self, good: bool | None, *cells: str) -> None:
        """A row; `None` where it says nothing of the port."""
        self.bad |= {len(self.rows)} if good is False else set()
        self.right += good is True
        self.rows.append(cells)

    def fault(self, model: Model, good: bool | None, verdict: str, why: str, fed: str = "-") -> None:
        """A model that was not compared, or not where it is fed in some way."""
        self.add(good, model.name, model.kind, fed, *["-"] * 4, verdict)
        self.notes.append(f"{model.name} {model.kind}: {why}")


def compare(pack: Pack, donor: Path, fork: Path, progress: Progress) -> Iterator[Evidence]:
    """Whether the build of the fork computes what the donor's build does."""
    began, found, parted = time.monotonic(), _Found(), set[str]()
    with tempfile.TemporaryDirectory(prefix="against-") as folder:
        maker = Maker(pack.arch, donor, Path(folder), lambda name: progress(0, 1, f"the donor, {name}"))
        models = list(maker.models())
        spare = {model.name.partition(",")[0]: model.lacks for model in models if model.lacks}
        for number, model in enumerate(models):
            progress(number, len(models), f"{model.name} {model.kind}")
            wrong = _judge(model, fork, spare.get(model.name, 0), found)
            if wrong is not None and model.name not in parted:
                parted.add(model.name)  # in one type they part where they do in the other
                found.notes += _parting(pack, model, wrong, donor, fork)
        progress(1, 1, "")
    notes = (*found.notes, *maker.notes, *_unset(pack))
    if not models:
        yield Evidence("against", None, "not proved: the donor makes no model of this architecture", notes=notes)
        return
    what, took = "embeddings" if embeds(pack.arch) else "logits", time.monotonic() - began
    text = f"{found.right} of {len(found.rows) - 1} runs give the {what} of the donor, {took:.1f} s"
    good = False if found.bad else True if found.right else None
    yield Evidence("against", good, text, tuple(found.rows), notes, frozenset(found.bad))


def _judge(model: Model, fork: Path, spare: int, found: _Found) -> str | None:
    """The first setting in which a model is wrong.

    A port may leave as many tensors unread as are `spare`: another model goes without them.
    """
    import numpy as np

    if not all(np.isfinite(want).all() and (want**2).sum(1).all() for want in model.want.values()):
        found.fault(model, None, "no reference", "the donor's own logits are not finite, or zero")
        return None
    wrong = None
    for setting, want in model.want.items():
        try:
            got = computed(fork, model.path, model.ids, model.steps, feeding(model.arch, setting))
        except Failed as error:
            if setting == SHIFTED:
                found.fault(model, None, "cannot", error.cause, setting)
                continue
            fewer = _FEWER.search(str(error))
            unread = fewer is not None and 0 < int(fewer[1]) - int(fewer[2]) <= spare
            found.fault(model, None if unread else False, "not read" if unread else "fails", error.cause)
            return wrong
        if got.shape != want.shape:
            why = f"{got.shape[1]} numbers for each token, where the donor has {want.shape[1]}"
            found.fault(model, False, "fails", why)
            return wrong
        figure = measure(model.name, setting, got, want, model.steps, BOUNDS[model.kind])
        cells = (f"{figure.nmse:.1e}", f"{figure.worst:.1e}", str(figure.worst_at), f"{figure.top1:.1%}")
        found.add(figure.good, model.name, model.kind, setting, *cells, "right" if figure.good else "wrong")
        wrong = wrong if wrong is not None or figure.good else setting
    return wrong


def _parting(pack: Pack, model: Model, setting: str, donor: Path, fork: Path) -> Iterator[str]:
    """The first node that differs, in words."""
    try:
        found = parting(model, feeding(pack.arch, setting), donor, fork)
    except Failed as error:
        yield f"{model.name} {model.kind}: the nodes were not recorded: {error.cause}"
        return
    said = found.said(pack.templates) if found else "no node that both builders name differs, but the logits do"
    yield f"{model.name} {model.kind}, {setting}: {said}"


def _unset(pack: Pack) -> Iterator[str]:
    """The keys of the architecture that no model sets."""
    known = {name for part in ("every", "experts") for name in table()[part]}
    known |= {name for each in table()["special"] if pack.arch in each["archs"] for name in each.get("keys", {})}
    names = [str(each["name"]).removeprefix("%s.") for each in pack.spec.get("keys", ()) if "name" in each]
    if missed := sorted(set(names) - known):
        yield f"keys that the models leave at their defaults: {', '.join(missed)}"
