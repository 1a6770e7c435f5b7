"""The four shapes: each keeps what is structurally special about a published model and shrinks the rest.

Constants differ on purpose from the published ones, so that a port that hard-codes them is caught.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VOCABULARY = 512
STEPS = 4
BEGIN = 2
SEED = 4242
THETA, THETA_SLIDING = 1_000_000.0, 10_000.0


@dataclass(frozen=True)
class Variant:
    """The hyperparameters of one tiny model. A layer slides unless it is the last of its period."""

    name: str
    hidden: int
    width: int
    layers: int
    period: int
    heads: int
    kv_heads: int
    head: int
    full_head: int
    window: int
    eps: float = 1e-6
    cap: float = 30.0
    theta: float = THETA
    theta_sliding: float = THETA_SLIDING
    rotated: float = 0.25
    full_kv_heads: int | None = None
    tail: int = 0
    wide_tail: bool = False
    tail_kv_in_file: bool = False
    per_layer: int = 0
    experts: int = 0
    experts_used: int = 0
    expert_width: int = 0
    prompt_length: int = 300
    prompt_seed: int = SEED
    vocabulary: int = VOCABULARY
    context: int = 2048

    @property
    def k_is_v(self) -> bool:
        """Full layers take their values from the key projection."""
        return self.full_kv_heads is not None

    @property
    def owners(self) -> int:
        """How many layers have keys and values of their own; the rest is the tail."""
        return self.layers - self.tail

    def slides(self, layer: int) -> bool:
        """Whether a layer attends to a window only."""
        return layer % self.period != self.period - 1

    def head_size(self, layer: int) -> int:
        """The size of a head of a layer."""
        return self.head if self.slides(layer) else self.full_head

    def kv_heads_of(self, layer: int) -> int:
        """How many key heads a layer has."""
        return self.kv_heads if self.slides(layer) else self.full_kv_heads or self.kv_heads

    def ffn_width(self, layer: int) -> int:
        """The width of a layer's dense part."""
        return self.width * (2 if self.wide_tail and layer >= self.owners else 1)

    def source(self, layer: int) -> int:
        """The layer whose keys and values this one attends to."""
        if layer < self.owners:
            return layer
        return max(other for other in range(self.owners) if self.slides(other) == self.slides(layer))

    def prompt(self) -> tuple[np.ndarray, np.ndarray]:
        """The prompt, longer than the window, and the tokens decoded one by one after it."""
        rng = np.random.RandomState(self.prompt_seed)
        prompt = rng.randint(5, self.vocabulary, self.prompt_length).astype(np.int32)
        prompt[0] = BEGIN
        return prompt, rng.randint(5, self.vocabulary, STEPS).astype(np.int32)


# 300 tokens exceed the windows and the 256 cells to which a small sliding cache is rounded up: cells are recycled.
# The seed of the routed prompt was picked so that the last chosen and the first rejected expert are never nearly tied.
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("e2b", hidden=128, width=256, layers=10, period=5, heads=4, kv_heads=1, head=64, full_head=128,
                window=24, tail=5, wide_tail=True, tail_kv_in_file=True, per_layer=32),
        Variant("e4b", hidden=160, width=320, layers=12, period=6, heads=4, kv_heads=2, head=64, full_head=128,
                window=24, eps=1e-3, tail=6, per_layer=64),
        Variant("a4b", hidden=192, width=160, layers=6, period=3, heads=8, kv_heads=4, head=32, full_head=64,
                window=24, eps=0.02, full_kv_heads=2, experts=16, experts_used=4, expert_width=64,
                prompt_length=100, prompt_seed=147),
        Variant("31b", hidden=224, width=448, layers=12, period=6, heads=8, kv_heads=4, head=32, full_head=64,
                window=40, eps=0.02, cap=20.0, theta=500_000.0, theta_sliding=20_000.0, rotated=0.5, full_kv_heads=1),
    )
}  # fmt: skip
