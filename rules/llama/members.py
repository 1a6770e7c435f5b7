"""The model, its layers and its hyperparameters hold what the architecture has."""

from __future__ import annotations

from transformer.outcome import NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port


@rule("model.layer-members", "struct llama_layer has a pointer for each tensor of the architecture")
def layer_members(port: Port) -> Outcome:
    """Pointers only: training code walks the struct as an array of tensor pointers."""
    scope = port.scope("load_tensors")
    if scope is not None:
        return Satisfied(scope.where)
    return all_of(*(port.fork.layer.add(*each.declare, near=each.near) for each in port.spec.layer))


@rule("model.hparams-members", "struct llama_hparams has a member for each value of the architecture")
def hparams_members(port: Port) -> Outcome:
    """With a default that leaves other architectures as they are."""
    scope = port.scope("load_hparams")
    if scope is not None:
        return Satisfied(scope.where)
    return all_of(*(port.fork.hparams.add(*each.declare, near=each.near) for each in port.spec.hparams))


@rule("model.sizes", "the published sizes have a label")
def sizes(port: Port) -> Outcome:
    """Shown when a model is loaded; where the architecture is there already, its own labels will do."""
    scope = port.scope("load_hparams")
    if scope is not None:
        return Satisfied(scope.where)
    parts = []
    for each in port.spec.sizes:
        parts.append(port.fork.types.add(each.enumerator, near=each.near))
        parts.append(port.fork.type_names.add_line(each.enumerator, f'return "{each.text}";', near=each.near))
    return all_of(*parts) if parts else NotNeeded("no sizes are published")
