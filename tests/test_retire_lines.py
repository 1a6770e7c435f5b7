"""Whose a line is: the port's, upstream's, or the fork's own."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer.retire.lines import BOTH, EDITED, REMADE, Written, without

BASE = "enum {\n    ALPHA,\n    GAMMA,\n    OMEGA,\n};\n"
PORT = "enum {\n    ALPHA,\n    GAMMA,\n    NEW_ONE,\n    OMEGA,\n};\n"


def result(now, upstream, before=BASE, after=PORT, base=BASE):
    encoded = [None if each is None else each.encode() for each in (now, upstream, before, after, base)]
    return without(encoded[0], encoded[1], [Written(encoded[2], encoded[3])], encoded[4])


CASES = {
    "the port's alone goes": (PORT, BASE, BASE),
    "what upstream has in the same words stays": (PORT, PORT, PORT),
    "there twice, and once in upstream's": (
        PORT.replace("    NEW_ONE,\n", "    NEW_ONE,\n    NEW_ONE,\n"),
        PORT,
        PORT,
    ),
    "upstream's is beside it": (
        PORT.replace("    NEW_ONE,\n", "    NEW_ONE,\n    NEWER,\n"),
        BASE.replace("    GAMMA,\n", "    GAMMA,\n    NEWER,\n"),
        BASE.replace("    GAMMA,\n", "    GAMMA,\n    NEWER,\n"),
    ),
    "the fork's own row beside it stays": (
        PORT.replace("    NEW_ONE,\n", "    OF_THE_FORK,\n    NEW_ONE,\n    TOO,\n"),
        BASE,
        BASE.replace("    GAMMA,\n", "    GAMMA,\n    OF_THE_FORK,\n    TOO,\n"),
    ),
    "the merge kept the port's in the place of upstream's": (
        PORT,
        BASE.replace("    GAMMA,\n", "    GAMMA,\n    NEWER,\n"),
        BASE.replace("    GAMMA,\n", "    GAMMA,\n    NEWER,\n"),
    ),
    "what the fork had taken away stays away": (
        PORT.replace("    OMEGA,\n", ""),
        BASE,
        BASE.replace("    OMEGA,\n", ""),
    ),
}


@pytest.mark.parametrize(("now", "upstream", "after"), CASES.values(), ids=CASES)
def test_lines(now, upstream, after):
    before, port = (BASE, PORT) if "OMEGA" in now else (BASE.replace("    OMEGA,\n", ""), PORT.replace("    OMEGA,\n", ""))
    found = result(now, upstream, before, port)
    assert (found.data.decode(), found.left) == (after, [])


def test_same_words_are_said_with_their_line():
    assert result(PORT, PORT).same == [4]
    assert result(PORT, BASE).same == []


CALL = "int width(int il) {\n    return n_head * count(il);\n}\n"
OURS = CALL.replace("n_head *", "n_head_at(il) *")
THEIRS = CALL.replace("n_head *", "n_head(il) *")
FORKS = CALL.replace("count(il)", "twice(count(il))")


def test_a_changed_line_is_upstreams_again():
    assert result(OURS, CALL, CALL, OURS, CALL).data.decode() == CALL
    assert result(OURS, THEIRS, CALL, OURS, CALL).data.decode() == THEIRS


def test_where_upstream_changed_nothing_the_line_is_the_forks_again():
    ours = FORKS.replace("n_head *", "n_head_at(il) *")
    assert result(ours, CALL, FORKS, ours, CALL).data.decode() == FORKS


def test_where_both_changed_it_is_left():
    ours = FORKS.replace("n_head *", "n_head_at(il) *")
    found = result(ours, THEIRS, FORKS, ours, CALL)
    assert (found.data.decode(), found.left) == (ours, [(2, BOTH)])


BLOCK = "switch (arch) {\n    case OLD:\n        return 1;\n"
MINE = BLOCK + "    case NEW:\n        read(one);\n        read(two);\n        return 2;\n"
END = "}\n"


def test_a_block_that_begins_like_upstreams():
    own = "    case NEW:\n        load(all);\n        return 2;\n"
    for now in (MINE + own + END, BLOCK + own + MINE.removeprefix(BLOCK) + END):
        found = result(now, BLOCK + own + END, BLOCK + END, MINE + END, BLOCK + END)
        assert (found.data.decode(), found.left) == (BLOCK + own + END, [])


def test_both_bodies_under_one_label():
    own = BLOCK + "    case NEW:\n        load(all);\n        return 2;\n" + END
    now = BLOCK + "    case NEW:\n        read(one);\n        read(two);\n        load(all);\n        return 2;\n" + END
    assert result(now, own, BLOCK + END, MINE + END, BLOCK + END).data.decode() == own


OLD = "int f() {\n    prepare();\n    std::string text(1, c);\n    auto found = look(text);\n    return found;\n}\n"
MINE_OF_IT = OLD.replace("    auto", "    if (!plain) {\n        text = other(c);\n    }\n    auto")
NEW_OF_IT = OLD.replace("    std::string text(1, c);\n    auto found = look(text);\n", "    if (plain) {\n        found = look(c);\n    }\n")


def test_old_lines_that_the_merge_kept_for_the_ports_are_upstreams_now():
    """A brace of the port is equal to one of upstream's: it is not to be taken for the same."""
    assert result(MINE_OF_IT, NEW_OF_IT, OLD, MINE_OF_IT, OLD).data.decode() == NEW_OF_IT


