"""C++ as text with structure: lists, declarations, control flow, statements. Each verb is planned twice, in LF and CRLF."""



import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer.cpp import CppFile, Parameter, Source, aligned
from transformer.cpp.tokens import among, tokens
from transformer.edit import Edit, merge, splice
from transformer.errors import AnchorError
from transformer.outcome import Changes, Satisfied

NEWLINES = pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])


def parse(text, newline="\n"):
    return CppFile(Source("a.cpp", text.replace("\n", newline).encode()))


def carried_out(file, outcome):
    """The file with the changes made, parsed again."""
    assert isinstance(outcome, Changes), outcome
    return CppFile(Source(file.source.path, splice(file.source.data, merge(outcome.edits))))


def check(before, after, verb, newline="\n", *, twice=True):
    """`verb` makes `after` of `before`, adds no syntax error, and is satisfied the second time."""
    file = parse(before, newline)
    done = carried_out(file, verb(file))
    assert done.source.data.decode() == after.replace("\n", newline)
    assert len(done.source.faults) <= len(file.source.faults)
    if twice:
        assert isinstance(verb(done), Satisfied)


def function(body):
    return f"void f() {{\n{body}}}\n"


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


# structs

STRUCT = """struct s {{
    uint32_t width  : 3;
    void (*done)(int, char) = nullptr;
    std::array<bool, 4> flags = {{}}; // flags
    float scale     = 1.0f;
    int a, *b, c[2];

    int size() const;
    ~s();
    s(int x);
{}}};
"""


def test_members():
    struct = parse(STRUCT.format("")).struct("s")
    assert list(struct.fields) == ["width", "done", "flags", "scale", "a", "b", "c"]
    assert struct.type_of("flags") == "std :: array < bool , 4 >"
    assert [each.names for each in struct.methods("s")] == [("x",)]
    assert len(struct.methods("size")) == 1
    assert struct.methods("done") == []


@NEWLINES
@pytest.mark.parametrize(
    ("near", "declarations", "line", "after"),
    [
        ("scale", ["float n = 0.0f;"], "scale     = 1.0f;", "    float n         = 0.0f;"),
        ("flags", ["bool n = true;"], "// flags", "    bool n                    = true;"),
        ("width", ["uint32_t n : 3;"], "width  : 3;", "    uint32_t n : 3;"),
        ("c", ["int n[4] = {1, 2};", "void (*m)(int);"], "c[2];", "    int n[4] = {1, 2};\n    void (*m)(int);"),
        ("none", ["int n;"], "c[2];", "    int n;"),
    ],
)
def test_struct_add(near, declarations, line, after, newline):
    before = STRUCT.format("")
    wanted = before.replace(line, f"{line}\n{after}")
    check(before, wanted, lambda file: file.struct("s").add(*declarations, near=[near]), newline)


@pytest.mark.parametrize(
    "declaration",
    ["uint32_t width : 3;", "void (*done)(int);", "int * b;", "char c[9];", "int a, b;", "// x;\nfloat scale = 2.0f;", "T a{1};"],
)  # fmt: skip
def test_struct_add_what_is_there(declaration):
    assert isinstance(parse(STRUCT.format("")).struct("s").add(declaration), Satisfied)


@pytest.mark.parametrize("declaration", ["", "int;", "not a member", "int f();", "int a, z;"])
def test_struct_add_what_is_no_member(declaration):
    with pytest.raises(AnchorError):
        parse(STRUCT.format("")).struct("s").add(declaration)


@NEWLINES
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("struct s {\n};\n", "struct s {\n    int n;\n};\n"),
        ("struct s {};\n", "struct s {\n    int n;\n};\n"),
        ("struct s {\n    int f();\n};\n", "struct s {\n    int n;\n    int f();\n};\n"),
        ("class s {\n    int f();\npublic:\n    s();\n};\n", "class s {\n    int f();\npublic:\n    int n;\n    s();\n};\n"),
        ("struct s { int a; };\n", "struct s { int a; int n; };\n"),
        ("struct s {\n    int a; /* x\n    y */\n};\n", "struct s {\n    int a; /* x\n    y */\n    int n;\n};\n"),
        ("struct s {\n#ifdef X\n    int a;\n#endif\n};\n", "struct s {\n#ifdef X\n    int a;\n#endif\n    int n;\n};\n"),
        ("struct s {\n    struct { int n; } in;\n};\n", "struct s {\n    struct { int n; } in;\n    int n;\n};\n"),
        ("struct s {\n\tint a;\n};\n", "struct s {\n\tint a;\n\tint n;\n};\n"),
        ("struct s {\n    int a;\n}", "struct s {\n    int a;\n    int n;\n}"),
    ],
)
def test_struct_add_shapes(before, after, newline):
    check(before, after, lambda file: file.struct("s").add("int n;", near=["a"]), newline)


@NEWLINES
def test_struct_add_method(newline):
    before = "struct s {\n    int f();\n    int f(int x) { return x; } // two\n    int g;\n};\n"
    after = before.replace("// two\n", "// two\n\n    int n() const;\n")
    check(before, after, lambda file: file.struct("s").add_method("int n() const;", "n", near="f", gap=True), newline)
    with pytest.raises(AnchorError):
        parse(before).struct("s").add_method("int n();", "n", near="g")


