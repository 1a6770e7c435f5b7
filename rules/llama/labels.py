"""Functions that list architectures by one property, and what each says of those that it does not list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer.errors import AnchorError
from transformer.outcome import NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

if TYPE_CHECKING:
    from transformer.cpp import Switch

    from .port import Port


@dataclass(frozen=True, slots=True)
class Label:
    """A property: the file and function that list it, and what the function returns for those that are listed."""

    file: str
    function: str
    returns: str
    unlisted: str
    """What holds for an architecture that is not listed."""


LABELS = {
    "recurrent": Label("llama-arch.cpp", "llm_arch_is_recurrent", "true", "attention in every layer"),
    "hybrid": Label("llama-arch.cpp", "llm_arch_is_hybrid", "true", "no layers of several kinds of memory"),
    "diffusion": Label("llama-arch.cpp", "llm_arch_is_diffusion", "true", "predicts the next token"),
    "no-tensor-split": Label("llama-arch.cpp", "llm_arch_supports_sm_tensor", "false", "may be split by tensor"),
    "state-rollback": Label("llama-arch.cpp", "llm_arch_supports_rs_rollback", "true", "no recurrent state"),
    "unsaved": Label("llama-model-saver.cpp", "llama_model_saver_supports_arch", "false", "can be saved"),
}


@rule("arch.labels", "functions that list architectures by a property list this one where it has it")
def labels(port: Port) -> Outcome:
    """A label in the group that returns what the property means. What a fork has no list for, it does not ask for."""
    if port.era.scope("tensors") is not None and not port.is_written:
        return NotNeeded("the architecture is there, and was listed by who put it there")
    parts: list[Outcome] = [NotNeeded("none of the properties that this fork lists")]
    for word in port.spec.labels:
        listed = _switch(port, LABELS[word])
        if listed is not None:
            parts.append(_listed(port, listed, LABELS[word]))
    return all_of(*parts)


def _listed(port: Port, switch: Switch, label: Label) -> Outcome:
    arch = port.spec.enumerator
    if arch in switch.cases:
        return Satisfied(switch.case(arch).where)
    group = [each for each in switch.cases if switch.case(each).holds(f"return {label.returns};")]
    return switch.add_label(arch, near=[*(each for each in port.spec.near if each in group), *group])


def _switch(port: Port, label: Label) -> Switch | None:
    """The list of a property; `None` where the fork has no function for it, or one that names no architecture.

    Raises `AnchorError` where the function is there and cannot be read as such a list.
    """
    if not port.fork.has_file(label.file):
        return None
    file = port.fork.file(label.file)
    found = file.functions(label.function)
    if not found and file.mentions(label.function):
        raise AnchorError(f"{label.function} cannot be read as a function", where=file.where_of(label.function))
    if found and not found[0].switches() and "LLM_ARCH_" in found[0].tokens:
        raise AnchorError(f"{label.function} lists architectures without a switch", where=found[0].where)
    return found[0].switch("arch") if found and found[0].switches() else None


def reasons() -> Iterator[tuple[str, str]]:
    """Each listing function, and why an architecture may be left out of it."""
    for label in LABELS.values():
        yield label.function, label.unlisted
