"""Words of templates that were drafted: names as this fork spells them, and whether it has a helper of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from transformer.errors import TemplateError

from . import spelling

if TYPE_CHECKING:
    from .fork import Fork
    from .port import Port


BY_LAYER = ("n_embd_head_k", "n_embd_head_v", "n_rot")
"""Values that layers with a window may have of their own."""


class Hparams:
    """`hparams.is_swa_impl` is a member, `hparams.n_rot("il")` a value of the layer: each as this fork has it."""

    def __init__(self, port: Port, front: str = "hparams.") -> None:
        self._port = port
        self._front = front

    def __getattr__(self, name: str) -> Spelled:
        if name.startswith("__"):
            raise AttributeError(name)
        known = {*spelling.HPARAMS, *spelling.FUNCTIONS, *spelling.METHODS, *spelling.ASKED_EVERYWHERE}
        if name not in known and not self._port.fork.hparams.mentions(name):
            close = get_close_matches(name, sorted(known), 3)
            raise TemplateError(f"there is no value by layer {name!r}", help=f"there are: {', '.join(close or known)}")
        return Spelled(self._port, name, self._front)


class Spelled:
    """A member of `llama_hparams`, or a call of a member function where it is called."""

    def __init__(self, port: Port, name: str, front: str) -> None:
        self._port = port
        self._name = name
        self._front = front

    def __str__(self) -> str:
        own = first_of(self._port.fork.hparams.fields, (self._name, *spelling.HPARAMS.get(self._name, ())))
        if not own and self._port.fork.hparams.methods(self._name):
            return self()
        return f"{self._front}{own or self._name}"

    def __call__(self, layer: str = "") -> str:
        """The value for a layer, where it has one for each; else the value for all."""
        if layer and self._name in BY_LAYER and "heads.values" in self._port.rules:
            suffix = "" if self._port.facts.head_sizes.value == "functions" else "_at"
            return f"{self._front}{self._name}{suffix}({layer})"
        port, hparams = self._port, self._port.fork.hparams
        for name in (self._name, *spelling.METHODS.get(self._name, ())):
            if hparams.methods(name):
                return f"{self._front}{name}({layer})"
        if self._name not in spelling.FUNCTIONS:
            return f"{self._front}{self._name}({layer})"
        member = spelling.FUNCTIONS[self._name]
        if member not in hparams.fields:
            raise TemplateError(f"llama_hparams has neither a member {member} nor such a function", where=hparams.where)
        if self._name == "n_layer" and any(each.name.endswith("nextn_predict_layers") for each in port.spec.keys):
            own = first_of(hparams.fields, ("n_layer_nextn", "nextn_predict_layers")) or "nextn_predict_layers"
            return f"({self._front}{member} - {self._front}{own})"
        if self._name in spelling.UNSET:
            other = Spelled(port, spelling.UNSET[self._name], self._front)()
            return f"({self._front}{member} > 0 ? {self._front}{member} : {other})"
        return f"{self._front}{member}"


def words(port: Port) -> Mapping[str, Any]:
    """The words, by name."""
    return {
        "hparams": Hparams(port),
        "own": Hparams(port, ""),
        "option": option(port),
        "fused": fused(port),
        "tagged": tagged(port),
        "has_tags": lambda: has_tags(port),
        "trimmed": trimmed(port),
        "selected": selected(port),
        "gathered": gathered(port),
        "sets": sets(port),
        "named": named(port),
        "made": made(port),
        "has_base": has_base(port),
        "member": member(port),
        "scale": scale(port),
        "result": result(port),
        "has_helper": lambda name: bool(port.fork.graph.methods(name)),
        "has_loader": has_loader(port),
        "scalar_reader": scalar_reader(port),
        "generic": generic(port),
        "has_method": lambda name: bool(port.fork.hparams.methods(name)),
    }


def member(port: Port) -> Callable[[str], str]:
    """A member of the model or of a layer, as this fork spells it."""

    def find(name: str) -> str:
        for struct, table in ((port.fork.layer, spelling.LAYER), (port.fork.model, spelling.MODEL)):
            if name in table:
                return first_of(struct.fields, (*table[name], name)) or name
        return name

    return find


def arities(fork: Fork) -> dict[str, int]:
    """The functions that ggml declares, and how many arguments each takes."""
    header = fork.workspace.source(fork.ggml("include/ggml.h"))
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", header.data.decode(), flags=re.S)
    found = re.findall(r"\b(\w*ggml_\w+)\s*\(([^;{}]*)\)\s*;", text)
    return {name: given.count(",") + 1 for name, given in found}


def takes(port: Port, op: str, count: int) -> bool:
    """Whether ggml has an operation of so many arguments."""
    return arities(port.fork).get(port.fork.spelled(op)) == count


def option(port: Port) -> Callable[..., str]:
    """An option of the context; what holds without it where this fork lacks it, or the operation that it is for."""

    def find(name: str, op: str = "", count: int = 0) -> str:
        known = port.fork.file("llama-cparams.h").struct("llama_cparams").fields
        older = name.startswith("fused_") and takes(port, op, count - 1)
        usable = name in known and (not op or takes(port, op, count) or older)
        return f"cparams.{name}" if usable else spelling.OPTIONS[name]

    return find


def fused(port: Port) -> Callable[[str, int, str], str]:
    """A call of an operation that only an option leads to; a null where the fork has no such operation.

    One that asks for the last state alone says so only where the operation can keep more of them.
    """

    def find(op: str, count: int, call: str) -> str:
        if call.endswith(", 1)") and takes(port, op, count - 1):
            return call.removesuffix(", 1)") + ")"
        return call if takes(port, op, count) else "(ggml_tensor *) nullptr"

    return find


def has_tags(port: Port) -> bool:
    """Whether the context knows nodes of fused operations by their names, and stops at one without such a name."""
    header = "llama-impl.h"
    return port.fork.has_file(header) and port.fork.file(header).mentions(*spelling.TAGS.values())


def tagged(port: Port) -> Callable[[str, str], str]:
    """The statement that says which node is that of a fused operation; nothing where the context does not ask."""

    def find(kind: str, node: str) -> str:
        if port.fork.file("llama-graph.h").struct("llm_graph_result").methods("add_fused_node"):
            return f"res->add_fused_node({{{kind}, {node}, il}});"
        return f"cb({node}, {spelling.TAGS[kind]}, il);" if has_tags(port) else ""

    return find


def trimmed(port: Port) -> Callable[..., str]:
    """A call of an operation with no more arguments than it takes in this fork."""

    def find(op: str, *arguments: str) -> str:
        count = arities(port.fork).get(port.fork.spelled(op), len(arguments))
        return f"{op}({', '.join(arguments[:count])})"

    return find


def selected(port: Port) -> Callable[..., str]:
    """A choice between tensors that are all in the graph; where ggml has no such operation, the one that is chosen."""

    def find(op: str, graph: str, tensors: str, count: str, index: str) -> str:
        return f"{op}({graph}, {tensors}, {count}, {index})" if port.has_op(op) else f"{tensors}[{index}]"

    return find


def gathered(port: Port) -> Callable[[str, str], str]:
    """A turned view as a tensor that is repeated; a copy of it where ggml repeats no rows whose elements lie apart."""

    def find(graph: str, tensor: str) -> str:
        path, workspace = port.fork.ggml("src/ggml-cpu/binary-ops.cpp"), port.fork.workspace
        rows = workspace.exists(path) and b"contiguous_rows(src1)" in workspace.source(path).live
        return tensor if rows else f"ggml_cont({graph}, {tensor})"

    return find


def sets(port: Port) -> Callable[[str, str], bool]:
    """Whether a graph helper of this fork sets a member of the graph's result."""

    def find(helper: str, name: str) -> bool:
        names = (name, *spelling.RESULT.get(name, ()))
        found = port.fork.graph_source.functions(f"llm_graph_context::{helper}")
        return any(each.mentions(known) for each in found for known in names)

    return find