def test_aligned():
    assert aligned(["// a long comment above", "int a = 1;", "float bc = 2 = 3;", "x"]) == [
        "// a long comment above", "int a    = 1;", "float bc = 2 = 3;", "x",
    ]  # fmt: skip
    assert aligned(["a"]) == ["a"]


# functions

FUNCTIONS = """
int * f(int a) { return 0; }
ns::T<int> & A::g(int b) const { x(); }
template <typename T> T h(T c) { return c; }
namespace n { int k(int d) { return d; } }
extern "C" { int l(int e) { return e; } }
extern "C" int m(int f) { return f; }
auto o(int g) -> int { return g; }
int (*p(int h))(int i) { return 0; }
A::A(int j) : x(j) {}
A::~A() {}
bool A::operator==(const A & k) { return true; }
#ifdef X
static void q(int l) {}
#else
static void r(int m) {}
#endif
"""


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("f", ("a",)), ("A::g", ("b",)), ("h", ("c",)), ("k", ("d",)), ("l", ("e",)), ("m", ("f",)), ("o", ("g",)),
        ("p", ("h",)), ("A::A", ("j",)), ("A::~A", ()), ("A::operator==", ("k",)), ("q", ("l",)), ("r", ("m",)),
    ],
)  # fmt: skip
def test_functions_are_found(name, names):
    assert parse(FUNCTIONS).function(name).names == names


def test_parameters():
    text = 'void f(std::function<void(int)> cb, void (*g)(int x), int arr[3], int & r, T && t, char *, int = 3, const S * s = "a,b", ...);'
    found = parse(text).declaration("f").parameters
    assert [each.name for each in found] == ["cb", "g", "arr", "r", "t", "", "", "s"]
    assert found[0] == Parameter("std::function<void(int)>", "cb")
    assert found[3] == Parameter("int &", "r")
    assert found[5:] == (Parameter("char *", ""), Parameter("int", "", "3"), Parameter("const S *", "s", '"a,b"'))
    assert parse("int g(void) { return f(h); }").function("g").parameters == ()


PARAMETERS = {
    "one line": ("int f(int a);", "int f(int a, T * n = nullptr);"),
    "none": ("int f();", "int f(T * n = nullptr);"),
    "void": ("int f(void) const;", "int f(T * n = nullptr) const;"),
    "names in a column": ("int f(\n        const X &  a,\n              int  b);", "int f(\n        const X &  a,\n              int  b,\n              T *  n = nullptr);"),
    "types to the right": ("int f(\n    const X * abc,\n          int b);", "int f(\n    const X * abc,\n          int b,\n          T * n = nullptr);"),
    "stars in a column": ("int f(\n    X * a,\n    Y * bcd);", "int f(\n    X * a,\n    Y * bcd,\n    T * n = nullptr);"),
    "below the first": ("int f(int a,\n      int bcd);", "int f(int a,\n      int bcd,\n      T * n = nullptr);"),
    "several on a line": ("int f(int a,\n      int b, int c);", "int f(int a,\n      int b, int c, T * n = nullptr);"),
    "parenthesis below": ("int f(\n    int a,\n    bool bc\n);", "int f(\n    int a,\n    bool bc,\n    T * n = nullptr\n);"),
    "comment behind the last": ("int f(\n    int a, // a\n    bool bc // b\n);", "int f(\n    int a, // a\n    bool bc, // b\n    T * n = nullptr\n);"),
    "function pointer": ("int f(int (*a)(int x));", "int f(int (*a)(int x), T * n = nullptr);"),
    "variadic": ("int f(int a, ...);", "int f(int a, T * n = nullptr, ...);"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), PARAMETERS.values(), ids=PARAMETERS)
def test_add_parameter(before, after, newline):
    wanted = Parameter("T *", "n", "nullptr")
    check(before, after, lambda file: file.declaration("f").add_parameter(wanted), newline)
    body, without = before.removesuffix(";") + " {}", after.removesuffix(";").replace(" = nullptr", "") + " {}"
    check(body, without, lambda file: file.function("f").add_parameter(wanted), newline)


def test_add_parameter_to_names_in_a_column():
    before = "int f(\n        X *  a,\n     long *  bc);"
    after = "int f(\n        X *  a,\n     long *  bc,\n"
    file = parse(before)
    got = carried_out(file, file.declaration("f").add_parameter(Parameter("T *", "n"))).source.data.decode()
    assert got.startswith(after)


@NEWLINES
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("int f(int a, int b = 1);", "int f(int a, T * n, int b = 1);"),
        ("int f(int a = 0, int b = 1);", "int f(T * n, int a = 0, int b = 1);"),
        ("int f(int a,\n      int b = 1,\n      int c = 2);", "int f(int a,\n      T * n,\n      int b = 1,\n      int c = 2);"),
    ],
)
def test_a_parameter_without_default_goes_before_those_that_have_one(before, after, newline):
    check(before, after, lambda file: file.declaration("f").add_parameter(Parameter("T *", "n")), newline)


def test_overloads_are_told_apart_by_their_parameters():
    file = parse("int f(int a) {}\nint f(int a, int b) {}\nint g(int a) {}")
    assert file.function("f", "b").names == ("a", "b")
    with pytest.raises(AnchorError, match="2 times"):
        file.function("f", "a")
    with pytest.raises(AnchorError) as caught:
        file.function("X::f")
    assert "seen instead: f" in caught.value.help


