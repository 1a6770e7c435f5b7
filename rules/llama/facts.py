"""What a fork is: found in its syntax trees, each fact with the place that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from transformer.errors import AnchorError
from transformer.family import Shown

if TYPE_CHECKING:
    from transformer.cpp import Construct

    from .fork import Fork

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value and the place (`path:line`) that shows it."""

    value: T
    where: str


@dataclass(frozen=True, slots=True)
class Flags:
    """An array of the hyperparameters with a flag per layer: its name (empty: there is none), and its element type."""

    member: str
    element: str

    @property
    def is_bool(self) -> bool:
        """Whether its elements are booleans; the loader reads arrays of integers."""
        return self.element == "bool"

    def __str__(self) -> str:
        return f"{self.member}: {self.element}" if self.member else "none"


class Asked:
    """A collection that remembers which of its facts were asked for."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if isinstance(value, Fact):
            vars(self).setdefault("_asked", {})[name] = value
        return value


class Facts(Asked):
    """What is known of a fork. Each fact is found when it is first asked for, and then stays.

    A place that no rule needs may be missing without anybody noticing.
    """

    def __init__(self, fork: Fork) -> None:
        self._fork = fork

    @cached_property
    def architectures(self) -> Fact[Literal["cases", "classes"]]:
        """Whether an architecture is a case in the switches of `llama_model`, or a class of its own."""
        file = self._fork.file("llama-model.cpp")
        loader = file.functions("llama_model::load_hparams")
        if loader and any(each.subject == "arch" for each in loader[0].switches()):
            return Fact("cases", loader[0].switch("arch").where)
        factory = file.functions("llama_model_mapping")
        if not factory:
            raise self._elsewhere()
        return Fact("classes", factory[0].where)

    def _elsewhere(self) -> AnchorError:
        """Why nothing can be said of architectures: what handles them has other names."""
        known = [self._fork.file(each) for each in OTHERS if self._fork.has_file(each)]
        found = [(f.name, switch.where) for other in known for f, switch in other.switches_over("arch")]
        seen = ", ".join(f"{name} ({where})" for name, where in found)
        why = "neither llama_model::load_hparams nor llama_model_mapping handles architectures here"
        where = found[0][1] if found else self._fork.file("llama-model.cpp").where
        return AnchorError(f"{why}; over them switch {seen or 'no functions that are known'}", where=where)

    @cached_property
    def tensor_names(self) -> Fact[Literal["by architecture", "sets", "flat"]]:
        """The three generations of tensor-name tables. Whatever shows sets, under any name, shows the second."""
        table = self._fork.tensor_names
        if any(key.startswith("LLM_ARCH_") for key in table.rows):
            return Fact("by architecture", table.where)
        file, name = self._fork.file("llama-arch.cpp"), "llm_get_tensor_names"
        sets = file.functions(name) or [f for f, switch in file.switches_over("arch") if "LLM_TENSOR_" in switch.tokens]
        if sets or file.source.holds(name):
            return Fact("sets", sets[0].where if sets else file.where)
        return Fact("flat", table.where)

    @cached_property
    def head_sizes(self) -> Fact[Literal["members", "functions"]]:
        """Whether head sizes and rope dimensions are members of the model, or functions of the layer."""
        functions = self._fork.hparams.methods("n_embd_head_k")
        if functions:
            return Fact("functions", functions[0].where)
        return Fact("members", self._fork.hparams.where_of("n_embd_head_k"))

    @cached_property
    def window_flags(self) -> Fact[Flags]:
        """The member that says which layers have a sliding window, and the type of its elements."""
        hparams = self._fork.hparams
        for name in ("swa_layers", "is_swa_impl"):
            if name in hparams.fields:
                kind = re.search(r"<\s*(\w+)", hparams.type_of(name))
                return Fact(Flags(name, kind.group(1) if kind else "unknown"), hparams.where_of(f" {name};"))
        return Fact(Flags("", ""), hparams.where)

    @cached_property
    def bool_arrays(self) -> Fact[bool]:
        """Whether the loader reads arrays of booleans."""
        file = self._fork.file("llama-model-loader.cpp")
        readers = [each for each in file.functions("llama_model_loader::get_arr") if each.holds("N_MAX")]
        if not readers:
            return Fact(False, file.where)
        return Fact(readers[0].mentions(self._fork.spelled("GGUF_TYPE_BOOL")), readers[0].where)

    @cached_property
    def builders(self) -> Fact[Literal["files", "one file"]]:
        """Whether each builder has a file below `models/`, or all stand in `llama-model.cpp`."""
        if self._fork.has_file("models/models.h"):
            return Fact("files", self._fork.file("models/models.h").where)
        return Fact("one file", self._fork.file("llama-model.cpp").where)

    @cached_property
    def window_input(self) -> Fact[str]:
        """The class of the graph's attention input with two caches, after the class of the cache."""
        name = self._fork.window_input
        return Fact(name, self._fork.file("llama-graph.h").struct(name).where)

    @cached_property
    def attention_input(self) -> Fact[str]:
        """The function of the graph that makes the attention input with one cache for all layers."""
        name = f"build_{self._fork.window_input.removeprefix('llm_graph_input_').removesuffix('_iswa')}"
        name = name.replace("build_attn_", "build_attn_inp_")
        return Fact(name, self._fork.graph.where_of(f"{name}("))

    @cached_property
    def window_attention_input(self) -> Fact[str]:
        """The function of the graph that makes the attention input with two caches: layers with a window have one."""
        name = self._fork.window_input.replace("llm_graph_input_attn_", "build_attn_inp_")
        return Fact(name, self._fork.graph.where_of(f"{name}("))

    @cached_property
    def merged_gate_up(self) -> Fact[bool]:
        """Whether `build_moe_ffn` takes gate and up projections as one tensor."""
        return self._expert_parameter("gate_up_exps")

    @cached_property
    def expert_scale(self) -> Fact[bool]:
        """Whether `build_moe_ffn` takes a factor per expert."""
        return self._expert_parameter("down_exps_s")

    @cached_property
    def sources(self) -> Fact[Literal["listed", "globbed", "elsewhere"]]:
        """Whether the build lists the builders or takes whatever is in their folder; no list may lie beside them."""
        if not self._fork.has_file("CMakeLists.txt"):
            return Fact("elsewhere", self._fork.file("llama-model.cpp").where)
        source = self._fork.workspace.source(self._fork.path("CMakeLists.txt"))
        line = source.where(max(source.data.find(b"models/"), 0))
        return Fact("globbed" if b"models/*.cpp" in source.data else "listed", line)

    def _expert_parameter(self, name: str) -> Fact[bool]:
        helpers = self._fork.graph.methods("build_moe_ffn")
        taken = [each for each in helpers if name in each.names]
        where = (taken or helpers)[0].where if helpers else self._fork.graph.where
        return Fact(bool(taken), where)


