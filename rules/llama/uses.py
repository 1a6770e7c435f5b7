"""Which operations of ggml a builder's graph is made of, and on what types: read from the builder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from transformer.cpp import CppFile, Function, Source
from transformer.cpp.tokens import SEP, tokens

from .fork import Fork
from .operations import Makers

Kind = Literal["", "weights", "cache", "I32"]
"""What an operation works on: activations in F32, weights of any type of the file, keys and values, whole numbers."""

HELPERS: dict[str, tuple[tuple[str, Kind], ...]] = {
    "build_inp_embd": (("GET_ROWS", "weights"),),
    "build_lora_mm": (("MUL_MAT", "weights"),),
    "build_lora_mm_id": (("MUL_MAT_ID", "weights"),),
    "build_ffn": (("MUL_MAT", "weights"),),
    "build_attn": (("SET_ROWS", "cache"), ("FLASH_ATTN_EXT", "cache"), ("MUL_MAT", "weights"), ("SOFT_MAX", "")),
    "build_moe_ffn": (("MUL_MAT_ID", "weights"), ("GET_ROWS", ""), ("ARGSORT", ""), ("SUM_ROWS", ""), ("DIV", "")),
}
"""What helpers of the graph do in any case, as far as the fork's own do it at all; the rest depends on what they are
asked for."""
ASKED = {"LLM_NORM_RMS": "RMS_NORM", "LLM_NORM": "NORM"}
"""What names make a helper do."""

_SETS = re.compile(r"(?:^|[;{}()*&] |\w )(\w+) = ([^;]+) ;")
_WEIGHT = re.compile(r"(?:this -> )?model (?:\.|->) \w|layers? (?:\.|->|\[) ")
_WHOLE = re.compile(
    r"build_inp_(?:pos|out_ids) \(|\b(?=\w*?(?:argsort|top_k))\w++ \(|^.*(?:->|\.) (?:t_inp_tokens|t_tokens|tokens)$"
)
_PASSES = re.compile(r"\b\w*?_(?:view|reshape|permute|transpose|cont|get_rows|dup)(?:_\dd)? \( \w+ , ")


@dataclass(frozen=True, slots=True)
class Use:
    """An operation (`GGML_UNARY_OP_TANH`, as the fork spells it) on one kind of tensors."""

    op: str
    kind: Kind = ""


def uses(fork: Fork, text: str, makers: Makers) -> frozenset[Use]:
    """What a builder makes itself, and what the helpers that it calls make of its weights and of the cache."""
    file = CppFile(Source("text", text.encode()))
    found = set(_own(file, makers))
    called = "".join(f"{word}(nullptr);" for word in _helped(fork))
    there = makers.of(called)
    for helper, parts in HELPERS.items():
        if file.calls(helper):
            found |= {Use(op, kind) for name, kind in parts if (op := fork.spelled(f"GGML_OP_{name}")) in there}
    words = set(re.findall(r"\bLLM_\w+", text))
    asked = {fork.spelled(f"GGML_OP_{op}") for word, op in ASKED.items() if word in words}
    return frozenset(found | {Use(op) for op in asked & there})


def _helped(fork: Fork) -> set[str]:
    """The functions of ggml that the graph and the cache call."""
    paths = [each for each in fork.list(fork.sources) if re.search(r"llama-(graph|kv-cache[\w-]*)\.cpp$", each)]
    data = b"\n".join(fork.workspace.source(each).data for each in paths)
    return {each.decode() for each in re.findall(rf"\b{fork.spelled('ggml_')}\w+(?=\s*\()".encode(), data)}


def _own(file: CppFile, makers: Makers) -> Iterator[Use]:
    """What the functions of a builder make by calling ggml."""
    functions = [each for name in file.defined for each in file.functions(name)]
    known = _kinds(functions)
    for function in functions:
        for name in sorted(set(re.findall(rf"\b{makers.prefix}\w+", function.text))):
            ops = makers.of(f"{name}(")
            for call in function.calls(name) if ops else ():
                first = tokens(call.arguments()[1]).replace(SEP, " ") if len(call.arguments()) > 1 else ""
                kind = _kind(first, function.own_name, known) or ""
                yield from (Use(op, "" if kind == "weights" and not _reads_weights(op) else kind) for op in ops)


def _reads_weights(op: str) -> bool:
    """Whether the first of what an operation takes may be of any type; elsewhere weights are vectors, in F32."""
    return op.endswith(("_MUL_MAT", "_MUL_MAT_ID", "_GET_ROWS", "_CPY"))


Known = dict[tuple[str, str], Kind | None]
"""What names hold, by function and name; what a function returns is called `return`. `None`: not known yet."""


def _kinds(functions: Sequence[Function]) -> Known:
    """What the variables and parameters of functions hold; what holds one thing here and another there is open."""
    given = list(_given(functions))
    known: Known = {(owner, name): None for owner, name, _, _ in given}
    for _ in range(2 * len(functions) + 2):  # through that many calls, at most
        found: dict[tuple[str, str], set[Kind]] = {}
        for owner, name, scope, value in given:
            if (kind := _kind(value, scope, known)) is not None:
                found.setdefault((owner, name), set()).add(kind)
        new = {each: next(iter(kinds)) if len(kinds) == 1 else "" for each, kinds in found.items()}
        if all(known[each] == kind for each, kind in new.items()):
            break
        known |= new
    return known


def _given(functions: Sequence[Function]) -> Iterator[tuple[str, str, str, str]]:
    """Function and name, then function and value, of each assignment and of each argument for a parameter."""
    for function in functions:
        code, own = function.body().tokens.replace(SEP, " "), function.own_name
        yield from ((own, each[1], own, each[2]) for each in _SETS.finditer(code))
        yield from ((own, "return", own, each) for each in re.findall(r"\breturn ([^;]+) ;", code))
        for other in functions:
            for call in function.calls(other.own_name):
                values = (tokens(each).replace(SEP, " ") for each in call.arguments())
                pairs = zip(other.names, values, strict=False)
                yield from ((other.own_name, name, own, value) for name, value in pairs)


def _kind(value: str, owner: str, known: Known) -> Kind | None:
    """What an expression is, its tokens set apart by blanks."""
    if branches := re.fullmatch(r"[^?]+ \? (.+) : (.+)", value):
        sides = {_kind(each, owner, known) for each in branches.groups() if each != "nullptr"} - {None}
        return sides.pop() if len(sides) == 1 else "" if sides else None
    if (owner, value) in known:
        return known[owner, value]
    if (called := re.match(r"(\w+) \( ", value)) and (called[1], "return") in known:
        return known[called[1], "return"]
    if _WHOLE.match(value):
        return "I32"
    if passed := _PASSES.match(value):
        kind = _kind(_first(value[passed.end() :]), owner, known)
        return "" if kind == "weights" and "get_rows" in passed[0] else kind
    return "weights" if _WEIGHT.match(value) else ""


def _first(arguments: str) -> str:
    """The first of some arguments, up to the comma that ends it."""
    depth, words = 0, list[str]()
    for word in arguments.split(" "):
        depth += word in ("(", "[", "{")
        depth -= word in (")", "]", "}")
        if depth < 0 or (not depth and word == ","):
            break
        words.append(word)
    return " ".join(words)


def named(found: Iterable[Use]) -> frozenset[str]:
    """The operations alone."""
    return frozenset(each.op for each in found)
