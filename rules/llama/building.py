"""The architecture has a graph builder, and the library builds, declares and calls it."""

from __future__ import annotations

from transformer.outcome import Blocked, Outcome, Satisfied
from transformer.rule import rule

from .loading import CORE, judged
from .port import Port


@rule("graph.builder", "there is a builder for the architecture", needs=CORE)
def builder(port: Port) -> Outcome:
    """A new file, or a place behind the relative's where all builders stand in one."""
    return port.era.builder()


@rule("graph.declaration", "the builder is declared", needs=CORE)
def declaration(port: Port) -> Outcome:
    """Beside the closest relative; where an architecture is a class, that class is declared with its builder in it."""
    return port.era.declaration()


@rule("graph.sources", "the library is built with the builder", needs=CORE)
def sources(port: Port) -> Outcome:
    """A line in the list of sources, where there is one."""
    return port.era.sources()


@rule("graph.dispatch", "the model makes the builder for the architecture", needs=CORE)
def dispatch(port: Port) -> Outcome:
    """A case beside the closest relative, in the method that builds graphs or in the factory of classes."""
    return judged(port, "graph") or port.era.dispatch()


@rule("graph.rope-type", "llama_model_rope_type knows how the architecture pairs values")
def rope_type(port: Port) -> Outcome:
    """A label in the group that returns the rope type of the spec; a case of its own for an expression without one."""
    switch, arch, rope = port.fork.rope_types, port.spec.enumerator, port.spec.rope
    wanted = rope if "LLAMA_ROPE_TYPE_" in rope else f"LLAMA_ROPE_TYPE_{rope}"
    group = [label for label in switch.cases if switch.case(label).holds(f"return {wanted};")]
    if not group and wanted == rope:
        return switch.add_case(arch, f"return {wanted};", near=port.spec.near, bare=True)
    if arch in switch.cases and arch not in group:
        return Blocked(f"{arch} does not lead to {wanted}", switch.case(arch).where)
    relatives = [label for label in port.spec.near if label in group]
    return switch.add_label(arch, near=relatives + group)


@rule("graph.size", "the graph of a batch has room for the nodes of the architecture")
def size(port: Port) -> Outcome:
    """One more architecture in the condition under which a graph may have more nodes than eight for each tensor."""
    most = port.fork.file("llama-context.cpp").function("llama_context::graph_max_nodes")
    arch = port.spec.enumerator
    if most.mentions(arch):
        return Satisfied(most.where)
    asking = [each for each in most.ifs() if each.condition.mentions("arch")]
    if not asking:
        count = "n_tokens" if "n_tokens" in most.names else "cparams.n_ubatch"
        return most.body().statements()[0].insert_before(port.render("long_graph.cpp.j2", count=count))
    return asking[0].condition.widen(f"model.arch == {arch}")
