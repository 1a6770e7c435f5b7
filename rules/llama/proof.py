"""What can be shown of a tree beyond its types: what it computes, and that a model file has all that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.family import Evidence, Progress
from transformer.pack import Pack

if TYPE_CHECKING:
    import numpy as np

    from .contract import Contract
    from .header import Header


@dataclass(frozen=True, slots=True)
class Sample:
    """A model file that can be written, tokens for it, and the logits that it must give for them, row by row.

    The last `steps` ids are to be decoded one by one. `kind` is the type of the weights.
    """

    name: str
    kind: str
    write: Callable[[Path], Path]
    ids: np.ndarray
    steps: int
    want: Callable[[], np.ndarray]


@dataclass(frozen=True, slots=True)
class Texts:
    """A file with a vocabulary, the ids that texts must become behind the begin token, and the ends of generation."""

    write: Callable[[Path], Path]
    ids: Mapping[str, Sequence[int]]
    begin: str
    ends: Sequence[int]


@dataclass(frozen=True, slots=True)
class Proof:
    """What an architecture brings to be proved with, made when asked for: no other command needs it.

    Each part may be missing; what would have been proved with it is then said to be not proved.
    """

    contract: Callable[[], Contract] | None = None
    """What the loader asks of a model file."""
    samples: Callable[[], Sequence[Sample]] | None = None
    """Tiny models with known logits."""
    texts: Callable[[], Texts] | None = None
    """Texts with known tokens."""


def recorded(package: str) -> Proof:
    """The proof of a pack that has all parts in their usual places: `contract`, `oracle.samples` and `oracle.texts`."""
    return Proof(
        lambda: import_module(".contract", package).CONTRACT,
        lambda: import_module(".oracle.samples", package).samples(),
        lambda: import_module(".oracle.texts", package).texts(),
    )


def prove(pack: Pack, model: Path) -> Evidence:
    """Whether a model file has all that the loader will ask for. Raises `UsageError` where it is no such file."""
    from .contract import judge
    from .header import read

    proof, header = _of(pack), read(model)
    if proof.contract is None:
        return _named(pack, header, model)
    found = judge(header, proof.contract())
    verdict = "will not load" if found.faults else "has all that the port asks for"
    counts = f"{found.there} tensors, {found.asked} asked for at most" if found.asked else f"{found.there} tensors"
    return Evidence("model", not found.faults, f"{model} {verdict}: {counts}", notes=found.faults + found.notes)


def compute(pack: Pack, folder: Path, progress: Progress) -> Iterator[Evidence]:
    """Whether the build in the folder computes and reads what it must."""
    from . import logits, tokens

    proof = _of(pack)
    if proof.samples is None:
        yield Evidence("numbers", None, f"not proved: pack {pack.name} records no models with known logits")
    else:
        yield logits.judge(proof.samples(), folder, progress)
    if proof.texts is None:
        yield Evidence("tokenizer", None, f"not proved: pack {pack.name} records no texts with known tokens")
    else:
        yield tokens.judge(proof.texts(), folder)


def _of(pack: Pack) -> Proof:
    """What a pack is proved with; nothing where it says nothing."""
    return pack.proof if isinstance(pack.proof, Proof) else Proof()


def _named(pack: Pack, header: Header, model: Path) -> Evidence:
    """Of a file for a pack that records no contract: whether it is a model of this architecture at all."""
    named = header.keys.get("general.architecture")
    said = "none" if named is None else str(named.data)
    if said != pack.arch:
        return Evidence("model", False, f"{model} is another model: general.architecture is {said}, not {pack.arch}")
    text = f"{model} is of this architecture, {len(header.tensors)} tensors; not proved: that they are those asked for"
    return Evidence("model", None, text, notes=(f"pack {pack.name} records no contract",))
