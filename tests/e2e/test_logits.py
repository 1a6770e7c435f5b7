"""The ported build computes what the reference computes: every model, every position, under every setting."""

from __future__ import annotations

import pytest

from e2e.build import Build
from e2e.run import figures
from e2e.settings import SETTINGS
from rules.gemma4.oracle.models import MODELS, Model

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_logits(ported: Build, model: Model) -> None:
    bad = [str(figure) for figure in figures(ported, model, SETTINGS) if not figure.good]
    assert not bad, "\n".join(bad)
