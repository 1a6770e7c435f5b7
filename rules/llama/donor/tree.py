"""A donor tree: one class per model, and where the code of each stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath

from transformer.cpp import CppFile, Function, Struct
from transformer.cpp.outline import alias, bases, functions, nested
from transformer.errors import UsageError
from transformer.workspace import Workspace

from ..fork import Fork
from ..lowering import arities

BASE = "llama_model_base"


class Tree(Fork):
    """A tree whose architectures are classes. Raises `UsageError` where they are not."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        if not self.file("llama-model.cpp").functions("llama_model_mapping"):
            raise UsageError(
                "this donor has no class for each model",
                where=self.path("llama-model.cpp"),
                help="give a tree of May 2026 or later: its llama_model_mapping makes the classes",
            )

    @cached_property
    def classes(self) -> dict[str, str]:
        """Enumerator to the class that the factory makes for it."""
        switch = self.file("llama-model.cpp").function("llama_model_mapping").switch("arch")
        found = {}
        for label in switch.cases:
            made = re.search(r"new\s+(\w+)", switch.case(label).text) if label != "default" else None
            if made:
                found[label] = made.group(1)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """Architecture, as model files name it, to its enumerator."""
        table = self.architecture_names
        return {table.cell(key).strip('"'): key for key in table.rows}

    @cached_property
    def headers(self) -> list[CppFile]:
        """The files that declare the classes."""
        folder = self.builders.rstrip("/")
        return [self.workspace.file(each) for each in self.workspace.list(folder) if each.endswith(".h")]

    @cached_property
    def _structs(self) -> dict[str, Struct]:
        return {name: each for file in self.headers for name, each in file.structs().items()}

    def struct(self, name: str) -> Struct:
        """A class, by its name."""
        if name not in self._structs:
            raise self.headers[0].missing(f"struct {name}")
        return self._structs[name]

    def has_struct(self, name: str) -> bool:
        """Whether a class of this name is declared beside the builders."""
        return name in self._structs

    def line(self, name: str) -> Iterator[str]:
        """A class and those that it derives from, the nearest first, without the base of all."""
        while name and name != BASE and self.has_struct(name):
            yield name
            name = next(iter(bases(self.struct(name))), "")

    def method_of(self, name: str, method: str) -> Function:
        """A member function of a class, its own or inherited."""
        for owner in self.line(name):
            if found := list(self.methods_of(f"{owner}::{method}")):
                return found[0]
        raise self.struct(name).missing(f"member function {method}")

    def methods_of(self, prefix: str) -> Iterator[Function]:
        """The functions in the files of builders whose qualified names begin so."""
        word = prefix.split("::")[0].encode()
        for path in self.workspace.list(self.builders.rstrip("/")):
            if path.endswith(".cpp") and word in self.workspace.source(path).data:
                yield from functions(self.workspace.file(path), prefix)

    def graph_of(self, name: str) -> tuple[str, Struct]:
        """The class that holds the graph of a class, by inheritance or by `using`, and the struct of the graph."""
        for owner in self.line(name):
            struct = self.struct(owner)
            if (own := nested(struct, "graph")) is not None:
                return owner, own
            if other := alias(struct, "graph"):
                target = other.split("::")[0]
                return self.graph_of(target)
        raise self.struct(name).missing("graph")

    def file_of(self, function: Function) -> CppFile:
        """The file that defines a function."""
        return self.workspace.file(function.source.path)

    def stem(self, name: str) -> str:
        """What a class is called without its prefix."""
        return name.removeprefix("llama_model_")

    def file_name(self, name: str) -> str:
        """The file of a class, below the folder of the builders."""
        own = next(self.methods_of(f"{name}::load_arch_"), None) or next(self.methods_of(f"{name}::"), None)
        return PurePosixPath(own.source.path).name if own else f"{self.stem(name).replace('_', '-')}.cpp"

    @cached_property
    def arities(self) -> dict[str, int]:
        """The functions that ggml declares, and how many arguments each takes."""
        return arities(self)