PLACED = {
    "plain": ("int a;\n\nint f() {\n}\n", "int a;\n\nint n() {\n    return 1;\n}\n\nint f() {\n}\n"),
    "comment above": ("int a;\n\n// f\n// it is\nint f() {}\n", "int a;\n\nint n() {\n    return 1;\n}\n\n// f\n// it is\nint f() {}\n"),
    "comment further above": ("// file\n\nint f() {}\n", "// file\n\nint n() {\n    return 1;\n}\n\nint f() {}\n"),
    "template": ("template <typename T>\nint f() {}\n", "int n() {\n    return 1;\n}\n\ntemplate <typename T>\nint f() {}\n"),
    "first": ("int f() {\n}", "int n() {\n    return 1;\n}\n\nint f() {\n}"),
    "namespace": ("namespace s {\n    int f() {}\n}\n", "namespace s {\n    int n() {\n        return 1;\n    }\n\n    int f() {}\n}\n"),
    "behind another comment": ("int a; // a\nint f() {}\n", "int a; // a\nint n() {\n    return 1;\n}\n\nint f() {}\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), PLACED.values(), ids=PLACED)
def test_add_before(before, after, newline):
    check(before, after, lambda file: file.function("f").add_before("int n() {\n    return 1;\n}"), newline)


@NEWLINES
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("int f() {} // f\nint g;\n", "int f() {} // f\n\nint n;\nint g;\n"),
        ("int f() {\n}", "int f() {\n}\n\nint n;"),
        ("int f() {} /* a\n b */\nint g;\n", "int f() {} /* a\n b */\n\nint n;\nint g;\n"),
        ("#ifdef X\nint f() {}\n#endif\nint g;\n", "#ifdef X\nint f() {}\n#endif\n\nint n;\nint g;\n"),
    ],
)
def test_add_after(before, after, newline):
    check(before, after, lambda file: file.function("f").add_after("int n;"), newline)


@NEWLINES
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("int f() {\n    a();\n}\n", "int f() {\n    n();\n\n    a();\n}\n"),
        ("int f() { // f\n    a();\n}\n", "int f() { // f\n    n();\n\n    a();\n}\n"),
        ("int f()\n{\n    a();\n}\n", "int f()\n{\n    n();\n\n    a();\n}\n"),
        ("int f() { a(); }\n", "int f() {\n    n();\n\n    a();\n}\n"),
        ("int f() { a();\n    b();\n}\n", "int f() {\n    n();\n\n    a();\n    b();\n}\n"),
        ("int f() {}\n", "int f() {\n    n();\n}\n"),
        ("int f() {\n}\n", "int f() {\n    n();\n}\n"),
        ("A::f() : a(1) {\n    a();\n}\n", "A::f() : a(1) {\n    n();\n\n    a();\n}\n"),
        ("\tint f() {\n\t\ta();\n\t}\n", "\tint f() {\n\t\tn();\n\n\t\ta();\n\t}\n"),
    ],
)
def test_begin(before, after, newline):
    name = "A::f" if "A::" in before else "f"
    check(before, after, lambda file: file.function(name).begin("n();"), newline)


@pytest.mark.parametrize(
    ("declared", "call", "wanted"),
    [
        ("void g(int a, int b);", "g(a, b);", "g(a, b, il);"),
        ("void g(void);", "g();", "g(il);"),
        ("void A::g(int a, int b, int c = 1);", "g(a, b);", "g(a, b, il);"),
        ("void g(int a, int b = 2, int c = 1);", "g(a, b);", "g(a, il, b);"),
    ],
)
def test_pass_on(declared, call, wanted):
    before = f"{declared}\nint f(int il) {{\n    {call}\n    h();\n}}\n"
    name = "A::g" if "A::" in declared else "g"
    check(before, before.replace(call, wanted),
          lambda file: file.function("f").pass_on(file.declaration(name), Parameter("int", "il")))


def test_give():
    declared, wanted = "void g(int a, int b = 2, int c = B);\n", Parameter("int", "d", "4")
    before = declared + function("    g(a);\n")
    check(before, before.replace("g(a)", "g(a, 2, B, n)"), lambda file: file.declaration("g").give(file.calls("g")[0], wanted, "n"))
    bare = parse(before.replace("g(a)", "g()"))
    with pytest.raises(AnchorError, match="no argument for each parameter in front of d"):
        bare.declaration("g").give(bare.calls("g")[0], wanted, "n")


# ifs and conditions

