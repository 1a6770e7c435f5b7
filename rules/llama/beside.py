"""Shared code that tests for architectures: this one stands wherever its donor has it, beside the same others."""

from __future__ import annotations

import re

from transformer.cpp import Function
from transformer.cpp.runs import Run, runs
from transformer.outcome import Blocked, NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port
from .spec import Site


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
