"""The era of classes: an architecture is a class of its own, with its loader and its builder in one file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp import Function, Place, Struct, first
from transformer.edit import Edit
from transformer.outcome import Blocked, Changes, NotNeeded, Outcome, Satisfied

from .eras import Part

if TYPE_CHECKING:
    from transformer.cpp import CppFile, Switch

    from .port import Port

METHODS: dict[Part, str] = {"hparams": "load_arch_hparams", "tensors": "load_arch_tensors", "graph": "build_arch_graph"}


class Classes:
    """An architecture in a tree of this era."""

    def __init__(self, port: Port) -> None:
        self._port = port

    # what is there

    @property
    def _factory(self) -> Switch:
        """The switch that makes a model of the class of its architecture."""
        return self._port.fork.file("llama-model.cpp").function("llama_model_mapping").switch("arch")

    def _made(self, arch: str) -> str | None:
        """The class that the factory makes for an architecture; `None` where it makes none."""
        found = re.search(r"\bnew\s+(\w+)", self._factory.case(arch).text) if arch in self._factory.cases else None
        return found[1] if found else None

    @cached_property
    def class_name(self) -> str:
        """The class of this architecture: the one that the factory makes, else one named after the architecture."""
        own = re.sub(r"\W", "_", self._port.spec.name)
        return self._made(self._port.spec.enumerator) or f"llama_model_{own}"

    @property
    def scope_name(self) -> str:
        """The builder is a struct in the class."""
        return f"{self.class_name}::{self.builder_name}"

    @property
    def builder_name(self) -> str:
        """Every class calls its builder so."""
        return "graph"

    def scope(self, part: Part) -> Function | None:
        """The member function of the class that does a part."""
        made = self._made(self._port.spec.enumerator)
        return self._member(made, METHODS[part]) if made else None

    def sharers(self, part: Part) -> Sequence[str]:
        """A class does its part for itself alone."""
        return ()

    def definition(self) -> Function | None:
        """The constructor of the builder."""
        made = self._made(self._port.spec.enumerator)
        return self._member(made, f"{self.builder_name}::{self.builder_name}") if made else None

    def _member(self, owner: str, name: str) -> Function | None:
        for path in self._port.fork.list(self._port.fork.builders):
            if path.endswith(".cpp") and f"{owner}::{name}".encode() in self._port.fork.workspace.source(path).live:
                return next(iter(self._port.fork.workspace.file(path).functions(f"{owner}::{name}")), None)
            if path.endswith(".cpp") and "::" in name and owner.encode() in self._port.fork.workspace.source(path).live:
                inner, last = name.split("::")
                defined = self._port.fork.workspace.file(path).defined
                found = [each for each in defined if re.fullmatch(rf"{owner}::{inner}<.*>::{last}", each)]
                if found:
                    return self._port.fork.workspace.file(path).function(found[0])
        return None

    # what this tool writes

    @property
    def _path(self) -> str:
        return f"{self._port.fork.builders}{self._port.spec.name.replace('_', '-')}.cpp"

    def text(self, part: Part) -> str:
        """The text that this tool writes for a part; the builder comes with all of the class."""
        if part == "hparams":
            return self._port.render("load_hparams.cpp.j2")
        if part == "tensors":
            return self._port.render("load_tensors.cpp.j2")
        own_locals = self._hides_locals(self.text("tensors"))
        loaders: dict[str, str | bool] = {"own_locals": own_locals, "hparams_code": _deeper(self.text("hparams"))}
        loaders["tensors_code"] = _deeper(self.text("tensors"), 2 if own_locals else 1)
        builder, made = self._port.render("builder.cpp.j2"), ""
        head = re.match(r"(?:#include[^\n]*\n|\n)*", builder)
        loaders["includes"] = head.group().strip() if head else ""
        builder = builder[head.end() if head else 0 :]
        if (self._port.pack.templates / "dispatch.cpp.j2").is_file():
            made = self._port.render("dispatch.cpp.j2", graph="made")
        loaders["uses_loader"] = bool(re.search(r"\bml\b", self.text("tensors")))
        loaders["dispatch_code"] = _deeper(made)
        return self._port.render("class.cpp.j2", class_name=self.class_name, builder_code=builder, **loaders)

    def _hides_locals(self, text: str) -> bool:
        """Whether a text has locals of its own with names that the fork's loaders are given: it needs braces then."""
        header = self._port.fork.file("llama-model.h").source.data.decode()
        given = re.search(r"#define LLAMA_LOAD_LOCALS\b(?:[^\n]*\\\r?\n)*[^\n]*", header)
        names = set(re.findall(r"(\w+)\s*=", given.group())) if given else set()
        return not names.isdisjoint(re.findall(r"^(?:const\s+)?\w+\s+(\w+)\s*=", text, re.MULTILINE))

    def written(self, part: Part) -> bool:
        """Whether the member function, or the file of the class, holds the text of this tool."""
        scope = self.definition() if part == "graph" else self.scope(part)
        if scope is None:
            return False
        return scope.source.holds(self.text(part)) if part == "graph" else scope.holds(self.text(part))

    # what is put there

    def hparams(self) -> Outcome:
        """In the class's own file."""
        return self._file("hparams")

    def tensors(self) -> Outcome:
        """In the class's own file."""
        return self._file("tensors")

    def builder(self) -> Outcome:
        """In the class's own file."""
        return self._file("graph")

    def _file(self, part: Part) -> Outcome:
        """The whole file of the class: the rules of its parts plan the same text, and equal edits are one."""
        scope = self.scope(part)
        if scope is not None:
            return self._rewritten(scope)
        path, made = self._path, self._made(self._port.spec.enumerator)
        if made:
            return Blocked(f"the factory makes {made}, whose {METHODS[part]} is in no file", self._factory.where)
        if self._port.fork.workspace.exists(path):
            return Blocked(f"{path} is there, but the factory makes no class of it", f"{path}:1")
        newline = self._port.fork.file("models/models.h").source.newline
        return Changes((Edit(path, 0, 0, self.text("graph").encode().replace(b"\n", newline), "", f"file {path}", 1),))

    def _rewritten(self, scope: Place) -> Outcome:
        """The text of this tool with the options as they are, in place of its text with others."""
        file = self._port.fork.workspace.file(scope.source.path)
        new = self.text("graph")
        found = (file.exchange(other.era.text("graph"), new) for other in self._port.others)
        return next((each for each in found if each is not None), Satisfied(scope.where))

    def declaration(self) -> Outcome:
        """A class beside that of the closest relative."""
        header = self._port.fork.file("models/models.h")
        structs = header.structs()
        if self.class_name in structs:
            return Satisfied(structs[self.class_name].where)
        graph = self._port.render("builder.h.j2")
        inner = "\n".join(f"    {line}" if line.strip() else "" for line in graph.rstrip("\n").split("\n"))
        text = self._port.render("class.h.j2", class_name=self.class_name, builder_code=inner)
        return self._relative(header, structs).insert_after(f"\n{text}", gap=True)

    def _relative(self, header: CppFile, structs: dict[str, Struct]) -> Struct:
        """The class of the closest relative that has one in the header, else the last class of a model there."""
        near = [made for arch in self._port.spec.near if (made := self._made(arch)) in structs]
        last = [each for name, each in reversed(structs.items()) if name.startswith("llama_model_")]
        return structs[near[0]] if near else first(last, "class of a model", header)

    def sources(self) -> Outcome:
        """In this era the build takes whatever lies in the folder of the classes."""
        fact = self._port.facts.sources
        if fact.value == "listed":
            return self._port.listed(self._path.removeprefix(self._port.fork.builders))
        return NotNeeded(f"sources are {fact.value} ({fact.where})")

    def dispatch(self) -> Outcome:
        """A case of the factory, beside the closest relative."""
        code, spec = f"return new {self.class_name}({self._argument});", self._port.spec
        return self._factory.add_case(spec.enumerator, code, near=spec.near, bare=True)

    @property
    def _argument(self) -> str:
        """What the factory hands to the classes that it makes."""
        made = (re.search(r"\bnew\s+\w+\((\w+)\)", self._factory.case(label).text) for label in self._factory.cases)
        return next((each[1] for each in made if each), "params")

    def layers(self, tensor: str) -> Outcome:
        """Each class asks for its tensors by itself: nobody's call can be changed for them all."""
        where = self._port.fork.tensor_infos.row(tensor).where
        return Blocked(f"{tensor} is of another layer class, and each architecture's own class asks for it", where)


def _deeper(text: str, levels: int = 1) -> str:
    """A text some levels in."""
    pad = "    " * levels
    return "\n".join(pad + line if line.strip() else "" for line in text.rstrip("\n").split("\n"))
