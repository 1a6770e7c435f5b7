"""Structs: their members and what is added to them; what a file has."""

import pytest
from cpptext import NEWLINES, check, parse

from transformer.cpp import aligned
from transformer.errors import AnchorError
from transformer.outcome import Satisfied

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
