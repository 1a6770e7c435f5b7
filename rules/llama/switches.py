"""Switches over the architecture whose `default:` would hide a forgotten one from the compiler."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transformer.cpp import Function, Switch
from transformer.outcome import NotNeeded, Outcome
from transformer.rule import rule

from .labels import reasons
from .port import Port

HANDLED = (
    "llm_get_tensor_names",
    "llama_model::load_hparams",
    "llama_model::load_tensors",
    "llama_model::build_graph",
    "llama_model_rope_type",
    "llama_model_mapping",
    "llama_model_saver_supports_arch",
)
_SWITCH = re.compile(rb"switch\s*\([^)]{0,200}\barch\s*\)")


@rule("arch.switches", "every switch over the architecture handles it, or leaves it to its default for a reason",
      required=False)  # fmt: skip
def switches(port: Port) -> Outcome:
    """The reasons stand in the pack, or in the family's list of labels.

    A switch that neither knows is named: it stops nothing, and is worth a look.
    """
    known = {**dict(reasons()), **port.spec.defaults}
    unknown, left = [], []
    for function, switch in _over_architecture(port):
        if port.spec.enumerator in switch.cases or function.name in HANDLED or "default" not in switch.cases:
            continue
        name = function.name.split("::")[-1]
        if name in known:
            left.append(f"{name} ({known[name]})")
        else:
            unknown.append(f"{function.name} ({switch.where})")
    look = f"; worth a look, as no reason is known: {', '.join(unknown)}" if unknown else ""
    return NotNeeded(f"left to their default: {'; '.join(left) or 'none'}{look}")


def _over_architecture(port: Port) -> Iterator[tuple[Function, Switch]]:
    workspace = port.fork.workspace
    for folder in (port.fork.sources, port.fork.builders):
        for path in port.fork.list(folder):
            if path.endswith(".cpp") and _SWITCH.search(workspace.source(path).live):
                yield from workspace.file(path).switches_over("arch")
