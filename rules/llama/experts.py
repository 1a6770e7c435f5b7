"""What `build_moe_ffn` learns: a merged gate/up tensor, and one output factor per expert."""

from __future__ import annotations

from transformer.cpp import Call, Function
from transformer.outcome import Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import EXPERT_SCALE, GATE_UP, Port


def _helper(port: Port) -> tuple[Function, Function]:
    """Declaration and definition of the overload that takes biases: the one that does the work."""
    definition = port.fork.graph_source.function("llm_graph_context::build_moe_ffn", "up_exps_b")
    return port.fork.graph.method("build_moe_ffn", "up_exps_b"), definition


@rule("experts.gate-up", "build_moe_ffn takes experts whose gate and up projections are one tensor",
      needs=("load.experts", "graph.experts"))  # fmt: skip
def gate_up(port: Port) -> Outcome:
    """Gate rows first. The branches that ask for a gate see one, the rest is as before."""
    if port.facts.merged_gate_up.value:
        return Satisfied(port.facts.merged_gate_up.where)
    declaration, definition = _helper(port)
    product = definition.call("build_lora_mm_id", "up_exps")
    up, (_, cur, selected) = product.statement_of(), product.arguments()
    if not up.variables:
        raise definition.missing("local made of the product with up_exps")
    return all_of(
        declaration.add_parameter(port.parameter(GATE_UP)),
        definition.add_parameter(port.parameter(GATE_UP)),
        up.insert_before(port.render("gate_up.cpp.j2", cur=cur, selected=selected), gap=True),
        _half(port, product, "up"),
        _half(port, definition.call("build_lora_mm_id", "gate_exps"), "gate"),
    )


def _half(port: Port, product: Call, half: str) -> Outcome:
    """One half of the merged product, where there is one, in place of a product of its own."""
    return product.replace(port.render(f"{half}_half.cpp.j2", product=product.text).strip())


@rule("experts.scale", "build_moe_ffn scales the output of each expert", needs=("load.experts", "graph.experts"))
def scale(port: Port) -> Outcome:
    """After the weights were normalized, so it cannot be folded into them outside."""
    if port.facts.expert_scale.value:
        return Satisfied(port.facts.expert_scale.where)
    declaration, definition = _helper(port)
    product = definition.call("build_lora_mm_id", "down_exps")
    bias = definition.if_on("down_exps_b")
    code = port.render("expert_scale.cpp.j2", experts=product.statement_of().target, selected=product.arguments()[2])
    code = bias.adapt_locals(code, {"n_tokens": "cur->ne[1]"})
    return all_of(
        declaration.add_parameter(port.parameter(EXPERT_SCALE)),
        definition.add_parameter(port.parameter(EXPERT_SCALE)),
        bias.insert_after(code, gap=True),
    )
