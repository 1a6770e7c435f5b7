"""What can be shown of a tree beyond its types: that a model file has all that the loader asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from transformer.pack import Evidence, Pack

from .contract import Contract, judge
from .header import read


@dataclass(frozen=True, slots=True)
class Proof:
    """What an architecture brings to be proved with."""

    contract: Contract


def prove(pack: Pack, model: Path) -> Evidence:
    """Whether a model file has all that the loader will ask for. Raises `UsageError` where it is no such file."""
    proof: Proof = pack.proof
    found = judge(read(model), proof.contract)
    verdict = "will not load" if found.faults else "has all that the port asks for"
    counts = f"{found.there} tensors, {found.asked} asked for at most" if found.asked else f"{found.there} tensors"
    return Evidence("model", not found.faults, f"{model} {verdict}: {counts}", notes=found.faults + found.notes)
