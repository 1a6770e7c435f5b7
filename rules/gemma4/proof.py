"""What Gemma 4 is proved with."""

from collections.abc import Sequence

from ..llama.proof import Proof, Sample
from .contract import CONTRACT


def samples() -> Sequence[Sample]:
    """The tiny models whose logits are known to the last digit."""
    from .oracle.samples import samples

    return samples()


PROOF = Proof(CONTRACT, samples)