def named(port: Port) -> Callable[[str], str]:
    """A helper or type of the graph; where the fork has none of that name, the one that does the same there."""

    def find(name: str) -> str:
        known = port.fork.file("llama-graph.h")
        return next((each for each in (name, *spelling.INPUTS[name]) if known.mentions(each)), name)

    return find


def made(port: Port) -> Callable[..., str]:
    """A new input of the graph, with no more arguments than its constructor takes in this fork."""

    def find(name: str, *arguments: str) -> str:
        known = port.fork.file("llama-graph.h").struct(name).methods(name)
        most = max((len(each.parameters) for each in known), default=0)
        return f"std::make_unique<{name}>({', '.join(arguments[:most])})"

    return find


def has_base(port: Port) -> Callable[..., bool]:
    """Whether the fork has a base class for builders, with all of some functions."""

    def find(name: str, *functions: str) -> bool:
        if not port.fork.has_file("models/models.h"):
            return False
        found = port.fork.file("models/models.h").structs().get(name)
        return found is not None and all(found.methods(each) for each in functions)

    return find


def scale(port: Port) -> Callable[[str], str]:
    """The scale of a quantized weight; `nullptr` where the fork has no such member."""

    def find(expression: str) -> str:
        name = expression.replace("->", ".").rpartition(".")[2].strip()
        known = name in port.fork.layer.fields or name in port.fork.model.fields
        return expression if known else "nullptr"

    return find


def result(port: Port) -> Callable[[str], str]:
    """A member of the graph's result, as this fork spells it."""

    def find(name: str) -> str:
        struct = port.fork.file("llama-graph.h").struct("llm_graph_result")
        return first_of(struct.fields, (name, *spelling.RESULT.get(name, ()))) or name

    return find


def has_loader(port: Port) -> Callable[[str], bool]:
    """Whether the loader has a helper of this name: a member function of its base class, or a lambda for all.

    One inside the case of another architecture is out of reach: it came along with that one.
    """

    def find(name: str) -> bool:
        if port.facts.architectures.value == "classes":
            return port.fork.file("llama-model.h").mentions(name)
        load = port.fork.method("load_tensors")
        own = load.switch("arch")
        return any(each.precedes(own) for each in load.locals(name))

    return find


def scalar_reader(port: Port) -> str:
    """What reads one number where a file may hold an array: a function of the fork's, or one that comes along."""
    loader = port.fork.file("llama-model-loader.h").struct("llama_model_loader")
    known = [[each.type.split()[0] for each in one.parameters] for one in loader.methods("get_key_or_arr")]
    return "ml.get_key_or_arr" if ["enum", "uint32_t", "bool"] in known else "get_scalar"


def generic(port: Port) -> Callable[[str], bool]:
    """Whether the loader of all architectures, in front of their own code, mentions a name."""

    def find(name: str) -> bool:
        if port.facts.architectures.value == "classes":
            return port.fork.file("llama-model.cpp").function("llama_model_base::load_hparams").mentions(name)
        load = port.fork.method("load_hparams")
        own = load.switch("arch")
        return any(each.mentions(name) for each in load.body().statements() if each.precedes(own))

    return find


def first_of(there: Mapping[str, object], names: tuple[str, ...]) -> str:
    """The first of some names that is there; empty where none is."""
    return next((each for each in names if each in there), "")