OTHERS = ("llama-hparams.cpp", "llama-load-tensors.cpp", "llama-build-context.cpp", "llama.cpp")
"""Where a fork that has split the library in another way may handle architectures."""


def names(facts: object) -> list[str]:
    """The facts that a collection can tell, in the order of the text."""
    return [name for name, value in vars(type(facts)).items() if isinstance(value, cached_property)]


def shown(collections: Sequence[object]) -> Iterator[Shown]:
    """The facts that were asked for, as text for people: what no rule of the pack asked is left out."""
    for facts in collections:
        for name in names(facts):
            if isinstance(fact := vars(facts).get(name), Fact):
                yield _shown(name, fact)


def asked(collections: Sequence[object]) -> Iterator[Shown]:
    """The facts that were asked for since the last time, as text for people."""
    for facts in collections:
        for name, fact in vars(facts).pop("_asked", {}).items():
            yield _shown(name, fact)


def _shown(name: str, fact: Fact[Any]) -> Shown:
    value = {True: "yes", False: "no", "": "none"}.get(fact.value, fact.value)
    return Shown(name.replace("_", " "), str(value), fact.where)


def member_of(struct: Construct, names: Sequence[str]) -> Fact[str]:
    """The first of some members that a struct has; empty where it has none of them."""
    for name in names:
        if struct.mentions(name):
            return Fact(name, struct.where_of(name))
    return Fact("", struct.where)
