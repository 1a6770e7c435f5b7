"""What a function can return, as far as some values are known."""

import pytest

from transformer.cpp import CppFile, Follower, Source

HEAD = "static bool takes(const tensor * op) {\n"


def file(code):
    return CppFile(Source("a.cpp", code.encode()))


def said(body, **given):
    """`yes`, `no`, or what would decide it."""
    source = file(f"{HEAD}{body}\n}}\n")
    found = Follower(source.function("takes")).follow(
        {name.replace("_", "->", 1): value for name, value in given.items()}
    )
    return "yes" if found.accepts else "no" if found.refuses else set(found.open)


SWITCH = """\
    switch (op->type) {
        case F32:
        case F16:
            return true;
        case I32: {
            // not yet
            break;
        }
        case Q4:
#ifdef SOA
            return false;
#else
            return true;
#endif
#ifdef MORE
        case Q8:
            return true;
#endif
        default:
            return false;
    }
    return op->small;
"""


@pytest.mark.parametrize(
    ("type_", "answer"),
    [("F32", "yes"), ("F16", "yes"), ("BF16", "no"), ("I32", {"op->small"}), ("Q4", {"#if"}), ("Q8", set())],
)
def test_switch(type_, answer):
    assert said(SWITCH, op_type=type_) == answer


def test_a_switch_over_what_is_not_known_may_go_anywhere():
    assert said(SWITCH) == {"op->type", "op->small", "#if"}
    assert said("switch (op->type) { case F32: case F16: return false; default: return false; }") == "no"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return op->type == F32;", "yes"),
        ("return op->type != F32 || op->type == (Type) F32;", "yes"),
        ("return !(op->type == F32);", "no"),
        ("return op->small && op->type == F16;", "no"),
        ("return op->small || op->type == F32;", "yes"),
        ("return op->small && op->type == F32;", {"op->small"}),
        ("const Type type = op->type; return type == F32;", "yes"),
        ("const tensor * a = op; return a->type == ns::F32;", "yes"),
        ("const auto & a = *op; return a.type == F32;", {"a.type"}),
        ("bool yes = false; if (op->type == F32) { yes = true; } return yes;", "yes"),
        ("bool yes = false; if (op->small) { yes = true; } return yes;", {"op->small", "yes"}),
        ("bool yes = true; yes &= op->type == F16; return yes;", "no"),
        ("bool yes = true; ask(&yes); return yes;", {"yes"}),
        ("if (op->small) return false; return op->type == F16;", "no"),
        ("if (op->type == F16) { return true; } else if (op->type == F32) { return false; } return true;", "no"),
        ("{ bool no = true; } bool no = false; return no;", "no"),
        ("{ bool yes = true; { bool yes = false; } return yes; }", "yes"),
        ("return op->n % 4 == 0 && op->n / 2 >= 8 && op->n - 1 < 0x10;", "yes"),
        ("return op->type == F32 ? op->n == 16 : op->small;", "yes"),
        ("return static_cast<Type>(op->type) == F32;", "yes"),
        ("ABORT(\"no\");", "no"),
        ("", set()),
        ("return op->f > 1.0f;", {"op->f", "1.0f"}),
        ("op = op->next; return op->type == F32;", {"op->next->type"}),
        ("try { return true; } catch (...) { return false; }", set()),
    ],
)  # fmt: skip
def test_values(body, answer):
    assert said(body, op_type="F32", op_n=16) == answer


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("for (int i = 0; i < 2; ++i) { if (op->src[i]->type == F16) return false; } return true;", "yes"),
        ("for (int i = 0; i < 3; i++) { if (op->src[i]->type == F16) return false; } return true;", "no"),
        ("for (int i = 0; i < 3; i++) { if (i == 2) { break; } if (op->src[i]->type == F16) return false; } return true;", "yes"),
        ("for (int i = 0; i < 3; i++) { if (i == 2) { continue; } if (op->src[i]->type == F16) return false; } return true;", "yes"),
        ("for (int i = 0; i < op->n; i++) { if (op->src[i]->type == F16) return false; } return true;",
         {"loop", "op->src[i]->type"}),
        ("for (int i = 0; ; i++) { if (i > 99) return false; } return true;", {"i", "loop"}),
        ("int n = 1; while (n < op->n) { n *= 2; } return n == 1;", {"n"}),
        ("bool all = true; for (int i = 2; i >= 1; --i) { all = all && op->src[i]->type == F32; } return all;", "no"),
    ],
)  # fmt: skip
def test_loops(body, answer):
    given = {f"op->src[{n}]->type": each for n, each in enumerate(("F32", "F32", "F16"))}
    source = file(f"{HEAD}{body}\n}}\n")
    found = Follower(source.function("takes")).follow(given)
    assert ("yes" if found.accepts else "no" if found.refuses else set(found.open)) == answer


OTHERS = """\
static bool is_plain(const tensor * t) {
    return t->type == F32;
}

static bool is_small(const tensor * t, int most) {
    return t->n <= most;
}

static bool takes(const tensor * op) {
    const tensor * first = op->src[0];
    return is_plain(first) && (is_small(op, 8) || is_fast(op));
}
"""


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"op->src[0]->type": "F16"}, "no"),
        ({"op->src[0]->type": "F32", "op->n": 8}, "yes"),
        ({"op->src[0]->type": "F32", "op->n": 9}, {"is_fast(op)"}),
        ({"op->n": 1}, {"is_plain", "op->src[0]->type"}),
    ],
)
def test_functions_that_it_calls(given, answer):
    source = file(OTHERS)
    follower = Follower(source.function("takes"), lambda name: next(iter(source.functions(name)), None))
    found = follower.follow(given)
    assert ("yes" if found.accepts else "no" if found.refuses else set(found.open)) == answer


def test_a_function_that_calls_itself_comes_to_an_end():
    source = file("static bool takes(const tensor * op) {\n    return takes(op);\n}\n")
    found = Follower(source.function("takes"), source.function).follow({})
    assert not found.accepts
    assert not found.refuses


def test_where_it_leaves():
    source = file(f"{HEAD}    if (op->small) {{\n        return false;\n    }}\n    return true;\n}}\n")
    found = Follower(source.function("takes")).follow({})
    assert [(each.value, source.source.where(each.where)) for each in found.exits] == [(0, "a.cpp:3"), (1, "a.cpp:5")]
