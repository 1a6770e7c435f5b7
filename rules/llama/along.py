"""What comes along with the code of an architecture: functions of `llama_hparams`, standard headers of its loader."""

from __future__ import annotations

from collections.abc import Sequence

from transformer.cpp import declared
from transformer.outcome import NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from . import spelling
from .port import Port


@rule("model.hparams-methods", "struct llama_hparams has the functions that the architecture asks")
def methods(port: Port) -> Outcome:
    """Declared behind the last one, defined behind `is_swa`."""
    fork, parts = port.fork, [NotNeeded("it asks none of its own")]
    outcomes: list[Outcome] = [*parts]
    for each in port.spec.methods:
        names = (each.name, *spelling.METHODS.get(each.name, ()))
        own = [known for name in names for known in fork.hparams.methods(name)]
        if own:
            outcomes.append(Satisfied(own[0].where))
            continue
        last = fork.hparams.all_methods()[-1].own_name
        outcomes.append(fork.hparams.add_method(each.declare, each.name, near=last, gap=True))
        beside = fork.file("llama-hparams.cpp").function("llama_hparams::is_swa")
        outcomes.append(beside.add_after(port.render_text(each.define)))
    return all_of(*outcomes)


@rule("model.hparams-branches", "functions of llama_hparams that every tree has know the values of the architecture")
def branches(port: Port) -> Outcome:
    """In front of the last statement, which returns what holds for all others."""
    parts: list[Outcome] = [NotNeeded("they ask for nothing of its own")]
    for each in port.spec.branches:
        function = port.fork.file("llama-hparams.cpp").function(f"llama_hparams::{each.function}")
        if function.mentions(each.member):
            parts.append(Satisfied(function.where))
        else:
            last = function.body().statements()[-1]
            parts.append(last.insert_before(port.render_text(each.code), gap=True))
    return all_of(*parts)


@rule("graph.result-members", "the graph's result has the members that helpers set which come along")
def result_members(port: Port) -> Outcome:
    """Declared, and reset to nothing with the others: a graph that is built anew must not see a tensor of the last."""
    struct = port.fork.file("llama-graph.h").struct("llm_graph_result")
    parts: list[Outcome] = [NotNeeded("helpers set none of its own")]
    for group in port.spec.result:
        lines = [port.fork.spelled(each) for each in group.declare]
        parts.append(struct.add(*lines, near=group.near))
        parts += [_reset(port, name, group.near) for line in lines for name in declared(line)]
    return all_of(*parts)


def _reset(port: Port, name: str, near: Sequence[str]) -> Outcome:
    """A line in `reset`, below that of the first relative that is there."""
    found = port.fork.graph_source.functions("llm_graph_result::reset")
    if not found:
        return NotNeeded("a result is made anew for each graph")
    reset = found[0]
    if reset.mentions(name):
        return Satisfied(reset.where)
    lines = {each.target: each for each in reset.body().statements() if each.holds("= nullptr")}
    beside = next((lines[each] for each in (*near, *reversed(lines)) if each in lines), None)
    if beside is None:
        raise reset.missing("member that it sets to nullptr")
    column = len(beside.text.partition("=")[0])
    return beside.insert_after(f"{name.ljust(column)}= nullptr;" if len(name) < column else f"{name} = nullptr;")


STANDARD = {
    "std::unordered_set": "<unordered_set>",
    "std::unordered_map": "<unordered_map>",
    "std::stringstream": "<sstream>",
    "std::set": "<set>",
    "std::map": "<map>",
    "std::vector": "<vector>",
}
"""Names of the standard library, and the headers that declare them."""


@rule("load.includes", "the file of the loader includes the standard headers that the architecture's part of it needs")
def includes(port: Port) -> Outcome:
    """Where the loader stands in one file with all others, that file may not include them yet."""
    if port.facts.architectures.value == "classes" or port.era.scope("hparams") is not None:
        return NotNeeded("the code stands in a file of its own, or was there before")
    code = port.render("load_hparams.cpp.j2") + port.render("load_tensors.cpp.j2")
    file = port.fork.file("llama-model.cpp")
    wanted = [header for name, header in STANDARD.items() if name in code and not file.mentions(*name.split("::")[1:])]
    outcomes: list[Outcome] = [NotNeeded("it needs none of its own")]
    return all_of(*outcomes, *(file.add_include(each) for each in wanted))
