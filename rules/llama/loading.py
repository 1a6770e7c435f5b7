"""The loader reads the architecture's hyperparameters and asks for all its tensors."""

from __future__ import annotations

from transformer.cpp import Function, first
from transformer.outcome import Blocked, Outcome, Satisfied, all_of
from transformer.rule import rule

from .eras import Part
from .instances import reads
from .port import Port

# A model that loads, and then has no graph or no cache, is worse than one that does not load.
CORE = ("load.hparams", "load.tensors", "graph.builder", "graph.declaration", "graph.sources", "graph.dispatch",
        "graph.rope-type", "cache.reuse", "heads.values", "arch.keys", "arch.tensors")  # fmt: skip


def judged(port: Port, part: Part) -> Outcome | None:
    """Whether code that is there already does a part as the spec needs it; `None` where there is none, or ours differs.

    Ours differs where this tool wrote it with other options.
    """
    scope = port.era.scope(part)
    if scope is None:
        return None
    lacking = [each for each in port.spec.mentions.get(part, []) if not scope.mentions(each)]
    if lacking:
        return Blocked(f"{scope.name} is there but does not mention {', '.join(lacking)}", scope.where)
    ours = any(other.is_written for other in port.others)
    return None if ours and not port.era.written(part) else Satisfied(scope.where)


@rule("load.hparams", "the loader reads every key of the architecture", needs=CORE)
def hparams(port: Port) -> Outcome:
    """A case beside the closest relative, or the first part of a class of its own."""
    return judged(port, "hparams") or port.era.hparams()


@rule("load.tensors", "the loader asks for every tensor of the architecture", needs=CORE)
def tensors(port: Port) -> Outcome:
    """The same for the tensors; one of the file that nobody asks for makes loading fail."""
    return judged(port, "tensors") or port.era.tensors()


_FLAGS = """\
GGML_ASSERT((std::is_same<T,    bool>::value) ||
            (std::is_same<T, int32_t>::value) ||
            (std::is_same<T, uint32_t>::value));
"""


@rule(
    "load.bool-arrays",
    "the loader reads arrays of booleans",
    affects="every model whose file has an array of booleans",
    safe="such an array was an error before; arrays of numbers are copied as before, in the other branch",
    shown=("load.bool-arrays/copied",),
)
def bool_arrays(port: Port) -> Outcome:
    """Converters write the window pattern as one; a boolean is one byte in the file."""
    file = port.fork.file("llama-model-loader.cpp")
    readers = [each for each in file.functions("llama_model_loader::get_arr") if each.holds("N_MAX")]
    label, near = port.fork.spelled("GGUF_TYPE_BOOL"), [port.fork.spelled("GGUF_TYPE_INT32")]
    into_flags = any("bool" in kind for _, kind in reads(port))
    if port.facts.bool_arrays.value:
        widened = _widened(readers[0], label) if into_flags else None
        ours = any(each.holds("flags[i] != 0") for each in readers)
        return widened or Satisfied(port.facts.bool_arrays.where, ours=ours)
    reader = first(readers, "get_arr for arrays of a fixed size", file)
    if len(readers) > 1:
        return Blocked(f"{reader.name} for arrays of a fixed size was found {len(readers)} times", readers[1].where)
    copy, types = reader.call("copy").statement_of(), reader.switch("gt")
    info = types.subject.removesuffix(".gt")
    # Arrays of numbers are not copied to booleans: a case of its own.
    known = types.add_case(label, _FLAGS, near=near) if into_flags else types.add_label(label, near=near)
    return all_of(
        known,
        copy.rewrite(lambda text: port.render("bool_array.cpp.j2", copy=text, info=info)),
    )


def _widened(reader: Function, label: str) -> Outcome | None:
    """The assertion of a reader that copies flags into numbers alone, with booleans; `None` where it allows them.

    Arrays of numbers stay what they were: an element of theirs is not one byte.
    """
    types = reader.switch("gt")
    allowed = types.case(label).call("GGML_ASSERT").argument(0)
    if allowed.holds("std::is_same<T, bool>"):
        return None
    return allowed.replace(f"(std::is_same<T, bool>::value && {types.subject} == {label}) || {allowed.text}")
