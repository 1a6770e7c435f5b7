"""Operations of ggml: which ones code makes, and which ones a switch over them turns away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transformer.cpp import Excerpt, Function, Source, Switch
from transformer.cpp.tokens import SEP as GAP
from transformer.cpp.tokens import tokens

from .fork import Fork

KINDS = ("UNARY_OP", "GLU_OP")
"""Operations that have several functions: there the function is what counts."""

FIRST = 400  # characters of a case: a no stands at its beginning
_NO = re.compile(rf"(?:{{{GAP})?(?:return{GAP}false{GAP};|(?:fprintf{GAP}\([^;]*;{GAP})?\w*ABORT{GAP}\()")

_QUICK = re.compile(rb":\s*(?:\{\s*)?return false")


def base(fork: Fork) -> str:
    """The folder of ggml's sources, with its slash."""
    return fork.sources if fork.has_file("ggml.c") else "ggml/src/"


def made(fork: Fork, text: str) -> frozenset[str]:
    """The operations (`GGML_OP_MUL`, `GGML_UNARY_OP_TANH`) that C++ text makes by calling functions of ggml itself.

    Those that compute nothing (`RESHAPE`) are left out. Which function makes which operation is read from ggml.c.
    What helpers of the graph make is left out as well: that depends on what they are asked for.
    """
    path = f"{base(fork)}ggml.c"
    if not fork.workspace.exists(path):
        return frozenset()
    excerpt = Excerpt(fork.workspace.source(path))
    ops: set[str] = set()
    known: set[str] = set()
    wanted = _called(fork, Source("text", text.encode()).tokens) & excerpt.spans.keys()
    while wanted := wanted - known:
        file = excerpt.file(wanted)
        known |= wanted
        makers = [each for name in wanted for each in file.functions(name) if _makes(each)]
        ops.update(op for each in makers for op in _named(fork, each))
        wanted = {name for each in makers for name in _called(fork, each.tokens)} & excerpt.spans.keys()
    idle = (*(kind.removesuffix("_OP") for kind in KINDS), "NONE", "VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE")
    return frozenset(ops - {fork.spelled(f"GGML_OP_{each}") for each in idle})


def _called(fork: Fork, code: str) -> set[str]:
    return set(re.findall(rf"\b({fork.spelled('ggml_')}\w+){GAP}\(", code))


def _makes(function: Function) -> bool:
    """Whether a function returns a tensor."""
    return "tensor" in function.text.partition("(")[0]


def _named(fork: Fork, function: Function) -> Iterator[str]:
    """The operation that a function gives to its result, and the function of one that it hands on."""
    yield from re.findall(rf"->{GAP}op{GAP}={GAP}({fork.spelled('GGML_OP_')}\w+)", function.tokens)
    for kind in KINDS:
        yield from re.findall(rf"[(,]{GAP}({fork.spelled(f'GGML_{kind}_')}\w+)", function.tokens)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a switch does not take, of the operations that were asked for; `where` it turns them away."""

    ops: frozenset[str]
    where: str


def refused(fork: Fork, function: Function, ops: Iterable[str]) -> Refusal | None:
    """The operations for which a function of a switch over operations certainly says no, or stops.

    `None` where it says nothing certain: there is no such switch, or what it does not name goes on.
    """
    top = fork.spelled("GGML_OP_")
    found = [each for each in function.switches() if any(label.startswith(top) for label in each.cases)]
    if len(found) != 1:
        return None
    switch, no = found[0], set[str]()
    for op in ops:
        outer = re.sub(r"OP_\w+", "OP_", op)
        kind = next((each for each in KINDS if outer.endswith(f"{each}_")), None)
        label = fork.spelled(f"GGML_OP_{kind.removesuffix('_OP')}") if kind else op
        if _turned_away(function, switch, label) or (kind and _inner(function, switch, label, op, outer)):
            no.add(op)
    default = switch.cases.get("default")
    start = default.start_byte if default is not None else switch.node.start_byte
    return Refusal(frozenset(no), place(function.source, start)) if no else None


def place(source: Source, offset: int) -> str:
    """`path:line` of a byte, of a file in which nothing else is looked for."""
    return f"{source.path}:{source.data.count(10, 0, offset) + 1}"


def _inner(function: Function, switch: Switch, label: str, op: str, prefix: str) -> bool:
    """Whether the switch over functions of an operation, in its case, turns one of them away."""
    if label not in switch.cases:
        return False
    case = switch.case(label)
    inner = [each for each in case.switches() if any(one.startswith(prefix) for one in each.cases)]
    if len(inner) != 1 or (op not in inner[0].cases and _mentions(function, op)):
        return False
    known = op if op in inner[0].cases else "default"
    return known in inner[0].cases and _says_no(inner[0], known)


def _turned_away(function: Function, switch: Switch, label: str) -> bool:
    if label in switch.cases:
        return _says_no(switch, label)
    if _mentions(function, label):  # it is looked at elsewhere
        return False
    if "default" in switch.cases and not switch.case("default").is_exactly("default: break;"):
        return _says_no(switch, "default")
    return _ends_with_no(function, switch)


def _mentions(function: Function, label: str) -> bool:
    """Whether a name stands in a function, be it in a comment."""
    return re.search(rf"\b{label}\b", function.text) is not None


def _says_no(switch: Switch, label: str) -> bool:
    """Whether the statements of a case begin with a no, or stop the program; a preprocessor leaves that open."""
    case, start = switch.case(label), switch.cases[label].start_byte
    if b"\n#" in switch.source.data[min(start, case.node.start_byte) : case.node.end_byte]:
        return False
    return bool(_NO.match(tokens(case.text[:FIRST]).partition(f"{GAP}:{GAP}")[2]))


def _ends_with_no(function: Function, switch: Switch) -> bool:
    """Whether what leaves the switch with nothing done comes to a no, in so many words or by a flag that is not set."""
    behind = [each.tokens for each in function.body().statements() if switch.precedes(each)]
    last = next((each for each in behind if each.startswith(f"return{GAP}")), "")
    if behind and last == f"return{GAP}false{GAP};":
        return behind[0] == last
    flag = re.fullmatch(rf"return{GAP}(\w+){GAP};", last)
    return flag is not None and _sets(function.tokens, flag[1]) == _sets(switch.tokens, flag[1])


def _sets(code: str, flag: str) -> int:
    """How often a flag may be set to something else than false."""
    return len(re.findall(rf"\b{flag}{GAP}[|&^]?{GAP}?={GAP}(?!false{GAP};|=)", code))


def judges(fork: Fork, path: str, ending: str, labels: Iterable[str]) -> list[Function]:
    """The functions of a file whose names end so, and that could be read; none where all labels are named and taken."""
    if not fork.workspace.exists(path) or ending.encode() not in fork.workspace.source(path).data:
        return []
    excerpt, data = Excerpt(fork.workspace.source(path), ending), fork.workspace.source(path).data
    inside = [data[start:end] for spans in excerpt.spans.values() for start, end in spans]
    words = re.compile(rf"\b{fork.spelled('GGML_')}\w+".encode())
    wanted = {each.encode() for each in labels}
    if all(wanted <= set(words.findall(text)) and not _QUICK.search(text) for text in inside):
        return []
    file = excerpt.file(excerpt.spans)
    return [each for name in excerpt.spans for each in file.functions(name) if not each.node.has_error]
