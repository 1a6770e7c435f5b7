"""What lies in a tree and does not take part in a port: read from the tree, and only what is certain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from transformer.edit import Edit
from transformer.errors import TransformerError
from transformer.family import Shown
from transformer.outcome import Blocked
from transformer.workspace import Workspace

from .backends import backends
from .fork import Fork
from .operations import Makers, base, judges, place, short
from .port import Port
from .pretokenizers import chosen
from .uses import named, uses

BUILDS = frozenset(
    ["makefile", "gnumakefile", "cmakelists.txt", "build", "package.swift", "meson.build", "build.zig", "build.rs"]
)
"""Files that may list sources, in lower case; and what their names end with."""
BUILDS_END = frozenset(
    [".mk", ".mak", ".podspec", ".pbxproj", ".gn", ".gni", ".gyp", ".gypi", ".bzl", ".bazel", ".pro", ".pri"]
)
PLACES = ("", "android", "android/src/main", "ios", "macos", "swift", "spm", "bindings", "scripts")
"""Where they lie, beside the folder of the sources itself and the folders of Xcode in these."""


def uncovered(port: Port, edits: Sequence[Edit]) -> Sequence[Shown]:
    """Training, backends, other builds, conversion, vision and drafts, as far as the tree has them."""
    found: list[Shown] = []
    parts = (_operations(port, edits), _builds(port, edits), _texts(port), _converter(port), _vision(port))
    for each in (*parts, _drafts(port, edits)):
        try:
            found += each
        except TransformerError as error:  # a file that no rule needs cannot be read: nothing is known of it
            found.append(Shown("not looked at", error.message, error.where))
    return found


def _operations(port: Port, edits: Sequence[Edit]) -> Iterator[Shown]:
    builder, makers = _builder(port, edits), Makers(port.fork)
    if ops := makers.of(builder):
        found = uses(port.fork, builder, makers)
        experts = frozenset(op for op in named(found) if op.endswith("_MUL_MAT_ID"))
        yield from _training(port.fork, edits, ops, experts)
        yield from backends(port.fork, found)


def _training(fork: Fork, edits: Sequence[Edit], ops: frozenset[str], experts: frozenset[str]) -> Iterator[Shown]:
    """What has no backward pass, also with what is planned; the experts of models that have some are told apart."""
    planned = "".join(each.text.decode() for each in edits if each.rule == "train.passes")
    for judge in judges(fork, f"{base(fork)}ggml.c", "compute_backward")[0]:
        for name, asked in (("training", ops - experts), ("training experts", experts)):
            there = (op for op in sorted(asked) if f"case {op}:" not in planned)
            if no := {op: place for op in there if (place := judge.stops(op))}:
                yield Shown(name, f"no backward pass for {', '.join(map(short, no))}", next(iter(no.values())))


def _texts(port: Port) -> Iterator[Shown]:
    """Names of pre-tokenizers that the fork could not be given."""
    outcomes = {each.name: chosen(port, each) for each in port.spec.pretokenizers}
    refused = {name: each.where for name, each in outcomes.items() if isinstance(each, Blocked)}
    if len(refused) < len(outcomes):  # where none can be chosen, the rule says so
        for name, where in refused.items():
            yield Shown("texts", f"files that name the pre-tokenizer {name} are refused", where)


def _builds_something(path: PurePosixPath) -> bool:
    return path.name in BUILDS or path.suffix in BUILDS_END


def _builder(port: Port, edits: Sequence[Edit]) -> str:
    """The builder as it is written or as it is there, with its helpers where it has a file of its own."""
    new = "\n".join(e.text.decode() for e in edits if e.rule == "graph.builder" or _is_new(port, e))
    defined = None if new else port.era.definition()
    if defined is None:
        return new
    alone = defined.source.path != port.fork.path("llama-model.cpp")
    return defined.source.live.decode() if alone else defined.text


def _is_new(port: Port, edit: Edit) -> bool:
    return edit.creates and edit.path.startswith(port.fork.builders)


def _builds(port: Port, edits: Sequence[Edit]) -> Iterator[Shown]:
    """Lists of sources that name another builder, and not the new one."""
    fork, workspace = port.fork, port.fork.workspace
    new = next((each.path for each in edits if _is_new(port, each)), "")
    if not new:
        return
    name = PurePosixPath(new).name
    known = [PurePosixPath(each).name.encode() for each in fork.list(fork.builders) if each.endswith(".cpp")]
    planned = {edit.path for edit in edits}
    for folder in dict.fromkeys((*PLACES, fork.sources.rstrip("/"))):
        inside = [*workspace.list(folder), *(file for each in workspace.folders(folder) if each.endswith(".xcodeproj")
                                             for file in workspace.list(each))]  # fmt: skip
        for path in inside:
            if path in planned or not _builds_something(PurePosixPath(path.lower())):
                continue
            data = workspace.source(path).data
            named = [each for each in known if each in data] if b".cpp" in data else []
            if len(named) > 1 and name.encode() not in data:  # one may be something else of that name
                yield Shown("other build", f"lists {named[0].decode()} and not {name}", _at(workspace, path, named[0]))


def _converter(port: Port) -> Iterator[Shown]:
    """Whether what writes model files knows the architecture."""
    workspace, name = port.fork.workspace, port.spec.enumerator.removeprefix("LLM_ARCH_")
    files = ["convert_hf_to_gguf.py", *workspace.list("conversion")]
    there = [each for each in files if each.endswith(".py") and workspace.exists(each)]
    if there and not any(re.search(rf"MODEL_ARCH\.{name}\b".encode(), workspace.source(p).data) for p in there):
        yield Shown("converter", f"makes no files of {port.spec.name}", _at(workspace, there[0], b"class ModelBase"))


def _vision(port: Port) -> Iterator[Shown]:
    """Whether the projectors of images and sound know the architecture."""
    workspace, word = port.fork.workspace, re.sub(r"\W", "", port.spec.name).encode()
    for folder in ("tools/mtmd", f"{port.fork.sources}tools/mtmd", "examples/llava"):
        path = f"{folder}/clip-impl.h"
        if workspace.exists(path):
            files = [each for each in workspace.list(folder) if each.endswith((".h", ".cpp"))]
            if not any(word in workspace.source(each).data.lower().replace(b"_", b"") for each in files):
                what = f"no projector for {port.spec.name}: text only"
                yield Shown("vision, sound", what, _at(workspace, path, b"enum projector_type"))
            return


def _drafts(port: Port, edits: Sequence[Edit]) -> Iterator[Shown]:
    """Whether the architecture is loaded with layers that guess ahead, where the tree knows such layers."""
    key = "LLM_KV_NEXTN_PREDICT_LAYERS"
    if key not in port.fork.keys.entries or any(key.encode() in edit.text for edit in edits):
        return
    scope = port.era.scope("hparams")
    if scope is None or not scope.mentions(key):
        where = _at(port.fork.workspace, port.fork.path("llama-arch.h"), key.encode())
        yield Shown("draft heads", f"the loader reads no {key}", where)


def _at(workspace: Workspace, path: str, word: bytes) -> str:
    source = workspace.source(path)
    return place(source, max(source.data.find(word), 0))
