"""The model, its layers and its hyperparameters hold what the architecture has."""

from __future__ import annotations

from collections.abc import Sequence

from transformer.cpp import Place, Struct, declared
from transformer.outcome import NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port
from .spec import Members


@rule("model.layer-members", "struct llama_layer has a pointer for each tensor of the architecture")
def layer_members(port: Port) -> Outcome:
    """Pointers only: training code walks the struct as an array of tensor pointers."""
    return _add(port, port.fork.layer, port.spec.layer, port.era.scope("tensors"))


@rule("model.hparams-members", "struct llama_hparams has a member for each value of the architecture")
def hparams_members(port: Port) -> Outcome:
    """With a default that leaves other architectures as they are."""
    return _add(port, port.fork.hparams, port.spec.hparams, port.era.scope("hparams"))


@rule("load.sizes", "a model of a published size gets its label when it is loaded", required=False)
def labels(port: Port) -> Outcome:
    """Where the loader of the architecture is new, it knows them; here one that is there already learns the others."""
    scope = port.era.scope("hparams")
    if scope is None:
        return NotNeeded("the loader of the architecture is not there yet")
    chosen = [each for each in scope.switches() if each.subject in ("hparams.n_layer", "hparams.n_layer()")]
    if len(chosen) != 1:
        return NotNeeded(f"its loader does not choose a label by the number of layers ({scope.where})")
    parts: list[Outcome] = [Satisfied(chosen[0].where)]
    new = [each for each in port.spec.sizes if str(each.layers) not in chosen[0].cases]
    for each in new:
        port.alone("hparams")
        parts.append(chosen[0].add_line(str(each.layers), f"type = {each.enumerator}; break;", near=()))
        parts.append(port.fork.types.add(each.enumerator, near=each.near))
        parts.append(port.fork.type_names.add_line(each.enumerator, f'return "{each.text}";', near=each.near))
    return all_of(*parts)


def _add(port: Port, struct: Struct, groups: Sequence[Members], scope: Place | None) -> Outcome:
    """The members of the spec; code that is there already needs those that it names."""
    parts: list[Outcome] = [Satisfied(scope.where) if scope is not None else NotNeeded("no members of its own")]
    for group in groups:
        declarations = [port.fork.spelled(each) for each in group.declare]
        wanted = [each for each in declarations if scope is None or scope.mentions(*declared(each))]
        if wanted:
            parts.append(struct.add(*wanted, near=group.near))
    return all_of(*parts)


@rule("model.sizes", "the published sizes have a label")
def sizes(port: Port) -> Outcome:
    """Shown when a model is loaded; where the architecture is there already, those that it names."""
    scope = port.era.scope("hparams")
    parts: list[Outcome] = [Satisfied(scope.where) if scope is not None else NotNeeded("no sizes are published")]
    for each in port.spec.sizes:
        if scope is None or scope.mentions(each.enumerator):
            parts.append(port.fork.types.add(each.enumerator, near=each.near))
            parts.append(port.fork.type_names.add_line(each.enumerator, f'return "{each.text}";', near=each.near))
    return all_of(*parts)
