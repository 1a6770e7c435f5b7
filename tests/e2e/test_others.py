"""Other architectures compute the same, bit for bit, before and after the port."""

from __future__ import annotations

import numpy as np
import pytest

from e2e import others
from e2e.build import Build

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("architecture", others.ARCHITECTURES)
def test_nothing_changes(pristine: Build, ported: Build, architecture: str) -> None:
    before, after = others.compare(architecture, pristine, ported)
    assert np.isfinite(before).all()
    assert before.std() > 1e-3
    assert (before == after).all()
