"""The second look: what is read again, and what it notices."""

from __future__ import annotations

import os

import pytest

from transformer.workspace import DiskStore
from transformer.write import Seen, seen


class Counting(DiskStore):
    """A store that counts what is read."""

    reads = 0

    def read(self, path: str) -> bytes | None:
        self.reads += 1
        return super().read(path)


@pytest.fixture
def store(tmp_path):
    (tmp_path / "a.cpp").write_text("int a;\n")
    return Counting(tmp_path)


@pytest.fixture
def settled(monkeypatch):
    """As if every file had been written long ago."""
    monkeypatch.setattr(seen, "_SETTLED", 0)


def test_what_has_an_old_stamp_is_not_read_again(tmp_path, store, settled):
    found = Seen(tmp_path, store)
    assert found.read("a.cpp") == b"int a;\n"
    assert (found.moved(), store.reads) == ([], 1)


def test_a_stamp_tells_another_file_of_the_same_size_and_date(tmp_path, store, settled):
    found = Seen(tmp_path, store)
    found.read("a.cpp")
    before = os.stat(tmp_path / "a.cpp")
    (tmp_path / "b.cpp").write_text("int b;\n")
    os.replace(tmp_path / "b.cpp", tmp_path / "a.cpp")
    os.utime(tmp_path / "a.cpp", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert found.moved() == ["a.cpp"]


def test_the_same_bytes_under_another_stamp_are_the_same(tmp_path, store, settled):
    found = Seen(tmp_path, store)
    found.read("a.cpp")
    os.utime(tmp_path / "a.cpp", ns=(1, 1))
    assert (found.moved(), store.reads) == ([], 2)


def test_a_file_that_was_just_written_is_read_again(tmp_path, store, monkeypatch):
    """Its next change may bear the same stamp, as file systems have slow clocks."""
    stamp = os.stat(tmp_path / "a.cpp")
    found = Seen(tmp_path, store)
    found.read("a.cpp")
    (tmp_path / "a.cpp").write_text("int b;\n")
    monkeypatch.setattr(os, "stat", lambda path: stamp)
    assert found.moved() == ["a.cpp"]


def test_a_file_that_was_not_there_is_looked_for_again(tmp_path, store, settled):
    found = Seen(tmp_path, store)
    assert found.read("b.cpp") is None
    (tmp_path / "b.cpp").write_text("")
    assert found.moved() == ["b.cpp"]
