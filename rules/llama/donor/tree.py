"""A donor tree: what its architectures are called, and where their builders are declared and defined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp import CppFile, Function, Struct
from transformer.cpp.outline import functions
from transformer.errors import UsageError
from transformer.workspace import Workspace

from ..facts import Facts
from ..fork import Fork
from ..lowering import arities
from .cases import Cases
from .classes import Classes

if TYPE_CHECKING:
    from .eras import Era


class Tree(Fork):
    """A tree whose builders stand in files of their own. Raises `UsageError` where they do not."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        if not self.has_file("models/models.h"):
            raise UsageError(
                "the builders of this donor have no files of their own",
                where=self.path("llama-model.cpp"),
                help="give a tree of November 2025 or later: its builders lie in models/",
            )

    @cached_property
    def era(self) -> Era:
        """Where an architecture lives in this donor. Raises `AnchorError` where that cannot be told."""
        return Cases(self) if Facts(self).architectures.value == "cases" else Classes(self)

    @cached_property
    def names(self) -> dict[str, str]:
        """Architecture, as model files name it, to its enumerator."""
        table = self.architecture_names
        return {table.cell(key).strip('"'): key for key in table.rows}

    @cached_property
    def headers(self) -> list[CppFile]:
        """The files that declare the builders, or the classes around them."""
        folder = self.builders.rstrip("/")
        return [self.workspace.file(each) for each in self.workspace.list(folder) if each.endswith(".h")]

    @cached_property
    def _structs(self) -> dict[str, Struct]:
        return {name: each for file in self.headers for name, each in file.structs().items()}

    def struct(self, name: str) -> Struct:
        """A struct that is declared beside the builders, by its name."""
        if name not in self._structs:
            raise self.headers[0].missing(f"struct {name}")
        return self._structs[name]

    def has_struct(self, name: str) -> bool:
        """Whether a struct of this name is declared beside the builders."""
        return name in self._structs

    def methods_of(self, prefix: str) -> Iterator[Function]:
        """The functions in the files of builders whose qualified names begin so."""
        word = prefix.split("::")[0].encode()
        for path in self.workspace.list(self.builders.rstrip("/")):
            if path.endswith(".cpp") and word in self.workspace.source(path).data:
                yield from functions(self.workspace.file(path), prefix)

    @cached_property
    def arities(self) -> dict[str, int]:
        """The functions that ggml declares, and how many arguments each takes."""
        return arities(self)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The macros of its own headers that stand for a text, and that text in its quotes."""
        own = [each for each in self.list(self.sources) if each.endswith(".h") and "/llama-" in f"/{each}"]
        pattern = re.compile(r'^#define (LLAMA_\w+)[ \t]+("[^"\n]*")[ \t]*$', re.M)
        return {name: text for path in own for name, text in pattern.findall(self.workspace.source(path).data.decode())}

    @property
    def counts_trunk(self) -> bool:
        """Whether `n_layer` leaves out the layers that predict further tokens."""
        return bool(self.hparams.methods("n_layer"))
