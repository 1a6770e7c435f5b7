"""Code on its way out of a file: words for what differs, nothing for what is left out."""

import pytest

from transformer.cpp import CppFile, Source
from transformer.cpp.lift import GONE, Word, as_argument, as_template, lift


def lifted(code, decide):
    return as_template(lift(CppFile(Source("x.cpp", code.encode())), decide))


def without(name):
    return lambda part: [GONE] if part.kind == "statement" and part.mentions(name) else None


def test_what_nobody_decides_stays_as_it_is():
    code = "int f() {\n    // why\n    return g(1,  2); // so\n}\n"
    assert lifted(code, lambda part: None) == code


def test_a_call_becomes_a_word_and_its_arguments_are_lifted_first():
    def decide(part):
        if part.kind == "member" and part.field == "wo_s":
            return [Word('scale("wo_s")')]
        if part.kind == "call" and part.callee == "mul":
            return [Word("mul(" + ", ".join(as_argument(each.pieces()) for each in part.given()) + ")")]
        return None

    assert lifted('x = mul(w,\n    layer.wo_s, f("a"));\n', decide) == (
        'x = <%= mul("w", scale("wo_s"), "f(\\"a\\")") %>;\n'
    )


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("{\n    a();\n    // of b\n    b();\n\n    c();\n}\n", "{\n    a();\n    c();\n}\n"),
        ("{\n    if (x) b();\n    c();\n}\n", "{\n    c();\n}\n"),
        ("{\n    if (x) {\n        a();\n    } else b();\n    c();\n}\n", "{\n    if (x) {\n        a();\n    }\n    c();\n}\n"),
    ],
)
def test_what_is_left_out_leaves_no_trace(code, left):
    text = lifted("void f() " + code, without("b"))
    assert [line for line in text.removeprefix("void f() ").split("\n") if line.strip()] == [
        line for line in left.split("\n") if line.strip()
    ]
    assert GONE not in text
