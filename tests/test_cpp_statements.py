"""Statements and expressions: what stands beside them, in place of them and around them; arguments of calls."""

import pytest
from cpptext import NEWLINES, check, function, parse

from transformer.errors import AnchorError
from transformer.outcome import Satisfied

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
    verb = lambda file: file.function("f").remove_each(each.statement_of() for each in file.calls("g"))  # noqa: E731
    check(function(before), function(after), verb, newline)


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


def test_arguments_and_callee():
    call = parse(function("    x = a.g(b, h(c), 1);\n")).calls("g")[0]
    assert call.callee == "a.g"
    assert call.statement_of().first_call().callee == "a.g"
    assert [call.argument(place).text for place in (0, 1, -1)] == ["b", "h(c)", "1"]
    with pytest.raises(AnchorError, match="no argument 3"):
        call.argument(3)
    with pytest.raises(AnchorError, match="no call"):
        parse(function("    x = 1;\n")).function("f").first_call()


@pytest.mark.parametrize(
    ("statement", "target"),
    [("x = g();", "x"), ("a->b = g();", "a->b"), ("int y = g();", "y"), ("int y = g(), z;", ""), ("g();", ""), ("return g();", "")],
)
def test_target(statement, target):
    assert parse(function(f"    {statement}\n")).calls("g")[0].statement_of().target == target


@pytest.mark.parametrize(
    ("known", "code", "adapted"),
    [
        ("int m = a.n;", "f(n, x.n, n2)", "f(m, x.n, n2)"),
        ("int m(a.n);", "f(n)", "f(m)"),
        ("int n = 1;\n    int m = a.n;", "f(n)", "f(n)"),
        ("int m = a.k;", 'f(n, "n")', 'f(n, "n")'),
    ],
)
def test_adapt_locals(known, code, adapted):
    assert parse(function(f"    {known}\n    g();\n")).calls("g")[0].adapt_locals(code, {"n": "a.n"}) == adapted


@NEWLINES
def test_drop_comment(newline):
    before = "    a(); // a\n    // one\n    // two\n    g();\n"
    verb = lambda file: file.calls("g")[0].statement_of().drop_comment()  # noqa: E731
    check(function(before), function("    a(); // a\n    g();\n"), verb, newline)


@NEWLINES
@pytest.mark.parametrize(
    ("before", "after"),
    [("h({A, B});", "h({A, B, N});"), ("h({\n        A,\n    });", "h({\n        A,\n        N,\n    });")],
)
def test_add_to_list(before, after, newline):
    verb = lambda file: file.function("f").add_to_list(["A", "N"])  # noqa: E731
    check(function(f"    {before}\n"), function(f"    {after}\n"), verb, newline)
