"""The era of cases: an architecture is a case in each switch of the model, and a builder that one of them makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from transformer.cpp import Block, Function, Struct, Switch, first
from transformer.edit import Edit
from transformer.outcome import Blocked, Changes, NotNeeded, Outcome, Satisfied, all_of

if TYPE_CHECKING:
    from .eras import Part
    from .port import Port

METHODS: dict[Part, str] = {"hparams": "load_hparams", "tensors": "load_tensors", "graph": "build_graph"}

# What templates call the local variables of load_tensors, and what each is made of.
LOCALS = {
    "n_layer": "hparams.n_layer",
    "n_embd": "hparams.n_embd",
    "n_vocab": "vocab.n_tokens()",
    "n_expert": "hparams.n_expert",
    "tn": "LLM_TN(arch)",
    "TENSOR_DUPLICATED": "llama_model_loader::TENSOR_DUPLICATED",
    "TENSOR_NOT_REQUIRED": "llama_model_loader::TENSOR_NOT_REQUIRED",
}


class Cases:
    """An architecture in a tree of this era."""

    def __init__(self, port: Port) -> None:
        self._port = port

    # what is there

    def _switch(self, part: Part) -> Switch:
        return self._port.fork.method(METHODS[part]).switch("arch")

    def scope(self, part: Part) -> Block | None:
        """The case of this architecture in the method of the model that does a part."""
        switch = self._switch(part)
        return switch.case(self._port.spec.enumerator) if self._port.spec.enumerator in switch.cases else None

    def sharers(self, part: Part) -> Sequence[str]:
        """The other labels of its case."""
        return self._switch(part).sharers(self._port.spec.enumerator)

    @cached_property
    def builder_name(self) -> str:
        """The builder that `build_graph` makes for this architecture; the spec's, where it makes none yet."""
        scope = self.scope("graph")
        made = re.search(r"make_unique\s*<\s*(\w+)", scope.text) if scope is not None else None
        return made.group(1) if made else self._port.spec.builder.name

    @property
    def scope_name(self) -> str:
        """The struct is in no scope of its own: its constructor is `builder_name::builder_name`."""
        return self.builder_name

    def definition(self) -> Function | None:
        """The constructor of the builder; where nobody makes it yet, only its own file is looked at."""
        fork, name = self._port.fork, self.builder_name
        made = self.scope("graph") is not None
        others = fork.list(fork.builders) if made else [fork.builders + self._port.spec.builder.file]
        for path in [fork.path("llama-model.cpp"), *(each for each in others if fork.workspace.exists(each))]:
            if path.endswith(".cpp") and name.encode() in fork.workspace.source(path).live:
                defined = fork.workspace.file(path).defined
                found = [each for each in defined if re.fullmatch(rf"{name}(<.*>)?::{name}", each)]
                if found:
                    return fork.workspace.file(path).function(found[0])
        return None

    # what this tool writes

    def text(self, part: Part) -> str:
        """The text that this tool writes for a part, with the options as they are."""
        if part == "hparams":
            return self._port.render("load_hparams.cpp.j2")
        if part == "tensors":
            return self._switch(part).adapt_locals(self._port.render("load_tensors.cpp.j2"), LOCALS)
        defined = self._port.render("builder.cpp.j2")
        one = self._port.facts.builders.value == "one file"
        return f"{self._declared()}\n{defined}" if one else f'#include "models.h"\n\n{defined}'

    def _declared(self) -> str:
        return self._port.render("builder.h.j2")

    def written(self, part: Part) -> bool:
        """Whether the case, or the file of the builder, holds the text of this tool."""
        if part == "graph":
            made = self.definition()
            return made is not None and made.source.holds(self.text(part))
        scope = self.scope(part)
        return scope is not None and scope.holds(self.text(part))

    # what is put there

    def hparams(self) -> Outcome:
        """A case beside the closest relative."""
        return self._added("hparams")

    def tensors(self) -> Outcome:
        """A case beside the closest relative; a tensor of the file that nobody asks for makes loading fail."""
        return self._added("tensors")

    def _added(self, part: Part) -> Outcome:
        scope, code = self.scope(part), self.text(part)
        if scope is not None:
            return scope.refill(code)
        return self._switch(part).add_case(self._port.spec.enumerator, code, near=self._port.spec.near)

    def builder(self) -> Outcome:
        """A file of its own, or a place behind the relative's where all builders stand in one."""
        port, name = self._port, self.builder_name
        defined = self.definition()
        if defined is not None:
            return self._rewritten(defined)
        if name != port.spec.builder.name:
            return Blocked(f"build_graph makes {name}, which is not there", port.handled("graph").where)
        if port.facts.builders.value == "one file":
            return self._relative("llama-model.cpp").insert_after(self.text("graph"), gap=True)
        path = port.fork.builders + port.spec.builder.file
        if port.fork.workspace.exists(path):
            return Blocked(f"{path} is there but does not define {name}", f"{path}:1")
        newline = port.fork.file("models/models.h").source.newline
        text = self.text("graph").encode().replace(b"\n", newline)
        return Changes((Edit(path, 0, 0, text, "", f"file {path}", 1),))

    def _rewritten(self, defined: Function) -> Outcome:
        """The text of this tool with the options as they are, in place of its text with others."""
        file = self._port.fork.workspace.file(defined.source.path)
        found = (file.exchange(other.era.text("graph"), self.text("graph")) for other in self._port.others)
        return next((each for each in found if each is not None), Satisfied(defined.where))

    def declaration(self) -> Outcome:
        """In the list of builders, beside the closest relative."""
        if idle := self._without_files():
            return idle
        structs = self._port.fork.file("models/models.h").structs()
        name = self.builder_name
        if name in structs:
            return Satisfied(structs[name].where)
        if name != self._port.spec.builder.name:
            return Blocked(f"build_graph makes {name}, which is not declared", self._port.handled("graph").where)
        return self._relative("models/models.h").insert_after(self._declared(), gap=True)

    def _without_files(self) -> NotNeeded | None:
        """Why a fork whose builders have no files of their own needs nothing."""
        fact = self._port.facts.builders
        return NotNeeded(f"builders stand in one file ({fact.where})") if fact.value == "one file" else None

    def _relative(self, file: str) -> Struct:
        """The builder of the closest relative, else the last one of the file."""
        structs = self._port.fork.file(file).structs()
        builders = [each for name, each in reversed(structs.items()) if name.startswith("llm_build_")]
        return structs.get(self._port.spec.builder.near) or first(builders, "builder", self._port.fork.file(file))

    def sources(self) -> Outcome:
        """A line in the list of sources, where there is one."""
        if idle := self._without_files():
            return idle
        port = self._port
        if port.facts.sources.value == "globbed":
            return NotNeeded(f"sources are globbed ({port.facts.sources.where})")
        if port.facts.sources.value == "elsewhere":
            return NotNeeded(f"no list of sources lies beside them ({port.facts.sources.where})")
        defined = self.definition()
        file = defined.source.path.removeprefix(port.fork.builders) if defined else port.spec.builder.file
        return port.listed(file)

    def dispatch(self) -> Outcome:
        """A case that makes the builder, beside the closest relative."""
        switch, spec = self._switch("graph"), self._port.spec
        graph = switch.call("make_unique").statement_of().target
        return switch.add_case(spec.enumerator, self._port.render("dispatch.cpp.j2", graph=graph), near=spec.near)

    def layers(self, tensor: str) -> Outcome:
        """A layer number wherever the one loader of the model asks for the tensor."""
        load = self._port.fork.method("load_tensors")
        calls = load.calls("tn", tensor)
        if not calls and (load.mentions(tensor) or not load.calls("tn")):
            raise load.missing(f"call of tn with {tensor}")
        bare = [each for each in calls if len(each.arguments()) == 2]
        return all_of(*(each.add_argument("0") for each in bare)) if calls else NotNeeded("unused")
