"""Shared code of a donor that tests for the architecture: where, and beside which others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from transformer.cpp import Expression
from transformer.cpp.functions import Function
from transformer.cpp.runs import behind, deciding, heads, unit

from ..labels import LABELS
from .draft import Site
from .margin import margin
from .tree import Tree

HANDLED = frozenset({
    "llama_model_mapping", "llama_model_rope_type", "llama_context::graph_max_nodes", "llm_get_tensor_names",
    "llama_model::load_hparams", "llama_model::load_tensors", "llama_model::build_graph",
    *(label.function for label in LABELS.values()),
})  # fmt: skip
"""Functions that other rules take care of."""
IDLE = frozenset({
    "llama_model_base::print_info", "llama_model::print_info", "llama_meta_device_get_split_state",
    "llama_model_base::load_hparams", "llama_tensor_get_type_impl", "llama_prepare_model_devices",
    "llama_model_saver::add_kv_from_model", "llama_model_saver::add_tensors_from_model",
})  # fmt: skip
"""Functions whose tests may be left out: they print, split by tensor, choose types, or save.

What the generic loader does for an architecture comes along with the architecture's own loader (`generic.py`).
"""


def sites(tree: Tree, enumerator: str) -> Iterator[Site]:
    """The tests for an architecture outside of its own code, in the order of files and text."""
    folder = tree.sources.rstrip("/")
    for path in tree.workspace.list(folder):
        if not path.endswith(".cpp") or enumerator.encode() not in tree.workspace.source(path).data:
            continue
        for group in tree.workspace.file(path).defined.values():
            for function in group:
                if function.name not in HANDLED | IDLE and function.mentions(enumerator):
                    yield from _of(path.removeprefix(tree.sources), function, enumerator)


def _of(file: str, function: Function, enumerator: str) -> Iterator[Site]:
    for switch in function.switches():
        if enumerator in switch.cases:
            others = [each for each in switch.sharers(enumerator) if each != "default"]
            yield Site(file, function.name, "label", tuple(others), switch.case(enumerator).where)
    seen: set[int] = set()
    for test in _tests(function, enumerator):
        chain = test.alternatives()
        if chain.node.start_byte in seen or _of_drafts(chain):
            continue
        seen.add(chain.node.start_byte)
        others = [each for each in re.findall(r"LLM_ARCH_\w+", chain.text) if each != enumerator]
        site = Site(file, function.name, "condition", tuple(dict.fromkeys(others)), test.where)
        yield site if others else _alone(site, function, chain)


def _tests(function: Function, enumerator: str) -> Iterator[Expression]:
    for word in ("arch", "model.arch", "model->arch", "ud->model->arch", "ml.get_arch()"):
        yield from function.expressions(f"{word} == {enumerator}")


def _alone(site: Site, function: Function, chain: Expression) -> Site:
    """A test for the architecture alone: what it does there, and what stands around it and in its place."""
    if returning := _returning(function, chain):
        return replace(site, code=returning)
    branch = deciding(function, chain)
    if branch is None or len(branch.chain()) > 1:
        return site
    otherwise, around = branch.otherwise(), tuple(heads(branch))
    if otherwise is not None:
        return replace(site, code=_flush(branch.text), around=around, others=margin(otherwise.text[1:-1]).rstrip())
    whole = unit(branch)
    if not behind(whole):
        return site
    return replace(site, code=_flush(whole.text), around=tuple(heads(whole)), behind=behind(whole))


def _flush(code: str) -> str:
    """A statement at the left margin."""
    return margin(code).rstrip()


def _returning(function: Function, chain: Expression) -> str:
    """An `if` of the function's own level that only returns."""
    for each in function.body().statements():
        if each.text.startswith("if") and each.node.start_byte <= chain.node.start_byte < each.node.end_byte:
            return _flush(each.text) if re.fullmatch(r"if \([^{}]*\) \{\s*return [^;{}]*;\s*\}", each.text) else ""
    return ""


def _of_drafts(chain: Expression) -> bool:
    """Whether a test is part of a condition on drafts."""
    whole = chain.statement_of().text
    head = whole.split("{")[0]
    return "MTP" in head or "n_layer_nextn" in head or "il < hparams.n_layer() &&" in _branch(chain)


def _branch(chain: Expression) -> str:
    """The text of the branch that a condition guards, where it is that of an `if`."""
    inside = chain.guarded()
    return inside.text if inside is not None else ""
