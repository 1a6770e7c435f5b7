"""The context of a rule: the fork, its facts, the spec of the architecture, and the words that templates use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from transformer.cpp import Construct, Parameter
from transformer.errors import AnchorError, TemplateError
from transformer.pack import Pack
from transformer.render import call, render
from transformer.workspace import Workspace

from . import spec as specs
from .facts import Facts
from .fork import Fork

EXPERT_SCALE = Parameter("ggml_tensor *", "down_exps_s", "nullptr")
GATE_UP = Parameter("ggml_tensor *", "gate_up_exps", "nullptr")


class Port:
    """One architecture on its way into one fork."""

    def __init__(self, workspace: Workspace, pack: Pack) -> None:
        self.fork = Fork(workspace)
        self.pack = pack

    @cached_property
    def spec(self) -> specs.Spec:
        """The spec of the architecture."""
        return specs.read(self.pack.spec, str(self.pack.path))

    @cached_property
    def facts(self) -> Facts:
        """What this fork is."""
        return Facts(self.fork)

    def render(self, template: str, **more: Any) -> str:
        """A template of the pack, or of the family where the pack has none of that name."""
        own = self.pack.templates / template
        folder = self.pack.templates if own.is_file() else self.pack.templates.parent / "llama"
        return self.fork.spelled(render(folder, template, {**self.words, **more}))

    @cached_property
    def words(self) -> Mapping[str, Any]:
        """The names that a template can use."""
        return {
            "facts": FactValues(self.facts),
            "spec": self.spec,
            "key": self.key,
            "tensor": self.tensor,
            "hparams": LayerValues(self),
            "graph": Calls(self.signatures),
            "builder": {"scope": self.spec.builder.name, "name": self.spec.builder.name},
            "has_op": self.has_op,
        }

    # names as this fork spells them

    def key(self, name: str) -> str:
        """The enumerator of the key `%s.name`, the fork's own where it has one."""
        if f"%s.{name}" not in self._keys:
            raise TemplateError(f"neither the spec nor the fork has a key {name}", where=str(self.pack.path))
        return self._keys[f"%s.{name}"]

    @cached_property
    def _keys(self) -> dict[str, str]:
        table = self.fork.key_names
        own = {table.cell(key).strip('"'): key for key in table.rows}
        return {**{each.name: each.enumerator for each in self.spec.keys}, **own}

    def tensor(self, enumerator: str) -> str:
        """The enumerator of a tensor of the spec, the fork's own where it gives the name to another one."""
        full = f"LLM_TENSOR_{enumerator}"
        wanted = next((each for each in self.spec.tensors if each.enumerator == full), None)
        if wanted is None:
            raise TemplateError(f"the spec has no tensor {full}", where=str(self.pack.path))
        return self.own_tensors.get(wanted.name, full)

    @cached_property
    def own_tensors(self) -> dict[str, str]:
        """Tensor name to the fork's enumerator."""
        table = self.fork.tensor_names
        tables = [table]
        if self.facts.tensor_names.value == "by architecture":
            tables = [table.nested(key) for key in table.rows]
        found: dict[str, str] = {}
        proposed = {each.enumerator for each in self.spec.tensors}
        for each in tables:
            for key in each.rows:
                name = each.cell(key).strip('"')
                found[name] = key if key in proposed else found.get(name, key)
        return found

    def has_op(self, function: str) -> bool:
        """Whether ggml declares the function."""
        own = self.fork.path("ggml.h")
        header = own if self.fork.workspace.exists(own) else "ggml/include/ggml.h"
        declared = self.fork.workspace.source(header).data.replace(b" (", b"(")
        return f"{self.fork.spelled(function)}(".encode() in declared

    def parameter(self, parameter: Parameter) -> Parameter:
        """A parameter with its type as this fork spells it."""
        return replace(parameter, type=self.fork.spelled(parameter.type))

    # calls

    def signatures(self, function: str) -> list[tuple[Parameter, ...]]:
        """The parameter lists of a graph helper, with what the rules of this family add to them."""
        found = []
        for each in self.fork.graph.sound().methods(function):
            added = (GATE_UP, EXPERT_SCALE) if "up_exps_b" in each.names else ()
            found.append(each.parameters + tuple(p for p in added if p.name not in each.names))
        return found

    # where the architecture lives already

    def scope(self, method: str) -> Construct | None:
        """Where this architecture is handled in `llama_model::method`: its case, or its class's own method."""
        if self.facts.architectures.value == "cases":
            switch = self.fork.method(method).switch("arch")
            return switch.case(self.spec.enumerator) if self.spec.enumerator in switch.cases else None
        mapping = self.fork.file("llama-model.cpp").function("llama_model_mapping").switch("arch")
        if self.spec.enumerator not in mapping.cases:
            return None
        made = mapping.case(self.spec.enumerator).text.split("new ")[-1].split("(")[0]
        verb, _, what = method.partition("_")
        return self._own_method(made, f"{verb}_arch_{what}")

    def own(self, method: str) -> Construct:
        """Where it is handled, to be changed. Raises `AnchorError` where others are handled there as well."""
        scope = self.handled(method)
        if self.facts.architectures.value == "cases":
            others = self.fork.method(method).switch("arch").sharers(self.spec.enumerator)
            if others:
                raise AnchorError(f"{scope.name} is that of {', '.join(others)} as well", where=scope.where)
        return scope

    def handled(self, method: str) -> Construct:
        """Where this architecture is handled in `llama_model::method`. Raises `AnchorError` where it is not."""
        scope = self.scope(method)
        if scope is None:
            raise self.fork.file("llama-model.cpp").missing(f"{method} for {self.spec.enumerator}")
        return scope

    @cached_property
    def builder_name(self) -> str:
        """The builder that `build_graph` makes for this architecture; the spec's, where it makes none yet."""
        scope = self.scope("build_graph")
        made = re.search(r"<\s*(\w+)", scope.text) if scope is not None else None
        return made.group(1) if made else self.spec.builder.name

    def definition_of(self, builder: str) -> Construct | None:
        """The constructor of a builder; where nobody makes it yet, only its own file is looked at."""
        made = self.scope("build_graph") is not None
        folder = self.fork.builders
        others = self.fork.workspace.list(folder.rstrip("/")) if made else [folder + self.spec.builder.file]
        for path in [self.fork.path("llama-model.cpp"), *(each for each in others if self.fork.workspace.exists(each))]:
            if path.endswith(".cpp") and f"{builder}::{builder}".encode() in self.fork.workspace.source(path).data:
                return self.fork.workspace.file(path).function(f"{builder}::{builder}")
        return None

    def _own_method(self, owner: str, method: str) -> Construct | None:
        for path in self.fork.workspace.list(self.fork.builders.rstrip("/")):
            if path.endswith(".cpp") and f"{owner}::{method}".encode() in self.fork.workspace.source(path).data:
                return self.fork.workspace.file(path).function(f"{owner}::{method}")
        return None


