"""Readers of data that anybody may have written: packs, journals, settings, and trees that a pack is drafted from."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from casefile import HERE
from drift.machine import DriftedTree
from hypothesis import strategies as st
from writing import CHANGES, apply, fill, snapshot

from fuzz.targets import CLASSES, JSON, Target, _changed, changed, changes, documents, fork
from rules.llama import FAMILY
from transformer import pack, plan
from transformer.donor import Donor
from transformer.errors import TransformerError
from transformer.project import remembered
from transformer.verify import verify
from transformer.workspace import MemoryStore, Workspace
from transformer.write import held, state_folder

TOML = (b"[pack]\n", b"[sizes]\n", b"[[keys]]\n", b"= 1\n", b'= "x"\n', b"= []\n", b"= {}\n", b"= true\n", b"= -1e400\n", b'"""',
        b"#", b"near = ", b"features = ", b"<% if ", b"<% endif %>", b"<% for x in spec %>", b"<%= ", b" %>", b"<%# ", b"spec.",
        b'key("")', b"graph.", b"| safe", b"{" * 500, b"[" * 5000, b"(" * 500, b"<%=" * 500, b"\0", b"\xff", b"\n", b'"')  # fmt: skip


@cache
def tiny() -> dict[str, bytes]:
    """The smallest pack there is, without its Python: what anybody may have written."""
    root = HERE / "data" / "packs" / "tinyllm"
    paths = sorted(path for path in root.rglob("*") if path.suffix in (".toml", ".j2"))
    found = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    found["pack.toml"] = found["pack.toml"].replace(b'rules = ["extra"]\n', b"")
    assert b"extra" not in found["pack.toml"]
    return found


@cache
def target() -> Workspace:
    """The example fork, parsed once."""
    return Workspace(MemoryStore(fork()))


def read_pack(found: list) -> float:
    with tempfile.TemporaryDirectory() as folder:
        for path, data in changed(found, tiny()).items():
            place = Path(folder, "tinyllm", path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        with suppress(TransformerError):
            read = pack.load("tinyllm", pack.homes([Path(folder)]))
            made = plan.make(read, target())
            verify(made, Path(), "syntax", lambda *_: None)
            return float(len(made.edits))
    return 0


def draft_it(found: list) -> float:
    differ = {path: data for path, data in changed(found, fork(CLASSES)).items() if data != fork(CLASSES)[path]}
    donor = Donor(DriftedTree(CLASSES, differ), "somewhere", "", "none")
    size = 0
    with suppress(TransformerError):
        FAMILY.recognise(donor.workspace)
        for path, text in FAMILY.draft(donor, "gemma3").items():
            assert not path.endswith(".py")
            assert not path.startswith("/")
            assert ".." not in path
            size += len(text.encode())
    return float(size)


@cache
def written() -> bytes:
    """The journal of a run."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        _apart(folder, patch)
        root = fill(Path(folder, "tree"))
        apply(root, CHANGES, label="port")
        (journal,) = state_folder(root).glob("runs/*/journal.json")
        return journal.read_bytes()


def _apart(folder: str, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "fsync", lambda handle: None)
    patch.setenv("XDG_STATE_HOME", f"{folder}/state")
    patch.setenv("PATH", folder)  # without git


def journals():
    """Any document, a journal that was cut or changed, or one with other values in some of its fields."""

    def with_values(pairs: list) -> bytes:
        data = json.loads(written())
        for place, (name, value) in pairs:
            entries = data["entries"] if isinstance(data["entries"], list) else []
            where = entries[place] if place < len(entries) else data
            if isinstance(where, dict) and name in where:
                where[name] = value
        return json.dumps(data).encode()

    names = ("path", "before", "after", "mode", "backup", "state", "folders", "undoes", "label", "entries", "version")
    odd = JSON | st.sampled_from(("../x", "/etc/x", "a.cpp", "", ".git/x", "new", "0000", "applied", "writing", 0, 0o4777, ["../outside"]))
    pairs = st.lists(st.tuples(st.integers(0, 7), st.tuples(st.sampled_from(names), odd)), min_size=1, max_size=4)
    texts = st.tuples(st.sampled_from(("insert", "delete", "repeat", "cut")), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=8))
    return st.one_of(pairs.map(with_values), texts.map(lambda each: _changed(written(), *each)), documents())


def read_journal(data: bytes) -> float:
    """`undo` of what a journal says: done, or refused; nothing beside the tree is touched, whatever it says."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        _apart(folder, patch)
        root, outside = fill(Path(folder, "tree")), fill(Path(folder, "outside"))
        (outside / "empty").mkdir()
        apply(root, CHANGES, label="port")
        (journal,) = state_folder(root).glob("runs/*/journal.json")
        journal.write_bytes(data)
        before = snapshot(outside)
        done = 0
        with suppress(TransformerError), held(root) as hold:
            done = 1 + len(hold.runs())
            hold.undo()
            done += 5
        assert snapshot(outside) == before
    return float(done)


FIELDS = ("arch", "options", "packs", "tool", "transformer", "drop_rows", "x", "")
VALUES = ('"gemma4"', '"muse-glimmer"', '"none"', "true", "1", "[]", "{}", '["packs"]', '["."]', '["..", "/etc"]', '["src/x"]', "1e400",
          '{ drop_rows = false }', '{ drop_rows = 1 }', '{ "\\u0000" = true }', '["\\u0000"]', "2020-01-01", '""', '"\\ud800"')  # fmt: skip


def projects() -> st.SearchStrategy[bytes]:
    """Files of settings that are nearly right, cut, or anything."""
    odd = st.one_of(st.sampled_from(VALUES), st.text(max_size=20).map(json.dumps))
    line = st.one_of(
        st.tuples(st.sampled_from(FIELDS), odd).map(lambda pair: f"{pair[0]} = {pair[1]}\n"),
        st.sampled_from(("[tool.transformer]\n", "[options]\n", "[[packs]]\n", "# transformer\n", "[tool]\n", "\ufeff", "\r\n")),
        st.text(max_size=30),
    )
    written = st.lists(line, max_size=6).map(lambda lines: "".join(lines).encode(errors="surrogatepass"))
    deep = st.integers(0, 100_000).map(lambda depth: b"arch = " + b"[" * depth)
    return st.one_of(written, written.map(lambda data: data[: len(data) // 2]), st.binary(max_size=100), deep)


def read_project(data: bytes) -> float:
    far = 0
    for name in ("transformer.toml", "pyproject.toml"):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "packs").mkdir()
            Path(folder, name).write_bytes(data)
            with suppress(TransformerError):
                found = remembered(Path(folder), None, ())
                far += 1 + len(found.options) + len(found.homes)
    return float(far)


MORE = (
    Target("packs", changes(tiny(), TOML), read_pack, 20),
    Target("drafts", changes(fork(CLASSES)), draft_it, 10),
    Target("journals", journals(), read_journal, 30),
    Target("projects", projects(), read_project, 60),
)
"""As the targets of code."""
