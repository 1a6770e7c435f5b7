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


@rule("model.structs", "structs that members of the model or of a layer are of are declared in front of them")
def structs(port: Port) -> Outcome:
    """In front of `llama_layer`, whose members they are most often."""
    known = port.fork.file("llama-model.h").structs()
    parts: list[Outcome] = [NotNeeded("its members are of types that every tree has")]
    for each in port.spec.structs:
        here = known.get(each.name)
        parts.append(Satisfied(here.where) if here else port.fork.layer.insert_before(each.define, gap=True))
    return all_of(*parts)


@rule("model.members", "struct llama_model has a member for each tensor and value of the architecture")
def model_members(port: Port) -> Outcome:
    """Some trees have a tensor there that others keep in the layers, or values that others keep in a class."""
    return _add(port, port.fork.model, port.spec.model, port.era.scope("tensors"))


@rule("model.hparams-members", "struct llama_hparams has a member for each value of the architecture")
def hparams_members(port: Port) -> Outcome:
    """With a default that leaves other architectures as they are."""
    added = _add(port, port.fork.hparams, port.spec.hparams, port.era.scope("hparams"))
    if not any(b"INFINITY" in edit.text for edit in getattr(added, "edits", ())):
        return added
    return all_of(port.fork.file("llama-hparams.h").add_include("<cmath>"), added)


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
    new = [each for each in port.spec.sizes if each.layers and str(each.layers) not in chosen[0].cases]
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
        if any(each in struct.fields for each in group.other):
            continue
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
