"""Functions: found by name, their parameters, what is put beside them and handed to their calls."""

import pytest
from cpptext import NEWLINES, carried_out, check, function, parse

from transformer.cpp import Parameter
from transformer.errors import AnchorError

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
