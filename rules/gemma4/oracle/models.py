"""The model files: which there are, and a folder that holds them, each checked against the manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transformer.errors import VerifyError

from . import files, golden
from .files import KINDS, Kind
from .variants import VARIANTS, Variant
from .weights import Tensors, gguf_tensors


@dataclass(frozen=True)
class Layout:
    """One way of storing a shape; all layouts of a shape compute the same."""

    name: str
    shape: str
    change: Callable[[Tensors, Variant], Tensors]

    @property
    def variant(self) -> Variant:
        """The shape."""
        return VARIANTS[self.shape]

    def tensors(self) -> Tensors:
        """The tensors as this layout stores them."""
        return self.change(gguf_tensors(self.variant), self.variant)


def _as_is(tensors: Tensors, _: Variant) -> Tensors:
    return tensors


LAYOUTS = (
    Layout("e2b", "e2b", _as_is),
    Layout("e2b_bare", "e2b", files.without_tail_kv),
    Layout("e4b", "e4b", _as_is),
    Layout("a4b", "a4b", _as_is),
    Layout("a4b_split", "a4b", lambda tensors, _: files.split_experts(tensors)),
    Layout("31b", "31b", _as_is),
)


@dataclass(frozen=True)
class Model:
    """One model file."""

    layout: Layout
    kind: Kind

    @property
    def shape(self) -> str:
        """The name of its shape."""
        return self.layout.shape

    @property
    def variant(self) -> Variant:
        """Its shape."""
        return self.layout.variant

    @property
    def name(self) -> str:
        """Layout and kind."""
        return f"{self.layout.name}-{self.kind}"

    def path(self, folder: Path) -> Path:
        """Where the file lies in a folder."""
        return folder / f"{self.name}.gguf"


MODELS = tuple(Model(layout, kind) for layout in LAYOUTS for kind in KINDS)


def write(model: Model, folder: Path) -> Path:
    """Write the model's file into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = model.path(folder)
    files.write(path, model.layout.variant, model.layout.tensors(), model.kind)
    return path


def checked(model: Model, folder: Path) -> Path:
    """The model's file in the folder, written where it is absent. Raises `VerifyError` where it is not as recorded."""
    path, known = model.path(folder), golden.manifest()["models"][model.name]
    if not path.exists() or golden.digest(path) != known:
        write(model, folder)
    if golden.digest(path) != known:
        known_with = golden.manifest()["made with"]["numpy"]
        raise VerifyError(
            f"{path.name} is not as recorded: this numpy or gguf writes something else",
            where=str(path),
            help=f"install others; it was recorded with numpy {known_with}",
        )
    return path
