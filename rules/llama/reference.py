"""The reference page: all that a pack and its templates can say, and what it gives in some trees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from transformer.errors import AnchorError, TemplateError
from transformer.render import value

from .cases import LOCALS
from .facts import Fact, Facts, Flags, names
from .features import FEATURES
from .labels import LABELS
from .port import Port, open_port
from .words import WORDS, words

if TYPE_CHECKING:
    from transformer.pack import Pack
    from transformer.workspace import Workspace

NONE = "-"

EXAMPLES = {
    "spec": ("spec.enumerator", "spec.name"),
    "key": ('key("rope.freq_base")', 'key("attention.layer_norm_rms_epsilon")'),
    "tensor": ('tensor("ATTN_Q")',),
    "hparams": ("hparams.n_layer", 'hparams.n_embd_head_k("il")', 'hparams.n_embd_head_v("il")', 'hparams.n_rot("il")'),
    "graph": (
        'graph.build_lora_mm(w="layer.wq", cur="cur")',
        'graph.build_norm(cur="cur", mw="layer.attn_norm", mb="nullptr", type="LLM_NORM_RMS", il="il")',
    ),
    "builder": ("builder.scope", "builder.name"),
    "has_op": ('has_op("ggml_rope_ext")', 'has_op("ggml_geglu_split")'),
    "accepts": ('accepts("build_attn", "sinks")', 'accepts("build_moe_ffn", "down_exps_s")'),
}
"""Expressions that show what each word gives."""

OF_CASES = "llama_model::load_tensors"
OF_CLASSES = "LLAMA_LOAD_LOCALS"
OF_MACHINERY = re.compile(r"load_|build_|llama_")


HEAD = (
    "# Words, facts and features",
    "",
    "What a pack and its templates can say, and what it gives in some trees. An architecture is either a case in the",
    "switches of the model, or a class of its own. Templates ask for neither: the same three serve both.",
    "Made by `python -m transformer rules words --markdown`; a test keeps it current.",
    "",
)


def reference(pack: Pack, trees: Mapping[str, Workspace]) -> str:
    """The page, as Markdown: words asked for a pack in each of the trees, which are known by their names."""
    ports = {name: open_port(tree, pack) for name, tree in trees.items()}
    parts = (_words(ports), _facts(ports), _locals(ports), _helpers(ports), _features(), _labels())
    return "\n".join((*HEAD, *(line for part in parts for line in part))).rstrip("\n") + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |"
    yield ""


def _code(text: str) -> str:
    return f"`{text}`" if text and text != NONE else NONE


def _eras(ports: Mapping[str, Port]) -> list[str]:
    return [f"{name} ({port.facts.architectures.value})" for name, port in ports.items()]


def _asked(ask: Callable[[], Any]) -> str:
    try:
        return str(ask())
    except (AnchorError, TemplateError):
        return NONE


# words


def _words(ports: Mapping[str, Port]) -> Iterator[str]:
    yield from ("## Words of templates", "")
    yield from ("`<%= word %>` writes what a word gives, `<% if word %>` asks for it.", "")
    yield from _table(["word", "what it gives"], [[_code(name), means] for name, means in WORDS.items()])
    known = {name: words(port) for name, port in ports.items()}
    rows = [
        [_code(each), *(_code(_asked(partial(value, each, told))) for told in known.values())]
        for examples in EXAMPLES.values()
        for each in examples
    ]
    yield from _table(["for example", *_eras(ports)], rows)


# facts


def _facts(ports: Mapping[str, Port]) -> Iterator[str]:
    yield from ("## Facts", "")
    yield from ("`facts.NAME`: what this fork is, found in its syntax trees. A pack's own facts join them.", "")
    rows = [
        [_code(name), _meaning(name), *(_code(_asked(partial(_fact, port, name))) for port in ports.values())]
        for name in names(next(iter(ports.values())).facts)
    ]
    yield from _table(["fact", "what it says", *_eras(ports)], rows)
    members = (*Flags.__dataclass_fields__, "is_bool")
    yield from (f"`facts.window_flags` has the parts {_listed(members)}; the others are plain values.", "")


def _meaning(fact: str) -> str:
    return " ".join((getattr(Facts, fact).__doc__ or "").split())


def _fact(port: Port, name: str) -> object:
    fact: Fact[object] = getattr(port.facts, name)
    return {True: "true", False: "false", "": "(empty)"}.get(fact.value, fact.value)


# locals


def _locals(ports: Mapping[str, Port]) -> Iterator[str]:
    yield from ("## Names that are there already", "")
    yield from ("What a template may use without declaring it. *Everywhere*: in each of the trees below.", "")
    parts = {
        "`load_hparams.cpp.j2`": ("members of the model, and the loader `ml`", _of_loader),
        "`load_tensors.cpp.j2`": ("local variables, and the function `create_tensor`", _of_tensors),
        "`load_tensors.cpp.j2`, `layers[i].NAME`": ("tensors of a layer", lambda port: list(port.fork.layer.fields)),
        "`load_tensors.cpp.j2`, `NAME`": ("tensors of the model", _of_model),
        "`builder.cpp.j2`": ("members of the graph", lambda port: list(port.fork.graph.fields)),
    }
    for title, (means, ask) in parts.items():
        found = {name: ask(port) for name, port in ports.items()}
        everywhere = [each for each in next(iter(found.values())) if all(each in there for there in found.values())]
        yield from (f"### {title}: {means}", "", f"Everywhere: {_listed(everywhere)}", "")
        for name, there in found.items():
            if more := [each for each in there if each not in everywhere]:
                yield from (f"Only in {name}: {_listed(more)}", "")
    made = ", ".join(f"{_code(name)} (made of {_code(of)})" for name, of in LOCALS.items())
    yield from (f"Where such a local of the tensors has another name in a fork, that one is written: {made}.", "")


def _listed(found: Sequence[str]) -> str:
    return ", ".join(map(_code, found)) or "none"


def _of_loader(port: Port) -> list[str]:
    return ["ml", *(each for each in port.fork.model.fields if "tensor" not in port.fork.model.type_of(each))]


def _of_model(port: Port) -> list[str]:
    return [each for each in port.fork.model.fields if "tensor" in port.fork.model.type_of(each)]


def _of_tensors(port: Port) -> list[str]:
    """In the era of cases those that are seen at the switch; in that of classes, those of the macro and the method."""
    file = port.fork.file("llama-model.cpp")
    if file.functions(OF_CASES):
        return sorted({*file.function(OF_CASES).switch("arch").seen_locals})
    text = port.fork.file("llama-model.h").source.data.decode()
    macro = re.search(rf"#define {OF_CLASSES}(.*\\\n)*.*", text)
    found = re.findall(r"const\s+\w+\s+(\w+)\s*=", macro[0]) if macro else []
    base = port.fork.file("llama-model.h").struct("llama_model_base")
    return sorted({*found, *(each for each in (*base.fields, *base.method_names) if not OF_MACHINERY.match(each))})


# helpers


def _helpers(ports: Mapping[str, Port]) -> Iterator[str]:
    yield from ("## Helpers of the graph", "")
    yield '`graph.NAME(parameter="code", ...)` writes a call as the fork declares it; a parameter with `=` may'
    yield from ("be left out. `if_accepted={...}` gives arguments for parameters that not every fork has.", "")
    found = list(dict.fromkeys(name for port in ports.values() for name in port.fork.graph.method_names))
    rows = [
        [_code(name), *(_parameters(port, name) for port in ports.values())]
        for name in found
        if name.startswith("build_")
    ]
    yield from _table(["helper", *_eras(ports)], rows)


def _parameters(port: Port, name: str) -> str:
    lists = [each.parameters for each in port.fork.graph.methods(name)]
    told = [", ".join(p.name + ("=" if p.default else "") for p in each) or "()" for each in lists]
    return "; or ".join(map(_code, dict.fromkeys(told))) or NONE


# features and labels


def _features() -> Iterator[str]:
    yield from ("## Features", "")
    yield "What an architecture needs of a fork beyond its own code. They are found from `pack.toml`, by the sign,"
    yield from ("unless `[pack]` lists them as `features = [...]`.", "")
    for each in FEATURES:
        yield from (f"### {each.name}", "", f"{each.means[0].upper()}{each.means[1:]}. Sign: {each.sign}.", "")
        yield from (f"- `{rule.name}`: {rule.makes}{'' if rule.required else ' (optional)'}" for rule in each.rules)
        yield ""


def _labels() -> Iterator[str]:
    yield from ("## Labels", "")
    yield from ("`labels = [...]` in `pack.toml`: what the fork's lists of architectures must know of this one.", "")
    rows = [
        [_code(name), f"`{each.function}` returns `{each.returns}`", each.unlisted] for name, each in LABELS.items()
    ]
    yield from _table(["label", "where it is listed", "what holds for an architecture without it"], rows)
