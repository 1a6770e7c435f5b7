"""Gemma 4 in numpy: what the tiny models compute, for any weights.

The golden logits come from transformers, and this agrees with them (test_oracle.py). Beyond them it gives the reference
where there is no checkpoint to load: weights that were quantized, or changed by an adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ...llama.oracle.rounding import EXACT, Array, Attention, Rounding, exact
from .variants import Variant

Gelu = Callable[[Array], Array]


def gelu(x: Array) -> Array:
    """GELU in its tanh form."""
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


def gelu_table(x: Array) -> Array:
    """GELU as a table indexed by half floats and holding half floats: what ggml computes on a CPU."""
    y = gelu(x.astype(np.float16).astype(np.float64)).astype(np.float16).astype(np.float64)
    return np.where(x <= -10, 0.0, np.where(x >= 10, x, y))


@dataclass(frozen=True)
class Shift:
    """A cut in what is remembered: from token `at` on, tokens `low` to `high` are gone and the gap is closed."""

    at: int
    low: int
    high: int


@dataclass(frozen=True)
class _View:
    """What some queries see: their positions, where keys were kept, how far these moved since, and which are gone."""

    rows: slice
    queries: Array
    kept: Array
    moved: Array
    gone: Array


@dataclass(frozen=True)
class Reference:
    """A model: hyperparameters, tensors by their GGUF names, and how the arithmetic rounds.

    `rounding` is applied to the activations that meet a matrix; the router and the norms are never rounded.
    """

    variant: Variant
    tensors: Mapping[str, Array]
    gelu: Gelu = gelu_table
    rounding: Rounding = exact
    shift: Shift | None = None
    attention: Attention = EXACT

    def logits(self, tokens: Array) -> Array:
        """One row per token; each sees the tokens before it."""
        v = self.variant
        x = self._get("token_embd.weight")[tokens] * np.sqrt(v.hidden)
        per_layer = self._per_layer_inputs(x, tokens) if v.per_layer else None
        kept: dict[int, tuple[Array, Array]] = {}
        for layer in range(v.layers):
            a = self._attention(layer, self._norm(x, f"blk.{layer}.attn_norm"), kept)
            x = x + self._norm(a, f"blk.{layer}.post_attention_norm")
            x = x + self._norm(self._ffn(layer, x), f"blk.{layer}.post_ffw_norm")
            if per_layer is not None:
                gate = self.gelu(self._times(f"blk.{layer}.inp_gate", x)) * per_layer[:, layer]
                x = x + self._norm(self._times(f"blk.{layer}.proj", gate), f"blk.{layer}.post_norm")
            x = x * self._get(f"blk.{layer}.layer_output_scale.weight")
        return v.cap * np.tanh(self._times("token_embd", self._norm(x, "output_norm")) / v.cap)

    def _per_layer_inputs(self, x: Array, tokens: Array) -> Array:
        v = self.variant
        shape = (len(tokens), v.layers, v.per_layer)
        table = self._get("per_layer_token_embd.weight")[tokens].reshape(shape) * np.sqrt(v.per_layer)
        context = x @ self._get("per_layer_model_proj.weight").T  # never quantized, hence not rounded
        context = (context * v.hidden**-0.5).reshape(shape)
        return np.asarray((table + self._norm(context, "per_layer_proj_norm")) * 2**-0.5)

    def _attention(self, layer: int, y: Array, kept: dict[int, tuple[Array, Array]]) -> Array:
        v, n, d = self.variant, len(y), self.variant.head_size(layer)
        q = self._times(f"blk.{layer}.attn_q", y).reshape(n, v.heads, d)
        q = self._norm(q, f"blk.{layer}.attn_q_norm")
        if layer < v.owners:
            k = self._times(f"blk.{layer}.attn_k", y).reshape(n, -1, d)
            own = not v.k_is_v or v.slides(layer)
            value = self._times(f"blk.{layer}.attn_v", y).reshape(n, -1, d) if own else k
            kept[layer] = self._norm(k, f"blk.{layer}.attn_k_norm"), self.attention.value(self._plain_norm(value))
        k, value = kept[v.source(layer)]
        weights = np.concatenate([_softmax(self._scores(layer, q, k, view)) for view in self._views(n)], axis=1)
        seen = self.attention.weight(weights) @ _by_head(value, v.heads)
        return self._times(f"blk.{layer}.attn_output", seen.transpose(1, 0, 2).reshape(n, -1))

    def _views(self, n: int) -> list[_View]:
        at, cut = np.arange(n), self.shift
        none = np.zeros(n, dtype=int)
        if not cut:
            return [_View(slice(0, n), at, at, none, none > 0)]
        gap, late = cut.high - cut.low, at >= cut.at
        before = _View(slice(0, cut.at), at[: cut.at], at, none, none > 0)
        moved = np.where(~late & (at >= cut.high), -gap, 0)
        gone = (at >= cut.low) & (at < cut.high)
        return [before, _View(slice(cut.at, n), at[cut.at :] - gap, np.where(late, at - gap, at), moved, gone)]

    def _scores(self, layer: int, q: Array, k: Array, view: _View) -> Array:
        v, positions = self.variant, view.kept + view.moved
        turned = self.attention.query(self._turn(layer, q[view.rows], view.queries))
        kept = self.attention.key(self._turn(layer, k, view.kept))
        if view.moved.any():
            kept = self.attention.key(self._move(layer, kept, view.moved))
        scores = _by_head(turned, v.heads) @ _by_head(kept, v.heads).transpose(0, 2, 1)
        distance = view.queries[:, None] - positions[None]
        hidden = (distance < 0) | view.gone | (v.slides(layer) & (distance >= v.window))
        return np.where(hidden, -np.inf, scores)

    def _move(self, layer: int, keys: Array, by: Array) -> Array:
        """Keys as they are after they moved in the cache."""
        return self._turn(layer, keys, by)

    def _turn(self, layer: int, x: Array, positions: Array) -> Array:
        """Rotary positions: dimension i turns with dimension i + half."""
        v, d = self.variant, x.shape[-1]
        theta = v.theta_sliding if v.slides(layer) else v.theta
        speed = float(theta) ** (-2 * np.arange(d // 2) / d)
        if not v.slides(layer):
            speed = speed / self._get("rope_freqs.weight")
        angle = (positions[:, None] * speed)[:, None]
        left, right = np.split(x, 2, axis=-1)
        sin, cos = np.sin(angle), np.cos(angle)
        return np.concatenate([left * cos - right * sin, right * cos + left * sin], axis=-1)

    def _ffn(self, layer: int, x: Array) -> Array:
        y, blk = self._norm(x, f"blk.{layer}.ffn_norm"), f"blk.{layer}"
        inner = self.gelu(self._times(f"{blk}.ffn_gate", y)) * self._times(f"{blk}.ffn_up", y)
        out = self._times(f"{blk}.ffn_down", inner)
        if not self.variant.experts:
            return out
        dense = self._norm(out, f"{blk}.post_ffw_norm_1")
        return np.asarray(dense + self._norm(self._experts(layer, x), f"{blk}.post_ffw_norm_2"))

    def _experts(self, layer: int, x: Array) -> Array:
        v, blk = self.variant, f"blk.{layer}"
        z = self._plain_norm(x) * self._get(f"{blk}.ffn_gate_inp.scale") * v.hidden**-0.5
        chances = _softmax(z @ self._get(f"{blk}.ffn_gate_inp.weight").T)
        chosen = np.argsort(-chances, axis=-1)[:, : v.experts_used]
        share = np.take_along_axis(chances, chosen, axis=-1)
        share = share / share.sum(-1, keepdims=True) * self._get(f"{blk}.ffn_down_exps.scale")[chosen]
        y = self.rounding(self._norm(x, f"{blk}.pre_ffw_norm_2"))
        out = np.zeros_like(x)
        for expert in range(v.experts):
            rows, slot = np.nonzero(chosen == expert)
            gate, up = np.split(y[rows] @ self._get(f"{blk}.ffn_gate_up_exps.weight")[expert].T, 2, axis=-1)
            down = self.rounding(self.gelu(gate) * up) @ self._get(f"{blk}.ffn_down_exps.weight")[expert].T
            out[rows] += share[rows, slot][:, None] * down
        return out

    def _get(self, name: str) -> Array:
        return self.tensors[name].astype(np.float64)

    def _times(self, name: str, x: Array) -> Array:
        return np.asarray(self.rounding(x) @ self._get(f"{name}.weight").T)

    def _norm(self, x: Array, name: str) -> Array:
        return np.asarray(self._plain_norm(x) * self._get(f"{name}.weight"))

    def _plain_norm(self, x: Array) -> Array:
        return np.asarray(x / np.sqrt((x**2).mean(-1, keepdims=True) + np.float64(np.float32(self.variant.eps))))


def _by_head(x: Array, heads: int) -> Array:
    """[head, position, dimension]: each head of keys or values as often as queries share it."""
    return np.repeat(x.transpose(1, 0, 2), heads // x.shape[1], axis=0)


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))
