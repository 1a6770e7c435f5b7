"""One architecture, read from a donor into a draft."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from transformer.cpp import Enum, Place, Struct, Table
from transformer.errors import UsageError

from .. import spelling
from ..labels import LABELS
from .along import GRAPH, setters
from .branches import branches
from .code import Code
from .draft import Draft, Member, Method, Provenance, Size, Tensor
from .eras import Home
from .factors import factors
from .kinds import kinds
from .names import Names
from .pretokenizers import pretokenizers
from .reads import reads
from .sites import sites
from .tree import Tree
from .words import Lifter

_NEAR = 6
_SIZED, _ROTATED = "LLM_KV_ATTENTION_KEY_LENGTH_SWA", "LLM_KV_ROPE_DIMENSION_COUNT_SWA"


def read(tree: Tree, name: str, origin: Provenance, pre_types: Sequence[str] = ()) -> Draft:
    """The architecture that model files call `name`, with the pre-tokenizers that its files name, and `pre_types`.

    Raises `UsageError` where the donor has none of that name.
    """
    enumerator = tree.names.get(name, "")
    if enumerator not in tree.era.known:
        known = sorted(each for each, key in tree.names.items() if key in tree.era.known)
        close = ", ".join(get_close_matches(name, known, 3, 0.4) or known)
        raise UsageError(f"the donor has no architecture {name!r}", help=f"it has: {close}")
    home = tree.era.home(enumerator)
    lifter = Lifter(_names(tree, name, enumerator, home))
    code = Code(tree, enumerator, home, lifter)
    templates, rope = tuple(code.templates()), _rope(tree, enumerator)
    lifter.used.methods.update(dict.fromkeys(re.findall(r"hparams\.(\w+)\(", rope)))
    methods = tuple(_methods(tree, lifter))
    used = lifter.used
    biased, fields = _biases(tree, home), tree.layer.fields
    layer = {new: others for new, others in spelling.LAYER.items() if biased or new not in fields}
    arities = tree.arities
    fixed = arities.keys() - spelling.FUSED - spelling.TRIMMED - spelling.SELECTING
    keys = list(dict.fromkeys([*used.keys, *([_ROTATED] if _SIZED in used.keys else [])]))
    sized = ("n_embd_head_k_swa", "n_embd_head_v_swa", "n_rot_swa") if _SIZED in used.keys else ()
    sizes = tuple(_sizes(tree, tuple(used.types), home.code("hparams")))
    return Draft(
        name=name,
        enumerator=enumerator,
        title=enumerator.removeprefix("LLM_ARCH_").replace("_", " ").title(),
        rope=rope,
        near=tuple(_relatives(list(tree.architectures.entries), enumerator)),
        builder=home.builder,
        file=home.file,
        keys=tuple((key, n, b) for key, n, b in _keys(tree, keys) if n.startswith("%s.")),
        tensors=tuple(_tensors(tree, enumerator, list(used.tensors))),
        layer=tuple(_members(tree.layer, list(used.layer), layer)),
        model=(*_members(tree.model, list(used.model), spelling.MODEL), *home.state()),
        shared=tuple(_shared(tree, home, list(used.model))),
        structs=tuple(_nested(tree, [*used.layer, *used.model])),
        hparams=tuple(_members(tree.hparams, [e for e in used.hparams if e not in sized], spelling.HPARAMS)),
        sizes=sizes,
        labels=tuple(_labels(tree, enumerator)),
        long_graph=_long(tree, enumerator),
        shares_cache_like=_shares(tree, enumerator),
        methods=methods,
        branches=tuple(branches(tree, lifter, list(used.hparams))),
        ops=tuple((op, arities[op], at) for op, at in used.ops.items() if op in fixed),
        helpers=tuple(each for each in used.helpers if each not in spelling.INPUTS and each not in GRAPH),
        results=tuple(used.results),
        result=tuple(_results(tree, setters(tree, lifter).values())),
        names=tuple(used.names),
        pretokenizers=tuple(pretokenizers(tree, name, enumerator, pre_types)),
        reads=tuple(reads(tree, home.code("hparams"), lifter, enumerator)),
        kinds=tuple(kinds(tree, lifter)),
        sites=tuple(sites(tree, enumerator)),
        templates=templates,
        dropped=tuple(f"{what} ({where})" for what, where in used.dropped.items()),
        mended=tuple(f"{what} ({where})" for what, where in used.mended.items()),
        origin=Provenance(origin.repository, origin.revision, code.files, origin.licence),
    )


def _names(tree: Tree, name: str, enumerator: str, home: Home) -> Names:
    table = tree.key_names
    layer, model = frozenset(tree.layer.fields), frozenset(tree.model.fields)
    load = home.code("tensors")
    scales = [each for each in (*layer, *model) if re.fullmatch(r"\w+_(in_)?s", each)]
    scaled = {each for each in scales if not any(code.mentions(each) for code in load)}
    own = factors(name, scaled)
    graph = tree.graph
    helpers = {f.own_name: [g.parameters for g in graph.methods(f.own_name)] for f in graph.all_methods()}
    return Names(
        keys={key: table.cell(key).strip('"') for key in table.rows},
        layer=layer,
        model=model,
        bare=model - {"type", "hparams", "name", "arch", "vocab", "layers"} - graph.fields.keys(),
        hparams=frozenset(tree.hparams.fields),
        factors=own,
        scales=frozenset(scaled - own),
        applied=frozenset(each for each in scaled if any(code.mentions(each) for code in home.functions)),
        helpers=helpers,
        inputs=frozenset(each for each in tree.file("llama-graph.h").structs() if each.startswith("llm_graph_input_")),
        arities=tree.arities,
        biases=_biases(tree, home),
        newer=_newer(tree),
        texts=tree.texts,
        own=enumerator,
    )


def _biases(tree: Tree, home: Home) -> bool:
    """Whether `wq_b` and its like are biases here: not where that has another name, nor where they are matrices."""
    matrices = any(code.mentions(each) for code in home.code("tensors") for each in spelling.MATRICES)
    return not matrices and not spelling.newer(spelling.LAYER, tree.layer.fields)


def _newer(tree: Tree) -> dict[str, dict[str, str]]:
    """What the donor calls by an older name: later trees have it by the newer one, and templates as well."""
    methods, result = tree.hparams.method_names, tree.file("llama-graph.h").struct("llm_graph_result")
    return {
        "hparams": spelling.newer(spelling.HPARAMS, tree.hparams.fields),
        "methods": spelling.newer({**spelling.METHODS, **spelling.BY_LAYER}, methods),
        "layer": spelling.newer(spelling.LAYER, tree.layer.fields),
        "model": spelling.newer(spelling.MODEL, tree.model.fields),
        "result": spelling.newer(spelling.RESULT, result.fields),
    }


def _before(names: Sequence[str], name: str) -> str:
    position = list(names).index(name)
    return names[position - 1] if position else ""


def _relatives(names: Sequence[str], own: str) -> Iterator[str]:
    """Those of the same stem, then those listed in front of it, the nearest first."""
    stem = own.removeprefix("LLM_ARCH_").rstrip("0123456789_").split("_")[0]
    stem = re.sub(r"\d.*", "", stem)
    same = [each for each in names if stem and each.startswith(f"LLM_ARCH_{stem}") and each != own]
    before = list(reversed(names[: list(names).index(own)]))
    yield from list(dict.fromkeys([*reversed(same), *before]))[:_NEAR]


def _rope(tree: Tree, enumerator: str) -> str:
    """What the group of the architecture returns: a type, or an expression where it depends on the model."""
    case = tree.rope_types.case(enumerator)
    match = re.search(r"return\s+LLAMA_ROPE_TYPE_(\w+)\s*;", case.text)
    if match and case.text.count("return") == 1:
        return match.group(1)
    returned = re.findall(r"return\s+([^;]*);", case.text)
    return re.sub(r"\s+", " ", returned[0])


def _keys(tree: Tree, used: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    names = list(tree.keys.entries)
    for key in used:
        yield key, tree.key_names.cell(key).strip('"'), _before(names, key)


def _tensors(tree: Tree, own: str, used: Sequence[str]) -> Iterator[Tensor]:
    names, table, infos = list(tree.tensors.entries), tree.tensor_names, tree.tensor_infos
    table = table.nested(own) if own in table.rows else table
    for each in used:
        if each not in table.rows:
            continue
        layer, op = _info(infos, each)
        yield Tensor(each, table.cell(each).strip('"'), layer, op, _before(names, each))


def _info(infos: Table, name: str) -> tuple[str, str]:
    match = re.search(r"LLM_TENSOR_LAYER_(\w+).*?GGML_OP_(\w+)", infos.cell(name), re.S) if name in infos.rows else None
    return (match.group(1), match.group(2)) if match else ("REPEATING", "MUL")


def _members(struct: Struct, used: Sequence[str], other: Mapping[str, tuple[str, ...]]) -> Iterator[Member]:
    names, newer = list(struct.fields), spelling.newer(other, struct.fields)
    for name in used:
        new = newer.get(name, name)
        if struct.name == "llama_hparams" and new in other:
            continue  # every tree has it, under one name or another
        if name not in struct.fields or name in ("layers", "params", "pimpl"):
            continue
        position = names.index(name)
        near = (*reversed(names[max(position - 3, 0) : position]), *(["layers"] if "layers" in names else []))
        declared = re.sub(rf"\b{name}\b", new, _declared(struct, name))
        yield Member(new, declared, near, other.get(new, ()))


def _shared(tree: Tree, home: Home, used: Sequence[str]) -> Iterator[str]:
    """Members of the model that the builder does not read, but what is the same for all graphs."""
    model = tree.file("llama-model.cpp").defined.values()
    common = [each for group in model for each in group if each.own_name == "build_graph"]
    for name in used:
        if not any(each.mentions(name) for each in home.functions) and any(each.mentions(name) for each in common):
            yield name


def _results(tree: Tree, used: Iterable[str]) -> Iterator[Member]:
    """Members of the graph's result; those in front of one go by older names in other trees."""
    for each in _members(tree.file("llama-graph.h").struct("llm_graph_result"), list(used), {}):
        near = (name for known in each.near for name in (known, *spelling.RESULT.get(known, ())))
        yield Member(each.name, each.declare, tuple(near))


