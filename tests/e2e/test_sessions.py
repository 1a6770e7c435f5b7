"""A context can be shifted past its window, saved and restored, and shared; an adapter changes what it should."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from e2e import sessions
from e2e.build import Build
from e2e.settings import Cache
from rules.gemma4.oracle import golden
from rules.gemma4.oracle.models import Model
from rules.gemma4.oracle.weights import gguf_tensors
from rules.llama.figures import Figure

pytestmark = pytest.mark.e2e

every_shape = pytest.mark.parametrize("model", sessions.SHAPES, ids=lambda model: model.name)
every_cache = pytest.mark.parametrize("cache", sessions.CACHES)


def check(figures: Iterable[Figure]) -> None:
    bad = [str(figure) for figure in figures if not figure.good]
    assert not bad, "\n".join(bad)


@every_shape
@every_cache
def test_shift(ported: Build, model: Model, cache: Cache) -> None:
    check([sessions.shift(ported, model, cache)])


@every_shape
@every_cache
def test_state(ported: Build, model: Model, cache: Cache) -> None:
    check([sessions.state(ported, model, cache)])


@every_shape
def test_two_sequences(ported: Build, model: Model) -> None:
    check(sessions.parallel(ported, model))


@every_shape
def test_adapter(ported: Build, model: Model) -> None:
    check(sessions.adapters(ported, model))


@every_shape
def test_the_references_differ_from_the_plain_model(model: Model, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A build that ignores the shift or the adapter would be caught."""
    variant = model.layout.variant
    ids, plain = np.concatenate(variant.prompt()), golden.load(variant.name, "f32-table")
    added = sessions.adapter(variant, tmp_path_factory.mktemp("adapter") / "adapter.gguf")
    changed = sessions.adapted(variant, added, 1.0, ids)
    shifted, rest = sessions.shifted(variant.name, "f32"), plain[sessions.cut(variant).at :]
    assert added.keys() <= gguf_tensors(variant).keys()
    assert ((changed - plain) ** 2).sum() / (plain**2).sum() > 1e-2
    assert ((shifted - rest) ** 2).sum() / (rest**2).sum() > 1e-2
