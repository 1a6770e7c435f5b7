"""Ifs, switches and blocks: branches, conditions, cases and labels, statements at the end."""

import pytest
from cpptext import NEWLINES, check, function, parse, switch

from transformer.errors import AnchorError

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
