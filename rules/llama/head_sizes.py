"""Heads may differ in size between sliding-window layers and the others.

Newer forks have functions of the layer for this. Older ones have one member for the whole model; there, members for
the sliding-window layers are added (0: as the others) and functions that fall back, so that nobody else changes.
"""

from __future__ import annotations

from transformer.cpp import Function, Parameter, Statement, aligned, first
from transformer.outcome import NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port

EVERY = "every model"
FALL_BACK = (
    "n_embd_head_k_at and its like give the model's own head size wherever the member for sliding-window layers is 0, "
    "and only loaders of architectures with such heads set it"
)

SIZED = ("heads.values", "heads.cache-width", "heads.cache-views")
VALUES = ("n_embd_head_k", "n_embd_head_v", "n_rot")


def _functions(port: Port) -> NotNeeded | None:
    """Why a fork that has functions of the layer needs nothing."""
    fact = port.facts.head_sizes
    return NotNeeded(f"head sizes are functions of the layer ({fact.where})") if fact.value == "functions" else None


@rule(
    "heads.values",
    "head sizes and rope dimensions can be asked for by layer",
    needs=("load.hparams",),
    affects=EVERY,
    safe=FALL_BACK,
    shown=("heads.values/members",),
)
def values(port: Port) -> Outcome:
    """Members for the sliding-window layers, and functions that fall back to the member for all layers."""
    if idle := _functions(port):
        return idle
    fork = port.fork
    source = fork.file("llama-hparams.cpp")
    parts = [
        fork.hparams.add(*(f"uint32_t {name}_swa = 0;" for name in VALUES), near=["n_embd_head_v"]),
        fork.hparams.add_method(port.render("head_sizes.h.j2"), f"{VALUES[0]}_at", near="n_embd_v_gqa", gap=True),
    ]
    if not source.has_function(f"llama_hparams::{VALUES[0]}_at"):
        first = source.function("llama_hparams::n_embd_k_gqa")
        parts.append(first.add_before(port.render("head_sizes.cpp.j2")))
    return all_of(*parts)


@rule(
    "heads.cache-width",
    "the width of K and V in the cache follows the layer",
    needs=SIZED,
    affects=EVERY,
    safe=FALL_BACK,
    shown=("heads.cache-width/members",),
)
def cache_width(port: Port) -> Outcome:
    """`n_embd_k_gqa` and `n_embd_v_gqa`."""
    if idle := _functions(port):
        return idle
    source = port.fork.file("llama-hparams.cpp")
    parts = []
    for letter in "kv":
        name = f"n_embd_head_{letter}"
        width = source.function(f"llama_hparams::n_embd_{letter}_gqa")
        by_layer = width.mentions(f"{name}_swa")
        parts.append(Satisfied(width.where) if by_layer else width.replace_each(name, f"{name}_at(il)"))
    return all_of(*parts)


@rule(
    "heads.cache-views",
    "the views of K and V in the cache follow the layer",
    needs=SIZED,
    affects=EVERY,
    safe=FALL_BACK,
    shown=("heads.cache-views/members",),
)
def cache_views(port: Port) -> Outcome:
    """`get_k` and `get_v`."""
    if idle := _functions(port):
        return idle
    parts = []
    for letter in "kv":
        name = f"hparams.n_embd_head_{letter}"
        view = port.fork.cache(f"get_{letter}")
        by_layer = view.mentions(f"n_embd_head_{letter}_swa")
        parts.append(Satisfied(view.where) if by_layer else view.replace_each(name, f"{name}_at(il)"))
    return all_of(*parts)


@rule(
    "heads.shift",
    "shifting the context turns K with the head size and rope dimensions of the layer",
    needs=SIZED,
    affects=EVERY,
    safe=FALL_BACK,
    shown=("heads.shift/members",),
)
def shift(port: Port) -> Outcome:
    """Both rope-shift functions: one learns which layer it works on, the other takes its values inside the loop."""
    if idle := _functions(port):
        return idle
    turn, build = port.fork.cache("build_rope_shift"), port.fork.cache("build_graph_shift")
    declared = port.fork.cache_class.method("build_rope_shift")
    layer = Parameter("uint32_t", "il")
    return all_of(
        declared.add_parameter(layer),
        turn.add_parameter(layer, declared.place_of(layer)),
        turn.replace_each("hparams.n_rot", "hparams.n_rot_at(il)", by_value=True),
        _take_by_layer(build),
        build.pass_on(declared, layer),
    )


def _take_by_layer(build: Function) -> Outcome:
    """The values that stand above the loop over the layers, inside it."""
    loop = first(build.loops("layer : layers"), "loop over the layers", build)
    il = loop.local("il")
    swap = {f"hparams.{name}": f"hparams.{name}_at(il)" for name in VALUES}
    taken: list[Statement] = []
    for each in build.body().statements():
        known = [name for other in taken for name in other.variables]
        if each.variables and each.precedes(loop) and (any(map(each.holds, swap)) or any(map(each.mentions, known))):
            taken.append(each)
    if not taken:
        return Satisfied(loop.where)
    lines = [each.swapped(swap, by_value=True) for each in taken]
    return all_of(build.remove_each(taken), il.insert_after("\n".join(aligned(lines)), gap=True))


@rule(
    "heads.quantized-cache",
    "the block size of a quantized cache is checked against every layer",
    needs=SIZED,
    affects=EVERY,
    safe=FALL_BACK,
    shown=("heads.quantized-cache/members",),
)
def quantized_cache(port: Port) -> Outcome:
    """In `llama_init_from_model`; the check there knows one head size."""
    if idle := _functions(port):
        return idle
    check = port.fork.file("llama-context.cpp").function("llama_init_from_model")
    if check.mentions("n_embd_head_k_at", "n_embd_head_v_at"):
        return Satisfied(check.where_of("n_embd_head_k_at"), ours=True)
    if not (check.mentions("n_embd_head_k") or check.mentions("n_embd_head_v")):
        return NotNeeded(f"no such check in {check.name} ({check.where})")
    parts: list[Outcome] = []
    for letter in "kv":
        name = f"model->hparams.n_embd_head_{letter}"
        if check.holds(f"{name}_at(il) % blck_size"):
            parts.append(Satisfied(check.where))
            continue
        head = "for (uint32_t il = 0; il < model->hparams.n_layer; ++il)"
        parts.append(check.if_on(f"{name} % blck_size != 0").wrap(head, {name: f"{name}_at(il)"}))
    return all_of(*parts)


@rule(
    "heads.saver",
    "a saved model keeps the head sizes of its sliding-window layers",
    required=False,
    needs=SIZED,
    affects=EVERY,
    safe="the keys are written only where a model has such heads",
    shown=("heads.saver/members",),
)
def saver(port: Port) -> Outcome:
    """Written only where a model has them, so that other models are saved as before."""
    if idle := _functions(port):
        return idle
    save = port.fork.file("llama-model-saver.cpp").function("llama_model_saver::add_kv_from_model")
    after = save.call("add_kv", "LLM_KV_ROPE_DIMENSION_COUNT")
    return after.statement_of().insert_after(port.render("head_sizes_saver.cpp.j2"))
