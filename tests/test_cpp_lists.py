"""Enums and tables: entries and rows, in every layout of a list. Each verb is planned twice, in LF and CRLF."""

import re
from itertools import pairwise

import pytest
from cpptext import NEWLINES, carried_out, check, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer.cpp.tokens import tokens
from transformer.errors import AnchorError
from transformer.outcome import Satisfied

# the list primitive, seen through enum.add

ENUMS = {
    "trailing comma": ("enum e {\n    A,\n    B,\n};\n", "enum e {\n    A,\n    N,\n    B,\n};\n"),
    "last, with comma": ("enum e {\n    B,\n    A,\n};\n", "enum e {\n    B,\n    A,\n    N,\n};\n"),
    "last, without": ("enum e {\n    B,\n    A\n};\n", "enum e {\n    B,\n    A,\n    N\n};\n"),
    "not last, no comma": ("enum e { B, A };\n", "enum e { B, A, N };\n"),
    "one line": ("enum e { A, B };\n", "enum e { A, N, B };\n"),
    "one line, tight": ("enum e {A};\n", "enum e {A, N};\n"),
    "one line, comma": ("enum e { A, };\n", "enum e { A, N, };\n"),
    "line comment behind": ("enum e {\n    A, // a\n    B\n};\n", "enum e {\n    A, // a\n    N,\n    B\n};\n"),
    "line comment before comma": ("enum e {\n    A // a\n    , B\n};\n", "enum e {\n    A // a\n    , N, B\n};\n"),
    "line comment, last": ("enum e {\n    A // a\n};\n", "enum e {\n    A, // a\n    N\n};\n"),
    "block comment behind": ("enum e {\n    A, /* a */\n    B\n};\n", "enum e {\n    A, /* a */\n    N,\n    B\n};\n"),
    "block comment before comma": ("enum e {\n    A /* , */,\n    B\n};\n", "enum e {\n    A /* , */,\n    N,\n    B\n};\n"),
    "block comment of two lines": ("enum e {\n    A, /* a\n    more */\n    B\n};\n", "enum e {\n    A, /* a\n    more */\n    N,\n    B\n};\n"),
    "block comment of two lines, last": ("enum e {\n    A /* a\n    more */\n};\n", "enum e {\n    A, /* a\n    more */\n    N\n};\n"),
    "comment between items": ("enum e {\n    A, /* b */ B, /* c */\n};\n", "enum e {\n    A, N, /* b */ B, /* c */\n};\n"),
    "several on a line": ("enum e {\n    X, A, B,\n    C\n};\n", "enum e {\n    X, A, N, B,\n    C\n};\n"),
    "several on a line, first": ("enum e {\n    A, B,\n    C\n};\n", "enum e {\n    A, N, B,\n    C\n};\n"),
    "several on a line, at its end": ("enum e {\n    B, A,\n    C\n};\n", "enum e {\n    B, A, N,\n    C\n};\n"),
    "comma on the next line": ("enum e {\n    A\n    ,\n    B\n};\n", "enum e {\n    A\n    ,\n    N,\n    B\n};\n"),
    "inside ifdef": ("enum e {\n#ifdef X\n    A,\n#endif\n    B\n};\n", "enum e {\n#ifdef X\n    A,\n#endif\n    N,\n    B\n};\n"),
    "inside ifdef, last": ("enum e {\n    B,\n#ifdef X\n    A\n#endif\n};\n", "enum e {\n    B,\n#ifdef X\n    A,\n#endif\n    N\n};\n"),
    "inside else, last": ("enum e {\n#ifdef X\n    B\n#else\n    A\n#endif // X\n};\n", "enum e {\n#ifdef X\n    B,\n#else\n    A,\n#endif // X\n    N\n};\n"),
    "before ifdef": ("enum e {\n    A,\n#ifdef X\n    B,\n#endif\n};\n", "enum e {\n    A,\n    N,\n#ifdef X\n    B,\n#endif\n};\n"),
    "header guard": ("#ifndef H\n#define H\nenum e {\n    A\n};\n#endif\n", "#ifndef H\n#define H\nenum e {\n    A,\n    N\n};\n#endif\n"),
    "tabs": ("enum e {\n\tA,\n\tB\n};\n", "enum e {\n\tA,\n\tN,\n\tB\n};\n"),
    "values": ("enum e {\n    A   = 0,\n    BCD = 7,\n};\n", "enum e {\n    A   = 0,\n    N   = 8,\n    BCD = 7,\n};\n"),
    "values, some": ("enum e {\n    A,\n    B = 0x10,\n};\n", "enum e {\n    A,\n    N,\n    B = 0x10,\n};\n"),
    "empty, one line": ("enum e {};\n", "enum e { N };\n"),
    "empty, one blank": ("enum e { };\n", "enum e { N };\n"),
    "empty, lines": ("enum e {\n};\n", "enum e {\n    N,\n};\n"),
    "empty, with comment": ("enum e {\n    // none\n};\n", "enum e {\n    N,\n    // none\n};\n"),
    "class": ("enum class e : int {\n    A,\n};\n", "enum class e : int {\n    A,\n    N,\n};\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), ENUMS.values(), ids=ENUMS)
def test_enum_add(before, after, newline):
    check(before, after, lambda file: file.enum("e").add("N", near=["A"]), newline)


@pytest.mark.parametrize(
    ("before", "names", "near", "sentinel", "after"),
    [
        ("enum e { A, B, END };", ["N"], [], "END", "enum e { A, B, N, END };"),
        ("enum e { END };", ["N"], [], "END", "enum e { N, END };"),
        ("enum e {\n    END,\n};", ["N", "M"], [], "END", "enum e {\n    N,\n    M,\n    END,\n};"),
        ("enum e { A, B };", ["N"], ["X", "A"], "", "enum e { A, N, B };"),
        ("enum e { A, B };", ["N", "M"], [], "", "enum e { A, B, N, M };"),
        ("enum e { A, N };", ["N", "M"], ["N"], "", "enum e { A, N, M };"),
        ("enum e {\n    A = 1,\n    B = 5,\n};", ["N", "M"], ["B"], "", "enum e {\n    A = 1,\n    B = 5,\n    N = 6,\n    M = 7,\n};"),
    ],
)  # fmt: skip
def test_enum_add_places(before, names, near, sentinel, after):
    check(before, after, lambda file: file.enum("e").add(*names, near=near, before=sentinel))


def test_an_enum_with_an_error_is_refused():
    with pytest.raises(AnchorError, match="syntax error"):
        parse("enum e {\n    A B,\n    = ,\n};\n").enum("e").add("N")


COMMENT = st.sampled_from(["", "", " // note, A1", " /* x, y */", " /* two\n lines */"])


@st.composite
def lists(draw, item, opening, closing):
    """A list in random layout, its entries, and the neighbour of the one to come."""
    count = draw(st.integers(1, 6))
    final = draw(st.booleans())
    conditional = set(draw(st.lists(st.integers(0, count - 1), max_size=2)))
    text, line = opening + "\n", draw(st.sampled_from(["    ", "\t", "  "]))
    fresh = True
    for index in range(count):
        last = index == count - 1
        entry = item(f"A{index}") + ("," if final or not last else "")
        if index in conditional:
            text += ("" if fresh else "\n") + f"#ifdef X{index}\n{line}{entry}{draw(COMMENT)}\n#endif\n"
            fresh = True
        else:
            text += (line if fresh else " ") + entry
            fresh = last or draw(st.booleans())
            if fresh:
                text += draw(COMMENT) + "\n"
            else:
                text += draw(st.sampled_from(["", " /* in, between */"]))
    text += ("" if fresh else "\n") + closing
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    text += draw(st.sampled_from(["", "\n", "\nint after;\n"]))
    return text.replace("\n", newline), [f"A{n}" for n in range(count)], draw(st.integers(0, count - 1))


def untouched(before, after, done):
    """Every line of `before` that no edit touches stands in `after`, byte for byte and in order."""
    rest = iter(after.splitlines(keepends=True))
    position = 0
    for line in before.splitlines(keepends=True):
        end = position + len(line)
        if not any(position <= each.start <= end and each.start not in (position, end) for each in done):
            text = line.rstrip("\r\n") if end == len(before) else line
            assert any(other == line or (text is not line and other.rstrip("\r\n") == text) for other in rest), line
        position = end


@settings(max_examples=250, deadline=None)
@given(lists(lambda name: name, "enum e {", "};"))
def test_any_enum(made):
    text, names, place = made
    file = parse(text)
    assert list(file.enum("e").entries) == names
    outcome = file.enum("e").add("NEW", near=[names[place]])
    done = carried_out(file, outcome)
    assert not done.source.faults, done.source.data.decode()
    got = list(done.enum("e").entries)
    assert [each for each in got if each != "NEW"] == names
    assert got.index("NEW") > place
    untouched(text, done.source.data.decode(), outcome.edits)
    assert (b"\r\n" in done.source.data) == ("\r\n" in text)
    assert isinstance(done.enum("e").add("NEW"), Satisfied)
    assert commas_fit(done.enum("e").text)


@settings(max_examples=150, deadline=None)
@given(lists(lambda name: f'{{ {name}, "{name.lower()}" }}', "static const map<e, char *> t = {", "};"))
def test_any_table(made):
    text, names, place = made
    file = parse(text)
    if file.source.faults:  # the grammar wants a comma before `#endif` here
        assert "#ifdef" in text
        with pytest.raises(AnchorError):
            file.table("t").add(["NEW", '"new"'])
        return
    outcome = file.table("t").add(["NEW", '"new"'], near=[names[place]])
    done = carried_out(file, outcome)
    assert not done.source.faults
    got = list(done.table("t").rows)
    assert [each for each in got if each != "NEW"] == names
    assert got.index("NEW") > place
    untouched(text, done.source.data.decode(), outcome.edits)
    assert isinstance(done.table("t").add(["NEW", '"new"']), Satisfied)
    assert commas_fit(done.table("t").text)


def commas_fit(text):
    """Whether items and commas take turns, with all `#if` blocks in and with all of them out."""
    without = re.sub(r"(?ms)^#ifdef.*?^#endif", "", text)
    for each in (text, without):
        plain = re.sub(r"(?m)^#.*$", "", each)
        inner = tokens(plain).split("\x1f")
        inner = inner[inner.index("{") + 1 : -1]
        depth, kinds = 0, []
        for token in inner:
            depth -= token == "}"
            if depth == 0 and token != "}":
                kinds.append(token == ",")
            depth += token == "{"
        if any(left == right for left, right in pairwise(kinds)) or kinds[:1] == [True]:
            return False
    return True


# tables

TABLES = {
    "aligned": ('T t = {\n    { A,    "a"    },\n    { LONG, "long" },\n};\n', 'T t = {\n    { A,    "a"    },\n    { NEW,  "new"  },\n    { LONG, "long" },\n};\n'),
    "ragged": ('T t = {\n    { A, "a" },\n    { LONG, "long" },\n};\n', 'T t = {\n    { A, "a" },\n    { NEW, "new" },\n    { LONG, "long" },\n};\n'),
    "tight": ('T t = {\n    {A, "a"},\n    {LONG, "long"}\n};\n', 'T t = {\n    {A, "a"},\n    {NEW, "new"},\n    {LONG, "long"}\n};\n'),
    "one row": ('T t[] = { { A, "a" } };\n', 'T t[] = { { A, "a" }, { NEW, "new" } };\n'),
    "no equals sign": ('T t{ {A, "a"} };\n', 'T t{ {A, "a"}, {NEW, "new"} };\n'),
    "sized array": ('T * const t[N] = { {A, "a"}, };\n', 'T * const t[N] = { {A, "a"}, {NEW, "new"}, };\n'),
    "rows of lines": ('T t = {\n    {\n        A,\n        "a"\n    },\n};\n', 'T t = {\n    {\n        A,\n        "a"\n    },\n    {\n        NEW,\n        "new"\n    },\n};\n'),
    "comment in a row": ('T t = {\n    { A, /* x */ "a" }, // y\n};\n', 'T t = {\n    { A, /* x */ "a" }, // y\n    { NEW,       "new" },\n};\n'),
    "empty": ("T t = {};\n", 'T t = { { NEW, "new" } };\n'),
    "empty, lines": ("T t = {\n};\n", 'T t = {\n    { NEW, "new" },\n};\n'),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), TABLES.values(), ids=TABLES)
def test_table_add(before, after, newline):
    check(before, after, lambda file: file.table("t").add(["NEW", '"new"'], near=["A"]), newline)


def test_table_add_in_front_of_the_sentinel():
    for before, after in [
        ('T t = {\n    { A, "a" },\n    { END, "e" },\n};', 'T t = {\n    { A, "a" },\n    { N, "n" },\n    { END, "e" },\n};'),
        ('T t = {\n    { END, "e" },\n};', 'T t = {\n    { N,   "n" },\n    { END, "e" },\n};'),
    ]:  # fmt: skip
        check(before, after, lambda file: file.table("t").add(["N", '"n"'], before="END"))


@NEWLINES
@pytest.mark.parametrize(
    ("row", "value", "after"),
    [
        ('{ A, "a" }', '"b"', '{ A, "b" }'),
        ("{A, {X, Y}}", "{Z, Y}", "{A, {Z, Y}}"),
        ("{A, {X, f(1, 2)}}", "{X, f(1, {2, 3})}", "{A, {X, f(1, {2, 3})}}"),
        ('{A, "x,y"}', '"a, {b}"', '{A, "a, {b}"}'),
    ],
)
def test_table_set(row, value, after, newline):
    text = "T t = {\n    %s, // c\n};\n"
    check(text % row, text % after, lambda file: file.table("t").set("A", value), newline)


def test_table_cells_and_rows_that_are_not_there():
    table = parse('T t = { {A}, {B, "b", { {C, "c"} }} };\n').table("t")
    assert table.cell("B") == '"b"'
    assert table.cell("B", 2) == '{ {C, "c"} }'
    for wrong in (lambda: table.cell("A"), lambda: table.set("X", "1"), lambda: table.nested("A"), lambda: table.row("C")):
        with pytest.raises(AnchorError):
            wrong()


@NEWLINES
def test_table_add_nested(newline):
    row = '    {\n        %s,\n        {\n            { X,    "x" },\n            { LONG, "l" },\n        },\n    },\n'
    before = "T t = {\n" + row % "A" + row % "B" + "};\n"
    after = "T t = {\n" + row % "A" + row % "N" + row % "B" + "};\n"
    rows = [("X", '"x"'), ("LONG", '"l"')]
    check(before, after, lambda file: file.table("t").add_nested("N", rows, near=["A"]), newline)
    assert list(parse(after, newline).table("t").nested("N").rows) == ["X", "LONG"]


def test_table_add_nested_to_an_empty_table():
    with pytest.raises(AnchorError):
        parse("T t = {};\n").table("t").add_nested("N", [], near=[])
