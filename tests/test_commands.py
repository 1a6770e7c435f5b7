"""Compilation databases of a tree are data: what is odd in them is said, and left out."""

import json
import os
from pathlib import Path

import pytest
from command import call

from transformer.types.commands import compile_commands

pytestmark = pytest.mark.usefixtures("settled")

GOOD = {"directory": "build", "file": "../src/a.cpp", "command": "c++ -DA=1 -I inc -c ../src/a.cpp"}
ODD = {
    "a list of numbers": ("[1,2]", "compile_commands.json", "ignored in part: entry 1: a number in place of a command"),
    "a number": ("5", "compile_commands.json", "ignored: it holds a number in place of a list"),
    "null": ("null", "compile_commands.json", "it holds null"),
    "an object": ('{"a": 1}', "compile_commands.json", "it holds an object"),
    "no JSON": ("[\n{,", "compile_commands.json:2", "ignored: it is not JSON"),
    "empty": ("", "compile_commands.json:1", "ignored: it is not JSON"),
    "deep": ("[" * 200_000, "compile_commands.json", "nested too deeply"),
    "deep objects": ('{"a":' * 200_000, "compile_commands.json", "nested too deeply"),
    "a number without an end": ("9" * 10_000, "compile_commands.json", "it is not JSON"),
    "an open quote": (json.dumps([{**GOOD, "command": "c++ 'x"}]), "compile_commands.json", "entry 1: No closing quotation"),
    "a lone surrogate": (json.dumps([{**GOOD, "command": "c++ -D\udc80"}]), "compile_commands.json", "entry 1: its command is not Unicode"),
    "a surrogate in a name": (json.dumps([{**GOOD, "file": "\ud800"}]), "compile_commands.json", "its file is not Unicode"),
    "a NUL": (json.dumps([{**GOOD, "arguments": ["c++", "-D\0"]}]), "compile_commands.json", "its argument holds a NUL"),
    "odd kinds": (json.dumps([{**GOOD, "arguments": "c++"}, {"file": []}, {**GOOD, "arguments": [{}]}, [], True]),
                  "compile_commands.json", "entry 1: its arguments are a text; entry 2: its file is a list; entry 3: its argument is an object, and 2 more"),
}  # fmt: skip


def put(root: Path, text: str | bytes, name: str = "compile_commands.json") -> Path:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode(errors="surrogatepass"))
    return root


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd(tmp_path, case):
    text, where, words = ODD[case]
    found = compile_commands(put(tmp_path, text))
    assert found.flags == {}
    assert [path for path, _ in found.notes] == [where]
    assert words in found.notes[0][1]


def test_bytes_that_are_no_text(tmp_path):
    assert compile_commands(put(tmp_path, b"\xff\xfe[")).notes[0][1].startswith("ignored: it is not JSON")


def test_the_good_entries_are_taken(tmp_path):
    found = compile_commands(put(tmp_path, json.dumps([7, GOOD, {**GOOD, "file": "/elsewhere/b.cpp"}])))
    assert found.flags == {"src/a.cpp": ("-DA=1", f"-I{tmp_path}/build/inc")}
    assert found.notes == (("compile_commands.json", "ignored in part: entry 1: a number in place of a command"),)


def test_the_next_database_is_looked_at(tmp_path):
    put(tmp_path, "5x")
    os.mkfifo(put(tmp_path, "", "build-a/x") / "build-a/compile_commands.json")
    put(tmp_path, json.dumps([{**GOOD, "directory": "build-b"}]), "build-b/compile_commands.json")
    found = compile_commands(tmp_path)
    assert list(found.flags) == ["src/a.cpp"]
    assert [path for path, _ in found.notes] == ["compile_commands.json:1", "build-a/compile_commands.json"]


@pytest.mark.parametrize("case", ["a list of numbers", "deep", "an open quote", "a lone surrogate"])
def test_a_run_goes_on_without_it(tree, case):
    text, where, words = ODD[case]
    said = call("run", put(tree, text), "--dry-run", verify="types")
    assert said.code == 0, said.said
    assert f"not verified: {where}: " in said.out
    assert words in said.out


@pytest.mark.parametrize("flag", ["-include", "-I"])
def test_its_flags_lead_to_no_device(tree, flag):
    target = "/dev/zero" if flag == "-include" else str(tree / "pipes")
    (tree / "pipes").mkdir()
    os.mkfifo(tree / "pipes/llama-arch.h")
    header = tree / "src/llama-model.h"
    if flag == "-I":
        header.write_text('#include <llama-arch.h>\n' + header.read_text())
    units = [f"src/{each.name}" for each in (tree / "src").glob("*.cpp")]
    entries = [{"directory": str(tree), "file": unit, "arguments": ["c++", flag, target]} for unit in units]
    said = call("run", put(tree, json.dumps(entries)), "--dry-run", verify="types")
    assert said.code == 2, said.said
    assert "the compiler is not let near" in said.err
