"""The ported build reads text as the real vocabulary has it, and gives back what it read."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e import vocabulary
from e2e.build import Build

pytestmark = pytest.mark.e2e

def test_cases_of_the_vocabulary(ported: Build) -> None:
    assert vocabulary.count_cases(ported) == vocabulary.Counts(45, 45, 45)


@pytest.mark.parametrize("parse", [False, True], ids=["plain", "control"])
def test_text_comes_back(ported: Build, parse: bool) -> None:
    for text, tokens in zip(
        vocabulary.EXAMPLES,
        vocabulary.ask(ported, vocabulary.path(), vocabulary.EXAMPLES, parse=parse).tokens,
        strict=True,
    ):
        assert tokens.whole.decode() == text
        assert tokens.pieces.decode() == text


def test_begin_and_end(ported: Build, tmp_path: Path) -> None:
    for path in (vocabulary.path(), vocabulary.always_begins(tmp_path)):
        answer = vocabulary.ask(ported, path, ["hi<turn|>"], special=True, parse=True)
        assert answer.tokens[0].ids[0] == 2
        assert answer.tokens[0].ids[-1] == 106
        assert answer.facts["eog"] == ["1", "50", "106"]
        assert (answer.facts["bos"], answer.facts["add_bos"], answer.facts["add_eos"]) == (["2"], ["1"], ["0"])


def test_byte_tokens_are_bytes(ported: Build) -> None:
    answer = vocabulary.ask(ported, vocabulary.path(), ["x"])
    assert answer.facts["bytes"] == [f".{byte:02x}" for byte in range(256)]


def test_long_line(ported: Build) -> None:
    line = "lorem ipsum " * 20_000
    tokens = vocabulary.ask(ported, vocabulary.path(), [line]).tokens[0]
    assert tokens.whole.decode() == line


def test_random_texts_as_the_library_has_them(ported: Build) -> None:
    count = vocabulary.RANDOM_TEXTS
    assert vocabulary.count_random(ported) == vocabulary.Counts(count, count, count)
