"""Reading code of the architecture that is there already: a loader and a builder that this tool did not write."""

from __future__ import annotations

from transformer.cpp import Call, CppFile, Place, first
from transformer.errors import AnchorError
from transformer.outcome import Blocked, Outcome, Satisfied

from .port import Port

OPTIONAL = "TENSOR_NOT_REQUIRED"


def builder_file(port: Port) -> CppFile:
    """The file of the builder."""
    return port.fork.workspace.file((port.era.definition() or port.handled("graph")).source.path)


def created(scope: Place, tensor: str) -> Call:
    """The one place where a loader asks for the weight of a tensor."""
    found = [each for each in scope.calls("create_tensor", tensor) if each.holds('"weight"')]
    return first(found, f"create_tensor for {tensor}", scope)


def layer_of(made: Call) -> str:
    """The layer for which a tensor is asked. Raises `AnchorError` where it is asked for none."""
    name = made.call("tn").arguments()
    if len(name) != 3:
        raise AnchorError(f"{made.name} names no layer", where=made.where)
    return name[2]


def flagged(made: Call, wanted: str) -> Outcome:
    """The flag `wanted` for a tensor that is required; satisfied where it may be missing already."""
    flag = made.argument(-1)
    if flag.mentions(OPTIONAL):
        return Satisfied(flag.where)
    if flag.text != "0":
        return Blocked(f"{flag.text} is not a flag that is known", flag.where)
    return flag.swap(wanted)


def member(port: Port, name: str) -> Outcome:
    """The member of a layer for a tensor of the spec, with those that are declared together with it."""
    group = next(each for each in port.spec.layer if any(f" {name} " in line for line in each.declare))
    return port.fork.layer.add(*map(port.fork.spelled, group.declare), near=group.near)
