"""What can be shown of a tree beyond its types: what it computes, and that a model file has all that it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.family import Evidence, Progress
from transformer.pack import Pack

if TYPE_CHECKING:
    import numpy as np

    from .contract import Contract


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
    """What an architecture brings to be proved with, made when asked for: no other command needs it."""

    contract: Callable[[], Contract]
    samples: Callable[[], Sequence[Sample]]
    texts: Callable[[], Texts]


def prove(pack: Pack, model: Path) -> Evidence:
    """Whether a model file has all that the loader will ask for. Raises `UsageError` where it is no such file."""
    from .contract import judge
    from .header import read

    proof: Proof = pack.proof
    found = judge(read(model), proof.contract())
    verdict = "will not load" if found.faults else "has all that the port asks for"
    counts = f"{found.there} tensors, {found.asked} asked for at most" if found.asked else f"{found.there} tensors"
    return Evidence("model", not found.faults, f"{model} {verdict}: {counts}", notes=found.faults + found.notes)


def compute(pack: Pack, folder: Path, progress: Progress) -> Iterator[Evidence]:
    """Whether the build in the folder computes and reads what it must."""
    from . import logits, tokens

    proof: Proof = pack.proof
    yield logits.judge(proof.samples(), folder, progress)
    yield tokens.judge(proof.texts(), folder)
