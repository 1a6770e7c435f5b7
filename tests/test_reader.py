"""What comes from a tree is read by one reader: no pipe, no device, nothing outside, nothing without an end."""

import os
import socket
import time
from pathlib import Path

import pytest
from command import call, fork, shell

from transformer import reader
from transformer.errors import UsageError
from transformer.reader import read, why_not
from transformer.workspace import DiskStore

pytestmark = pytest.mark.usefixtures("settled")


def refusal(root: Path, path: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(root, path)
    assert caught.value.where == path
    assert caught.value.help
    return caught.value


def test_regular_files(tmp_path):
    (tmp_path / "a").write_bytes(b"a" * 3_000_000)
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("a")
    assert read(tmp_path, "a") == read(tmp_path, "link") == b"a" * 3_000_000
    assert read(tmp_path, "empty") == b""


@pytest.mark.parametrize("path", ["none", "a/b", "none/../a/b", "x\0y", "a" * 300 + "/b"])
def test_what_is_not_there(tmp_path, path):
    (tmp_path / "a").touch()
    if len(path) > 255:
        assert "File name too long" in refusal(tmp_path, path).message
    else:
        assert read(tmp_path, path) is None


def test_a_pipe_a_socket_and_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    os.mkfifo("pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in ("pipe", "socket", "folder", "link"):
            assert "is not a regular file" in refusal(tmp_path, path).message


def test_what_leads_out(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("secret")
    (root / "link").symlink_to("../outside")
    (root / "folder").symlink_to("..")
    (root / "zero").symlink_to("/dev/zero")
    (root / "loop").symlink_to("loop")
    for path in ("link", "folder/outside", "zero", "../outside"):
        assert "leads out of the tree" in refusal(root, path).message
    refusal(root, "loop")


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    with open(tmp_path / "large", "wb") as file:
        file.truncate(1 << 30)
    monkeypatch.setattr(os, "read", lambda *_: pytest.fail("it was read"))
    assert "is larger than 16 MB" in refusal(tmp_path, "large").message


@pytest.mark.parametrize(("name", "value", "words"), [
    ("SOURCE", 16 << 20, "is larger than 16 MB"), ("PATIENCE", -1.0, "takes longer")])  # fmt: skip
def test_a_file_that_does_not_end(tmp_path, monkeypatch, name, value, words):
    """As files of the system are: they say that they are empty."""
    (tmp_path / "endless").touch()
    monkeypatch.setattr(os, "read", lambda handle, size: b"x" * size)
    monkeypatch.setattr(reader, name, value)
    assert words in refusal(tmp_path, "endless").message


def test_why_a_compiler_should_not_open_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert why_not("/dev/zero") == why_not(str(tmp_path / "pipe")) == "is not a regular file"
    assert why_not(str(tmp_path)) == why_not(str(tmp_path / "none")) == why_not("a\0") == ""


# In a whole run.


def damage(tree: Path, how: str) -> None:
    target = tree / "src/llama-hparams.h"
    target.unlink()
    match how:
        case "pipe":
            os.mkfifo(target)
        case "device":
            target.symlink_to("/dev/zero")
        case "large":
            with open(target, "wb") as file:
                file.truncate(1 << 30)


@pytest.mark.parametrize("how", ["pipe", "device", "large"])
@pytest.mark.parametrize("command", [("run", "--dry-run"), ("status",), ("verify",)])
def test_a_source_that_cannot_be_read(tree, how, command):
    damage(tree, how)
    before = time.monotonic()
    said = call(command[0], tree, *command[1:])
    assert (said.code, "src/llama-hparams.h" in said.err, "try: " in said.err) == (2, True, True), said.said
    assert time.monotonic() - before < 10


def test_a_pipe_beside_the_sources(tree):
    """It is no file of the plan: it is named, and the rest goes on."""
    os.mkfifo(tree / "src/pipe.cpp")
    said = call("run", tree, "--dry-run", verify="types")
    assert said.code == 0, said.said
    assert "not verified: src/pipe.cpp: src/pipe.cpp is not a regular file" in said.out


@pytest.mark.parametrize("spelled", ['"/dev/zero"', '"pipe.h"', '"out.h"', "</dev/zero>"])
def test_an_include_without_an_end(tree, spelled):
    os.mkfifo(tree / "src/pipe.h")
    (tree / "src/out.h").symlink_to("/dev/zero")
    header = tree / "src/llama-model.h"
    header.write_text(f"#include {spelled}\n" + header.read_text())
    before = time.monotonic()
    said = call("run", tree, "--dry-run", verify="types")
    assert said.code == 2, said.said
    assert f"src/llama-model.h:1: the compiler is not let near {spelled.replace('<', chr(34)).replace('>', chr(34))}" in said.err
    assert "is not a regular file" in said.err
    assert time.monotonic() - before < 10


def test_an_include_that_only_the_compiler_sees(tree):
    """Its memory is bounded: the worker ends, and the unit is named."""
    source = tree / "src/llama-hparams.cpp"
    source.write_text('#define ENDLESS "/dev/zero"\n#include ENDLESS\n' + source.read_text())
    said = shell("run", tree, "--dry-run", "--verify", "types")
    assert said.code == 5, said.said
    assert "types cannot be verified: " in said.err
    assert "src/llama-hparams.cpp" in said.err


def test_the_listing_of_a_folder_names_no_pipe(tmp_path):
    root = fork(tmp_path / "root")
    os.mkfifo(root / "src/pipe.cpp")
    assert "src/pipe.cpp" not in DiskStore(root).list("src")
