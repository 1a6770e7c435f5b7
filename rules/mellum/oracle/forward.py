"""Mellum 2 in numpy: what the tiny models compute, for any weights, in 64-bit floats.

The golden logits come from transformers, and this agrees with them (tests/oracle). Beyond them it gives the reference
where there is no checkpoint to load: other weights, and arithmetic that rounds as ggml does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...llama.oracle.rounding import EXACT, Array, Attention, Rounding, exact
from .variants import Variant

FAST, SLOW = 32.0, 1.0
"""YaRN: how often a pair turns within the original positions to be left alone, and to be stretched in full."""


@dataclass(frozen=True)
class Reference:
    """A model: hyperparameters, tensors by their GGUF names, and how the arithmetic rounds.

    `rounding` is applied to the activations that meet a matrix; the router and the norms are never rounded.
    """

    variant: Variant
    tensors: Mapping[str, Array]
    rounding: Rounding = exact
    attention: Attention = EXACT

    def logits(self, tokens: Array) -> Array:
        """One row per token; each sees the tokens before it."""
        x = self._get("token_embd.weight")[tokens]
        for layer in range(self.variant.layers):
            x = x + self._attention(layer, self._norm(x, f"blk.{layer}.attn_norm"))
            x = x + self._experts(layer, self._norm(x, f"blk.{layer}.ffn_norm"))
        return self._times("output", self._norm(x, "output_norm"))

    def _attention(self, layer: int, y: Array) -> Array:
        v, n, blk, rounds = self.variant, len(y), f"blk.{layer}", self.attention
        q = self._norm(self._times(f"{blk}.attn_q", y).reshape(n, v.heads, v.head), f"{blk}.attn_q_norm")
        k = self._norm(self._times(f"{blk}.attn_k", y).reshape(n, v.kv_heads, v.head), f"{blk}.attn_k_norm")
        value = self._times(f"{blk}.attn_v", y).reshape(n, v.kv_heads, v.head)
        q, k = rounds.query(self._turn(layer, q)), rounds.key(self._turn(layer, k))
        scores = _by_head(q, v.heads) @ _by_head(k, v.heads).transpose(0, 2, 1)
        distance = np.arange(n)[:, None] - np.arange(n)[None]
        hidden = (distance < 0) | (v.slides(layer) & (distance >= v.window))
        weights = _softmax(np.where(hidden, -np.inf, scores * v.head**-0.5))
        seen = rounds.weight(weights) @ _by_head(rounds.value(value), v.heads)
        return self._times(f"{blk}.attn_output", seen.transpose(1, 0, 2).reshape(n, -1))

    def _turn(self, layer: int, x: Array) -> Array:
        """Rotary positions: dimension i turns with dimension i + half; stretched, it grows as well."""
        speed, grown = self._speed(layer)
        angle = (np.arange(len(x))[:, None] * speed)[:, None]
        left, right = np.split(x, 2, axis=-1)
        sin, cos = np.sin(angle) * grown, np.cos(angle) * grown
        return np.concatenate([left * cos - right * sin, right * cos + left * sin], axis=-1)

    def _speed(self, layer: int) -> tuple[Array, float]:
        """What each pair turns by from one position to the next, in radians, and what it grows by."""
        v, d = self.variant, self.variant.head
        base = float(np.float32(v.base(layer)))
        speed = base ** (-np.arange(0, d, 2) / d)
        if not self._stretches(layer):
            return speed, 1.0
        low, high = (d * np.log(v.original / (turns * 2 * np.pi)) / (2 * np.log(base)) for turns in (FAST, SLOW))
        first, last = max(np.floor(low), 0), min(np.ceil(high), d - 1)
        part = np.clip((np.arange(d // 2) - first) / max(last - first, 0.001), 0, 1)
        return speed / v.stretch * part + speed * (1 - part), 1 + 0.1 * float(np.log(v.stretch))

    def _stretches(self, layer: int) -> bool:
        return self.variant.stretch > 1 and not self.variant.slides(layer)

    def chances(self, layer: int, y: Array) -> Array:
        """What the router thinks of each expert, for each token; of 1."""
        return _softmax(y @ self._get(f"blk.{layer}.ffn_gate_inp.weight").T)

    def _shares(self, chances: Array) -> Array:
        return np.asarray(chances / chances.sum(-1, keepdims=True))

    def _experts(self, layer: int, y: Array) -> Array:
        v, blk, chances = self.variant, f"blk.{layer}", self.chances(layer, y)
        chosen = np.argsort(-chances, axis=-1)[:, : v.used]
        share = self._shares(np.take_along_axis(chances, chosen, axis=-1))
        gates, ups, downs = (self._get(f"{blk}.ffn_{name}_exps.weight") for name in ("gate", "up", "down"))
        rounded, out = self.rounding(y), np.zeros_like(y)
        for expert in range(v.experts):
            rows, slot = np.nonzero(chosen == expert)
            gate, up = rounded[rows] @ gates[expert].T, rounded[rows] @ ups[expert].T
            down = self.rounding(gate / (1 + np.exp(-gate)) * up) @ downs[expert].T
            out[rows] += share[rows, slot][:, None] * down
        return out

    def _get(self, name: str) -> Array:
        return self.tensors[name].astype(np.float64)

    def _times(self, name: str, x: Array) -> Array:
        return np.asarray(self.rounding(x) @ self._get(f"{name}.weight").T)

    def _norm(self, x: Array, name: str) -> Array:
        added = np.float64(np.float32(self.variant.eps))
        return np.asarray(x / np.sqrt((x**2).mean(-1, keepdims=True) + added) * self._get(f"{name}.weight"))


def _by_head(x: Array, heads: int) -> Array:
    """[head, position, dimension]: each head of keys or values as often as queries share it."""
    return np.repeat(x.transpose(1, 0, 2), heads // x.shape[1], axis=0)


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))
