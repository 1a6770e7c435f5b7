"""Operations of ggml: which ones code makes, and what functions say that judge them one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from transformer.cpp import Excerpt, Follower, Function, Outcomes, Source, Switch
from transformer.cpp.tokens import SEP as GAP
from transformer.cpp.tokens import tokens

from .fork import Fork

KINDS = ("UNARY_OP", "GLU_OP")
"""Operations that have several functions: there the function is what counts."""

IDLE = (*(kind.removesuffix("_OP") for kind in KINDS), "NONE", "VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE")
"""Those that compute nothing, or say too little."""


def base(fork: Fork) -> str:
    """The folder of ggml's sources, with its slash."""
    return fork.sources if fork.has_file("ggml.c") else "ggml/src/"


def header(fork: Fork) -> str:
    """The text of ggml's public header; empty where there is none."""
    paths = [each for each in (f"{base(fork).removesuffix('src/')}include/ggml.h", fork.path("ggml.h"))
             if fork.workspace.exists(each)]  # fmt: skip
    return fork.workspace.source(paths[0]).data.decode() if paths else ""


def short(op: str) -> str:
    """`MUL_MAT` for `GGML_OP_MUL_MAT`, `TANH` for `GGML_UNARY_OP_TANH`."""
    return re.sub(r"^\w*?_OP_", "", op)


class Makers:
    """The functions of ggml that make operations (`GGML_OP_MUL`, `GGML_UNARY_OP_TANH`): read from ggml.c.

    Those that compute nothing (`RESHAPE`) are left out.
    """

    def __init__(self, fork: Fork) -> None:
        self._fork = fork
        self._known: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._idle = {fork.spelled(f"GGML_OP_{each}") for each in IDLE}
        self.prefix = fork.spelled("ggml_")

    @cached_property
    def _excerpt(self) -> Excerpt | None:
        path = f"{base(self._fork)}ggml.c"
        there = self._fork.workspace.exists(path)
        return Excerpt(self._fork.workspace.source(path)) if there else None

    def of(self, text: str) -> frozenset[str]:
        """The operations that C++ text makes by calling functions of ggml itself.

        What helpers of the graph make is left out: that depends on what they are asked for.
        """
        if self._excerpt is None:
            return frozenset()
        ops, seen = set[str](), set[str]()
        wanted = self._called(Source("text", text.encode()).tokens)
        while wanted := wanted - seen:
            seen |= wanted
            self._read(wanted)
            ops |= {op for name in wanted for op in self._known[name][0]}
            wanted = {each for name in wanted for each in self._known[name][1]}
        return frozenset(ops - self._idle)

    def _called(self, code: str) -> set[str]:
        spans = self._excerpt.spans if self._excerpt is not None else {}
        return set(re.findall(rf"\b({self.prefix}\w+){GAP}\(", code)) & spans.keys()

    def _read(self, names: set[str]) -> None:
        """What functions give to their results, and what they call, where they return a tensor."""
        if self._excerpt is None or not (new := names - self._known.keys()):
            return
        file = self._excerpt.file(new)
        for name in new:
            makers = [each for each in file.functions(name) if "tensor" in each.text.partition("(")[0]]
            ops = frozenset(op for each in makers for op in self._named(each))
            self._known[name] = ops, frozenset(other for each in makers for other in self._called(each.tokens))

    def _named(self, function: Function) -> Iterator[str]:
        """The operation that a function gives to its result, and the function of one that it hands on."""
        yield from re.findall(rf"->{GAP}op{GAP}={GAP}({self._fork.spelled('GGML_OP_')}\w+)", function.tokens)
        for kind in KINDS:
            yield from re.findall(rf"[(,]{GAP}({self._fork.spelled(f'GGML_{kind}_')}\w+)", function.tokens)


class Types(NamedTuple):
    """The type of an operation's result, and those of its sources, without their prefix; empty: not known."""

    result: str
    sources: tuple[str, ...] = ()


