"""The ported build computes what the reference computes: every model, every position, under every setting."""

from __future__ import annotations

import pytest

from e2e.build import Build
from e2e.run import figures
from e2e.settings import SETTINGS
from e2e.subject import Model, Subject
from e2e.subjects import every_model

pytestmark = pytest.mark.e2e


@every_model
def test_logits(ported: Build, subject: Subject, model: Model) -> None:
    bad = [str(figure) for figure in figures(ported, subject, model, SETTINGS) if not figure.good]
    assert not bad, "\n".join(bad)
