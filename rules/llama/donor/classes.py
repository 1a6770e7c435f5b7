"""Donors of the era of classes: an architecture is a class, its graph a struct in it, or one that another class has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from transformer.cpp import Construct, If, Statement, Struct
from transformer.cpp.functions import Function
from transformer.cpp.lift import without_gaps
from transformer.cpp.outline import alias, bases, nested

from ..classes import METHODS
from .draft import Member
from .margin import margin

if TYPE_CHECKING:
    from ..eras import Part
    from .tree import Tree
    from .words import Lifter

BASE = "llama_model_base"


class Classes:
    """A donor with one class per model."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @cached_property
    def known(self) -> dict[str, str]:
        """Enumerator to the class that the factory makes for it."""
        switch = self.tree.file("llama-model.cpp").function("llama_model_mapping").switch("arch")
        found = {}
        for label in switch.cases:
            made = re.search(r"new\s+(\w+)", switch.case(label).text) if label != "default" else None
            if made:
                found[label] = made.group(1)
        return found

    def home(self, enumerator: str) -> Class:
        """The class of an architecture."""
        return Class(self, self.known[enumerator])

    @property
    def _loader(self) -> Function:
        return self.tree.file("llama-model.cpp").function(f"{BASE}::load_hparams")

    def generic(self) -> Sequence[Statement]:
        """All of the base's loader, which calls the class's own."""
        return self._loader.body().statements()

    def tests(self) -> Sequence[If]:
        """The conditions in it."""
        return self._loader.ifs()

    def helper(self, name: str) -> tuple[str, Construct]:
        """A member function of the base."""
        function = self.tree.file("llama-model.cpp").function(f"{BASE}::{name}")
        return ", ".join(f"{each.type} {each.name}" for each in function.parameters), function.body()

    def line(self, name: str) -> Iterator[str]:
        """A class and those that it derives from, the nearest first, without the base of all."""
        while name and name != BASE and self.tree.has_struct(name):
            yield name
            name = next(iter(bases(self.tree.struct(name))), "")

    def graph_of(self, name: str) -> tuple[str, Struct]:
        """The class that holds the graph of a class, by inheritance or by `using`, and the struct of the graph."""
        for owner in self.line(name):
            struct = self.tree.struct(owner)
            if (own := nested(struct, "graph")) is not None:
                return owner, own
            if other := alias(struct, "graph"):
                return self.graph_of(other.split("::")[0])
        raise self.tree.struct(name).missing("graph")


class Class:
    """An architecture in such a donor."""

    def __init__(self, era: Classes, name: str) -> None:
        self._era = era
        self._tree = era.tree
        self._name = name
        self._owner, self.graph = era.graph_of(name)

    @property
    def builder(self) -> str:
        """Named after the class."""
        return f"llm_build_{self._stem}"

    @property
    def _stem(self) -> str:
        return self._name.removeprefix("llama_model_")

    @property
    def file(self) -> str:
        """The file of the class."""
        prefixes = (f"{self._name}::load_arch_", f"{self._name}::")
        own = next((each for prefix in prefixes for each in self._tree.methods_of(prefix)), None)
        return PurePosixPath(own.source.path).name if own else f"{self._stem.replace('_', '-')}.cpp"

    @cached_property
    def functions(self) -> list[Function]:
        """The functions of the graph."""
        prefix = f"{self._owner}::graph"
        return [each for each in self._tree.methods_of(prefix) if re.match(rf"{prefix}(<[^>]*>)?::", each.name)]

    def code(self, part: Part) -> Sequence[Function]:
        """A member function of the class, its own or inherited."""
        for owner in self._era.line(self._name):
            if found := list(self._tree.methods_of(f"{owner}::{METHODS[part]}")):
                return found[:1]
        raise self._tree.struct(self._name).missing(f"member function {METHODS[part]}")

    def statements(self, part: Part, lifter: Lifter) -> str:
        """What stands between the braces of the function."""
        return "".join(margin(lifter.text(each.body())[1:-1]) for each in self.code(part))

    def named(self, text: str) -> str:
        """The class is the fork's model, its `graph` the builder."""
        for owner in dict.fromkeys((*self._era.line(self._name), *self._era.line(self._owner))):
            text = re.sub(rf"static_cast<const {owner} ?&>\((\w+)\)", r"\1", text)
            text = re.sub(rf"\b{owner} &", "llama_model &", text)
        text = text.replace(f"{self._owner}::graph", "<%= builder.scope %>")
        text = re.sub(r"(<%= builder\.scope %>(?:<[^>]*>)?::)graph\b", r"\1<%= builder.name %>", text)
        return text.replace(f"{self._owner}::", "")

    def declared(self, text: str) -> str:
        """`graph` is what its struct and its constructor are called."""
        text = re.sub(r"\bstruct graph\b", "struct <%= builder.name %>", text)
        return re.sub(r"(?<![\w:])graph\(", "<%= builder.name %>(", text)

    def made(self, text: str) -> str:
        """The body of `build_arch_graph`, which returns what a fork may assign."""
        body = without_gaps(text).strip()
        if re.fullmatch(r"return std::make_unique<graph>\(\*this, params\);", body):
            return ""
        body = re.sub(r"make_unique<(?:\w+::)?graph\b", "make_unique<<%= builder.name %>", body)
        single = re.fullmatch(r"return ([^;]*);", body)
        if single:
            return f"<%= graph %> = {single.group(1)};\n"
        if re.fullmatch(r"if \([^\n]*\) \{\s*return [^;]*;\s*\} else \{\s*return [^;]*;\s*\}", body):
            return re.sub(r"\breturn ", "<%= graph %> = ", body) + "\n"
        inner = "\n".join("    " + line if line else "" for line in body.split("\n"))
        return f"<%= graph %> = [&]() -> std::unique_ptr<llm_graph_context> {{\n{inner}\n}}();\n"

    def instances(self, text: str) -> Sequence[str]:
        """Those of the class's graph."""
        return re.findall(rf"^template\s+(?:struct|class)\s+{self._owner}::graph<[^;]*;", text, re.M)

    def state(self) -> Iterator[Member]:
        """What the class holds beside its functions: members of the model in every tree."""
        for owner in self._era.line(self._name):
            struct = self._tree.struct(owner)
            for name, node in struct.fields.items():
                text = re.sub(r"\s+", " ", re.sub(r"\s*//[^\n]*", "", struct.source.text(node))).strip()
                yield Member(name, text, ("layers",))
