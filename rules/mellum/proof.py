"""What Mellum 2 is proved with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..llama.proof import Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..llama.contract import Contract
    from ..llama.proof import Sample, Texts


def contract() -> Contract:
    """What the loader asks of a model file."""
    from .contract import CONTRACT

    return CONTRACT


def samples() -> Sequence[Sample]:
    """The tiny models whose logits are known to the last digit."""
    from .oracle.samples import samples

    return samples()


def texts() -> Texts:
    """Texts and their tokens in the vocabulary of the tiny models."""
    from .oracle.texts import texts

    return texts()


PROOF = Proof(contract, samples, texts)