def _nested(tree: Tree, members: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The structs beside the model's that some of its members, or of a layer's, are of."""
    header = tree.file("llama-model.h")
    for struct in (tree.layer, tree.model):
        for member in (each for each in members if each in struct.fields):
            match = re.fullmatch(r"(?:struct )?(llama_layer_\w+)", struct.type_of(member))
            if match and header.has("struct", match.group(1)):
                yield match.group(1), header.struct(match.group(1)).text + ";"


def _declared(struct: Struct, name: str) -> str:
    text = re.sub(r"\s*//[^\n]*", "", struct.source.text(struct.fields[name]))
    return re.sub(r"\s+", " ", text).strip()


def _sizes(tree: Tree, used: Sequence[str], hparams: Sequence[Place]) -> Iterator[Size]:
    names = list(tree.types.entries)
    layers: dict[str, int] = {}
    for switch in (each for code in hparams for each in code.switches()):
        if re.fullmatch(r"hparams\.n_layer(_all)?(\(\))?", switch.subject):
            for label in switch.cases:
                found = re.findall(r"LLM_TYPE_\w+", switch.case(label).text)
                if len(found) == 1 and label.isdigit():
                    layers.setdefault(found[0], int(label))
    for each in used:
        if each in tree.type_names.cases and each != "LLM_TYPE_UNKNOWN":
            match = re.search(r'return\s+"([^"]*)"', tree.type_names.case(each).text)
            yield Size(each, match.group(1) if match else "?", layers.get(each, 0), _before(names, each))


def _labels(tree: Tree, enumerator: str) -> Iterator[str]:
    for word, label in LABELS.items():
        found = tree.file(label.file).functions(label.function) if tree.has_file(label.file) else []
        if found and found[0].switches():
            switch = found[0].switch("arch")
            if enumerator in switch.cases and switch.case(enumerator).holds(f"return {label.returns};"):
                yield word


def _long(tree: Tree, enumerator: str) -> bool:
    nodes = tree.file("llama-context.cpp").functions("llama_context::graph_max_nodes")
    return bool(nodes) and nodes[0].mentions(enumerator)


def _shares(tree: Tree, enumerator: str) -> str:
    """The first other architecture in the condition under which layers read the cache of others."""
    for each in tree.method("create_memory").ifs():
        if each.condition.mentions(enumerator) and each.body().mentions("reuse"):
            others = re.findall(r"LLM_ARCH_\w+", each.condition.text)
            return next((other for other in others if other != enumerator), "")
    return ""


def _methods(tree: Tree, lifter: Lifter) -> Iterator[Method]:
    """The functions of `llama_hparams` that the code calls, and what these call in turn."""
    source, done = tree.file("llama-hparams.cpp"), set[str]()
    while waiting := [each for each in lifter.used.methods if each not in done]:
        for name in waiting:
            done.add(name)
            defined = source.functions(f"llama_hparams::{name}")
            declared = tree.hparams.methods(name)
            if len(defined) == 1 and declared:
                yield Method(name, declared[0].text, lifter.text(defined[0], "hparams"))


__all__ = ["Enum", "read"]
