"""Code that is never compiled is no anchor: nothing is found in it, nothing in it is changed."""

import pytest
from cpptext import NEWLINES, carried_out, check, function, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer.cpp import Source
from transformer.cpp.dead import without_dead
from transformer.edit import Edit, splice
from transformer.errors import AnchorError

LIVE = {
    "#if 0\nD\n#endif\nL": "L",
    "#if 0\nD\n#else\nL\n#endif": "L",
    "#if 1\nL\n#else\nD\n#endif": "L",
    "#if 1\nL\n#elif X\nD\n#else\nD\n#endif": "L",
    "#if 0\nD\n#elif X\nL\n#else\nL\n#endif": "#if 0 #elif X L #else L #endif",
    "#if X\nL\n#elif 0\nD\n#endif": "#if X L #elif 0 #endif",
    "#if X\nL\n#elif 1\nL\n#else\nD\n#endif": "#if X L #elif 1 L #else #endif",
    "#if 0\nD\n#if X\nD\n#else\nD\n#endif\nD\n#endif\nL": "L",
    "#if X\n#if 0\nD\n#endif\nL\n#endif": "#if X L #endif",
    "#ifdef X\nL\n#elif 0\nD\n#endif": "#ifdef X L #elif 0 #endif",
    "  #  if 0 // why\nD don't\n  # endif // 0\nL": "L",
    "#if 0 /* two\nlines */\nD\n#endif\nL": "L",
    "#if \\\n0\nD\n#endif\nL": "L",
    "/*\n#if 0\n*/\nL\n/*\n#endif\n*/\n#if 0\n#endif": "/* #if 0 */ L /* #endif */",
    '#if 0\n#endif\nR"(\n#if 0\n)" L': 'R"( #if 0 )" L',
    "#if 0\n/*\n#endif\n*/\nD\n#endif\nL": "L",
    "#if 0\nL": "#if 0 L",
    "#else\nL\n#endif\n#if 0\nD\n#endif": "#else L #endif",
}


@NEWLINES
@pytest.mark.parametrize(("text", "live"), LIVE.items(), ids=range(len(LIVE)))
def test_what_is_left(text, live, newline):
    data = text.replace("\n", newline).encode()
    left = without_dead(data)
    assert " ".join(left.decode().split()) == live
    assert len(left) == len(data)
    assert all(new in (old, ord(" ")) for old, new in zip(data, left, strict=True))
    assert [n for n, each in enumerate(left) if each in b"\r\n"] == [n for n, each in enumerate(data) if each in b"\r\n"]


@pytest.mark.parametrize(
    ("condition", "compiled"),
    [
        ("0", False), ("00", False), ("0x0", False), ("0b0u", False), ("0L", False), ("false", False), ("(0)", False),
        ("!1", False), ("!(X) && 0", False), ("X > 3 && 0", False), ("0 && f(X)", False), ("((0 || (false)))", False),
        ("1", True), ("0xB0", True), ("1'000", True), ("true", True), ("!0", True), ("1 || X", True), ("X || 1", True),
        ("!(0 && X)", True), ("0 /* 1 */", False), ("1 // 0", True),
        ("X", None), ("X || 0", None), ("1 && X", None), ("defined(X) || 0", None), ("0 == X", None), ("!0 == X", None),
        ("0 ? X : 1", None), ("X ? 0 : 0", None), ("0 < 1", True), ("1 == 2", False), ("1 == 1 && X", None),
        ("0x10 >= 16UL", True), ("010 != 8", False), ("1 < X", None), ("1 < 2 < 3", None), ("1 - 1", None), ("08 == 8", None), ("__has_include(<a>) && 1", None), ("-1", None), ("", None),
    ],
)  # fmt: skip
def test_conditions(condition, compiled):
    left = without_dead(f"#if {condition}\nA\n#else\nB\n#endif\n#if 0\n#endif\n".encode())
    assert (b"A" in left, b"B" in left) == {True: (True, False), False: (False, True), None: (True, True)}[compiled]


COPY = """
enum e { A, };
struct s { int a; };
T t = { { A, 1 }, };
int f(int a) { switch (x) { case A: g(1); } if (c) { g(2); } int v = g(w); for (int i : all) {} }
"""
DEAD = f"#if 0\n{COPY.replace('A', 'D').replace('(2)', '(3)')}#endif\n"


