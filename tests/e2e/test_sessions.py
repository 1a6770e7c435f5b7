"""A context can be shifted past its window, saved and restored, and shared; an adapter changes what it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracle import golden
from oracle.models import LAYOUTS, Model

from e2e import sessions
from e2e.build import Build
from e2e.run import measure
from e2e.settings import BOUNDS, HALF, STRICT, Bound

pytestmark = pytest.mark.e2e

SHAPES = [Model(layout, "f32") for layout in LAYOUTS if layout.name == layout.shape]
CACHES = {
    "f32": ("ubatch=32", STRICT),
    "f16": ("ubatch=32 k=f16 v=f16", HALF),
    "q8_0": ("ubatch=32 fa=1 k=q8_0 v=q8_0", None),
}
every_shape = pytest.mark.parametrize("model", SHAPES, ids=lambda model: model.name)
every_cache = pytest.mark.parametrize("cache", CACHES)


def check(model: Model, what: str, got: np.ndarray, want: np.ndarray, bound: Bound | None) -> None:
    figure = measure(model.name, what, got, want, 0, bound or BOUNDS["q8_0 cache", bool(model.layout.variant.experts)])
    assert figure.good, str(figure)


@every_shape
@every_cache
def test_shift(ported: Build, model: Model, cache: str) -> None:
    variant, (setting, bound) = model.layout.variant, CACHES[cache]
    ids, cut = np.concatenate(variant.prompt()), sessions.cut(variant)
    where = (str(cut.at), str(cut.low), str(cut.high))
    got = sessions.run(ported, "sessions", model, ids, f"{setting} full=1", "shift", *where)
    check(model, f"shift, {cache}", got, sessions.shifted(variant, ids), bound)


@every_shape
@every_cache
def test_state(ported: Build, model: Model, cache: str) -> None:
    variant, (setting, bound) = model.layout.variant, CACHES[cache]
    ids, at = np.concatenate(variant.prompt()), sessions.cut(variant).at
    got = sessions.run(ported, "sessions", model, ids, setting, "state", str(at))
    check(model, f"state, {cache}", got, golden.load(variant.name, "f32-table")[at:], bound)


@every_shape
def test_two_sequences(ported: Build, model: Model) -> None:
    variant = model.layout.variant
    ids = np.concatenate(variant.prompt())
    other = np.concatenate([ids[:1], ids[:0:-1]])
    want = golden.load(variant.name, "f32-table")
    rows = sessions.run(ported, "sessions", model, np.concatenate([ids, other]), "seqs=2 ctx=1024", "parallel")
    check(model, "the first of two sequences", rows[: len(ids)], want, STRICT)
    alone = sessions.run(ported, "sessions", model, np.concatenate([other, ids]), "seqs=2 ctx=1024", "parallel")
    check(model, "the second of two sequences", rows[len(ids) :], alone[: len(ids)], STRICT)


@every_shape
def test_adapter(ported: Build, model: Model, tmp_path: Path) -> None:
    variant, path = model.layout.variant, tmp_path / "adapter.gguf"
    added = sessions.adapter(variant, path)
    ids = np.concatenate(variant.prompt())
    scales = (0.0, 1.0, 0.0, -0.5)
    got = sessions.run(ported, "adapter", model, ids, "", *map(str, scales), adapter=path)
    for scale, rows in zip(scales, np.split(got, len(scales)), strict=True):
        want = golden.load(variant.name, "f32-table") if scale == 0 else sessions.adapted(variant, added, scale, ids)
        check(model, f"adapter at scale {scale}", rows, want, STRICT)
    plain = golden.load(variant.name, "f32-table")
    assert ((sessions.adapted(variant, added, 1.0, ids) - plain) ** 2).sum() / (plain**2).sum() > 1e-2
