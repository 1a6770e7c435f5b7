"""The bounds are sharp: every known mistake exceeds them, under every setting and in files of every kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from e2e import sessions
from e2e.build import Build
from e2e.mistakes import MISTAKES, Mistake
from e2e.run import Figure, judge, judged
from e2e.settings import CACHES, Cache, Setting
from rules.gemma4.oracle import files
from rules.gemma4.oracle.files import KINDS, Kind
from rules.gemma4.oracle.forward import Reference
from rules.gemma4.oracle.models import LAYOUTS, Layout, Model
from rules.llama.oracle.rounding import ATTENTION, ROUNDING

pytestmark = pytest.mark.e2e

# Figures are judged alike for every size of micro-batches: each setting is run once.
SETTINGS = tuple(Setting(64, flash, kept) for flash in (False, True) for kept in CACHES)
SHAPES = tuple(layout for layout in LAYOUTS if layout.name == layout.shape)

every_mistake = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
every_kind = pytest.mark.parametrize("kind", KINDS)


def check(figures: Iterable[Figure]) -> None:
    """All are beyond their bounds."""
    missed = [str(figure) for figure in figures if figure.good]
    assert not missed, "\n".join(missed)


def shapes_of(mistake: Mistake) -> list[Layout]:
    return [layout for layout in SHAPES if layout.shape in mistake.shapes]


@every_kind
@every_mistake
def test_mistake_is_caught(any_build: Build, mistake: Mistake, kind: Kind, tmp_path: Path) -> None:
    for layout in shapes_of(mistake):
        model = Model(layout, kind)
        if mistake.in_file:
            variant, tensors = mistake.planted(layout.shape)
            files.write(tmp_path / model.name, variant, tensors, kind)
            check(judged(any_build, tmp_path / model.name, model, SETTINGS))
        else:
            check(judge(model, setting, computed(mistake, layout.shape, kind, setting)) for setting in SETTINGS)


def computed(mistake: Mistake, shape: str, kind: Kind, setting: Setting) -> np.ndarray:
    """What a build with the mistake would give."""
    variant, tensors = mistake.planted(shape)
    attention = ATTENTION[setting.flash, setting.cache]
    model = Reference(variant, files.rounded(tensors, kind), rounding=ROUNDING[kind], attention=attention)
    return model.logits(np.concatenate(variant.prompt()))


@pytest.mark.parametrize("cache", sessions.CACHES)
@pytest.mark.parametrize("layout", SHAPES, ids=lambda layout: layout.name)
def test_mistake_in_a_shift_is_caught(layout: Layout, cache: Cache) -> None:
    for by in sessions.SHIFT_MISTAKES.values():
        check([sessions.judge_shift(Model(layout, "f32"), cache, sessions.shifted(layout.shape, cache, by))])
