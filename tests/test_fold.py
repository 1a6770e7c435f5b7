"""Long lines on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer.show.fold import LEAST, folded


def plain(line, width):
    return ["".join(part if isinstance(part, str) else part[0] for part in each) for each in folded(line, width)]


def test_a_row_hangs_below_its_second_column():
    row = (("  absent      ", "yellow"), ("arch.name             ", "bold"), "  enum llm_arch and its name table know it")
    assert plain(row, 60) == [
        "  absent      arch.name               enum llm_arch and its",
        "              name table know it",
    ]


def test_a_sentence_hangs_a_little():
    line = (("note: ", "yellow"), "the port is one commit, and upstream's own support is there as well")
    assert plain(line, 40) == ["note: the port is one commit, and", "    upstream's own support is there as", "    well"]


def test_styles_are_kept():
    (first, second) = folded((("left: ", "yellow"), ("a word and another word", "bold"), " and more"), 30)
    assert first == (("left: ", "yellow"), ("a word and another word", "bold"))
    assert second == ("    ", "and more")


@pytest.mark.parametrize("line", [("short",), ("",), (), ("x" * 200,), ("    " + "x" * 200,)])
def test_what_fits_or_cannot_be_folded_stays(line):
    assert list(folded(line, 40)) == [line]


WORDS = st.lists(st.text("ab/:", min_size=1, max_size=50), min_size=1, max_size=12)


@given(WORDS, st.integers(0, 8), st.integers(LEAST, 90))
def test_nothing_is_lost_and_no_word_is_broken(words, indent, width):
    text = " " * indent + " ".join(words)
    lines = plain((text[:7], (text[7:], "bold")), width)
    assert " ".join(lines).split() == words
    for line in lines:
        assert len(line) <= width or len(line.split()) == 1 or line.strip() == words[0]
