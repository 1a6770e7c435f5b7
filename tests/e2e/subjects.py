"""The architectures that are proved on builds, and each of their models."""

from __future__ import annotations

import pytest

from e2e import gemma4, muse_glimmer
from e2e.subject import Model, Subject

SUBJECTS = (gemma4.SUBJECT, muse_glimmer.SUBJECT)
"""Mellum has a subject too; it joins when its planted mistakes were measured on a build."""
PAIRS: list[tuple[Subject, Model]] = [(subject, model) for subject in SUBJECTS for model in subject.models]

every_model = pytest.mark.parametrize(
    ("subject", "model"), PAIRS, ids=[f"{subject.arch}-{model.name}" for subject, model in PAIRS]
)
