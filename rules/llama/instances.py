"""Readers of values are templates that are instantiated in one file, for the types that some architecture has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transformer.cpp import first
from transformer.cpp.outline import instantiations
from transformer.outcome import NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .port import Port

_READ = re.compile(r"\bml\.(get_key_or_arr|get_arr)\(\s*\w+\s*,\s*(hparams\.)?(\w+)")
_MOST = "LLAMA_MAX_LAYERS"
_PARAMETERS = {"get_key_or_arr": "uint32_t n, bool required", "get_arr": "bool required"}


@rule("load.instances", "the readers of values are instantiated for each type that the architecture reads")
def instances(port: Port) -> Outcome:
    """Without one the tree compiles and does not link, which a check of types cannot see."""
    if port.era.scope("hparams") is not None:
        return NotNeeded("the loader of the architecture is there already")
    file = port.fork.file("llama-model-loader.cpp")
    parts: list[Outcome] = []
    for function, kind in dict.fromkeys(_reads(port)):
        known = instantiations(file, f"llama_model_loader::{function}")
        same = [each for each in known if _plain(kind) in _plain(each.text)]  # its arguments can be deduced
        if same:
            parts.append(Satisfied(same[0].where))
            continue
        kind = kind.replace(_MOST, _most(port)) if not file.mentions(_MOST) else kind
        last = first(reversed(known), f"instance of {function}", file)
        head = f"template bool llama_model_loader::{function}<{kind}>"
        parts.append(last.insert_after(f"{head}(enum llm_kv kid, {kind} & result, {_PARAMETERS[function]});"))
    outcomes: list[Outcome] = [NotNeeded("it reads no arrays into the model"), *parts]
    return all_of(*outcomes)


def _reads(port: Port) -> Iterator[tuple[str, str]]:
    """The reader and the type of each array that is read into a member, or into a local variable."""
    hparams, code = port.fork.hparams, port.render("load_hparams.cpp.j2")
    for function, owner, member in _READ.findall(code):
        if not owner:
            local = re.search(rf"\b(std::(?:vector|array)<[^;>]*>)\s+{member}\s*[;={{]", code)
            kind = local.group(1) if local else ""
        elif member in hparams.fields:
            kind = hparams.type_of(member)
        else:
            lines = (line for group in port.spec.hparams for line in group.declare)
            found = (re.fullmatch(rf"(.*?)\s*\b{member}\b.*", line) for line in lines)
            kind = next((each.group(1) for each in found if each), "")
        if re.match(r"(const )?std\s*::\s*(array|vector)\b", kind):
            yield function, re.sub(r"\s*(::|<|>)\s*", r"\1", kind).replace(" ,", ",")


def _most(port: Port) -> str:
    """How many layers a model can have: the file of the readers may not see the macro."""
    text = port.fork.file("llama-hparams.h").source.data.decode()
    found = re.search(rf"#\s*define\s+{_MOST}\s+(\d+)", text)
    return found.group(1) if found else _MOST


def _plain(kind: str) -> str:
    """A type with the names that are the same made one."""
    text = re.sub(r"\s", "", kind).replace("LLAMA_MAX_LAYERS", "512")
    return re.sub(r"\b(int|llama_token|llama_pos|llama_seq_id)\b", "int32_t", text)
