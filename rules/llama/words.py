"""The words that templates speak: each gives what this fork needs in the place where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from transformer.errors import TemplateError
from transformer.render import call

from . import lowering
from .facts import names

if TYPE_CHECKING:
    from transformer.cpp import Parameter

    from .port import Port

WORDS = {
    "spec": "the architecture as `pack.toml` has it: `spec.enumerator`, `spec.sizes`, `spec.options.NAME`",
    "facts": "what the fork is: `facts.NAME`; those of the family, then those of the pack",
    "key": '`key("rope.freq_base")`: the enumerator of a metadata key, the fork\'s own where it has one',
    "tensor": '`tensor("ATTN_Q")`: the enumerator of a tensor of the spec, the fork\'s own where it has one',
    "hparams": '`hparams.n_rot("il")`, `hparams.n_layer()`: values by layer; `hparams.is_swa_impl`: a member',
    "own": "the same inside a member function of `llama_hparams`",
    "member": '`member("wq_b")`: a member of the model or of a layer, as this fork spells it',
    "scale": '`scale("layer.wo_s")`: the scale of a quantized weight, or `nullptr` where the fork has none',
    "result": '`result("t_inp_tokens")`: a member of the graph\'s result, as this fork spells it',
    "named": '`named("build_attn_inp_k")`: a helper or type of the graph, or the one that does the same in this fork',
    "option": '`option("n_rs_seq")`: an option of the context, or what holds in trees without it',
    "fused": "`fused(OP, COUNT, CALL)`: a call of an operation of so many arguments, or a null where ggml has none",
    "made": '`made("llm_graph_input_embd", "n_embd")`: a new input of the graph, as its constructor is in this fork',
    "tagged": '`tagged("LLM_FUSED_OP_GDN_AR", "result")`: a statement that says which node a fused operation is',
    "has_tags": "`has_tags()`: whether the context knows such nodes by names, of `llama-impl.h`",
    "trimmed": '`trimmed("ggml_ssm_scan", ...)`: a call with no more arguments than the operation takes in this fork',
    "selected": "`selected(OP, GRAPH, TENSORS, COUNT, INDEX)`: a choice between tensors, or the chosen one itself",
    "gathered": '`gathered("ctx0", "d_t")`: a turned view that an operation repeats, or a copy of it in older trees',
    "sets": '`sets("build_inp_embd", "t_inp_embd")`: whether a helper sets a member of the graph\'s result',
    "has_helper": '`has_helper("build_qkv")`: whether the graph context has a helper',
    "has_loader": '`has_loader("create_tensor_qkv")`: whether the loader has a helper',
    "scalar_reader": "`scalar_reader`: what reads one number where a file may hold an array",
    "has_method": '`has_method("n_layer")`: whether `llama_hparams` has a member function',
    "has_base": "`has_base(NAME, FUNCTION...)`: whether there is a base class for builders with these functions",
    "generic": '`generic("rope_pattern")`: whether the loader of all architectures mentions a name',
    "graph": "`graph.build_norm(cur=..., ...)`: a call with arguments by name, in the order of the fork's declaration",
    "builder": "`builder.scope`, `builder.name`: its constructor is `builder.scope::builder.name(...)`",
    "has_op": '`has_op("ggml_geglu_split")`: whether ggml declares a function',
    "accepts": '`accepts("build_moe_ffn", "gate_up_exps")`: whether a graph helper has a parameter',
}
"""What each word gives, for the reference page and for messages."""


def words(port: Port) -> Mapping[str, Any]:
    """The words, for one architecture and one fork."""
    return {
        "spec": port.spec,
        "facts": FactValues([port.facts, *([port.own_facts] if port.own_facts else [])]),
        "key": port.key,
        "tensor": port.tensor,
        "graph": Calls(port.signatures),
        "builder": BuilderNames(port),
        "has_op": port.has_op,
        **lowering.words(port),
        "accepts": lambda function, name: any(name in map(_name, each) for each in port.signatures(function)),
    }


def _name(parameter: Parameter) -> str:
    return parameter.name


def unknown(kind: str, name: str, there: Sequence[str]) -> TemplateError:
    """The error that says what there is in place of an unknown name."""
    close = get_close_matches(name, there, 3) or sorted(there)[:12]
    return TemplateError(f"there is no {kind} {name!r}", help=f"there are: {', '.join(close)}")


class FactValues:
    """The values of facts: `facts.head_sizes`."""

    def __init__(self, collections: Sequence[object]) -> None:
        self._collections = collections

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        for facts in self._collections:
            if name in names(facts):
                return getattr(facts, name).value
        raise unknown("fact", name, [each for facts in self._collections for each in names(facts)])


class Calls:
    """Calls written from the fork's own declarations: `graph.build_norm(cur="cur", ...)`."""

    def __init__(self, signatures: Callable[[str], Sequence[Sequence[Parameter]]]) -> None:
        self._signatures = signatures

    def __getattr__(self, name: str) -> Callable[..., str]:
        if name.startswith("__"):
            raise AttributeError(name)

        def write(if_accepted: Mapping[str, str] | None = None, **arguments: str) -> str:
            return call(name, self._signatures(name), arguments, if_accepted)

        return write


class BuilderNames:
    """How the builder is called in this fork."""

    def __init__(self, port: Port) -> None:
        self._port = port

    @property
    def scope(self) -> str:
        """What stands before `::`."""
        return self._port.era.scope_name

    @property
    def name(self) -> str:
        """The struct, and its constructor."""
        return self._port.era.builder_name
