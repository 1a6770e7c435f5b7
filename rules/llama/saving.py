"""Saving a loaded model: what a fork's saver does not write is written for one architecture, or saving is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.cpp import first
from transformer.outcome import Outcome, Satisfied, all_of

if TYPE_CHECKING:
    from .port import Port


def saved_or_refused(port: Port, *, tensors: str = "") -> Outcome:
    """Forks that list what the saver cannot do get one more line there; in the others it learns `saver_values.cpp.j2`.

    `tensors` is a template for tensors beside those of the model and of its layers that the saver writes for all.
    """
    file = port.fork.file("llama-model-saver.cpp")
    arch = port.spec.enumerator
    if file.mentions("llama_model_saver_supports_arch"):
        refused = file.function("llama_model_saver_supports_arch").switch("arch")
        return refused.add_label(arch, near=port.spec.near)
    values = file.function("llama_model_saver::add_kv_from_model")
    known = file.function("llama_model_saver::add_tensors_from_model") if tensors else None
    if values.mentions(arch):
        return Satisfied(values.where)
    access = "model->" if values.holds("model->hparams") else "model."
    value = values.call("add_kv", "LLM_KV_ROPE_FREQ_BASE")
    learned = value.statement_of().insert_after(port.render("saver_values.cpp.j2", model=access))
    if known is None:
        return learned
    last = first(reversed([c for c in known.calls("add_tensor") if c.mentions("model")]), "add_tensor", known)
    return all_of(learned, last.statement_of().insert_after(port.render(tensors, model=access)))
