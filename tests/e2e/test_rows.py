"""Rows that nobody asked for are dropped behind the last layer that owns keys and values, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from e2e import rows
from e2e.build import Build, build, port
from e2e.rows import Sequences
from e2e.settings import bound
from e2e.trees import AnyTree
from rules.gemma4.oracle.models import Model
from rules.llama.figures import measure

pytestmark = pytest.mark.e2e

every_shape = pytest.mark.parametrize("model", rows.SHAPES, ids=lambda model: model.name)
every_sequence = pytest.mark.parametrize("sequences", rows.SEQUENCES, ids=lambda sequences: sequences.name)
every_place = pytest.mark.parametrize("places", rows.PLACES)

# How far the logits of a position may be from those with all rows, as a share of their size: in F32 without flash
# attention only the shapes that a kernel sees change its order of sums, and GELU's table turns that into small steps;
# half floats and 8-bit keys and values make steps of their own size: 1.7e-5 was found. A mistake costs 5e-4 at least.
PLAIN, COARSE = 1e-7, 1e-4
TIE = 0.1  # logits reach +-27


@pytest.fixture(scope="session")
def kept(tree: AnyTree, ported: Build) -> Build:
    """The same port with the option off, built after the other in the same folder."""
    return build(tree, port(tree, "drop_rows=off"))


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The larger normalised mean square error of a row; of no rows, none."""
    return max(((ours - theirs) ** 2).sum(1) / (theirs**2).sum(1), default=0.0)


def same(model: Model, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Within rounding of what is computed with all rows, under each setting."""
    for setting, left, right in zip(rows.SETTINGS, ours, theirs, strict=True):
        allowed = PLAIN if model.kind == "f32" and not setting.flash else COARSE
        assert apart(left, right) < allowed, setting.name
        chosen = right[np.arange(len(right)), left.argmax(1)]
        assert (right.max(1, initial=-np.inf) - chosen < TIE).all(), setting.name


@every_shape
@every_sequence
@every_place
def test_rows(ported: Build, kept: Build, model: Model, sequences: Sequences, places: str) -> None:
    ours, theirs = (rows.run(each, model, sequences, places) for each in (ported, kept))
    assert ours.rows == [rows.expected_rows(model, sequences, places, True)] * len(rows.SETTINGS)
    assert theirs.rows == [rows.expected_rows(model, sequences, places, False)] * len(rows.SETTINGS)
    same(model, ours.logits, theirs.logits)
    if places == "everywhere" or not sequences.drops:
        assert (ours.logits == theirs.logits).all()
    right(model, sequences, places, ours.logits)


def right(model: Model, sequences: Sequences, places: str, logits: np.ndarray) -> None:
    """Within the bounds of the reference, under each setting."""
    for setting, got in zip(rows.SETTINGS, logits, strict=True):
        want, asked = rows.reference(model, sequences, places, setting)
        for part in (slice(asked), slice(asked, None)):
            if len(got[part]):
                allowed = bound(model, setting)
                # a mean over few rows, or one: the bound of a row; a near tie may be any of them
                allowed = replace(allowed, nmse=allowed.worst, agree=min(allowed.agree, 1 - 1 / len(got[part])))
                figure = measure(model.name, f"{setting.name}, {places}", got[part], want[part], 0, allowed)
                assert figure.good, str(figure)


@every_shape
@every_place
def test_embeddings_as_input(ported: Build, kept: Build, model: Model, places: str) -> None:
    """No reference takes them: what counts is that nothing changes."""
    one = Sequences(1)
    ours, theirs = (rows.run(each, model, one, places, "raw") for each in (ported, kept))
    assert ours.rows == [rows.expected_rows(model, one, places, True)] * len(rows.SETTINGS)
    assert np.isfinite(ours.logits).all()
    same(model, ours.logits, theirs.logits)


@pytest.fixture(scope="session")
def _device(pristine: Build) -> None:
    if not rows.runs_in_parts(pristine):
        pytest.skip("this tree runs no model in parts that has views of what the CPU computes, its own Gemma 3n neither")


@every_shape
@pytest.mark.usefixtures("_device")
@pytest.mark.parametrize("places", ["end", "several"])
@pytest.mark.parametrize("end", ["tail", "owner", "everything"])
def test_layers_on_another_device(ported: Build, model: Model, places: str, end: str) -> None:
    """The graph is cut behind the layer where rows are dropped, before it, and nowhere."""
    one, variant = Sequences(1), model.layout.variant
    layers = {"tail": 1, "owner": variant.layers - variant.owners + 1, "everything": variant.layers}[end]
    ours = rows.run(ported, model, one, places, offloaded=layers + 1)
    assert ours.rows == [rows.expected_rows(model, one, places, True)] * len(rows.SETTINGS)
    right(model, one, places, ours.logits)
