"""A rule that only this architecture needs."""

from __future__ import annotations

from transformer.outcome import Outcome
from transformer.rule import rule

from ..llama.port import Port


@rule("tinyllm.scale", "struct llama_hparams has the scale of the architecture")
def scale(port: Port) -> Outcome:
    """Beside the epsilon of the norms."""
    return port.fork.hparams.add("float f_tiny_scale = 1.0f;", near=["f_norm_rms_eps"])
