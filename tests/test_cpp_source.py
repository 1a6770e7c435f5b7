"""The geometry of a file, and a tree that is parsed again only where it changed."""

import pytest
from cpptext import check, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer.cpp import Source
from transformer.edit import Edit, splice
from transformer.errors import AnchorError


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
