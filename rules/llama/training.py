"""Training: what ggml lacks to go back through the graph of the architecture."""

from __future__ import annotations

from transformer.cpp import Function, Switch, first
from transformer.outcome import NotNeeded, Outcome, all_of
from transformer.rule import rule

from .operations import Makers, base
from .port import Port

PASSES = {
    "GGML_UNARY_OP_TANH": "backward_tanh.cpp.j2",
    "GGML_UNARY_OP_GELU": "backward_gelu.cpp.j2",
    "GGML_GLU_OP_GEGLU": "backward_geglu.cpp.j2",
}
"""Operations that come from one activation, and the templates of their derivatives.

Tanh: 1 - tanh(x)^2. GELU in the form with tanh, as ggml computes it (Hendrycks and Gimpel, arXiv 1606.08415).
"""


@rule(
    "train.passes",
    "ggml has a backward pass for each activation of the graph",
    affects="training, of every model",
    safe="these operations ended the process there before",
    shown=("train.passes/none_of_them",),
)
def passes(port: Port) -> Outcome:
    """In `ggml_compute_backward`, beside its other activations, out of operations that ggml has."""
    if not port.spec.options.get("train"):
        return NotNeeded("the option `train` is off")
    fork = port.fork
    file = fork.workspace.file(f"{base(fork)}ggml.c")
    function = file.function(fork.spelled("ggml_compute_backward")).sound()
    called = Makers(fork).of(port.render("builder.cpp.j2"))
    wanted = {op: PASSES[op] for op in PASSES if fork.spelled(op) in called}
    if not wanted:
        return NotNeeded(f"the builder calls no {' and no '.join(PASSES)}")
    names = _names(port, function)
    return all_of(*(
        _over(function, fork.spelled(op)).add_case(fork.spelled(op), port.render(template, **names))
        for op, template in wanted.items()
    ))  # fmt: skip


def _over(function: Function, op: str) -> Switch:
    """The one switch over functions of the same operation. Raises `AnchorError` where there is none, or several."""
    kind = op[: op.index("_OP_") + len("_OP_")]
    found = [each for each in function.switches() if any(label.startswith(kind) for label in each.cases)]
    if len(found) != 1:
        raise function.missing(f"switch over {kind}*")
    return found[0]


def _names(port: Port, function: Function) -> dict[str, str]:
    """What the function calls its own gradient, the result, and the two sources with theirs."""
    spelled = port.fork.spelled
    names = {"ctx": _taking(function, spelled("ggml_context")), "graph": _taking(function, spelled("ggml_cgraph"))}
    given = function.call(spelled("ggml_graph_get_grad"))
    names |= {"grad": given.statement_of().target, "result": given.arguments()[1]}
    for number in range(2):
        source = _made(function, f"{names['result']}->src[{number}]")
        index = function.call(spelled("ggml_hash_find"), source).statement_of().target
        names |= {f"source{number}": source, f"index{number}": index, f"needed{number}": _made(function, f"[{index}]")}
    return names


def _taking(function: Function, kind: str) -> str:
    """The parameter of a type. Raises `AnchorError` where there is none."""
    found = (each.name for each in function.parameters if kind in each.type)
    return first(found, f"parameter that is a {kind}", function)


def _made(function: Function, code: str) -> str:
    """The first local variable that is made of something. Raises `AnchorError` where there is none."""
    found = (each.target for each in function.body().statements() if each.target and each.holds(code))
    return first(found, f"local made of {code}", function)