def test_where_the_fork_has_a_line_among_them_nothing_is_guessed():
    own = OLD.replace("    prepare();\n", "    prepare();\n    log();\n").replace("text(1, c)", "text(2, c)")
    ours = own.replace("    auto", "    if (!plain) {\n        text = other(c);\n    }\n    auto")
    found = result(ours, NEW_OF_IT, own, ours, OLD)
    assert (found.data.decode(), [why for _, why in found.left]) == (ours, [EDITED])


def test_an_edited_line_stays_and_is_named():
    now = (MINE + END).replace("read(two)", "read(two, twice)")
    found = result(now, BLOCK + END, BLOCK + END, MINE + END, BLOCK + END)
    assert found.data.decode() == now
    assert found.left == [(4, EDITED), (7, EDITED)]


def test_a_line_of_the_fork_within():
    now = (MINE + END).replace("        read(two);\n", "        log();\n        read(two);\n")
    found = result(now, BLOCK + END, BLOCK + END, MINE + END, BLOCK + END)
    assert (found.data.decode(), [line for line, _ in found.left]) == (now, [4, 7])


def test_a_file_of_the_port():
    assert result(PORT, None, None, PORT, None).data is None
    assert result(PORT.replace("\n", "\r\n"), None, None, PORT, None).data is None
    found = result(PORT + "// ours\n", None, None, PORT, None)
    assert (found.data.decode(), found.left) == (PORT + "// ours\n", [(1, REMADE)])
    assert result(PORT, BASE, None, PORT, None).data.decode() == BASE


def test_the_ends_of_lines_stay():
    windows = [each.replace("\n", "\r\n") for each in (PORT, BASE)]
    assert result(windows[0], BASE).data.decode() == windows[1]
    assert result(OURS.replace("\n", "\r\n"), CALL, CALL, OURS, CALL).data.decode() == CALL.replace("\n", "\r\n")


def test_what_the_port_took_away_comes_back():
    less = BASE.replace("    GAMMA,\n", "")
    assert result(less, BASE, BASE, less).data.decode() == BASE


@pytest.mark.parametrize("between", ["", "    OF_THE_FORK,\n"])
def test_a_series(between):
    """A later commit of the port changes what an earlier one wrote, with one of the fork's between them or not."""
    first = PORT.replace("    OMEGA,\n", f"    OMEGA,\n{between}")
    second = first.replace("NEW_ONE", "NEW_ONE = 7")
    steps = [Written(BASE.encode(), PORT.encode()), Written(first.encode(), second.encode())]
    found = without(second.encode(), BASE.encode(), steps, BASE.encode())
    assert (found.data.decode(), found.left) == (BASE.replace("    OMEGA,\n", f"    OMEGA,\n{between}"), [])


@st.composite
def merges(draw):
    """A file, and what port, upstream and fork each put between its lines; some both upstream and port."""
    count = draw(st.integers(1, 8))
    kinds = ("port", "upstream", "fork", "both")
    between = [draw(st.lists(st.sampled_from(kinds), max_size=4)) for _ in range(count + 1)]
    numbers = itertools.count()
    named = [[(kind, f"    {kind}_{next(numbers)},\n") for kind in gap] for gap in between]

    def text(*wanted):
        lines = []
        for number, gap in enumerate(named):
            lines += [line for kind, line in gap if kind in wanted]
            lines += [f"line_{number},\n"] if number < count else []
        return "".join(lines)

    return text


@given(merges())
def test_what_is_left_is_what_would_be_there_without_the_port(text):
    steps = [Written(text("fork").encode(), text("fork", "port", "both").encode())]
    now, upstream = text("fork", "port", "both", "upstream"), text("upstream", "both")
    found = without(now.encode(), upstream.encode(), steps, text().encode())
    assert (found.data.decode(), found.left) == (text("fork", "upstream", "both"), [])
