"""Readers of data that anybody may have written: packs, journals, and trees that a pack is drafted from."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from casefile import HERE
from hypothesis import strategies as st
from writing import CHANGES, apply, fill, snapshot

from fuzz.targets import CLASSES, JSON, Target, _changed, changed, changes, documents, fork
from rules.llama import FAMILY
from transformer import pack, plan
from transformer.donor import Donor
from transformer.errors import TransformerError
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


def read_pack(found: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path, data in changed(found, tiny()).items():
            place = Path(folder, "tinyllm", path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        with suppress(TransformerError):
            read = pack.load("tinyllm", pack.homes([Path(folder)]))
            made = plan.make(read, target())
            verify(made, Path(), "syntax", lambda *_: None)


def draft_it(found: list) -> None:
    files = changed(found, fork(CLASSES))
    donor = Donor(Workspace(MemoryStore(files)), "somewhere", "", "none")
    with suppress(TransformerError):
        FAMILY.recognise(donor.workspace)
        for path, text in FAMILY.draft(donor, "gemma3").items():
            assert not path.endswith(".py")
            assert not path.startswith("/")
            assert ".." not in path
            text.encode()


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
            where = data["entries"][place % 4] if place < 4 else data
            if name in where:
                where[name] = value
        return json.dumps(data).encode()

    names = ("path", "before", "after", "mode", "backup", "state", "folders", "undoes", "label", "entries", "version")
    odd = JSON | st.sampled_from(("../x", "/etc/x", "a.cpp", "", ".git/x", "new", "0000", "applied", "writing", 0, 0o4777, ["../outside"]))
    pairs = st.lists(st.tuples(st.integers(0, 7), st.tuples(st.sampled_from(names), odd)), min_size=1, max_size=4)
    texts = st.tuples(st.sampled_from(("insert", "delete", "repeat", "cut")), st.floats(0, 1), st.floats(0, 1), st.binary(max_size=8))
    return st.one_of(pairs.map(with_values), texts.map(lambda each: _changed(written(), *each)), documents())


def read_journal(data: bytes) -> None:
    """`undo` of what a journal says: done, or refused; nothing beside the tree is touched, whatever it says."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        _apart(folder, patch)
        root, outside = fill(Path(folder, "tree")), fill(Path(folder, "outside"))
        (outside / "empty").mkdir()
        apply(root, CHANGES, label="port")
        (journal,) = state_folder(root).glob("runs/*/journal.json")
        journal.write_bytes(data)
        before = snapshot(outside)
        with suppress(TransformerError), held(root) as hold:
            hold.undo()
        assert snapshot(outside) == before


MORE = (
    Target("packs", changes(tiny(), TOML), read_pack, 20),
    Target("drafts", changes(fork(CLASSES)), draft_it, 10),
    Target("journals", journals(), read_journal, 30),
)
"""As the targets of code."""