BRANCHES = {
    "no else": ("    if (a) {\n        x();\n    }\n", "    if (a) {\n        x();\n    } else if (n) {\n        y();\n    }\n"),
    "final else": ("    if (a) {\n        x();\n    } else {\n        z();\n    }\n", "    if (a) {\n        x();\n    } else if (n) {\n        y();\n    } else {\n        z();\n    }\n"),
    "chain": ("    if (a) {\n    } else if (b) {\n    }\n", "    if (a) {\n    } else if (b) {\n    } else if (n) {\n        y();\n    }\n"),
    "condition below": ("    if (\n            a) {\n    }\n", "    if (\n            a) {\n    } else if (\n            n) {\n        y();\n    }\n"),
    "braces below": ("    if (a)\n    {\n    }\n    else\n    {\n    }\n", "    if (a)\n    {\n    }\n    else if (n)\n    {\n        y();\n    }\n    else\n    {\n    }\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), BRANCHES.values(), ids=BRANCHES)
def test_add_branch(before, after, newline):
    check(function(before), function(after), lambda file: file.ifs()[0].add_branch("n", "y();"), newline)


def test_add_branch_needs_braces():
    with pytest.raises(AnchorError, match="braces"):
        parse(function("    if (a) x();\n")).ifs()[0].add_branch("n", "y();")


WIDENED = {
    "one operand": ("    if (a) {\n", "    if (a || n) {\n"),
    "one line": ("    if (a || b && c) {\n", "    if (a || b && c || n) {\n"),
    "operator in front": ("    if (a\n        || b // b\n        ) {\n", "    if (a\n        || b // b\n        || n // why\n        ) {\n"),
    "operator in front, brace beside": ("    if (a\n        || b) {\n", "    if (a\n        || b\n        || n) {\n"),
    "operator behind": ("    if (a ||\n        b) {\n", "    if (a ||\n        b ||\n        n) {\n"),
    "operator behind, comment": ("    if (a || // a\n        b // b\n        ) {\n", "    if (a || // a\n        b // b\n        || n\n        ) {\n"),
    "weaker operator": ("    if (a ? b : c) {\n", "    if ((a ? b : c) || n) {\n"),
    "parentheses": ("    if ((a || b)) {\n", "    if ((a || b) || n) {\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), WIDENED.values(), ids=WIDENED)
def test_widen(before, after, newline):
    verb = lambda file: file.ifs()[0].condition.widen("n", remark="why")  # noqa: E731
    check(function(before + "    }\n"), function(after + "    }\n"), verb, newline)


@NEWLINES
def test_narrow(newline):
    before, after = "    if (a\n        || b    // c\n        || d) {\n    }\n", "    if (a\n        || (b && n) // c\n        || d) {\n    }\n"
    check(function(before), function(after), lambda file: file.ifs()[0].condition.narrow("b", "n"), newline)
    with pytest.raises(AnchorError):
        parse(function(before)).ifs()[0].condition.narrow("x", "n")


# switches


def switch(cases):
    return function(f"    switch (x) {{\n{cases}    }}\n")


CASES = {
    "brace and break beside": ("        case A: {\n            a();\n        } break;\n", "        case N: {\n            n();\n        } break;\n"),
    "brace beside, break below": ("        case A: {\n            a();\n        }\n            break;\n", "        case N: {\n            n();\n        }\n            break;\n"),
    "all in one column": ("    case A: {\n        a();\n    }\n    break;\n", "    case N: {\n        n();\n    }\n    break;\n"),
    "brace below, break beside": ("        case A:\n            {\n                a();\n            } break;\n", "        case N:\n            {\n                n();\n            } break;\n"),
    "brace at the label": ("        case A:\n        {\n            a();\n        }\n            break;\n", "        case N:\n        {\n            n();\n        }\n            break;\n"),
    "break in the brace": ("        case A: {\n            a();\n            break;\n        }\n", "        case N: {\n            n();\n            break;\n        }\n"),
    "no brace": ("        case A:\n            a();\n            break; // a\n", "        case N:\n            n();\n            break;\n"),
    "stacked": ("        case A:\n        case B:\n            a();\n            break;\n", "        case N:\n            n();\n            break;\n"),
    "inside ifdef": ("#ifdef X\n        case A:\n            a();\n            break;\n#endif\n", "        case N:\n            n();\n            break;\n"),
    "comment at its end": ("        case A:\n            a();\n            return; /* a\n            b */\n", "        case N:\n            n();\n            break;\n"),
    "aborts": ("        case A:\n            ABORT(x);\n", "        case N:\n            n();\n            break;\n"),
    "runs on": ("        case A:\n            a();\n        case B:\n            b();\n            break;\n", "        case N:\n            n();\n            break;\n"),
}  # fmt: skip
TAILS = ("", "        // the rest\n        default:\n            z();\n", "        case Z:\n            break;\n")


@NEWLINES
@pytest.mark.parametrize("tail", TAILS, ids=["alone", "default", "another"])
@pytest.mark.parametrize(("before", "new"), CASES.values(), ids=CASES)
def test_add_case(before, new, tail, newline):
    verb = lambda file: file.switches()[0].add_case("N", "n();", near=["X", "A"])  # noqa: E731
    check(switch(before + tail), switch(before + new + tail), verb, newline)


BEFORE_DEFAULT = {
    "stacked on default": ("        case A:\n        default:\n            z();\n", "        case N:\n            return 1;\n"),
    "runs on into default": ("        case A:\n            a();\n        default:\n            z();\n", "        case N:\n            return 1;\n"),
    "does not end": ("        case A:\n            a();\n", "        case N:\n            return 1;\n"),
}  # fmt: skip


@pytest.mark.parametrize("near", [[], ["A"]])
@pytest.mark.parametrize(("before", "new"), BEFORE_DEFAULT.values(), ids=BEFORE_DEFAULT)
def test_a_case_stands_above_what_has_no_end(before, new, near):
    verb = lambda file: file.switches()[0].add_case("N", "return 1;", near=near, bare=True)  # noqa: E731
    check(switch(before), switch(new + before), verb)


def test_add_case_with_default_first():
    before = "        default:\n            z();\n            break;\n        case A:\n            return;\n"
    after = before + "        case N:\n            n();\n            break;\n"
    check(switch(before), switch(after), lambda file: file.switches()[0].add_case("N", "n();"))


def test_add_case_to_the_outer_switch():
    inner = "            switch (y) {\n                case A:\n                    break;\n            }\n            break;\n"
    before = f"        case A:\n{inner}        case B:\n            break;\n"
    after = f"        case A:\n{inner}        case N:\n            n();\n            break;\n        case B:\n            break;\n"
    check(switch(before), switch(after), lambda file: file.function("f").switch("x").add_case("N", "n();", near=["A"]))


@pytest.mark.parametrize("text", ["switch (x) { case A: return 1; }", "switch (x) {\n}", "switch (x) {\n    default: return;\n}"])
def test_add_case_without_a_model(text):
    with pytest.raises(AnchorError):
        parse(function(text)).switches()[0].add_case("N", "n();")


LABELS = {
    "with a body": ("        case A:\n            a();\n", "        case N:\n        case A:\n            a();\n"),
    "stacked": ("        case A:\n        case B:\n            a();\n", "        case A:\n        case N:\n        case B:\n            a();\n"),
    "beside others": ("        case B: case A: a();\n", "        case B: case N: case A: a();\n"),
    "first of a line": ("        case A: case B: a();\n", "        case N:\n        case A: case B: a();\n"),
    "comment": ("        case A: // a\n        case B:\n            a();\n", "        case A: // a\n        case N:\n        case B:\n            a();\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), LABELS.values(), ids=LABELS)
def test_add_label(before, after, newline):
    check(switch(before), switch(after), lambda file: file.switches()[0].add_label("N", near=["X", "A"]), newline)


def test_add_label_outside_ifdef():
    text = switch("#ifdef X\n        case A:\n#endif\n        case B:\n            a();\n")
    with pytest.raises(AnchorError):
        parse(text).switches()[0].add_label("N", near=["A"])


LINES = {
    "columns": ('        case A:    return "a";\n        case LONG: return "l";\n', '        case A:    return "a";\n        case N:    return "n";\n        case LONG: return "l";\n'),
    "two lines": ('        case A:\n            return "a";\n        case LONG:\n            return "l";\n', '        case A:\n            return "a";\n        case N:\n            return "n";\n        case LONG:\n            return "l";\n'),
    "not there": ('        case X: return "x";\n        default: return "?";\n', '        case X: return "x";\n        case N: return "n";\n        default: return "?";\n'),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), LINES.values(), ids=LINES)
def test_add_line(before, after, newline):
    verb = lambda file: file.switches()[0].add_line("N", 'return "n";', near=["A"])  # noqa: E731
    check(switch(before), switch(after), verb, newline)


def test_the_statements_of_a_case():
    text = switch("        case A:\n        case B: {\n            a();\n        } break;\n        default:\n            z();\n")
    found = parse(text).function("f").switch("x")
    assert list(found.cases) == ["A", "B", "default"]
    assert found.case("A").holds("a()")
    assert not found.case("default").holds("a()")
    with pytest.raises(AnchorError):
        found.case("C")


# blocks and statements

APPENDED = {
    "plain": ("    if (x) {\n        a();\n    }\n", "    if (x) {\n        a();\n        n();\n    }\n"),
    "comment behind": ("    if (x) {\n        a(); // a\n        // b\n    }\n", "    if (x) {\n        a(); // a\n        // b\n        n();\n    }\n"),
    "empty": ("    if (x) {}\n", "    if (x) {\n        n();\n    }\n"),
    "one line": ("    if (x) { a(); }\n", "    if (x) { a(); n(); }\n"),
    "ends with ifdef": ("    if (x) {\n        a();\n#ifdef Y\n        b();\n#endif\n    }\n", "    if (x) {\n        a();\n#ifdef Y\n        b();\n#endif\n        n();\n    }\n"),
    "ends with a macro": ("    if (x) {\n        a();\n#define Y 1\n    }\n", "    if (x) {\n        a();\n#define Y 1\n        n();\n    }\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), APPENDED.values(), ids=APPENDED)
def test_append(before, after, newline):
    check(function(before), function(after), lambda file: file.ifs()[0].body().append("n();"), newline)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("        case A:\n            a();\n            break;\n", "        case A:\n            a();\n            n();\n            break;\n"),
        ("        case A: {\n            a();\n        } break;\n", "        case A: {\n            a();\n            n();\n        } break;\n"),
        ("        case A: {\n            a();\n            break;\n        }\n", "        case A: {\n            a();\n            n();\n            break;\n        }\n"),
    ],
)  # fmt: skip
def test_append_to_a_case(before, after):
    check(switch(before), switch(after), lambda file: file.switches()[0].case("A").append("n();"))


ABOVE = {
    "plain": ("    a();\n    g();\n", "    a();\n    n();\n    g();\n"),
    "comments": ("    a();\n\n    // one\n    /* two */\n    g();\n", "    a();\n\n    n();\n    // one\n    /* two */\n    g();\n"),
    "comment of another": ("    a(); // a\n    g();\n", "    a(); // a\n    n();\n    g();\n"),
    "in a call": ("    x = a(1,\n        g());\n", "    n();\n    x = a(1,\n        g());\n"),
    "beside another": ("    a(); g();\n", "    a(); n(); g();\n"),
    "one-line block": ("    if (x) { g(); }\n", "    if (x) { n(); g(); }\n"),
    "no braces": ("    if (x)\n        g();\n", "    n();\n    if (x)\n        g();\n"),
    "inside ifdef": ("#ifdef X\n    g();\n#endif\n", "#ifdef X\n    n();\n    g();\n#endif\n"),
    "lambda": ("    h([&] {\n        g();\n    });\n", "    h([&] {\n        n();\n        g();\n    });\n"),
    "case": ("    switch (x) {\n        case A: g();\n    }\n", "    switch (x) {\n        case A: n(); g();\n    }\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), ABOVE.values(), ids=ABOVE)
def test_insert_before(before, after, newline):
    check(function(before), function(after), lambda file: file.calls("g")[0].insert_before("n();"), newline)


BELOW = {
    "plain": ("    g();\n    a();\n", "    g();\n    n();\n    a();\n"),
    "comment behind": ("    g(); // g\n", "    g(); // g\n    n();\n"),
    "comment of two lines": ("    g(); /* g\n    h */\n    a();\n", "    g(); /* g\n    h */\n    n();\n    a();\n"),
    "in a call": ("    x = a(g(),\n        1);\n", "    x = a(g(),\n        1);\n    n();\n"),
    "beside another": ("    g(); a();\n", "    g(); n(); a();\n"),
    "one-line block": ("    if (x) { g(); }\n", "    if (x) { g(); n(); }\n"),
    "no braces": ("    if (x)\n        g();\n    a();\n", "    if (x)\n        g();\n    n();\n    a();\n"),
    "inside ifdef": ("#ifdef X\n    g();\n#endif\n", "#ifdef X\n    g();\n    n();\n#endif\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), BELOW.values(), ids=BELOW)
def test_insert_after(before, after, newline):
    check(function(before), function(after), lambda file: file.calls("g")[0].insert_after("n();"), newline)


def test_several_lines_beside_others():
    verb = lambda file: file.calls("g")[0].insert_before("n(); // why\nm();")  # noqa: E731
    check(function("    if (x) { g(); }\n"), function("    if (x) {\n        n(); // why\n        m();\n        g(); }\n"), verb)


def test_a_comment_alone_is_inserted_once():
    check(function("    g();\n"), function("    // n\n    g();\n"), lambda file: file.calls("g")[0].insert_before("// n"))


@pytest.mark.parametrize("verb", ["insert_before", "insert_after"])
def test_nothing_stands_beside_an_else_if(verb):
    second = parse(function("    if (x) {\n    } else if (y) {\n    }\n")).ifs()[1]
    with pytest.raises(AnchorError, match="branch of another"):
        getattr(second, verb)("n();")


SWAPPED = {
    "room": ("    x = old + 1;   // c\n", "    x = longer + 1; // c\n"),
    "no room": ("    x = old; // c\n", "    x = longer; // c\n"),
    "twice on a line": ("    x = old + old;          // c\n", "    x = longer + longer;    // c\n"),
    "blanks in a string": ('    x = f(old, "a   // b");\n', '    x = f(longer, "a   // b");\n'),
    "only values": ("    int old = a.old + b->old + ns::old + old(1) + gold;\n", "    int old = a.old + b->old + ns::old + longer(1) + gold;\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), SWAPPED.values(), ids=SWAPPED)
def test_replace_each(before, after, newline):
    check(function(before), function(after), lambda file: file.function("f").replace_each("old", "longer"), newline)


@pytest.mark.parametrize(
    ("before", "old", "new", "after"),
    [
        ("    if (a.b()) {}\n", "a.b()", "(a.b() || c)", "    if ((a.b() || c)) {}\n"),
        ("    x = p->q . n % 2;\n", "p->q.n", "p->q.m(il)", "    x = p->q.m(il) % 2;\n"),
        ("    x = a[i] + *p;\n", "a[i]", "a[j]", "    x = a[j] + *p;\n"),
        ("    x = a[i] + *p;\n", "*p", "q", "    x = a[i] + q;\n"),
        ("    f(ns::x);\n", "ns::x", "y", "    f(y);\n"),
    ],
)
def test_replace_each_expression(before, old, new, after):
    check(function(before), function(after), lambda file: file.function("f").replace_each(old, new))


def test_replace_each_of_nothing():
    with pytest.raises(AnchorError):
        parse(function("    x();\n")).function("f").replace_each("a", "b")


@NEWLINES
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    g();\n", "    // why\n    if (y) {\n        g();\n    }\n"),
        ("    if (x) {\n        g();\n\n#if Z\n        h();\n#endif\n    }\n",
         "    // why\n    if (y) {\n        if (x) {\n            g();\n\n#if Z\n            h();\n#endif\n        }\n    }\n"),
    ],
)  # fmt: skip
def test_wrap(before, after, newline):
    verb = lambda file: file.function("f").body().statements()[0].wrap("if (y)", remark="why")  # noqa: E731
    check(function(before), function(after), verb, newline, twice=False)


def test_wrap_once():
    file = parse(function("    if (y) {\n        g();\n    }\n"))
    assert isinstance(file.calls("g")[0].statement_of().wrap("if ( y )"), Satisfied)


def test_swapped_words():
    call = parse(function("    g(a, ab, b.a);\n")).calls("g")[0]
    assert call.swapped({"a": "b", "b.a": r"'\n'"}) == r"g(b, ab, '\n')"
    assert call.swapped({}) == call.text


REMOVED = {
    "plain": ("    a();\n    g();\n    b();\n", "    a();\n    b();\n"),
    "between empty lines": ("    a();\n\n    g();\n\n    b();\n", "    a();\n\n    b();\n"),
    "first": ("    g();\n\n    b();\n", "    b();\n"),
    "comment behind": ("    a();\n    g(); // g\n    b();\n", "    a();\n    b();\n"),
    "comment below": ("    a();\n    g();\n    // of g\n\n    b();\n", "    a();\n\n    b();\n"),
    "comment of the next": ("    a();\n    g();\n    // of b\n    b();\n", "    a();\n    // of b\n    b();\n"),
    "beside others": ("    a(); g(); b();\n", "    a(); b();\n"),
    "one-line block": ("    if (x) { g(); }\n", "    if (x) { }\n"),
}  # fmt: skip


@NEWLINES
@pytest.mark.parametrize(("before", "after"), REMOVED.values(), ids=REMOVED)
def test_remove(before, after, newline):
    verb = lambda file: file.calls("g")[0].statement_of().remove()  # noqa: E731
    check(function(before), function(after), verb, newline, twice=False)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("g();", "g(n);"),
        ("g(a);", "g(a, n);"),
        ("g(a, // a\n      b);", "g(a, // a\n      b, n);"),
        ("g(\n        a,\n        b\n    );", "g(\n        a,\n        b,\n        n\n    );"),
        ("g(\n        a // a\n    );", "g(\n        a, // a\n        n\n    );"),
        ("g(\n    );", "g(\n        n\n    );"),
    ],
)
def test_add_argument(before, after):
    check(function(f"    {before}\n"), function(f"    {after}\n"), lambda file: file.calls("g")[0].add_argument("n"))


# searches

SEARCHED = r"""void f() {
    std::string s(1, c);
    std::string t(c);
    auto & [u, v] = pair;
    int w[3] = {1}, *x = 0, y;
    void (*z)(int) = g;
    for (int i = 0; i < n; ++i) { g(i); }
    for (auto & each : all) { int i = 1; a.g(each); }
    for (int i = 0; i < n; ++i) { }
    if (auto k = g(1)) { p->q().g<int>(2); ns::g(3); g<T>(4); x.gg(5); (*g)(6); }
    h("a // b", 'c', R"x(g("7" // ))x", "x y z");
}
"""


@pytest.mark.parametrize("name", [*list("stuvwxyz"), "i"])
def test_locals(name):
    found = parse(SEARCHED).function("f").local(name)
    assert found.text.endswith(";")
    assert found.mentions(name)


@pytest.mark.parametrize("name", ["k", "n", "each", "c", "pair"])
def test_what_is_no_local(name):
    assert parse(SEARCHED).function("f").locals(name) == []


def test_calls():
    found = parse(SEARCHED).function("f").calls("g")
    assert [each.arguments() for each in found] == [["i"], ["each"], ["1"], ["2"], ["3"], ["4"]]


def test_loops_in_the_order_of_the_text():
    file = parse(SEARCHED).function("f")
    assert [each.node.start_point[0] for each in file.loops("i < n")] == [6, 8]
    assert len(file.loops("each : all")) == 1
    assert file.loops("x") == []


@pytest.mark.parametrize(
    ("code", "there"),
    [
        ('"a // b"', True), ('h("a // b", \'c\'', True), ("5 // b", True), ("b", False), ('R"x(g("7" // ))x"', True),
        ("7", False), ("y", True), ("int w [ 3 ]", True), ("int w[3] = {1}, * x", True), ("w", True), ("", False),
        ("x y", False), ("// comment", False),
    ],
)  # fmt: skip
def test_holds(code, there):
    assert parse(SEARCHED).function("f").holds(code) is there


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("a+b // c", "a + /* d */ b", True),
        ("1'000", "1 '000'", False),
        ('"a" "b"', '"a b"', False),
        ("x = 1'000; // it's", "x=1'000;", True),
        ('u8"//" L\'"\'', 'u8"//"  L\'"\'', True),
        ('R"(a\n// "b")"', 'R"(a\n)"', False),
        ("#error don't\nint a;", "#error don't int a;", True),
        ("// a \\\n b\nc", "c", True),
        ("a::b->c", "a :: b -> c", True),
        ("a:b", "a::b", False),
    ],
)
def test_tokens(one, other, equal):
    assert (tokens(one) == tokens(other)) is equal


def test_among():
    assert among(tokens("b, c"), tokens("a, b, c"))
    assert not among(tokens("b, c"), tokens("ab, c"))
    assert not among("", "a")


def test_blocks_and_statements():
    file = parse(function("    if (x) {\n        a(g());\n        b();\n    }\n"))
    call = file.calls("g")[0]
    assert call.statement_of().text == "a(g());"
    assert [each.text for each in call.block().statements()] == ["a(g());", "b();"]
    with pytest.raises(AnchorError):
        parse("int a = g();").calls("g")[0].block()


def test_what_a_file_has():
    file = parse("enum e;\nenum e { A };\nstruct s;\nstruct s { int a; };\nclass c { int b; };\nint t[] = {1};\nint f();\nint f() {}\n")
    assert [file.has(*each) for each in [("enum", "e"), ("struct", "s"), ("struct", "c"), ("table", "t"), ("table", "x")]] == [
        True, True, True, True, False,
    ]  # fmt: skip
    assert file.has_function("f")
    assert not file.has_function("g")
    assert list(file.structs()) == ["s", "c"]
    assert file.declaration("f").where == "a.cpp:7"


def test_methods_inside_and_outside():
    text = "struct s {\n    int f() { return 1; }\n    int g();\n    template <typename T> int h(T a) { return 2; }\n};\nint s::g() {}\n"
    file = parse(text)
    assert file.method("s::f").where == "a.cpp:2"
    assert file.method("s::g").where == "a.cpp:6"
    assert file.method("s::h").names == ("a",)
    assert file.method("s::h").body().holds("return 2")


# geometry and incremental parsing


@pytest.mark.parametrize(
    ("text", "newline"), [(b"", b"\n"), (b"a", b"\n"), (b"a\r\nb\n", b"\n"), (b"a\r\nb\r\nc\n", b"\r\n"), (b"a\r\n", b"\r\n")]
)
def test_newline(text, newline):
    assert Source("a", text).newline == newline


def test_lines_at_the_end_of_a_file():
    for text, wanted in [(b"a", b"a\nb"), (b"a\n", b"a\nb\n"), (b"", b"b\n"), (b"a\r\nc\r\nd", b"a\r\nc\r\nd\r\nb")]:
        source = Source("a", text)
        assert splice(text, [source.insert_lines(len(text), "b\n", "x")]) == wanted


def test_indentation_follows_the_file():
    assert Source("a", b"{\n    a\n}").unit == "    "
    tabs = Source("a", b"{\n\ta\n}")
    assert tabs.reindent("    if (x) {\n        y\n\n          z\n#if 1\n    }", "\t") == "\tif (x) {\n\t\ty\n\n\t\t  z\n#if 1\n\t}"
    assert Source("a", b"").reindent("\n  a\n    b\n", "    ") == "    a\n      b"


STATEMENTS = ["x();\n", "int a = 1;\n", "if (a) {\n    b();\n}\n", "// c\n", "switch (x) {\n    case A: b();\n}\n", 's = R"(x)";\n', "\r\n"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=12), st.data())
def test_statements_put_in_and_taken_out_are_parsed_again(pieces, data):
    head, ends = "void f() {\n", [len("void f() {\n")]
    for piece in pieces:
        ends.append(ends[-1] + len(piece))
    old = Source("a", (head + "".join(pieces) + "}\n").encode())
    places = sorted(data.draw(st.lists(st.integers(0, len(pieces)), max_size=4, unique=True)))
    taken = [data.draw(st.booleans()) and place < len(pieces) for place in places]
    new = [data.draw(st.sampled_from(STATEMENTS)).encode() for _ in places]
    edits = tuple(
        Edit("a", ends[place], ends[place + out], text, "x", "x", 1)
        for place, out, text in zip(places, taken, new, strict=True)
    )
    again = Source("a", splice(old.data, edits), previous=old, edits=edits)
    assert not again.faults
    assert outline(again) == outline(Source("a", again.data))


PIECES = [
    "int a = 1;\n", "void f(int x) {\n", "}\n", "if (a) {", "}", "// c\n", "/* c\n", "*/", '"s"', "(", ")", "{ A, B },\n", "\r\n",
    "#ifdef X\n", "#endif\n", "switch (x) {\n", "case A:\n", "break;\n", "enum e {\n", "A,\n", "};\n", 'R"(x', ')"', "é", "template <class T> ",
]  # fmt: skip


def outline(source):
    """Every node with its bytes and points."""
    found, stack = [], [source.tree.root_node]
    while stack:
        node = stack.pop()
        found.append((node.type, node.start_byte, node.end_byte, node.start_point, node.end_point, node.is_missing))
        stack += node.children
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.data())
def test_a_tree_parsed_again_equals_a_fresh_one(pieces, data):
    old = Source("a", "".join(pieces).encode())
    size = len(old.data)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=6, unique=True)))
    edits = tuple(
        Edit("a", start, end, data.draw(st.sampled_from(PIECES)).encode(), "x", "x", 1)
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    )
    text = splice(old.data, edits)
    try:
        text.decode(), old.data.decode()
    except UnicodeDecodeError:
        return
    again = Source("a", text, previous=old, edits=edits)
    fresh = Source("a", text)
    if not fresh.faults and not again.faults:
        assert outline(again) == outline(fresh)
    assert bool(again.faults) == bool(fresh.faults)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("void g() {}\n\nvoid f() {\n    n(;\n    a();\n}\n", 4),
        ("namespace x {\nvoid f() {\n    a();\n#if A\n    n(;\n#endif\n}\n}\n", 5),
        ("#if A\nvoid f() {\n#if B\n    a();\n#endif\n    n(;\n}\n#endif\n", 6),
    ],
)
def test_nothing_changes_where_the_parser_could_not_read(before, line):
    file = parse(before)
    with pytest.raises(AnchorError, match="has a syntax error") as caught:
        file.function("f").calls("a")[0].add_argument("n")
    assert caught.value.where == f"a.cpp:{line}"


def test_an_error_elsewhere_does_not_matter():
    before = "int g() {\n    n(;\n}\n\nvoid f() {\n    a();\n}\n"
    check(before, before.replace("a()", "a(n)"), lambda file: file.function("f").calls("a")[0].add_argument("n"))