@pytest.mark.parametrize("text", [DEAD + COPY, COPY + DEAD, DEAD.replace("#endif", f"#else{COPY}#endif")])
def test_a_dead_copy_is_not_seen(text):
    file = parse(text)
    where = f"a.cpp:{text[: text.index('{ A')].count(chr(10)) + 1}"
    assert (file.enum("e").where, list(file.enum("e").entries)) == (where, ["A"])
    assert list(file.table("t").rows) == ["A"]
    assert list(file.structs()) == ["s"]
    assert list(file.function("f").switch("x").cases) == ["A"]
    assert [len(found) for found in (file.ifs(), file.switches(), file.calls("g"), file.expressions("w"))] == [1, 1, 3, 1]
    assert [len(file.function("f").loops("i : all")), len(file.function("f").locals("v"))] == [1, 1]
    assert not file.mentions("D")
    assert not file.source.holds("g(3)")


INSIDE = """void f() {
    switch (x) {
#if 0
        case N: g(N);
#endif
        case A:
            a(1,
#if 0
                N,
#endif
                2);
            break;
    }
}
"""


@NEWLINES
def test_what_is_dead_inside_a_function_stays_as_it_is(newline):
    before = INSIDE
    after = before.replace("            break;\n", "            break;\n        case N:\n            n();\n            break;\n")
    check(before, after, lambda file: file.function("f").switch("x").add_case("N", "n();", near=["A"]), newline)
    file = parse(before, newline)
    assert file.calls("a")[0].arguments() == ["1", "2"]
    assert not file.function("f").mentions("N")
    assert file.calls("g") == []
    assert file.function("f").where_of("N") == file.function("f").where


def test_a_dead_entry_is_none():
    before = "enum e {\n    A,\n#if 0\n    N,\n#endif\n};\n"
    check(before, before.replace("A,\n", "A,\n    N,\n"), lambda file: file.enum("e").add("N"))
    rows = 'T t = {\n    { A, "a" },\n#if 0\n    { N, "n" },\n#endif\n    { B, "b" },\n};\n'
    check(rows, rows.replace('"a" },\n', '"a" },\n    { N, "n" },\n'), lambda file: file.table("t").add(["N", '"n"'], near=["A"]))
    struct = "struct s {\n    int a;\n#if 0\n    int n;\n#endif\n};\n"
    check(struct, struct.replace("a;\n", "a;\n    int n;\n"), lambda file: file.struct("s").add("int n;"))


def test_an_error_in_dead_code_does_not_matter():
    before = function("#if 0\n    n(; } }\n#endif\n    g();\n")
    assert parse(before).source.faults == ()
    check(before, before.replace("g()", "g(n)"), lambda file: file.calls("g")[0].add_argument("n"))


def test_code_that_a_macro_decides_about_counts():
    file = parse("#if X\nint f() {}\n#else\nint f() {}\n#endif\n")
    with pytest.raises(AnchorError, match="2 times"):
        file.function("f")


LINES = ["#if 0\n", "#if 1\n", "#if X\n", "#elif 0\n", "#else\n", "#endif\n", "int a;\n", "/*\n", "*/\n", "f('\n", 'x("a");\n', "// b\n"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=20))
def test_every_other_byte_stays(lines):
    data = "".join(lines).encode()
    left = without_dead(data)
    assert [len(each) for each in left.split(b"\n")] == [len(each) for each in data.split(b"\n")]
    assert all(new in (old, ord(" ")) for old, new in zip(data, left, strict=True))
    assert without_dead(left) == left


@pytest.mark.parametrize("text", ["#if 0\n", "#endif\n", "#else\n", "int n;\n"])
def test_a_tree_is_parsed_again_where_code_dies_or_comes_alive(text):
    before = "#if 0\n#endif\nint a;\nint b;\n#if X\n#endif\nint c;\n"
    for place in [n + 1 for n, each in enumerate(before) if each == "\n"]:
        old = Source("a", before.encode())
        assert old.tree.root_node.child_count
        edits = (Edit("a", place, place, text.encode(), old.digest, "x", 1),)
        again = Source("a", splice(old.data, edits), previous=old, edits=edits)
        assert str(again.tree.root_node) == str(Source("a", again.data).tree.root_node)


def test_changes_beside_dead_code():
    file = parse("int a;\n#if 0\nint f() {}\n#endif\n// f\nint f() {}\n")
    done = carried_out(file, file.function("f").add_before("int n;"))
    assert done.source.data == b"int a;\n#if 0\nint f() {}\n#endif\nint n;\n\n// f\nint f() {}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n", 2),
        ("a\r\nb\r\n>>>>>>> x\r\n", 3),
        ("<<<<<<<\n", 1),
        ("a\n<<<<<<<", 2),
        ("// Title\n=======\n", None),
        ("  <<<<<<< HEAD\n", None),
        ("<<<<<<<< HEAD\n", None),
        ("std::cout <<<<<<< a;\n>>>>>>>>>\n", None),
        ("", None),
    ],
)
def test_conflict_markers(text, line):
    assert Source("a", text.encode()).conflict == line
