"""With the option `train`, ggml goes back through the activations of the graph."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from e2e.build import Build, build, port
from e2e.trees import TREES

pytestmark = pytest.mark.e2e

SIZE, STEP = 512, 1e-5


@pytest.fixture(scope="module")
def trained(any_build: Build) -> Build:
    """On one tree: the passes are the same text on all that lack them."""
    return build(TREES[0], port(TREES[0], "train=on"))


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _slope(function, x: np.ndarray) -> np.ndarray:
    return (function(x + STEP) - function(x - STEP)) / (2 * STEP)


def _went_back(program, op: str, *parts: np.ndarray) -> np.ndarray:
    given = np.concatenate(parts).astype(np.float32).tobytes()
    done = subprocess.run([program, op], input=given, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, SIZE)


def test_the_gradients_are_those_of_the_functions(trained: Build) -> None:
    """Held against differences of the functions themselves, in double precision."""
    program, random = trained.program("training"), np.random.default_rng(7)
    x, factor, weight = np.float32(random.normal(size=(3, SIZE)) * 2).astype(np.float64)
    (tanh,) = _went_back(program, "tanh", x, weight)
    np.testing.assert_allclose(tanh, weight * _slope(np.tanh, x), rtol=1e-3, atol=1e-5)
    gate, up = _went_back(program, "geglu", x, factor, weight)
    np.testing.assert_allclose(gate, weight * factor * _slope(_gelu, x), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(up, weight * _gelu(x), rtol=1e-2, atol=1e-2)  # ggml's own GELU is a table of halves


def test_without_it_the_process_ends_there(any_build: Build) -> None:
    given = np.ones(2 * SIZE, np.float32).tobytes()
    done = subprocess.run([any_build.program("training"), "tanh"], input=given, capture_output=True, check=False)
    assert done.returncode < 0
    assert b"unsupported unary op" in done.stderr
