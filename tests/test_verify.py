"""`verify`: a tree without the port, and model files that are no good."""

import struct

import pytest
from command import call

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def ported(tree):
    assert call("run", tree).code == 0
    return tree


def text(word):
    return struct.pack("<Q", len(word)) + word.encode()


def head(tensors=0, keys=1, architecture="gemma4"):
    key = text("general.architecture") + struct.pack("<I", 8) + text(architecture)
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + key


def test_a_tree_without_the_port_is_told_to_run_first(tree):
    said = call("verify", tree)
    assert said.code == 6
    assert "`run` first" in said.err


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"GGML1234", 2, "GGUF"),
        (b"", 2, "GGUF"),
        (head()[:-3], 2, "ends in the middle"),
        (head(keys=2**60), 2, "claims"),
        (head(tensors=2**60), 2, "claims"),
        (head(architecture="other"), 5, "general.architecture is 'other'"),
        (head(), 5, "gemma4.block_count is missing"),
    ],
)
def test_model_files_that_are_no_good(ported, tmp_path, data, code, words):
    (tmp_path / "m.gguf").write_bytes(data)
    said = call("verify", ported, "--model", tmp_path / "m.gguf")
    assert said.code == code, said.said
    assert words in said.said
    assert ("types: " in said.out) == (code == 5)  # no file at all ends it; a file that will not load does not
