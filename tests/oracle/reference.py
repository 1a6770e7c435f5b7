"""What makes golden logits with transformers, for any pack: a class in 64-bit floats on a CPU, and what is recorded of it.

Classes cast to 32 bits in norms and rotary positions, whatever the model is in; while one runs here, it casts to 64.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from rules.llama.oracle.recorded import TABLES, Recorded
from rules.llama.oracle.storing import digest


def record(
    recorded: Recorded,
    logits: Mapping[str, Callable[[str], np.ndarray]],
    models: Sequence[Any],
    write: Callable[[Any, Path], Path],
) -> None:
    """Golden logits of every shape, and the digests of all model files. `logits` takes the kind of the weights."""
    found: dict[str, Any] = {
        "made with": {module.__name__: module.__version__ for module in (np, torch, transformers)},
        "golden": {},
        "models": {},
    }
    for name, computed in logits.items():
        made = {table: computed(table) for table in TABLES}
        path = recorded.save(name, made)
        found["golden"][path.name] = digest(path)
        for table, wanted in made.items():
            lost = ((recorded.load(name, table) - wanted) ** 2).sum() / (wanted**2).sum()
            print(f"{name} {table}: kept to {lost:.1e}")
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            found["models"][model.name] = digest(write(model, Path(folder)))
    recorded.file.write_text(json.dumps(found, indent=1) + "\n")


def rows(made: Callable[[], Any], prompt: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """One row of logits per token: the prompt in one pass, then each step with the cache.

    The model checks itself: its cached steps must agree with one pass without a cache over all tokens.
    """
    with _in_64_bits(), torch.no_grad():
        model = made()
        given, later = (torch.from_numpy(ids.astype(np.int64))[None] for ids in (prompt, steps))
        out = model(input_ids=given, use_cache=True)
        found, cache = [out.logits[0]], out.cache
        for step in later[0]:
            out = model(input_ids=step.reshape(1, 1), cache=cache, use_cache=True)
            found, cache = [*found, out.logits[0]], out.cache
        whole = model(input_ids=torch.cat([given, later], dim=1), use_cache=False).logits[0]
    logits = torch.cat(found)
    assert logits.dtype == torch.float64
    if (logits - whole).abs().max() > 1e-9:
        raise SystemExit("the cached steps disagree with one pass over everything")
    return logits.numpy()


@contextmanager
def _in_64_bits() -> Iterator[None]:
    kept, default = torch.Tensor.float, torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    single, torch.float = torch.float, torch.float64  # type: ignore[misc]
    single_too, torch.float32 = torch.float32, torch.float64  # type: ignore[misc]
    try:
        yield
    finally:
        torch.float32, torch.float = single_too, single  # type: ignore[misc]
        torch.Tensor.float = kept  # type: ignore[method-assign]
        torch.set_default_dtype(default)
