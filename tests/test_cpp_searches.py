"""What is found in a scope: locals, calls, loops, expressions, token by token."""

import pytest
from cpptext import function, parse

from transformer.cpp.tokens import among, tokens
from transformer.errors import AnchorError

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
