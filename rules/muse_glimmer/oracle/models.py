"""The model files: which there are, and a folder that holds them, each checked against the manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...llama.oracle.storing import KINDS, Kind
from . import files, golden
from .variants import VARIANTS, Variant
from .weights import gguf_tensors


@dataclass(frozen=True)
class Model:
    """One model file: a shape, and the type of its weights."""

    shape: str
    kind: Kind

    @property
    def variant(self) -> Variant:
        """The shape."""
        return VARIANTS[self.shape]

    @property
    def name(self) -> str:
        """Shape and kind."""
        return f"{self.shape}-{self.kind}"


MODELS = tuple(Model(shape, kind) for shape in VARIANTS for kind in KINDS)


def write(model: Model, folder: Path) -> Path:
    """Write the model's file into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"muse-{model.name}.gguf"
    files.write(path, model.variant, gguf_tensors(model.variant), model.kind)
    return path


def checked(model: Model, folder: Path) -> Path:
    """The model's file in the folder, written anew. Raises `VerifyError` where it does not come out as recorded."""
    return golden.RECORDED.checked(write(model, folder), model.name)