class FactValues:
    """The values of facts, for templates."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._facts, name).value


class LayerValues:
    """Values that are a member in one fork and a function of the layer in another: `hparams.n_rot("il")`.

    Where they are members, a pack whose heads differ between layers brings functions (`heads.values`).
    """

    def __init__(self, port: Port) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Callable[[str], str]:
        if name not in ("n_embd_head_k", "n_embd_head_v", "n_rot"):
            raise AttributeError(name)
        if self._port.facts.head_sizes.value == "functions":
            return lambda layer: f"hparams.{name}({layer})"
        if any(each.name == "heads.values" for each in self._port.pack.rules):
            return lambda layer: f"hparams.{name}_at({layer})"
        return lambda _layer: f"hparams.{name}"


class Calls:
    """Calls written from the fork's own declarations: `graph.build_norm(cur="cur", ...)`."""

    def __init__(self, signatures: Callable[[str], Sequence[Sequence[Parameter]]]) -> None:
        self._signatures = signatures

    def __getattr__(self, name: str) -> Callable[..., str]:
        def write(if_accepted: Mapping[str, str] | None = None, **arguments: str) -> str:
            return call(name, self._signatures(name), arguments, if_accepted)

        return write


def open_port(workspace: Workspace, pack: Pack) -> Port:
    """The context of a pack's rules. Raises `PackError` where its spec is malformed."""
    port = Port(workspace, pack)
    port.spec  # noqa: B018 - a malformed spec is found before any rule runs
    return port
