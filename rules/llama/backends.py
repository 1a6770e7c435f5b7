"""What the backends of a tree take of a builder's graph, by operation and type: read from their `supports_op`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from transformer.cpp import Outcomes
from transformer.family import Shown

from .fork import Fork
from .operations import Judge, Types, base, header, judges, short
from .uses import Kind, Use, named

WEIGHTS = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q5_K", "Q6_K", "TQ2_0", "MXFP4")
"""What weights are often stored in, where the fork has the type."""
CACHE = ("F32", "F16", "BF16", "Q8_0", "Q4_0")
"""What keys and values are often stored in."""
OTHER = "SOMETHING_ELSE"
"""A type that nothing is compared with."""
WORDS: dict[Kind, str] = {"": "", "weights": " weights", "cache": " K/V", "I32": ""}

SHAPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "GET_ROWS": ("F32", ("*", "I32")),
    "MUL_MAT": ("F32", ("*", "F32")),
    "MUL_MAT_ID": ("F32", ("*", "F32", "I32")),
    "SET_ROWS": ("*", ("F32", "I64", "*")),
    "FLASH_ATTN_EXT": ("F32", ("F32", "*", "*", "F16")),
    "ROPE": ("F32", ("F32", "I32")),
    "ARGSORT": ("I32", ("F32",)),
    "CPY": ("F16", ("F32", "F16")),
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV", "SOFT_MAX", "GLU"), ("F32", ("F32", "F32"))),
    **dict.fromkeys(("UNARY", "NORM", "RMS_NORM", "SCALE", "SUM_ROWS", "PAD", "CONT", "CLAMP"), ("*", ("*",))),
}
"""The types of the result and of the sources; `*` is what differs. Those of others begin with activations."""
_TYPE = re.compile(r"(?:->|\.)type\b|_is_quantized")
_LAYOUT = re.compile(r"\b\w+_(?:type|blck|row)_size\([^()]*\)")
"""What compares a stride with the size of a type is no condition on the type."""


def backends(fork: Fork, uses: Iterable[Use]) -> Iterator[Shown]:
    """What falls back to another device on each backend that lies in the tree, then those where nothing does."""
    wanted, quiet = sorted(uses, key=lambda each: (each.op, each.kind)), list[str]()
    known = header(fork)
    for folder in fork.workspace.folders(base(fork).rstrip("/")) if wanted else ():
        read = [judges(fork, file, "supports_op") for file in fork.workspace.list(folder) if _is_backend(file)]
        found = [judge for sound, _ in read for judge in sound]
        faulty = [place for _, places in read for place in places]
        said = [each for judge in found if (each := _said(_Table(fork, judge, known), wanted))]
        said += [("what it takes is not known: its supports_op cannot be parsed", each) for each in faulty]
        name = PurePosixPath(folder).name.removeprefix("ggml-")
        yield from (Shown(name, value, where) for value, where in said)
        quiet += [name] if found and not said else []
    if quiet:
        yield Shown(
            "other backends", f"{', '.join(quiet)}: none of the {len(named(wanted))} operations falls back by type", ""
        )


def _is_backend(path: str) -> bool:
    """Whether a file lies in a backend's folder and is named as the one that judges operations."""
    return re.search(r"/ggml-[\w-]+/ggml-[\w-]+\.(cpp|c|cu|m|mm)$", path) is not None


@dataclass(frozen=True, slots=True)
class _Table:
    """One judge, asked for operations by type."""

    fork: Fork
    judge: Judge
    known: str
    """The header that lists the types."""

    def types(self, use: Use) -> list[str]:
        """The types in question, of which the fork has each."""
        if use.kind not in ("weights", "cache"):
            return [use.kind or "F32"]
        listed = WEIGHTS if use.kind == "weights" else CACHE
        return [each for each in listed if f"{self.fork.spelled(f'GGML_TYPE_{each}')} " in self.known] or list(
            listed[:1]
        )

    def asked(self, use: Use, kind: str) -> Types:
        """The types of an operation with one of these."""
        kinds = [each for each in ("GLU", "UNARY") if f"_{each}_OP_" in use.op]
        name = kinds[0] if kinds else short(use.op)
        result, sources = SHAPES.get(name, (kind, ("*", *[""] * 9)))
        if use.kind == "I32" and name in ("GET_ROWS", "CPY"):
            result = kind
        if use.kind == "weights" and name == "CPY":
            result, sources = "F32", ("*", "F32")
        return Types(kind if result == "*" else result, tuple(kind if each == "*" else each for each in sources))

    def answers(self, use: Use) -> dict[str, Outcomes]:
        """What the judge says by type: once for all types that it does not look at."""
        types = self.types(use)
        other = self.judge.says(use.op, self.asked(use, OTHER)) if len(types) > 2 else None
        if other is None:
            return {each: self.judge.says(use.op, self.asked(use, each)) for each in types}
        met = {each: self.fork.spelled(f"GGML_TYPE_{each}") in other.met for each in types}
        return {each: self.judge.says(use.op, self.asked(use, each)) if met[each] else other for each in types}


def _said(table: _Table, wanted: Sequence[Use]) -> tuple[str, str] | None:
    """What a judge certainly turns away, and the place; `None` where that is nothing."""
    whole: dict[str, str] = {}
    parts: list[tuple[str, str]] = []
    doubtful: dict[str, str] = {}
    for use in wanted:
        said = table.answers(use)
        no = [each for each, verdict in said.items() if verdict.refuses]
        op = short(use.op)
        if no and len(no) == len(said) and use.kind != "I32":
            whole[op] = table.judge.place(use.op, said[no[0]])
        elif no:
            parts.append((f"{op} of {_listed(no, said)}{WORDS[use.kind]}", table.judge.place(use.op, said[no[0]])))
        rest = [each for each in said.values() if not (each.refuses or each.accepts)]
        if any(_TYPE.search(_LAYOUT.sub("", word)) for each in rest for word in each.open):
            doubtful.setdefault(op, table.judge.place(use.op, rest[0]))
    count = len(named(wanted))
    if len(whole) > count / 2:
        left = sorted({short(each.op) for each in wanted} - whole.keys())
        return f"takes {', '.join(left) or 'none'} of the {count} operations of the graph", next(iter(whole.values()))
    places = dict.fromkeys(whole.values())
    parts = [(", ".join(op for op, at in whole.items() if at == place), place) for place in places] + parts
    return _joined(parts, doubtful)


def _listed(no: Collection[str], of: Collection[str]) -> str:
    """Some of several types; where few are left, these."""
    left = [each for each in of if each not in no]
    return f"all but {', '.join(left)}" if left and len(left) < len(no) else ", ".join(no)


def _joined(parts: Sequence[tuple[str, str]], doubtful: dict[str, str]) -> tuple[str, str] | None:
    """One line, with the line number behind each part where there are several."""
    lines = [(f"falls back for {what}" if not n else what, place) for n, (what, place) in enumerate(parts)]
    places = dict.fromkeys(doubtful.values())
    for n, place in enumerate(places):
        ops = ", ".join(op for op, at in doubtful.items() if at == place)
        lines.append((f"not decided by type: {ops}" if not n else ops, place))
    if not lines:
        return None
    if len(lines) == 1:
        return lines[0]
    return ", ".join(f"{what} (:{place.rpartition(':')[2]})" for what, place in lines), lines[0][1]
