"""Templates, and calls written from signatures."""



import pytest

from transformer.cpp import CppFile, Parameter, Source
from transformer.errors import TemplateError
from transformer.render import call, render, render_text

ONE = [Parameter("T *", "a"), Parameter("int", "b", "1"), Parameter("int", "c", "2"), Parameter("bool", "d", "true")]
TWO = [Parameter("T *", "a"), Parameter("T *", "e"), Parameter("int", "c")]


def plain(text):
    return text.replace("\x1f", " ")


@pytest.mark.parametrize(
    ("overloads", "arguments", "optional", "written"),
    [
        ([ONE], {"a": "x"}, {}, "f(x)"),
        ([ONE], {"c": "9", "a": "x"}, {}, "f(x, 1, 9)"),
        ([ONE], {"d": "y", "b": "z", "a": "x"}, {}, "f(x, z, 2, y)"),
        ([ONE], {"a": "x"}, {"c": "9", "zz": "0"}, "f(x, 1, 9)"),
        ([ONE], {"a": "x", "c": "8"}, {"c": "9"}, "f(x, 1, 8)"),
        ([ONE, TWO], {"a": "x", "e": "y", "c": "9"}, {}, "f(x, y, 9)"),
        ([ONE, TWO], {"a": "x", "c": "9"}, {}, "f(x, 1, 9)"),
        ([TWO, ONE], {"a": "x", "c": "9"}, {"e": "y"}, "f(x, y, 9)"),
        ([TWO, ONE], {"a": "x"}, {"e": "y"}, "f(x)"),
        ([TWO, ONE], {"a": "x"}, {"e": "y", "c": "9"}, "f(x, y, 9)"),
        ([[]], {}, {"c": "9"}, "f()"),
    ],
)
def test_call(overloads, arguments, optional, written):
    assert plain(call("f", overloads, arguments, optional)) == written


@pytest.mark.parametrize(
    ("overloads", "arguments", "why"),
    [
        ([], {}, "it is not declared"),
        ([ONE], {"a": "x", "z": "1", "y": "2"}, "no parameter z, y"),
        ([ONE], {"b": "x"}, "parameter a has no value"),
        ([ONE, TWO], {"a": "x", "z": "1"}, "no parameter z"),
        ([TWO], {"a": "x"}, "parameter e has no value"),
    ],
)
def test_calls_that_cannot_be_written(overloads, arguments, why):
    with pytest.raises(TemplateError) as caught:
        call("f", overloads, arguments)
    assert caught.value.message == f"f cannot be called here: {why}"


def test_a_call_from_a_declaration():
    text = 'struct s { int f(const X & a, std::function<void(int)> g = {}, const char * s = "x, y", int n = 1) const; };'
    signatures = [each.parameters for each in CppFile(Source("a.h", text.encode())).struct("s").methods("f")]
    assert plain(call("f", signatures, {"a": "x", "n": "2"})) == 'f(x, {}, "x, y", 2)'


def write(folder, text):
    (folder / "t.j2").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("int <%= name %> = {{1}};\n", "int x = {{1}};\n"),
        ("a\n<%# gone %>\nb", "a\nb"),
        ("<% for each in items %>\n    f(<%= each %>);\n<% endfor %>\n", "    f(1);\n    f(2);\n"),
        ("    <% if name %>\na\n    <% endif %>\nb\n", "a\nb\n"),
        ("", ""),
    ],
)
def test_render(tmp_path, template, text):
    assert render(write(tmp_path, template), "t.j2", {"name": "x", "items": [1, 2]}) == text


@pytest.mark.parametrize(
    ("template", "where", "why"),
    [
        ("a\n\n<%= missing %>\n", "t.j2:3", "'missing' is undefined"),
        ("a\n<%= spec.nothing %>\n", "t.j2:2", "no attribute 'nothing'"),
        ("a\nb\n<% if %>\n", "t.j2:3", "Expected an expression"),
        ("a\n<%= write() %>\n", "t.j2:2", "f cannot be called here"),
        ("a\n<%= missing.x() %>\n", "t.j2:2", "'missing' is undefined"),
    ],
)
def test_errors_name_the_line_of_the_template(tmp_path, template, where, why):
    def fail():
        return call("f", [], {})

    with pytest.raises(TemplateError) as caught:
        render(write(tmp_path, template), "t.j2", {"spec": object(), "write": fail})
    assert caught.value.where == where
    assert why in caught.value.message


def test_a_template_that_is_not_there(tmp_path):
    with pytest.raises(TemplateError, match="there is no template"):
        render(tmp_path, "t.j2", {})


@pytest.mark.parametrize("count", [1, 5, 11, 12, 13, 40])
@pytest.mark.parametrize("indent", ["", "    ", "            "])
def test_long_calls_are_broken_between_arguments(tmp_path, count, indent):
    parameters = [Parameter("int", f"p{n}") for n in range(count)]
    arguments = {f"p{n}": f"value_{n}" for n in range(count)}
    template = write(tmp_path, f"before\n{indent}auto x = <%= f() %>;\nafter\n")
    text = render(template, "t.j2", {"f": lambda: call("f", [parameters], arguments)})
    lines = text.split("\n")
    assert (lines[0], lines[-2]) == ("before", "after")
    body = lines[1:-2]
    assert all(len(line) <= 110 for line in body)
    assert all(line.startswith(indent + " " * 8) and line[len(indent) + 8] != " " for line in body[1:])
    assert " ".join(line.strip() for line in body) == f"auto x = f({', '.join(arguments.values())});"
    assert not any(line.endswith(" ") for line in body)


def test_an_argument_that_is_too_long_for_any_line_stands_alone(tmp_path):
    long = "x" * 120
    text = render(
        write(tmp_path, "<%= f() %>;"), "t.j2",
        {"f": lambda: call("f", [[Parameter("int", "a"), Parameter("int", "b")]], {"a": long, "b": "1"})},
    )  # fmt: skip
    assert text == f"f({long},\n        1);"


@pytest.mark.parametrize(
    "text",
    ["<%= 1 // 0 %>", "<%= 'a' * 10 ** 10 %>", "<%= 'a' * 100001 %>", "<%= [0] * 100000 * 2 %>", "<%= 9 ** 9 ** 9 %>", "<%= '%999999999d' % 1 %>",
     "<%= 'a'.ljust(10000000000) %>", "<%= 'a' | center(10000000000) %>", "<%= '{:999999999}'.format(1) %>", "<%= '{:999999999}'['format'](1) %>", "<%= 'a' | attr('zfill') (10000000000) %>", "<%= 'a' | indent(99999999) %>",
     "<% for i in range(1000000) %><% endfor %>", "<%= ''.__class__.__mro__ %>", "<%= word.missing.more %>", "<%= 1 + 'a' %>",
     "<%= '1' | int(base=99) + [] %>", "<%= " + "(" * 3000 + ")" * 3000 + " %>", "<%= none() %>"],
)  # fmt: skip
def test_what_a_template_must_not_do(tmp_path, text):
    """It is an error of the template, with its line; neither memory nor time is spent on it."""
    (tmp_path / "t.j2").write_text(f"a\n{text}\n")
    with pytest.raises(TemplateError) as caught:
        render(tmp_path, "t.j2", {"word": "x"})
    assert caught.value.where.startswith("t.j2:")
    with pytest.raises(TemplateError):
        render_text(text, {"word": "x"})


def test_a_template_that_is_no_text(tmp_path):
    (tmp_path / "t.j2").write_bytes(b"\x80")
    with pytest.raises(TemplateError):
        render(tmp_path, "t.j2", {})
