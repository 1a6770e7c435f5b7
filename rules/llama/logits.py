"""Runs models with known logits on a library that was built, and says how near it comes. Needs numpy."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.family import Evidence, Progress

from .running import Failed, built, call

if TYPE_CHECKING:
    import numpy as np

    from .figures import Figure
    from .proof import Sample

# Keys and values as they come and no flash attention: what is left are mistakes. In one batch, and in several.
SETTINGS = tuple(f"ubatch={ubatch} threads=2 fa=0 k=f32 v=f32" for ubatch in (64, 512))
LONGEST = 600  # seconds; a model takes about one

HEAD = ("model", "type", "NMSE", "worst", "position", "top-1", "verdict")


def run(
    program: Path, model: Path, ids: np.ndarray, steps: int, settings: Sequence[str], *, longest: float | None = None
) -> np.ndarray:
    """[setting, position, token]; the last `steps` ids are decoded one by one. Raises `Failed`."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "ids", Path(folder) / "out"
        given.write_bytes(ids.astype("<i4").tobytes())
        call(program, model, given, out, str(steps), *settings, longest=longest)
        return np.fromfile(out, dtype="<f4").reshape(len(settings), len(ids), -1).astype(np.float64)


def judge(samples: Sequence[Sample], folder: Path, progress: Progress) -> Evidence:
    """Whether the build in the folder computes what the models must."""
    began = time.monotonic()
    rows: list[tuple[str, ...]] = [HEAD]
    notes, bad = [], set()
    for number, sample in enumerate(samples, 1):
        progress(number - 1, len(samples), f"{sample.name} {sample.kind}")
        try:
            found = _figures(sample, folder)
            good = all(each.good for each in found)
            cells = (*_cells(found), "right" if good else "wrong")
        except Failed as error:
            good, cells = False, ("-", "-", "-", "-", "fails")
            notes.append(f"{sample.name} {sample.kind}: {error.cause}")
        rows.append((sample.name, sample.kind, *cells))
        bad |= set() if good else {number}
    progress(len(samples), len(samples), "")
    right, took = len(samples) - len(bad), time.monotonic() - began
    text = f"{right} of {len(samples)} models give the logits of the reference, {took:.1f} s"
    return Evidence("numbers", not bad, text, tuple(rows), tuple(notes), frozenset(bad))


def _figures(sample: Sample, folder: Path) -> list[Figure]:
    from .figures import STRICT, measure

    program, model = built(folder, "logits"), sample.write(folder / "models")
    got = run(program, model, sample.ids, sample.steps, SETTINGS, longest=LONGEST)
    want = sample.want()
    return [
        measure(sample.name, setting, rows, want, sample.steps, STRICT)
        for setting, rows in zip(SETTINGS, got, strict=True)
    ]


def _cells(found: Sequence[Figure]) -> Iterator[str]:
    """The worst of all settings."""
    worst = max(found, key=lambda figure: figure.worst)
    yield f"{max(figure.nmse for figure in found):.1e}"
    yield f"{worst.worst:.1e}"
    yield str(worst.worst_at)
    yield f"{min(figure.top1 for figure in found):.1%}"
