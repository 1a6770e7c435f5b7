"""What Gemma 4 is proved with."""

from collections.abc import Sequence

from ..llama.proof import Proof, Sample, Texts
from .contract import CONTRACT


def samples() -> Sequence[Sample]:
    """The tiny models whose logits are known to the last digit."""
    from .oracle.samples import samples

    return samples()


def texts() -> Texts:
    """Texts and their tokens in the vocabulary of the tiny models."""
    from .oracle.texts import texts

    return texts()


PROOF = Proof(CONTRACT, samples, texts)
