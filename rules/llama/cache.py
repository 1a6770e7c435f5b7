"""The KV cache: layers that read the cache of others, and layers of one kind only."""

from __future__ import annotations

from transformer.cpp import Function
from transformer.outcome import Blocked, NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port

WINDOWS = "every model with sliding-window layers"


@rule("cache.reuse", "layers without K and V of their own read the cache of the last layer of their kind that has them")
def reuse(port: Port) -> Outcome:
    """`create_memory` does this for the architecture that the spec names: one more in its condition.

    Before it did, the constructor of the cache knew that architecture by name.
    """
    memory, near = port.fork.method("create_memory"), port.spec.shares_cache_like
    if memory.mentions(port.spec.enumerator):
        return Satisfied(memory.where)
    name = port.fork.cache_name
    old = [each for each in port.fork.cache_source.functions(f"{name}::{name}") if each.mentions(near)]
    if len(old) == 1:
        return _reuse_in_constructor(port, old[0])
    return memory.if_on(f"arch == {near}").condition.widen(f"arch == {port.spec.enumerator}")


def _reuse_in_constructor(port: Port, make: Function) -> Outcome:
    """How many layers the relative has in the cache, then who reads which."""
    arch = port.spec.enumerator
    if make.mentions(arch):
        return Satisfied(make.where)
    like = port.spec.shares_cache_like
    own = [each for each in make.ifs() if each.condition.holds(f"model.arch == {like}")]
    if len(own) != 2:
        return Blocked(f"{like} is asked for {len(own)} times in {make.name}, not twice", make.where)
    count, share = own
    return all_of(
        count.insert_after(port.render("layers_in_cache.cpp.j2", count=count.body().statements()[0].target)),
        share.condition.widen(f"model.arch == {arch}"),
    )


@rule("cache.owners", "a layer can be asked whether it has K and V of its own")
def owners(port: Port) -> Outcome:
    """`has_kv` and the number of layers that it compares with."""
    hparams = port.fork.hparams
    if hparams.methods("has_kv"):
        source = port.fork.file("llama-hparams.cpp").source
        return Satisfied(hparams.methods("has_kv")[0].where, ours=source.holds(port.render("has_kv.cpp.j2")))
    if port.era.scope("tensors") is not None:
        return NotNeeded("the architecture is there, and does without")
    flags = port.fork.file("llama-hparams.cpp").function("llama_hparams::is_swa")
    return all_of(
        hparams.add("int32_t n_layer_kv_from_start = -1;", near=["swa_layers"]),
        hparams.add_method("bool has_kv(uint32_t il) const;", "has_kv", near="is_swa", gap=True),
        flags.add_after(port.render("has_kv.cpp.j2")),
    )


@rule(
    "cache.window-types",
    "the cache of the sliding-window layers has the types that are asked for",
    required=False,
    affects=WINDOWS,
    safe="half floats are the default: only who asks for other cache types gets them now, also for these layers",
    shown=("cache.window-types/half_floats",),
)
def window_types(port: Port) -> Outcome:
    """For one day it was kept in half floats, whatever the user said."""
    file, name = f"{port.fork.cache_file}-iswa.cpp", f"{port.fork.cache_name}_iswa"
    if not port.fork.has_file(file):
        return NotNeeded(f"there is no {file}")
    makers = port.fork.file(file).functions(f"{name}::{name}")
    made = [(make, each) for make in makers for each in make.calls("make_unique")]
    own = [(make, each) for make, each in made if each.statement_of().target == "kv_swa"]
    if len(own) != 1:
        return NotNeeded(f"not one cache of their own is made for them, but {len(own)} ({port.fork.file(file).where})")
    make, call = own[0]
    given = call.arguments()
    if given[1:3] != [port.fork.spelled("GGML_TYPE_F16")] * 2:
        return Satisfied(call.where)
    names = [each for each in make.names if each in ("type_k", "type_v")]
    if len(names) != 2:
        return Blocked("the constructor is not told the types", make.where)
    return all_of(
        call.statement_of().drop_comment(),
        *(call.argument(place).swap(name) for place, name in enumerate(names, 1)),
    )


@rule(
    "cache.one-kind",
    "a graph with layers of one kind only leaves the inputs of the other alone",
    required=False,
    affects=WINDOWS,
    safe="an input that the graph has allocated is written as before; the others were written to a null buffer",
    shown=("cache.one-kind/six_inputs",),
)
def one_kind(port: Port) -> Outcome:
    """Such a graph has not allocated them: a device that holds part of the layers would write to a null buffer."""
    setter = port.fork.graph_source.function(f"{port.fork.window_input}::set_input")
    if setter.mentions("buffer"):
        return Satisfied(setter.where)
    parts: list[Outcome] = []
    for name in ("set_input_k_idxs", "set_input_v_idxs", "set_input_kq_mask"):
        for call in setter.calls(name):
            tensor = call.arguments()[0]
            remark = "" if parts else "with layers of one kind only, the inputs of the other are not allocated"
            parts.append(call.statement_of().wrap(f"if ({tensor} && {tensor}->buffer)", remark=remark))
    return all_of(*parts)
