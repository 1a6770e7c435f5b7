"""What is fuzzed: strategies for inputs that are nearly right, and what is done with each."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from casefile import FORK
from drift import remembered
from drift.machine import DriftedTree, original
from hypothesis import strategies as st

from transformer.edit import Edit
from transformer.errors import TransformerError
from transformer.types.commands import compile_commands
from transformer.types.includes import Sources, choose_units, first_include
from transformer.types.names import new_names


@dataclass(frozen=True, slots=True)
class Target:
    """How inputs are made, and what becomes of them. `share` says how many of a hundred inputs it gets."""

    name: str
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], float]
    """What is done with an input; how far it came, for more that come further."""
    share: int


PIECES = (b"{", b"}", b"(", b")", b";", b",", b'"', b"'", b"/*", b"*/", b"//", b"\\\n", b"#if 0\n", b"#endif\n", b"#else\n",
          b"case 1:", b"switch (arch) {", b"enum ", b"struct ", b"LLM_ARCH_GEMMA3N", b"LLM_ARCH_GEMMA4,", b"\r\n", b"\0",
          b"\xff", b"\xef\xbb\xbf", b"\t", b'R"(', b"template <", b"<", b">", b"::", b"/" * 80, b"(" * 3000, b"{" * 3000,
          b"[" * 3000, b"/*" * 2000, "\u202e\u4e16".encode())  # fmt: skip


@cache
def fork(root: Path = FORK) -> dict[str, bytes]:
    """An example fork."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


Change = tuple[str, str, float, float, bytes]
"""A file, what is done to it, two places in it (0 to 1), and a text."""


def changes(files: dict[str, bytes], pieces: tuple[bytes, ...] = PIECES) -> st.SearchStrategy[list[Change]]:
    place = st.floats(0, 1)
    text = st.one_of(st.sampled_from(pieces), st.binary(max_size=40))
    code = sorted(path for path in files if path.endswith((".h", ".cpp", ".txt", ".toml", ".j2", ".json")))
    how = st.sampled_from(("insert", "delete", "repeat", "line", "cut", "swap"))
    return st.lists(st.tuples(st.sampled_from(code), how, place, place, text), min_size=1, max_size=4)


def changed(found: list[Change], before: dict[str, bytes]) -> dict[str, bytes]:
    files = dict(before)
    for path, how, one, other, text in found:
        files[path] = _changed(files[path], how, one, other, text)
    return files


def _changed(data: bytes, how: str, one: float, other: float, text: bytes) -> bytes:
    first, last = sorted((int(one * len(data)), int(other * len(data))))
    last = min(last, first + 4000)
    lines = data.split(b"\n")
    row = int(one * (len(lines) - 1))
    match how:
        case "insert":
            return data[:first] + text + data[first:]
        case "delete":
            return data[:first] + data[last:]
        case "repeat":
            return data[:last] + data[first:last] + data[last:]
        case "line":
            return b"\n".join((*lines[:row], *lines[row + 1 :]))
        case "swap":
            there = int(other * (len(lines) - 1))
            lines[row], lines[there] = lines[there], lines[row]
            return b"\n".join(lines)
        case _:
            return data[:first]


@cache
def known(root: Path) -> frozenset[Edit]:
    """What is written to the fork as it is."""
    return frozenset(original(root).edits)


def plan_it(found: list[Change], root: Path = FORK) -> float:
    """Plan, verify and describe the port of a fork: of the rules, those that read a file that changed, and their edits."""
    files = changed(found, fork(root))
    differ = {path: data for path, data in files.items() if data != fork(root)[path]}
    base, tree = original(root), DriftedTree(root, differ)
    with suppress(TransformerError):
        base.pack.family.recognise(tree)
        made = remembered.make(base, remembered.before(root), tree, differ)
        others = {edit.path for edit in made.edits if edit not in known(root)}
        remembered.judge(made, others, Path())
        new_names(made.before, made.by_file())
        made.notes()
        return float(len(made.edits))
    return 0


def choose_it(found: list[Change]) -> float:
    sources = Sources(Path("/nonexistent"), changed(found, fork()), ("src", "include"))
    chosen, _ = choose_units(sources, {"src/llama-arch.h": frozenset({"llm_arch", ""})})
    for path in sources.planned:
        first_include(path, sources)
    return float(len(chosen))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(
        ("-I", "-include", "c++ -DA=1 'x", "../..", "/", "src/llama-arch.cpp", "-D\0", "\ud800", "-std=c++20"))),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.sampled_from(
        ("directory", "file", "command", "arguments", "output", "x")), inner)), max_leaves=12)  # fmt: skip


def documents() -> st.SearchStrategy[bytes]:
    written = JSON.map(lambda value: json.dumps(value).encode())
    cut = st.tuples(written, st.floats(0, 1)).map(lambda pair: pair[0][: int(pair[1] * len(pair[0]))])
    deep = st.tuples(st.sampled_from((b"[", b'{"a":', b'[{"file":')), st.integers(0, 200_000)).map(lambda p: p[0] * p[1])
    return st.one_of(written, written.map(lambda data: b"[" + data + b"]"), cut, st.binary(max_size=200), deep)


def read_commands(data: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "compile_commands.json").write_bytes(data)
        found = compile_commands(Path(folder))
    for flags in found.flags.values():
        for flag in flags:
            flag.encode()
            assert "\0" not in flag
    for path, why in found.notes:
        assert path
        assert why
    return float(len(found.flags) * 10 + len(found.notes))


CLASSES = FORK.parent / "miniclasses"
TARGETS = (
    Target("plan", changes(fork()), plan_it, 10),
    Target("plan of classes", changes(fork(CLASSES)), lambda found: plan_it(found, CLASSES), 10),
    Target("includes", changes(fork()), choose_it, 20),
    Target("compile_commands", documents(), read_commands, 60),
)
