"""The loader reads the architecture's hyperparameters and asks for all its tensors."""

from __future__ import annotations

from transformer.cpp import Construct, first
from transformer.outcome import Blocked, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port

# A model that loads, and then has no graph or no cache, is worse than one that does not load.
CORE = ("load.hparams", "load.tensors", "graph.builder", "graph.declaration", "graph.sources", "graph.dispatch",
        "graph.rope-type", "cache.reuse", "heads.values", "arch.keys", "arch.tensors")  # fmt: skip

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


def judge(port: Port, scope: Construct, part: str) -> Outcome:
    """Whether code that is there already does what the spec needs of it."""
    lacking = [each for each in port.spec.needs.get(part, []) if not scope.mentions(each)]
    if not lacking:
        return Satisfied(scope.where)
    return Blocked(f"{scope.name} is there but does not mention {', '.join(lacking)}", scope.where)


@rule("load.hparams", "load_hparams reads every key of the architecture", needs=CORE)
def hparams(port: Port) -> Outcome:
    """A case beside the closest relative."""
    scope = port.scope("load_hparams")
    if scope is not None:
        return judge(port, scope, "load_hparams")
    switch = port.fork.method("load_hparams").switch("arch")
    return switch.add_case(port.spec.enumerator, port.render("load_hparams.cpp.j2"), near=port.spec.near)


@rule("load.tensors", "load_tensors asks for every tensor of the architecture", needs=CORE)
def tensors(port: Port) -> Outcome:
    """A case beside the closest relative; a tensor of the file that nobody asks for makes loading fail."""
    scope = port.scope("load_tensors")
    if scope is not None:
        return judge(port, scope, "load_tensors")
    switch = port.fork.method("load_tensors").switch("arch")
    code = switch.adapt_locals(port.render("load_tensors.cpp.j2"), LOCALS)
    return switch.add_case(port.spec.enumerator, code, near=port.spec.near)


@rule("load.bool-arrays", "the loader reads arrays of booleans")
def bool_arrays(port: Port) -> Outcome:
    """Converters write the window pattern as one; a boolean is one byte in the file."""
    if port.facts.bool_arrays.value:
        return Satisfied(port.facts.bool_arrays.where)
    file = port.fork.file("llama-model-loader.cpp")
    readers = [each for each in file.functions("llama_model_loader::get_arr") if each.holds("N_MAX")]
    reader = first(readers, "get_arr for arrays of a fixed size", file)
    if len(readers) > 1:
        return Blocked(f"{reader.name} for arrays of a fixed size was found {len(readers)} times", readers[1].where)
    copy, types = reader.call("copy").statement_of(), reader.switch("gt")
    info = types.subject.removesuffix(".gt")
    return all_of(
        types.add_label(port.fork.spelled("GGUF_TYPE_BOOL"), near=[port.fork.spelled("GGUF_TYPE_INT32")]),
        copy.rewrite(lambda text: port.render("bool_array.cpp.j2", copy=text, info=info)),
    )
