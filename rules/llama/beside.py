"""Shared code that tests for architectures: this one stands wherever its donor has it, beside the same others."""

from __future__ import annotations

import re

from transformer.cpp import Function, If
from transformer.cpp.runs import Run, leading, runs
from transformer.outcome import Blocked, NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port
from .spec import Read, Site

_TEST = re.compile(r"(?<![\w.>-])((?:\w+(?:\.|->))*arch(?:\(\))?)\s*==\s*(LLM_ARCH_\w+)")


@rule("arch.sites", "shared code that treats some architectures in another way knows whether this is one of them")
def sites(port: Port) -> Outcome:
    """A label or a condition, beside an architecture that stood there in the donor."""
    parts: list[Outcome] = [NotNeeded("nothing else tests for it")]
    if port.era.scope("tensors") is not None:
        return NotNeeded("the architecture is there, and who put it there saw to it")
    for site in port.spec.sites:
        parts.append(_site(port, site))
    return all_of(*parts)


def _site(port: Port, site: Site) -> Outcome:
    file = site.file if port.fork.has_file(site.file) else "llama-model.cpp"
    found = port.fork.file(file).functions(site.function)
    if not found:
        return Blocked(f"there is no {site.function}, which tests for {port.spec.enumerator} in the donor", file)
    outcomes = [_in(port, each, site) for each in found]
    known = [each for each in outcomes if not isinstance(each, Blocked)]
    return all_of(*known) if known else outcomes[0]


def _same(function: Function, site: Site) -> Run | None:
    """The one place at which the fork does what the donor does for all others, under the same conditions."""
    code = site.others or site.behind
    found = runs(function, code, site.around) if code else []
    return found[0] if len(found) == 1 else None


def _in(port: Port, function: Function, site: Site) -> Outcome:
    if function.mentions(port.spec.enumerator):
        return Satisfied(function.where)
    if site.kind == "label":
        for switch in function.switches():
            near = [each for each in site.beside if each in switch.cases]
            if near:
                return switch.add_label(port.spec.enumerator, near=near)
    else:
        for other in site.beside:
            match = re.search(rf"([\w.>()-]*\barch(?:\(\))?)\s*==\s*{other}\b", function.text)
            if match:
                owner = match.group(1).lstrip("(")
                return function.expressions(f"{owner} == {other}")[0].widen(f"{owner} == {port.spec.enumerator}")
    if place := _same(function, site):
        return place.exchange(site.code) if site.others else place.insert_before(site.code, gap=True)
    if site.code and not (site.others or site.behind):
        return function.body().statements()[0].insert_before(port.render_text(site.code), gap=True)
    if not site.beside:
        why = f"{function.name} treats {port.spec.enumerator} alone in another way in the donor ({site.where})"
        return Blocked(why, function.where, "what it does there cannot be written beside another architecture here")
    why = f"{function.name} does not test for {', '.join(site.beside)}, as the donor does ({site.where})"
    return Blocked(why, function.where)


@rule(
    "graph.reads",
    "helpers of the graph read the values of the architecture that its file sets",
    shown=("tests/test_reads.py::test_where_it_reads_for_another_alone",),
)
def reads(port: Port) -> Outcome:
    """Where a helper reads a value for some other architecture alone, it does so for this one as well."""
    parts: list[Outcome] = [NotNeeded("helpers ask for none of them")]
    builder = port.era.text("graph") if port.spec.reads and port.spec.result else ""
    for each in port.spec.reads:
        if f"::{each.function}(" in builder:
            continue  # the donor's comes along
        functions = _readers(port, each)
        outcomes = [_read(port, function, each) for function in functions]
        known = [one for one in outcomes if not isinstance(one, Blocked)]
        parts += known or outcomes[:1]
    return all_of(*parts)


def tests_around(function: Function, member: str) -> list[If]:
    """The ifs of a function that run for some architectures alone and read the value, in the test or under it."""
    found = [each for each in function.ifs() if _TEST.search(each.condition.text)]
    return [each for each in found if each.condition.mentions(member) or each.body().mentions(member)]


def _readers(port: Port, wanted: Read) -> list[Function]:
    """The fork's functions of that name: helpers of the graph, or those of the cache."""
    owner, _, name = wanted.function.rpartition("::")
    if not owner:
        return port.fork.graph_source.functions(f"llm_graph_context::{name}")
    return port.fork.cache_source.functions(f"{port.fork.cache_name}::{name}")


def _placed(port: Port, function: Function, wanted: Read) -> Outcome | None:
    """The code that reads a value, in the one place where it goes; `None` where there is none, or there are several."""
    code = port.render_text(wanted.code)
    if wanted.ahead:
        found = runs(function, wanted.ahead, wanted.around)
        return found[0].insert_after(code, gap=True) if len(found) == 1 else None
    found = leading(function, wanted.around)
    return found[0].insert_before(code, gap=True) if len(found) == 1 else None


def _read(port: Port, function: Function, wanted: Read) -> Outcome:
    member, own = wanted.member, port.spec.enumerator
    if any(site.function == function.name and member in site.code for site in port.spec.sites):
        return NotNeeded("what reads it comes along")
    if not function.mentions(member):
        if wanted.code and (placed := _placed(port, function, wanted)):
            return placed
        why = f"{function.name} does not read {member}, as the donor's does ({wanted.where})"
        return Blocked(why, function.where, "what it changes would be lost without a word")
    parts: list[Outcome] = [Satisfied(function.where)]
    for each in tests_around(function, member):
        match = _TEST.search(each.condition.text)
        if match is not None and not each.condition.mentions(own):
            test = each.condition.expressions(f"{match[1]} == {match[2]}")[0]
            parts.append(test.widen(f"{match[1]} == {own}"))
    return all_of(*parts)
