"""The bounds are sharp: every known mistake exceeds them, under every setting and in files of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from e2e import sessions
from e2e.build import Build
from e2e.mistakes import Mistake
from e2e.run import judge, judged
from e2e.settings import CACHES, Cache, Setting
from e2e.subject import Model, Subject
from e2e.subjects import SUBJECTS
from rules.gemma4.oracle.models import LAYOUTS, Layout
from rules.gemma4.oracle.models import Model as Gemma
from rules.llama.figures import Figure
from rules.llama.oracle.storing import KINDS, Kind

pytestmark = pytest.mark.e2e

# Figures are judged alike for every size of micro-batches: each setting is run once.
SETTINGS = tuple(Setting(64, flash, kept) for flash in (False, True) for kept in CACHES)
SHAPES = tuple(layout for layout in LAYOUTS if layout.name == layout.shape)
KNOWN = [(subject, mistake) for subject in SUBJECTS for mistake in subject.mistakes]

every_kind = pytest.mark.parametrize("kind", KINDS)
every_mistake = pytest.mark.parametrize(
    ("subject", "mistake"), KNOWN, ids=[f"{subject.arch}: {mistake.name}" for subject, mistake in KNOWN]
)


def check(figures: Iterable[Figure]) -> None:
    """All are beyond their bounds."""
    missed = [str(figure) for figure in figures if figure.good]
    assert not missed, "\n".join(missed)


def models_of(subject: Subject, mistake: Mistake, kind: Kind) -> Iterator[Model]:
    """One file of each shape that shows the mistake."""
    found = {each.shape: each for each in reversed(subject.models) if each.kind == kind}
    return (each for shape, each in found.items() if mistake.shows_in(shape))


@every_kind
@every_mistake
def test_mistake_is_caught(any_build: Build, subject: Subject, mistake: Mistake, kind: Kind, tmp_path: Path) -> None:
    for model in models_of(subject, mistake, kind):
        if mistake.in_file:
            subject.write(tmp_path / model.name, *subject.planted(mistake, model.shape), kind)
            check(judged(any_build, tmp_path / model.name, subject, model, SETTINGS))
        else:
            check(caught(subject, mistake, model, setting) for setting in SETTINGS)


def caught(subject: Subject, mistake: Mistake, model: Model, setting: Setting) -> Figure:
    """How a build with the mistake would do."""
    rows = subject.mistaken(mistake, model.shape, model.kind, setting.flash, setting.cache)
    return judge(subject, model, setting, rows)


@pytest.mark.parametrize("cache", sessions.CACHES)
@pytest.mark.parametrize("layout", SHAPES, ids=lambda layout: layout.name)
def test_mistake_in_a_shift_is_caught(layout: Layout, cache: Cache) -> None:
    for by in sessions.SHIFT_MISTAKES.values():
        check([sessions.judge_shift(Gemma(layout, "f32"), cache, sessions.shifted(layout.shape, cache, by))])
