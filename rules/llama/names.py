"""The architecture, its metadata keys and its tensors have names in `llama-arch`."""

from __future__ import annotations

from collections.abc import Sequence

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
    known = _names(port)
    parts = [fork.tensors.add(each.enumerator, near=each.near, remark=spec.name, like=known) for each in _new(port)]
    match port.facts.tensor_names.value:
        case "by architecture":
            rows = [(_enumerator(port, each), f'"{each.name}"') for each in spec.tensors]
            if spec.enumerator in fork.tensor_names.rows:
                table = fork.tensor_names.nested(spec.enumerator)
                parts += [table.add(row, near=each.near) for row, each in zip(rows, spec.tensors, strict=True)]
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


def _names(port: Port) -> set[str]:
    """The architectures of the fork by their names in files: enumerators may have one of them as a comment."""
    if not port.fork.file("llama-arch.cpp").has("table", "LLM_ARCH_NAMES"):
        return set()
    table = port.fork.architecture_names
    return {table.cell(each).strip('"') for each in table.rows}


def sharing(port: Port) -> Sequence[str]:
    """The architectures for which the loader asks for a tensor that the pack moves, by their names in files."""
    moved = [port.own_tensors.get(each.name, each.enumerator) for each in port.spec.tensors if each.moves]
    loader = port.fork.method("load_tensors")
    if port.facts.architectures.value != "cases" or not moved:
        return ()
    switch = loader.switch("arch")
    using = [each for each in switch.cases if switch.case(each).mentions(*moved) and each != port.spec.enumerator]
    known = port.fork.architecture_names
    return [known.cell(each).strip('"') for each in using if each in known.rows]


@rule(
    "arch.tensor-infos",
    "every tensor of the architecture has a layer class and an operation",
    affects="architectures that load the same tensors",
    safe="the class decides only on which device a tensor lies; names, shapes and values stay",
    shown=("arch.tensor-infos/new_and_moved",),
    who=sharing,
)
def tensor_infos(port: Port) -> Outcome:
    """The class decides on which device a tensor lands; a tensor without one cannot be loaded."""
    table = port.fork.tensor_infos
    parts = []
    for each in port.spec.tensors:
        own = port.own_tensors.get(each.name, each.enumerator)
        info = port.fork.spelled(f"{{LLM_TENSOR_LAYER_{each.layer}, GGML_OP_{each.op}}}")
        if own in table.rows and not each.moves:
            continue
        if not each.layer or not each.op:
            return Blocked(f"the fork has no info for {own}, and the pack does not say its layer and op", table.where)
        known = own in table.rows
        if each.moves and each.layer == "REPEATING" and not (known and table.is_set(own, info)):
            parts.append(port.era.layers(own))
        parts.append(table.set(own, info) if known else table.add([own, info], near=each.near))
    return all_of(*parts) if parts else NotNeeded("the fork has an info for each of them")


def _enumerator(port: Port, tensor: Tensor) -> str:
    """The enumerator that this fork has, or will have, for a tensor."""
    return port.tensor(tensor.enumerator.removeprefix("LLM_TENSOR_"))


def _new(port: Port) -> list[Tensor]:
    """The tensors whose name the fork does not know."""
    return [each for each in port.spec.tensors if each.name not in port.own_tensors]
