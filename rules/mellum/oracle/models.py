"""The model files: which there are, and a folder that holds them, each checked against the manifest."""

from __future__ import annotations

from pathlib import Path

from ...llama.oracle.shapes import Files, Model
from ...llama.oracle.storing import Kind
from . import files, golden
from .variants import VARIANTS, Variant
from .weights import gguf_tensors


def _store(path: Path, variant: Variant, kind: Kind) -> None:
    files.write(path, variant, gguf_tensors(variant), kind)


KINDS: tuple[Kind, ...] = ("f32", "f16")
"""With coarser weights, experts that are nearly tied would change places, which is no fault of a build."""
MODELS = tuple(Model(variant, kind) for variant in VARIANTS.values() for kind in KINDS)
FILES = Files("mellum", _store, golden.RECORDED)
write, checked = FILES.write, FILES.checked
