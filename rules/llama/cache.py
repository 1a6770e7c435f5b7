"""The KV cache: layers that read the cache of others, and layers of one kind only."""

from __future__ import annotations

from transformer.outcome import Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port


@rule("cache.reuse", "layers without K and V of their own read the cache of the last layer of their kind that has them")
def reuse(port: Port) -> Outcome:
    """`create_memory` does this for the closest relative already: one more architecture in its condition."""
    memory = port.fork.method("create_memory")
    if memory.mentions(port.spec.enumerator):
        return Satisfied(memory.where)
    condition = memory.if_on(f"arch == {port.spec.near[0]}").condition
    return condition.widen(f"arch == {port.spec.enumerator}")


@rule("cache.one-kind", "a graph whose layers are all of one kind leaves the other cache's inputs alone", required=False)
def one_kind(port: Port) -> Outcome:
    """Such a graph has not allocated them: a device that holds part of the layers would write to a null buffer."""
    setter = port.fork.graph_source.function("llm_graph_input_attn_kv_iswa::set_input")
    if setter.mentions("buffer"):
        return Satisfied(setter.where)
    parts = []
    for name in ("set_input_k_idxs", "set_input_v_idxs", "set_input_kq_mask"):
        for call in setter.calls(name):
            tensor = call.arguments()[0]
            remark = "" if parts else "with layers of one kind only, the inputs of the other are not allocated"
            parts.append(call.statement_of().wrap(f"if ({tensor} && {tensor}->buffer)", remark=remark))
    return all_of(*parts)
