"""Saving a loaded model: what a fork's saver does not write is written for one architecture, or saving is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.outcome import Outcome, Satisfied

if TYPE_CHECKING:
    from .port import Port


def saved_or_refused(port: Port) -> Outcome:
    """Forks that list what the saver cannot do get one more line there; in the others it learns `saver_values.cpp.j2`.

    All tensors are those of the model and of its layers, which the saver writes for every architecture.
    """
    file = port.fork.file("llama-model-saver.cpp")
    arch = port.spec.enumerator
    if file.has_function("llama_model_saver_supports_arch"):
        refused = file.function("llama_model_saver_supports_arch").switch("arch")
        return refused.add_label(arch, near=port.spec.near)
    values = file.function("llama_model_saver::add_kv_from_model")
    if values.mentions(arch):
        return Satisfied(values.where)
    access = "model->" if values.holds("model->hparams") else "model."
    value = values.call("add_kv", "LLM_KV_ROPE_FREQ_BASE")
    return value.statement_of().insert_after(port.render("saver_values.cpp.j2", model=access))
