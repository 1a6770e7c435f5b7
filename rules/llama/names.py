"""The architecture, its metadata keys and its tensors have names in `llama-arch`."""

from __future__ import annotations

from transformer.outcome import Blocked, NotNeeded, Outcome, all_of
from transformer.rule import rule

from .port import Port
from .spec import Tensor


@rule("arch.name", "enum llm_arch and its name table know the architecture", marks=True)
def architecture(port: Port) -> Outcome:
    """Beside its closest relative; a loader finds the architecture of a file by this name."""
    spec = port.spec
    return all_of(
        port.fork.architectures.add(spec.enumerator, near=spec.near, before="LLM_ARCH_UNKNOWN"),
        port.fork.architecture_names.add(
            [spec.enumerator, f'"{spec.name}"'], near=spec.near, before="LLM_ARCH_UNKNOWN"
        ),
    )


@rule("arch.keys", "every metadata key of the architecture has an enumerator and a name")
def keys(port: Port) -> Outcome:
    """A key that the fork has under another enumerator is left as it is: templates ask for it by its name."""
    parts: list[Outcome] = [NotNeeded("the architecture has no keys of its own")]
    for each in port.spec.keys:
        own = port.key(each.name.removeprefix("%s."))
        parts.append(port.fork.keys.add(own, near=each.near))
        parts.append(port.fork.key_names.add([own, f'"{each.name}"'], near=each.near))
    return all_of(*parts)


@rule("arch.tensors", "every tensor of the architecture has an enumerator, and the architecture may use it")
def tensors(port: Port) -> Outcome:
    """Three generations: a table of names per architecture, one flat table and a set each, one flat table."""
    spec, fork = port.spec, port.fork
    parts = [fork.tensors.add(each.enumerator, near=each.near) for each in _new(port)]
    match port.facts.tensor_names.value:
        case "by architecture":
            rows = [(_enumerator(port, each), f'"{each.name}"') for each in spec.tensors]
            if spec.enumerator in fork.tensor_names.rows:
                known = fork.tensor_names.nested(spec.enumerator)
                parts += [known.add(row, near=each.near) for row, each in zip(rows, spec.tensors, strict=True)]
            else:
                parts.append(fork.tensor_names.add_nested(spec.enumerator, rows, near=spec.near))
        case "sets":
            parts += [fork.tensor_names.add([t.enumerator, f'"{t.name}"'], near=t.near) for t in _new(port)]
            names = [_enumerator(port, each) for each in spec.tensors]
            if spec.enumerator in fork.tensor_sets.cases:
                parts.append(fork.tensor_sets.case(spec.enumerator).add_to_list(names))
            else:
                code = port.render("tensor_set.cpp.j2", tensors=names)
                parts.append(fork.tensor_sets.add_case(spec.enumerator, code, near=spec.near, bare=True))
        case "flat":
            parts += [fork.tensor_names.add([t.enumerator, f'"{t.name}"'], near=t.near) for t in _new(port)]
    return all_of(*parts) if parts else fork.tensors.add(spec.tensors[0].enumerator)


@rule("arch.tensor-infos", "every tensor of the architecture has a layer class and an operation")
def tensor_infos(port: Port) -> Outcome:
    """The class decides on which device a tensor lands; a tensor without one cannot be loaded."""
    table = port.fork.tensor_infos
    parts = []
    for each in port.spec.tensors:
        own = port.own_tensors.get(each.name, each.enumerator)
        info = port.fork.spelled(f"{{LLM_TENSOR_LAYER_{each.layer}, GGML_OP_{each.op}}}")
        if own not in table.rows:
            parts.append(table.add([own, info], near=each.near))
        elif each.moves and port.facts.architectures.value == "classes" and not table.is_set(own, info):
            why = f"{own} is of another layer class, and each architecture's own class asks for it"
            return Blocked(why, table.row(own).where)
        elif each.moves:
            parts.append(table.set(own, info))
            parts.append(_numbered(port, own, each.layer))
    return all_of(*parts) if parts else NotNeeded("the fork has an info for each of them")


def _numbered(port: Port, tensor: str, layer: str) -> Outcome:
    """A layer number wherever the loader asks for a tensor that now belongs to the layers."""
    if port.facts.architectures.value != "cases" or layer != "REPEATING":
        return NotNeeded("asked for as before")
    load = port.fork.method("load_tensors")
    calls = load.calls("tn", tensor)
    if not calls and (load.mentions(tensor) or not load.calls("tn")):
        raise load.missing(f"call of tn with {tensor}")
    return all_of(*(c.add_argument("0") for c in calls if len(c.arguments()) == 2)) if calls else NotNeeded("unused")


def _enumerator(port: Port, tensor: Tensor) -> str:
    """The enumerator that this fork has, or will have, for a tensor."""
    return port.tensor(tensor.enumerator.removeprefix("LLM_TENSOR_"))


def _new(port: Port) -> list[Tensor]:
    """The tensors whose name the fork does not know."""
    return [each for each in port.spec.tensors if each.name not in port.own_tensors]
