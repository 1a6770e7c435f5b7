"""The words that templates speak: each gives what this fork needs in the place where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from transformer.errors import TemplateError
from transformer.render import call

from .facts import names

if TYPE_CHECKING:
    from transformer.cpp import Parameter

    from .port import Port

WORDS = {
    "spec": "the architecture as `pack.toml` has it: `spec.enumerator`, `spec.sizes`, `spec.options.NAME`",
    "facts": "what the fork is: `facts.NAME`; those of the family, then those of the pack",
    "key": '`key("rope.freq_base")`: the enumerator of a metadata key, the fork\'s own where it has one',
    "tensor": '`tensor("ATTN_Q")`: the enumerator of a tensor of the spec, the fork\'s own where it has one',
    "hparams": '`hparams.n_rot("il")`, `n_embd_head_k`, `n_embd_head_v`: by layer; `hparams.n_layer`: the layers',
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
        "hparams": LayerValues(port),
        "graph": Calls(port.signatures),
        "builder": BuilderNames(port),
        "has_op": port.has_op,
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


BY_LAYER = ("n_embd_head_k", "n_embd_head_v", "n_rot")


class LayerValues:
    """Values that are a member in one fork and a function in another: `hparams.n_rot("il")`, `hparams.n_layer`.

    Where they are members, a pack whose heads differ between layers brings functions (rule `heads.values`).
    """

    def __init__(self, port: Port) -> None:
        self._port = port

    @property
    def n_layer(self) -> str:
        """How many layers the trunk has."""
        return f"hparams.{self._port.facts.layer_count.value}"

    def __getattr__(self, name: str) -> Callable[[str], str]:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in BY_LAYER:
            raise unknown("value by layer", name, [*BY_LAYER, "n_layer"])
        if self._port.facts.head_sizes.value == "functions":
            return lambda layer: f"hparams.{name}({layer})"
        if "heads.values" in self._port.rules:
            return lambda layer: f"hparams.{name}_at({layer})"
        return lambda _layer: f"hparams.{name}"


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