class Judge:
    """A function that says of a tensor, by its operation, whether something can be done."""

    def __init__(self, fork: Fork, source: Source, function: Function, constants: Mapping[str, int]) -> None:
        self._fork = fork
        self._source = source
        self._function = function
        self._constants = constants
        self._follower = Follower(function, self._find)
        subject = self.switch.subject if self.switch is not None else ""
        name = subject.rpartition("->")[0]
        made = function.locals(name) if name not in function.names else []
        self._tensor = tokens(made[0].initial()[0]).replace(GAP, "") if len(made) == 1 else name

    @cached_property
    def switch(self) -> Switch | None:
        """The switch that tells operations apart; `None` where there is none."""
        top = self._fork.spelled("GGML_OP_")
        found = [each for each in self._function.switches() if any(label.startswith(top) for label in each.cases)]
        return found[0] if found else None

    @cached_property
    def _verdicts(self) -> set[bytes]:
        """The functions of the file that say yes or no."""
        return set(re.findall(rb"\bbool (\w+)\(", self._source.data))

    def _find(self, name: str) -> Function | None:
        """A function of the same file that says yes or no, where there is one of that name."""
        if name.encode() not in self._verdicts:
            return None
        excerpt = Excerpt(self._source, name)
        found = excerpt.file([name]).functions(name) if name in excerpt.spans else []
        return found[0] if len(found) == 1 and not found[0].node.has_error else None

    def says(self, op: str, types: Types | None = None) -> Outcomes:
        """What it says of an operation, on these types where they are given, and on memory of no device yet."""
        tensor, spelled = self._tensor, self._fork.spelled
        outer, kind = self._outer(op)
        given: dict[str, str | int] = {**self._constants, f"{tensor}->op": outer, f"{tensor}->buffer": 0}
        if kind:
            given[f"{spelled('ggml_')}get_{kind.lower()}({tensor})"] = op
        if types is not None:
            given[f"{tensor}->type"] = spelled(f"GGML_TYPE_{types.result}")
            for number in range(10):
                source, known = f"{tensor}->src[{number}]", number < len(types.sources)
                given[f"{source}->buffer"] = 0
                if not known or types.sources[number]:
                    given[source] = int(known)
                if known and types.sources[number]:
                    given[f"{source}->type"] = spelled(f"GGML_TYPE_{types.sources[number]}")
        return self._follower.follow(given)

    def stops(self, op: str) -> str | None:
        """Where an operation certainly ends the program once it is told from others, as `path:line`."""
        said, start = self.says(op), self.switch.node.start_byte if self.switch is not None else 0
        late = [each.value for each in said.exits if each.where >= start]
        return self.place(op, said) if late and all(each is None for each in late) else None

    def _outer(self, op: str) -> tuple[str, str]:
        """The operation that a function belongs to, and which kind of function; an operation without any is its own."""
        kind = next((each for each in KINDS if op.startswith(self._fork.spelled(f"GGML_{each}_"))), "")
        return (self._fork.spelled(f"GGML_OP_{kind.removesuffix('_OP')}") if kind else op), kind

    def place(self, op: str, said: Outcomes) -> str:
        """`path:line` of the last way out; of the case of the operation, where that is common to all of them."""
        out, switch = max(each.where for each in said.exits), self.switch
        if switch is not None and out > switch.node.end_byte:
            case = switch.cases.get(self._outer(op)[0]) or switch.cases.get("default") or switch.node
            out = case.start_byte
        return place(self._function.source, out)


def place(source: Source, offset: int) -> str:
    """`path:line` of a byte, of a file in which nothing else is looked for."""
    return f"{source.path}:{source.data.count(10, 0, offset) + 1}"


def judges(fork: Fork, path: str, ending: str) -> tuple[list[Judge], list[str]]:
    """The functions of a file whose names end so and that tell operations apart, and where some cannot be parsed."""
    if not fork.workspace.exists(path) or ending.encode() not in fork.workspace.source(path).data:
        return [], []
    source = fork.workspace.source(path)
    excerpt = Excerpt(source, ending)
    file = excerpt.file(excerpt.spans)
    found = [each for name in excerpt.spans for each in file.functions(name)]
    constants = _constants(fork)
    made = [Judge(fork, source, each, constants) for each in found if not each.node.has_error]
    faulty = [place(each.source, each.node.start_byte) for each in found if each.node.has_error]
    return [each for each in made if each.switch is not None], faulty


def _constants(fork: Fork) -> dict[str, int]:
    """Numbers by their names, of ggml's header: how many sources a tensor has at most."""
    name = fork.spelled("GGML_MAX_SRC")
    found = re.search(rf"#\s*define\s+{name}\s+(\d+)", header(fork))
    return {name: int(found[1])} if found else {}
