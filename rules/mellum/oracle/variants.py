"""The shapes: each keeps what is structurally special about the published model and shrinks the rest.

Constants differ on purpose from the published ones in most of them, so that a port that hard-codes them is caught.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VOCABULARY = 320
STEPS = 4
BEGIN = 1
SEED = 2612


@dataclass(frozen=True)
class Variant:
    """The hyperparameters of one tiny model.

    `sliding` has a letter for each layer: `w` for a layer with a window, `f` for one with full attention. `stretch`,
    the factor of YaRN from `original` positions on, is for the layers with full attention; 1 leaves its keys out.
    `theta_window` None leaves the key out as well: the base of the others holds.
    """

    name: str
    hidden: int
    heads: int
    kv_heads: int
    sliding: str
    window: int
    experts: int
    used: int
    width: int
    prompt_seed: int
    head: int = 32
    eps: float = 1e-6
    theta: float = 500_000.0
    theta_window: float | None = 10_000.0
    stretch: float = 1.0
    original: int = 1024
    prompt_length: int = 90
    vocabulary: int = VOCABULARY

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self.sliding)

    @property
    def context(self) -> int:
        """The longest context, in tokens."""
        return int(self.original * self.stretch)

    def slides(self, layer: int) -> bool:
        """Whether a layer attends to a window only."""
        return self.sliding[layer] == "w"

    def base(self, layer: int) -> float:
        """The base of the rotary positions of a layer."""
        return self.theta_window if self.slides(layer) and self.theta_window is not None else self.theta

    def prompt(self) -> tuple[np.ndarray, np.ndarray]:
        """The prompt, longer than the window, and the tokens decoded one by one after it."""
        rng = np.random.RandomState(self.prompt_seed)
        prompt = rng.randint(8, self.vocabulary, self.prompt_length).astype(np.int32)
        prompt[0] = BEGIN
        return prompt, rng.randint(8, self.vocabulary, STEPS).astype(np.int32)


# The seeds of the prompts were picked so that the last chosen and the first rejected expert are never nearly tied.
VARIANTS = {
    variant.name: variant
    for variant in (
        # as published: windows in three of four layers, grouped heads, stretched positions, two bases
        Variant("plain", hidden=128, heads=8, kv_heads=2, sliding="wwwfw", window=24, experts=8, used=2, width=64,
                stretch=4.0, prompt_seed=74),
        # nothing stretched, one base, one expert for each token, as many keys as queries, the first layer full
        Variant("single", hidden=64, heads=2, kv_heads=2, sliding="fwf", window=16, experts=4, used=1, width=96,
                head=64, eps=1e-3, theta=20_000.0, theta_window=None, prompt_seed=154),
        # stretched with one base, an odd number of experts, most of them used
        Variant("most", hidden=96, heads=3, kv_heads=1, sliding="wffw", window=20, experts=5, used=3, width=32,
                eps=1e-4, theta=10_000.0, theta_window=None, stretch=8.0, original=512, prompt_seed=122),
    )
}  # fmt: skip
