"""What a fork is: found in its syntax trees, each fact with the place that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from transformer.cpp import Construct

from .fork import Fork

T = TypeVar("T")

if TYPE_CHECKING:
    from .port import Port


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value and the place (`path:line`) that shows it."""

    value: T
    where: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One scan of a fork."""

    architectures: Fact[Literal["cases", "classes"]]
    tensor_names: Fact[Literal["by architecture", "sets", "flat"]]
    head_sizes: Fact[Literal["members", "functions"]]
    window_flags: Fact[str]
    bool_arrays: Fact[bool]
    token_input: Fact[str]
    embedding_input: Fact[str]
    per_layer_table: Fact[str]
    merged_gate_up: Fact[bool]
    expert_scale: Fact[bool]
    sources: Fact[Literal["listed", "globbed"]]


def scan(fork: Fork) -> Facts:
    """The facts of a fork."""
    experts = fork.graph.methods("build_moe_ffn")
    taken = {name for each in experts for name in each.names}
    return Facts(
        architectures=_architectures(fork),
        tensor_names=_tensor_names(fork),
        head_sizes=_head_sizes(fork),
        window_flags=_window_flags(fork),
        bool_arrays=_bool_arrays(fork),
        token_input=_first(fork.file("llama-graph.h").struct("llm_graph_result"), ("t_inp_tokens", "t_tokens")),
        embedding_input=_embedding_input(fork),
        per_layer_table=_first(fork.model, ("per_layer_tok_embd", "tok_embd_per_layer")),
        merged_gate_up=Fact("gate_up_exps" in taken, experts[-1].where if experts else fork.graph.where),
        expert_scale=Fact("down_exps_s" in taken, experts[-1].where if experts else fork.graph.where),
        sources=_sources(fork),
    )


def evidence(port: Port) -> dict[str, tuple[str, str]]:
    """The facts as text, for people: name to value and place."""
    found = {}
    for field in fields(Facts):
        fact = getattr(port.facts, field.name)
        value = {True: "yes", False: "no", "": "none"}.get(fact.value, fact.value)
        found[field.name.replace("_", " ")] = (str(value), fact.where)
    return found


def _at(construct: Construct, text: str) -> str:
    """The line of the first place where `text` stands in a construct."""
    offset = construct.source.data.find(text.encode(), construct.node.start_byte)
    return construct.source.where(offset) if offset >= 0 else construct.where


def _architectures(fork: Fork) -> Fact[Literal["cases", "classes"]]:
    file = fork.file("llama-model.cpp")
    loader = file.functions("llama_model::load_hparams")
    if loader and any(each.subject == "arch" for each in loader[0].switches()):
        return Fact("cases", loader[0].switch("arch").where)
    factory = file.functions("llama_model_mapping")
    return Fact("classes", factory[0].where if factory else file.where)


def _tensor_names(fork: Fork) -> Fact[Literal["by architecture", "sets", "flat"]]:
    table = fork.tensor_names
    if any(key.startswith("LLM_ARCH_") for key in table.rows):
        return Fact("by architecture", table.where)
    sets = fork.file("llama-arch.cpp").functions("llm_get_tensor_names")
    return Fact("sets", sets[0].where) if sets else Fact("flat", table.where)


def _head_sizes(fork: Fork) -> Fact[Literal["members", "functions"]]:
    functions = fork.hparams.methods("n_embd_head_k")
    if functions:
        return Fact("functions", functions[0].where)
    return Fact("members", _at(fork.hparams, "n_embd_head_k"))


def _window_flags(fork: Fork) -> Fact[str]:
    for name in ("swa_layers", "is_swa_impl"):
        if name in fork.hparams.fields:
            kind = re.search(r"<\s*(\w+)", fork.hparams.type_of(name))
            return Fact(f"{name}: {kind.group(1) if kind else 'unknown'}", _at(fork.hparams, f" {name};"))
    return Fact("", fork.hparams.where)


def _bool_arrays(fork: Fork) -> Fact[bool]:
    readers = [f for f in fork.file("llama-model-loader.cpp").functions("llama_model_loader::get_arr") if f.holds("N_MAX")]
    if not readers:
        return Fact(False, "src/llama-model-loader.cpp")
    return Fact(readers[0].mentions("GGUF_TYPE_BOOL"), readers[0].where)


def _embedding_input(fork: Fork) -> Fact[str]:
    struct = fork.file("llama-graph.h").struct("llm_graph_input_embd")
    makers = struct.methods("llm_graph_input_embd")
    return Fact(", ".join(makers[0].names) if makers else "", makers[0].where if makers else struct.where)


def _first(struct: Construct, names: tuple[str, ...]) -> Fact[str]:
    for name in names:
        if struct.mentions(name):
            return Fact(name, _at(struct, name))
    return Fact("", struct.where)


def _sources(fork: Fork) -> Fact[Literal["listed", "globbed"]]:
    data = fork.workspace.source("src/CMakeLists.txt")
    listed = data.data.find(b"models/")
    line = data.where(max(listed, 0))
    return Fact("globbed" if b"models/*.cpp" in data.data else "listed", line)
