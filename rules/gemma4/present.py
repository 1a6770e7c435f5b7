"""A port that somebody else made, or that is younger than its fixes: what it lacks, added to its own code.

Its loader and builder stay. Each rule finds the one place that it understands by meaning, and leaves the rest alone;
where it does not understand what is there, it is blocked, and says at which line.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformer.cpp import Call, If, Parameter, Place
from transformer.errors import AnchorError
from transformer.outcome import Blocked, NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from ..llama.eras import Part
from ..llama.port import Port
from ..llama.present import OPTIONAL, builder_file, created, flagged, layer_of, member

CAP = "f_final_logit_softcapping"
CAP_READ = "LLM_KV_ATTENTION_LAYERNORM_RMS_EPS", "own_cap.cpp.j2"
NEW = NotNeeded("its loader is not there yet, and will do so")


@rule("load.cap", "the soft cap of the logits is read from the file")
def cap(port: Port) -> Outcome:
    """Without it every model has the cap of the published ones. A file that names none has none."""
    scope = port.era.scope("hparams")
    if scope is None:
        return NEW
    if scope.mentions(CAP):
        return _read_already(port, scope, *CAP_READ)
    builder = builder_file(port)
    if not any(each.condition.mentions(CAP) for each in builder.ifs()):
        return Blocked(f"the builder does not ask whether there is a cap ({CAP})", port.handled("graph").where)
    return _read_after(port, *CAP_READ)


@rule("load.rotation", "the loader reads how many dimensions of a sliding-window layer are turned")
def rotation(port: Port) -> Outcome:
    """Only where head sizes are members: elsewhere it is read for all architectures."""
    scope = port.era.scope("hparams")
    if scope is None:
        return NEW
    if port.facts.head_sizes.value == "functions":
        return NotNeeded(f"head sizes are functions of the layer ({port.facts.head_sizes.where})")
    read = port.key("attention.key_length_swa"), "own_rotation.cpp.j2"
    if scope.mentions("n_rot_swa"):
        return _read_already(port, scope, *read)
    return _read_after(port, *read)


def _known(port: Port, part: Part, sign: str) -> Outcome | None:
    """Why there is nothing to do: there is no such code yet, or it mentions `sign`, which shows what is wanted."""
    scope = port.era.scope(part)
    if scope is None:
        return NEW
    return Satisfied(scope.where) if scope.mentions(sign) else None


def _read_after(port: Port, key: str, template: str) -> Outcome:
    """Lines below the one that reads `key`."""
    known = port.alone("hparams").call("get_key", key)
    return known.statement_of().insert_after(_reading(port, known, template))


def _read_already(port: Port, scope: Place, key: str, template: str) -> Satisfied:
    """Satisfied, and ours where the lines stand there that `_read_after` would have written."""
    ours = any(scope.holds(_reading(port, known, template)) for known in scope.calls("get_key", key))
    return Satisfied(scope.where, ours=ours or None)


def _reading(port: Port, known: Call, template: str) -> str:
    """The lines of a template, with the words that a call of `get_key` has for the reader and the values."""
    reader, value = known.text.partition("get_key")[0], known.arguments()[1]
    return port.render(template, reader=reader, hparams=value.rpartition(".")[0])


@rule("load.tail", "layers without K and V of their own load without them")
def tail(port: Port) -> Outcome:
    """Published files hold unused ones there; those that were saved again do not."""
    if known := _known(port, "tensors", "has_kv"):
        return known
    builder = builder_file(port)
    if not builder.mentions("has_kv"):
        return Blocked("the builder does not ask which layers have K and V", port.handled("graph").where)
    scope = port.alone("tensors")
    parts = []
    for name in ("LLM_TENSOR_ATTN_K", "LLM_TENSOR_ATTN_K_NORM", "LLM_TENSOR_ATTN_V"):
        made = created(scope, name)
        parts.append(flagged(made, f"hparams.has_kv({layer_of(made)}) ? 0 : {OPTIONAL}"))
    return all_of(*parts)


@rule("load.experts", "a factor per expert is loaded",
      needs=("graph.experts", "experts.scale", "experts.gate-up"))  # fmt: skip
def experts(port: Port) -> Outcome:
    """A tensor that nobody asks for makes loading fail. Newer forks ask for it for all architectures."""
    scope = port.era.scope("tensors")
    if scope is None:
        return NEW
    general = port.fork.file("llama-model.cpp")
    shared = [f for owner in ("llama_model", "llama_model_base") for f in general.functions(f"{owner}::load_tensors")]
    for each in (scope, *shared):
        if each.mentions("ffn_down_exps_s"):
            return Satisfied(each.where_of("ffn_down_exps_s"))
    made = created(port.alone("tensors"), "LLM_TENSOR_FFN_DOWN_EXPS")
    count = made.arguments()[1].strip("{} ").split(",")[-1].strip()
    owner = made.statement_of().text.partition("ffn_down_exps")[0]
    code = port.render("own_expert_scale.cpp.j2", owner=owner, layer=layer_of(made), count=count)
    return all_of(member(port, "ffn_down_exps_s"), made.statement_of().insert_after(code))


@rule("load.apart", "experts are loaded as well where gate and up are two tensors", required=False,
      needs=("graph.experts", "experts.gate-up"))  # fmt: skip
def apart(port: Port) -> Outcome:
    """Loaded where the merged tensor is not there, and handed to the graph beside it."""
    if known := _known(port, "tensors", "LLM_TENSOR_FFN_GATE_EXPS"):
        return known
    made = created(port.alone("tensors"), port.tensor("FFN_GATE_UP_EXPS"))
    width, size, count = (each.strip() for each in made.arguments()[1].strip("{} ").split(","))
    owner = made.statement_of().text.partition("ffn_gate_up_exps")[0]
    words = {"owner": owner, "layer": layer_of(made), "width": width, "count": count, "size": _half(size)}
    parts = [flagged(made, OPTIONAL), made.statement_of().insert_after(port.render("own_apart.cpp.j2", **words))]
    for call in builder_file(port).calls("build_moe_ffn"):
        parts += [_hand_over(port, call, each) for each in ("up_exps", "gate_exps")]
    return all_of(*parts)


def _half(size: str) -> str:
    """The width of one half, from the width of both."""
    factors = [each.strip() for each in size.split("*")]
    if len(factors) != 2 or "2" not in factors:
        raise AnchorError(f"{size} is not twice the width of an expert")
    return next(each for each in factors if each != "2")


def _hand_over(port: Port, call: Call, name: str) -> Outcome:
    """The tensor of one half, in the place of a null pointer."""
    given = call.arguments()
    known = [names for names in map(_names, port.signatures("build_moe_ffn")) if _fits(names, given)]
    if len(known) != 1:
        return Blocked(f"the call fits {len(known)} of the declarations of build_moe_ffn", call.where)
    wanted = given[known[0].index("gate_up_exps")].replace("ffn_gate_up_exps", f"ffn_{name}")
    place = call.argument(known[0].index(name))
    if place.is_exactly(wanted):
        return Satisfied(place.where)
    if place.text not in ("nullptr", "NULL"):
        return Blocked(f"{place.text} is given for {name}", place.where)
    return place.swap(wanted)


def _names(parameters: Sequence[Parameter]) -> list[str]:
    return [each.name for each in parameters]


def _fits(names: list[str], given: list[str]) -> bool:
    """Whether the tensors of a call stand where a declaration has their names."""
    places = [(names.index(n), n) for n in ("down_exps", "gate_up_exps") if n in names]
    return len(places) == 2 and all(at < len(given) and given[at].endswith(f"ffn_{n}") for at, n in places)


@rule("graph.experts", "the builder runs the experts beside the dense part",
      needs=("load.experts", "experts.scale", "experts.gate-up"))  # fmt: skip
def graph_experts(port: Port) -> Outcome:
    """In place of a branch that does nothing but give up; a builder that has experts must hand on their factors."""
    if port.era.scope("graph") is None:
        return NEW
    builder = builder_file(port)
    called = builder.calls("build_moe_ffn")
    if any(each.mentions("ffn_down_exps_s") for each in called):
        return Satisfied(called[0].where)
    if called:
        return Blocked("build_moe_ffn gets no factor per expert (ffn_down_exps_s)", called[0].where)
    for each in builder.ifs():
        dense = each.otherwise()
        if dense is not None and _gives_up(port, each) and dense.calls("build_ffn"):
            return _fill(port, each, dense)
    return Blocked("the builder knows no experts, and no place for them", port.handled("graph").where)


def _gives_up(port: Port, branch: If) -> bool:
    """Whether a branch does nothing but abort."""
    inside = branch.body().statements()
    return len(inside) == 1 and inside[0].text.startswith(port.fork.spelled("GGML_ABORT("))


def _fill(port: Port, branch: If, dense: Place) -> Outcome:
    """The experts, with the words of the branch beside them."""
    norm = dense.call("build_norm", "ffn_norm")
    tensor = norm.arguments()[1]
    name = norm.statement_of().target
    if not name or not tensor.endswith("ffn_norm") or branch.condition.text == "true":
        return Blocked("the dense branch is not as expected", norm.where)
    words = {"target": name, "inp": norm.arguments()[0], "layer": tensor.removesuffix(".ffn_norm")}
    return branch.body().refill(port.render("own_experts.cpp.j2", **words))


@rule("graph.padding", "embeddings in place of tokens get the scaled row of the padding token")
def padding(port: Port) -> Outcome:
    """The row of a token is scaled as well."""
    if port.era.scope("graph") is None:
        return NEW
    casts = builder_file(port).calls(port.fork.spelled("ggml_cast"))
    casts = [each for each in casts if each.block().mentions("inp_per_layer")]
    if not casts:
        return NotNeeded("the builder knows no embeddings in place of tokens")
    cast = casts[0]
    choice = next((each for each in builder_file(port).ifs() if _is_in(cast, each.otherwise())), None)
    scale = port.fork.spelled("ggml_scale")
    scaled = choice.body().calls(scale) if choice is not None else []
    if not scaled or cast.block().calls(scale):
        return Satisfied(cast.where)
    name = cast.statement_of().target
    if not name:
        return Blocked("the row of the padding token has no name", cast.where)
    return cast.statement_of().insert_after(f"{name} = {scale}(ctx0, {name}, {scaled[0].arguments()[2]});")


def _is_in(inner: Place, outer: Place | None) -> bool:
    return outer is not None and inner.block().where == outer.where and inner.source is outer.source
