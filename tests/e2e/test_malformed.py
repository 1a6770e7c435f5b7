"""A file that is not what it should be does not load: the message names a key or a tensor, and nothing crashes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import gguf
import numpy as np
import pytest

from e2e import broken
from e2e.broken import Broken
from e2e.build import Build
from e2e.run import MODELS
from rules.gemma4.oracle import models
from rules.gemma4.oracle.models import LAYOUTS, Model
from rules.llama.running import ENVIRONMENT

pytestmark = pytest.mark.e2e

WHOLE = Model(next(layout for layout in LAYOUTS if layout.name == "e4b"), "f32")


def load(build: Build, path: Path) -> subprocess.CompletedProcess[str]:
    """Load and feed a few tokens, which a file that loads by mistake would have to survive."""
    ids = path.with_name("ids")
    ids.write_bytes(np.arange(8, dtype="<i4").tobytes())
    command = [build.program("logits"), path, ids, path.with_name("out"), "2", "ubatch=4"]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **ENVIRONMENT})


@pytest.mark.parametrize("file", broken.FILES.values(), ids=broken.FILES)
def test_refused_by_name(ported: Build, file: Broken, tmp_path: Path) -> None:
    file.write(tmp_path / "model.gguf")
    ran = load(ported, tmp_path / "model.gguf")
    assert ran.returncode == 1, ran.stderr[-2000:]
    assert "does not load" in ran.stderr
    assert file.says in ran.stderr


@pytest.mark.parametrize("file", broken.ASSERTED.values(), ids=broken.ASSERTED)
def test_stopped_by_the_tree(ported: Build, file: Broken, tmp_path: Path) -> None:
    file.write(tmp_path / "model.gguf")
    ran = load(ported, tmp_path / "model.gguf")
    assert ran.returncode == -signal.SIGABRT
    assert "GGML_ASSERT" in ran.stderr
    assert file.says in ran.stderr


@pytest.mark.parametrize("share", [0.0, 1e-6, 0.0005, 0.001, 0.003, 0.006, 0.01, 0.3, 0.9, 0.999])
def test_cut_short(ported: Build, share: float, tmp_path: Path) -> None:
    """Cut in the header, the keys, the list of tensors and their data."""
    whole = models.checked(WHOLE, MODELS).read_bytes()
    path = tmp_path / "model.gguf"
    path.write_bytes(whole[: int(len(whole) * share)])
    ran = load(ported, path)
    assert ran.returncode == 1, ran.stderr[-2000:]
    assert "does not load" in ran.stderr
    if share > 0.02:
        cut = [tensor.name for tensor in gguf.GGUFReader(models.checked(WHOLE, MODELS)).tensors]
        assert any(f"'{name}'" in ran.stderr for name in cut)


def test_whole_file_loads(ported: Build, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(models.checked(WHOLE, MODELS).read_bytes())
    assert load(ported, path).returncode == 0
