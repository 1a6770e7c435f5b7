"""Muse Glimmer in numpy: what the tiny models compute, for any weights, in 64-bit floats.

The golden logits come from transformers, and this agrees with them (tests/oracle). Beyond them it gives the reference
where there is no checkpoint to load: weights that were quantized, and arithmetic that rounds as ggml does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...llama.oracle.rounding import EXACT, Array, Attention, Rounding, exact
from .variants import Variant


@dataclass(frozen=True)
class Reference:
    """A model: hyperparameters, tensors by their GGUF names, and how the arithmetic rounds.

    `rounding` is applied to the activations that meet a matrix; norms are never rounded.
    """

    variant: Variant
    tensors: Mapping[str, Array]
    rounding: Rounding = exact
    attention: Attention = EXACT

    def logits(self, tokens: Array) -> Array:
        """One row per token; each sees the tokens before it."""
        v = self.variant
        x = self._embedded(tokens)
        for layer in range(v.layers):
            blk = f"blk.{layer}"
            a = self._attention(layer, self._norm(x, f"{blk}.attn_norm"))
            x = x + self._norm(a, f"{blk}.post_attention_norm", v.post_eps)
            f = self._ffn(layer, self._norm(x, f"{blk}.ffn_norm"))
            x = x + self._norm(f, f"{blk}.post_ffw_norm", v.post_eps)
        return self._capped(self._times("output", self._norm(x, "output_norm")) * float(np.float32(v.logit_scale)))

    def _embedded(self, tokens: Array) -> Array:
        return self._scaled_to_one(self._get("token_embd.weight")[tokens])

    def _capped(self, logits: Array) -> Array:
        cap = self.variant.cap
        return cap * np.tanh(logits / cap) if cap else logits

    def _attention(self, layer: int, y: Array) -> Array:
        v, n, blk, rounds = self.variant, len(y), f"blk.{layer}", self.attention
        q = self._norm(self._times(f"{blk}.attn_q", y).reshape(n, v.heads, v.head), f"{blk}.attn_q_norm")
        k = self._norm(self._times(f"{blk}.attn_k", y).reshape(n, v.kv_heads, v.head), f"{blk}.attn_k_norm")
        value = self._times(f"{blk}.attn_v", y).reshape(n, v.kv_heads, v.head)
        if v.turns(layer):
            q, k = self._turn(q), self._turn(k)
        scores = _by_head(rounds.query(q), v.heads) @ _by_head(rounds.key(k), v.heads).transpose(0, 2, 1)
        distance = np.arange(n)[:, None] - np.arange(n)[None]
        hidden = (distance < 0) | (v.slides(layer) & (distance >= v.window))
        weights = _softmax(np.where(hidden, -np.inf, scores * v.head**-0.5))
        seen = rounds.weight(weights) @ _by_head(rounds.value(value), v.heads)
        return self._times(f"{blk}.attn_output", self._gated(layer, seen.transpose(1, 0, 2).reshape(n, -1), y))

    def _gated(self, layer: int, seen: Array, y: Array) -> Array:
        return np.asarray(seen / (1 + np.exp(-self._times(f"blk.{layer}.attn_gate", y))))

    def _turn(self, x: Array) -> Array:
        """Rotary positions: dimension 2i turns with dimension 2i + 1."""
        speed = float(np.float32(self.variant.base)) ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1])
        angle = (np.arange(len(x))[:, None] * speed)[:, None]
        even, odd = x[..., 0::2], x[..., 1::2]
        turned = (even * np.cos(angle) - odd * np.sin(angle), odd * np.cos(angle) + even * np.sin(angle))
        return np.stack(turned, axis=-1).reshape(x.shape)

    def _ffn(self, layer: int, y: Array) -> Array:
        blk = f"blk.{layer}"
        gate = self._times(f"{blk}.ffn_gate", y)
        return self._times(f"{blk}.ffn_down", gate / (1 + np.exp(-gate)) * self._times(f"{blk}.ffn_up", y))

    def _get(self, name: str) -> Array:
        return self.tensors[name].astype(np.float64)

    def _times(self, name: str, x: Array) -> Array:
        return np.asarray(self.rounding(x) @ self._get(f"{name}.weight").T)

    def _norm(self, x: Array, name: str, eps: float | None = None) -> Array:
        return np.asarray(self._scaled_to_one(x, eps) * self._get(f"{name}.weight"))

    def _scaled_to_one(self, x: Array, eps: float | None = None) -> Array:
        added = np.float64(np.float32(self.variant.eps if eps is None else eps))
        return np.asarray(x / np.sqrt((x**2).mean(-1, keepdims=True) + added))


def _by_head(x: Array, heads: int) -> Array:
    """[head, position, dimension]: each head of keys or values as often as queries share it."""
    return np.repeat(x.transpose(1, 0, 2), heads // x.shape[1], axis=0)


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))
