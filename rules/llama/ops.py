"""What a graph is made of: operations of ggml, and helpers that are tied to a kind of memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transformer.cpp import CppFile, Function, Source, Switch, declared
from transformer.outcome import Blocked, NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from . import spelling
from .lowering import arities
from .port import Port
from .spec import Op

HEADERS = ("include/llama.h", "cpp/llama.h")


@rule("graph.ops", "ggml has every operation that the builder calls")
def ops(port: Port) -> Outcome:
    """An operation is written for each backend: it cannot come along with an architecture."""
    known = arities(port.fork)
    there = {each: known.get(port.fork.spelled(each.name)) for each in port.spec.ops}
    if missing := [each for each, count in there.items() if count is None]:
        return Blocked(f"ggml has no {_named(missing)}", help="the donor's form of an earlier day may do without")
    if other := [each for each, count in there.items() if count != each.arguments]:
        return Blocked(f"ggml has {_named(other)} with other arguments", help="an earlier form of the donor may fit")
    return Satisfied("ggml/include/ggml.h:1") if port.spec.ops else NotNeeded("the pack names none")


@rule("arch.names", "the library has every other name that the code uses")
def names(port: Port) -> Outcome:
    """Enumerators and macros: one that the fork lacks means something that its shared code cannot do yet."""
    fork, missing = port.fork, list(port.spec.names)
    for path in (*HEADERS, *(fork.path(each) for each in ("llama-graph.h", "llama-hparams.h", "llama-arch.h"))):
        if fork.workspace.exists(path):
            words = set(re.findall(r"\w+", fork.workspace.source(path).data.decode()))
            missing = [each for each in missing if each not in words]
    if missing:
        return Blocked(f"the library has no {', '.join(missing)}", help="what they stand for is not in this fork")
    return Satisfied(fork.file("llama-arch.h").where) if port.spec.names else NotNeeded("the pack names none")


@rule("graph.results", "the graph's result has every member that the builder reads or sets")
def results(port: Port) -> Outcome:
    """Another name for the same member counts."""
    struct = port.fork.file("llama-graph.h").struct("llm_graph_result")
    missing = [each for each in port.spec.results
               if each not in {name for group in port.spec.result for line in group.declare for name in declared(line)}
               and each not in struct.fields and not struct.methods(each)
               and not any(other in struct.fields for other in spelling.RESULT.get(each, ()))]  # fmt: skip
    if missing:
        return Blocked(f"llm_graph_result has no {', '.join(missing)}", struct.where)
    return Satisfied(struct.where) if port.spec.results else NotNeeded("the pack names none")


@rule("graph.shared-members", "shared code reads what the loader asks for and the builder leaves to it")
def shared(port: Port) -> Outcome:
    """A member that nobody reads would be loaded, and its part of the model left out without a word."""
    model = port.fork.model
    missing = [each for each in port.spec.shared
               if not any(name in model.fields for name in (each, *spelling.MODEL.get(each, ())))]  # fmt: skip
    if missing:
        why = f"llama_model has no {', '.join(missing)}, which shared code of the donor reads and the builder does not"
        return Blocked(why, model.where, "what that code does with it is not in this fork")
    return Satisfied(model.where) if port.spec.shared else NotNeeded("it leaves nothing to shared code")


@rule("graph.helpers", "the graph context has every helper that the builder calls")
def helpers(port: Port) -> Outcome:
    """A helper makes inputs of a kind that the memory must have: it cannot come along without it."""
    missing = [each for each in port.spec.helpers if not port.fork.graph.methods(each)]
    if missing:
        return Blocked(f"llm_graph_context has no {', '.join(missing)}", port.fork.graph.where)
    return Satisfied(port.fork.graph.where) if port.spec.helpers else NotNeeded("the pack names none")


@rule(
    "graph.kinds",
    "helpers of the graph know every kind that the builder asks them for",
    affects="models that ask a helper for such a kind",
    safe="the helper ended the process there before",
    shown=("tests/test_reads.py::test_the_case_of_a_kind_comes_along",),
)
def kinds(port: Port) -> Outcome:
    """An enumerator can be older than the case for it in some helper, which then stops the program."""
    builder = CppFile(Source("builder.cpp", port.render("builder.cpp.j2").encode()))
    parts: list[Outcome] = [NotNeeded("the pack names no helpers")]
    for helper in port.spec.helpers:
        calls = [each.arguments() for each in builder.calls(helper)]
        functions = port.fork.graph_source.functions(f"llm_graph_context::{helper}")
        parts += [_case(port, helper, *stop) for stop in _stops(functions, calls)]
    return all_of(*parts, *([Satisfied(port.fork.graph.where)] if port.spec.helpers else []))


def _case(port: Port, helper: str, kind: str, function: Function, switch: Switch) -> Outcome:
    """The donor's case, where its names mean something in the fork's helper."""
    why = f"{function.name} does not know {kind}"
    wanted = next((each for each in port.spec.kinds if (each.function, each.kind) == (helper, kind)), None)
    if wanted is None:
        return Blocked(why, switch.where)
    if missing := [each for each in wanted.locals if not function.mentions(each)]:
        return Blocked(f"{why}, and has no {', '.join(missing)}, as the donor's has ({wanted.where})", switch.where)
    return switch.add_case(kind, port.render_text(wanted.code), near=wanted.near, bare=True)


def _stops(functions: Sequence[Function], calls: Sequence[Sequence[str]]) -> Iterator[tuple[str, Function, Switch]]:
    """The enumerators that calls give for a parameter over which some overload has a switch that stops at them."""
    given: set[tuple[str, str]] = set()
    for call in calls:
        taking = [each.parameters for each in functions if len(call) <= len(each.parameters)]
        taken = min(taking, key=len, default=())
        given |= {(one.name, word.strip()) for one, word in zip(taken, call, strict=False)}
    for function in functions:
        for switch in (each for each in function.switches() if "default" in each.cases):
            if switch.case("default").mentions("GGML_ABORT"):
                kinds = sorted(
                    word for name, word in given if name == switch.subject and re.fullmatch(r"LLM_\w+", word)
                )
                yield from ((each, function, switch) for each in kinds if each not in switch.cases)


def _named(ops: Sequence[Op]) -> str:
    """The operations, and where the donor calls them."""
    return ", ".join(f"{each.name} ({each.where})" if each.where else each.name for each in ops)
