"""What `build_moe_ffn` learns: a merged gate/up tensor, and one output factor per expert."""

from __future__ import annotations

from transformer.cpp import Call, Function
from transformer.outcome import Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port
from .signatures import added

MODELS = "every model with experts"


def _helper(port: Port) -> tuple[Function, Function]:
    """Declaration and definition of the overload that takes biases: the one that does the work."""
    definition = port.fork.graph_source.function("llm_graph_context::build_moe_ffn", "up_exps_b")
    return port.fork.graph.method("build_moe_ffn", "up_exps_b"), definition


@rule(
    "experts.parameters",
    "build_moe_ffn has parameters for merged projections and for a factor per expert",
    affects=MODELS,
    safe="the new parameters come last and are nullptr by default: no other call changes",
    shown=("experts.parameters/separate",),
)
def parameters(port: Port) -> Outcome:
    """All at once, in the order that calls are written from as well.

    Both have one type: the other way round, they would type-check.
    """
    if port.facts.merged_gate_up.value and port.facts.expert_scale.value:
        return Satisfied(port.facts.expert_scale.where)
    return all_of(
        *(
            function.add_parameter(port.parameter(each))
            for function in _helper(port)
            for each in added("build_moe_ffn", function.names, port.rules)
        )
    )


@rule(
    "experts.gate-up",
    "build_moe_ffn takes experts whose gate and up projections are one tensor",
    needs=("experts.parameters",),
    affects=MODELS,
    safe="without a merged tensor (nullptr) each branch computes what it did before",
    shown=("experts.gate-up/separate",),
)
def gate_up(port: Port) -> Outcome:
    """Gate rows first. The branches that ask for a gate see one, the rest is as before."""
    _, definition = _helper(port)
    if definition.body().mentions("gate_up_exps"):
        ours = definition.holds("gate_exps = gate_up_exps;")
        return Satisfied(port.facts.merged_gate_up.where, ours=ours)
    product = definition.call("build_lora_mm_id", "up_exps")
    up, (_, cur, selected) = product.statement_of(), product.arguments()
    if not up.variables:
        raise definition.missing("local made of the product with up_exps")
    return all_of(
        up.insert_before(port.render("gate_up.cpp.j2", cur=cur, selected=selected), gap=True),
        _half(port, product, "up"),
        _half(port, definition.call("build_lora_mm_id", "gate_exps"), "gate"),
    )


def _half(port: Port, product: Call, half: str) -> Outcome:
    """One half of the merged product, where there is one, in place of a product of its own."""
    return product.replace(port.render(f"{half}_half.cpp.j2", product=product.text).strip())


@rule(
    "experts.scale",
    "build_moe_ffn scales the output of each expert",
    needs=("experts.parameters",),
    affects=MODELS,
    safe="without factors (nullptr) nothing is multiplied",
    shown=("experts.scale/in_columns",),
)
def scale(port: Port) -> Outcome:
    """Behind the normalization of the weights: no factor outside of the function could do the same."""
    _, definition = _helper(port)
    if definition.body().mentions("down_exps_s"):
        ours = definition.holds("ggml_tensor * scales =")
        return Satisfied(port.facts.expert_scale.where, ours=ours)
    product = definition.call("build_lora_mm_id", "down_exps")
    bias = definition.if_on("down_exps_b")
    code = port.render("expert_scale.cpp.j2", experts=product.statement_of().target, selected=product.arguments()[2])
    code = bias.adapt_locals(code, {"n_tokens": "cur->ne[1]"})
    return bias.insert_after(code, gap=True)
