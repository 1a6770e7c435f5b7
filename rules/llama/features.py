"""Features: what an architecture needs of a fork beyond its own code, each a set of rules, found from the spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from transformer import family
from transformer.errors import PackError
from transformer.family import Offer
from transformer.rule import Rule

from . import (
    along,
    beside,
    building,
    cache,
    experts,
    head_sizes,
    instances,
    labels,
    loading,
    members,
    names,
    ops,
    pretokenizers,
    quantizing,
    switches,
    training,
)
from .port import Port
from .spec import Spec, read


@dataclass(frozen=True, slots=True)
class Feature:
    """A name that a pack can list, what it means, what of a spec shows it, in words and as a test, and its rules."""

    name: str
    means: str
    sign: str
    shown: Callable[[Spec], bool]
    rules: tuple[Rule[Port], ...]


FLAGS = tuple(
    f"attention.{each}" for each in ("sliding_window_pattern", "recurrent_layers", "rope_pattern", "indexer.types")
)
"""The keys whose value may be a boolean for each layer, as gguf-py and upstream's loaders have them."""


def _always(spec: Spec) -> bool:
    return True


FEATURES = (
    Feature("architecture", "names, keys and tensors are known", "always", _always,
            (names.architecture, names.keys, names.tensors, names.tensor_infos)),
    Feature("members", "values, tensors and sizes have a place", "always", _always,
            (members.layer_members, members.hparams_members, members.labels, members.sizes)),
    Feature("model-members", "the model itself holds tensors, values or structs of the architecture",
            "`model` or `structs`",
            lambda spec: bool(spec.model or spec.structs), (members.structs, members.model_members)),
    Feature("brought", "functions and headers come along with code of another tree",
            "`ops` or `methods`",
            lambda spec: bool(spec.ops or spec.methods),
            (along.methods, along.branches, along.includes, along.result_members, instances.instances)),
    Feature("window-heads", "layers with a window have heads of another size",
            "the key `attention.key_length_swa`",
            lambda spec: spec.has_key("attention.key_length_swa"),
            (head_sizes.values, head_sizes.cache_width, head_sizes.cache_views, head_sizes.shift,
             head_sizes.quantized_cache, head_sizes.saver)),
    Feature("loader", "hyperparameters and tensors are read", "always", _always, (loading.hparams, loading.tensors)),
    Feature("flag-arrays", "a value of a file is an array of booleans",
            "a key of `attention`: `sliding_window_pattern`, `recurrent_layers`, `rope_pattern`, `indexer.types`",
            lambda spec: any(map(spec.has_key, FLAGS)), (loading.bool_arrays,)),
    Feature("experts", "experts have merged projections, or a factor each",
            "a member `ffn_gate_up_exps` or `ffn_down_exps_s` in `layer`",
            lambda spec: spec.has_member("ffn_gate_up_exps") or spec.has_member("ffn_down_exps_s"),
            (experts.parameters, experts.gate_up, experts.scale)),
    Feature("shared-cache", "layers without K and V of their own read the cache of others",
            "`shares_cache_like`",
            lambda spec: bool(spec.shares_cache_like), (cache.reuse, cache.owners)),
    Feature("window-cache", "layers with a window have a cache of their own",
            "the key `attention.sliding_window_pattern`",
            lambda spec: spec.has_key("attention.sliding_window_pattern"), (cache.window_types, cache.one_kind)),
    Feature("pre-tokenizers", "texts are cut as the architecture's files ask for",
            "`pretokenizers`",
            lambda spec: bool(spec.pretokenizers), (pretokenizers.pretokenizers,)),
    Feature("graph", "a builder is there and is called", "always", _always,
            (building.builder, building.declaration, building.sources, building.dispatch, building.rope_type)),
    Feature("long-graph", "a graph has more nodes than eight for each tensor",
            "`long_graph`",
            lambda spec: spec.long_graph, (building.size,)),
    Feature("sites", "shared code treats the architecture in another way than most",
            "`sites`",
            lambda spec: bool(spec.sites), (beside.sites,)),
    Feature("reads", "helpers of the graph read the architecture's values",
            "`reads`",
            lambda spec: bool(spec.reads), (beside.reads,)),
    Feature("closure", "all that the code names is in the fork",
            "`ops`",
            lambda spec: bool(spec.ops), (ops.names, ops.results, ops.shared, ops.helpers, ops.kinds, ops.ops)),
    Feature("no-values", "the quantizer accepts layers without a V of their own",
            "`shares_cache_like`",
            lambda spec: bool(spec.shares_cache_like), (quantizing.values,)),
    Feature("training", "ggml goes back through the activations of the graph",
            "the option `train`",
            lambda spec: "train" in spec.options, (training.passes,)),
    Feature("labels", "lists of architectures know this one", "always", _always, (labels.labels, switches.switches)),
)  # fmt: skip
"""In the order in which rules plan; insertions at one place keep it."""

RULES = frozenset(rule.name for feature in FEATURES for rule in feature.rules)


def offer(raw: Mapping[str, Any], listed: Sequence[str] | None, where: str) -> Offer:
    """The features that a pack lists, or that its spec shows, and their rules. Raises `PackError`."""
    spec = read(raw, where)
    known = [each.name for each in FEATURES]
    for name in listed or ():
        if name not in known:
            close = get_close_matches(name, known, 1) or known
            raise PackError(f"there is no feature {name!r}", where=where, help=f"there are: {', '.join(close)}")
    taken = [each for each in FEATURES if (each.shown(spec) if listed is None else each.name in listed)]
    if listed is not None:
        taken = [each for each in FEATURES if each in taken or each.shown is _always]
    for feature in taken:
        if feature.rules[0] is cache.reuse and not spec.shares_cache_like:
            what = f"feature {feature.name} needs shares_cache_like"
            raise PackError(what, where=where, help="name the architecture whose layers share in the same way")
    marked = ((each, tuple(replace(rule, feature=each.name) for rule in each.rules)) for each in taken)
    return Offer(tuple(family.Feature(each.name, each.means, rules) for each, rules in marked))
