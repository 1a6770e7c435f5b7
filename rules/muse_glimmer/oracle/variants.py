"""The shapes: each keeps what is structurally special about the published model and shrinks the rest.

Constants differ on purpose from the published ones in most of them, so that a port that hard-codes them is caught.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VOCABULARY = 320
STEPS = 4
BEGIN = 1
SEED = 5151
POST_EPS = 1e-8
"""The epsilon of the norms behind attention and feed-forward network: a constant, in no key of a file."""


@dataclass(frozen=True)
class Variant:
    """The hyperparameters of one tiny model.

    `sliding` has a letter for each layer: `w` for a layer with a window, `f` for one with full attention. `period`,
    where it is not 0, is what the file holds in their place. `cap` 0 leaves the key out; `theta_window` None as well.
    """

    name: str
    hidden: int
    width: int
    heads: int
    kv_heads: int
    sliding: str
    window: int
    head: int = 32
    period: int = 0
    eps: float = 1e-5
    factor: float = 3.87
    logit_scale: float = 1.0
    cap: float = 20.0
    theta: float = 500_000.0
    theta_window: float | None = None
    post_eps: float = POST_EPS
    prompt_length: int = 90
    prompt_seed: int = SEED
    vocabulary: int = VOCABULARY
    context: int = 2048

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self.sliding)

    def slides(self, layer: int) -> bool:
        """Whether a layer attends to a window only."""
        return self.sliding[layer] == "w"

    def turns(self, layer: int) -> bool:
        """Whether queries and keys of a layer are turned to their positions: those with a window."""
        return self.slides(layer)

    @property
    def base(self) -> float:
        """The base of the rotary positions in the layers that have them."""
        return self.theta_window if self.theta_window is not None else self.theta

    def prompt(self) -> tuple[np.ndarray, np.ndarray]:
        """The prompt, longer than the window, and the tokens decoded one by one after it."""
        rng = np.random.RandomState(self.prompt_seed)
        prompt = rng.randint(8, self.vocabulary, self.prompt_length).astype(np.int32)
        prompt[0] = BEGIN
        return prompt, rng.randint(8, self.vocabulary, STEPS).astype(np.int32)


# 300 tokens exceed the 256 cells to which a small sliding cache is rounded up: cells are recycled.
VARIANTS = {
    variant.name: variant
    for variant in (
        # as published: four layers counted backwards from the last, grouped heads, one base
        Variant("plain", hidden=128, width=256, heads=8, kv_heads=2, sliding="wwwfwwwf", window=24,
                logit_scale=2**0.5, prompt_length=300),
        # the period as one number
        Variant("period", hidden=96, width=160, heads=4, kv_heads=2, sliding="wwwfwwwf", period=4, window=16,
                eps=1e-3, factor=2.5, logit_scale=0.7, cap=12.0),
        # the period where it does not divide the layers: counted from the first one
        Variant("forward", hidden=96, width=128, heads=4, kv_heads=1, sliding="wwfwwfw", period=3, window=12,
                logit_scale=1.3, theta=10_000.0, theta_window=2_000.0),
        # as many keys as queries, an odd number of layers counted backwards, a base for the windows, no cap
        Variant("odd", hidden=64, width=192, heads=2, kv_heads=2, sliding="wwfwwwf", window=16, eps=1e-3,
                factor=1.7, logit_scale=0.4, cap=0.0, theta=10_000.0, theta_window=100_000.0),
        # any pattern, the first layer full, larger heads, no cap
        Variant("mixed", hidden=96, width=96, heads=3, kv_heads=1, sliding="fwfww", window=20, head=64, eps=1e-4,
                factor=3.0, logit_scale=1.0, cap=0.0, theta=20_000.0),
    )
}  # fmt: skip
