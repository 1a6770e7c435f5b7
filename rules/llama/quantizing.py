"""The quantizer, and what it takes for granted of a model."""

from __future__ import annotations

from transformer.outcome import NotNeeded, Outcome, all_of
from transformer.rule import rule

from .port import Port


@rule("quant.values", "a model can be quantized whose layers have no V of their own", required=False,
      needs=("load.tensors",))  # fmt: skip
def values(port: Port) -> Outcome:
    """Older quantizers count one `attn_v` for each layer with attention, and abort where there are fewer."""
    name = "llama-quant.cpp"
    if not port.fork.has_file(name):
        return NotNeeded(f"there is no {name}")
    file, check = port.fork.file(name), port.fork.spelled("GGML_ASSERT")
    calls = [each for one in file.functions("llama_model_quantize_impl") for each in one.calls(check, "n_attention_wv")]
    if not calls:
        return NotNeeded(f"{name} does not count them ({file.where})")
    head, remark = f"if (model.arch != {port.spec.enumerator})", "not every layer has values of its own"
    return all_of(*(each.statement_of().wrap(head, remark=remark) for each in calls))
