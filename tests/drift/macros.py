"""Macros around anchors: a row, case, enumerator, name or function head that the preprocessor makes.

The tree means what it meant; nobody can see that without a preprocessor. The port is the same, or the rule refuses.
"""

from __future__ import annotations

import re
from random import Random

from drift.kinds import Site, Strike, Tree, kind, parts, whole_lines
from drift.syntax import Span, Text, number

_HEAD = re.compile(r"[^{};#\n]+")


def _define(file: Text, text: str) -> Span:
    """A macro above the first line of code, behind the includes."""
    places = [n.end_byte for n in file.nodes("preproc_include") if n.parent == file.root]
    at = file.source.line_end(places[-1] - 1) if places else 0
    return at, at, text.encode()


def names(file: Text) -> list[Site]:
    """What is declared or listed: keys of rows, enumerators, labels, members, functions, structs."""
    found = []
    for node in file.nodes("initializer_list"):
        first = node.named_children[0] if node.named_children else None
        if first is not None and first.type == "identifier" and node.parent.type == "initializer_list":
            found.append(first)
    for node in file.nodes("enumerator", "enum_specifier", "struct_specifier"):
        found.append(node.child_by_field_name("name"))
    for node in file.nodes("case_statement"):
        found.append(node.child_by_field_name("value"))
    for node in file.nodes("function_declarator", "field_declaration"):
        name = node.child_by_field_name("declarator")
        while name is not None and name.child_by_field_name("name"):
            name = name.child_by_field_name("name")
        found.append(name)
    kinds = ("identifier", "type_identifier", "field_identifier")
    return sorted({Site(n.start_byte, n.end_byte) for n in found if n is not None and n.type in kinds}, key=lambda s: s.start)


@kind(names, "same or blocked")
def name_of_a_macro(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    """A name that is an alias of the macro; here alone, or everywhere in the file."""
    file, own = tree.text(path), f"DRIFT_{number(random)}"
    name = file.data[site.start : site.end].decode()
    return Strike({path: [_define(file, f"#define {own} {name}\n"), (site.start, site.end, own.encode())]}, {own: name})


def operands(file: Text) -> list[Site]:
    """Expressions that rules look at: conditions, labels, arguments, values that are returned, cells of rows."""
    found = []
    for node in file.nodes("condition_clause", "case_statement", "argument_list", "return_statement", "initializer_list"):
        inside = [node.child_by_field_name("value")] if node.type in ("condition_clause", "case_statement") else node.named_children
        found += [n for n in inside if n is not None and n.type.endswith(("expression", "identifier", "literal"))]
    return [Site(n.start_byte, n.end_byte) for n in found if b"#" not in n.text and b"//" not in n.text]


@kind(operands, "same or blocked")
def expression_in_a_macro(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    file, own = tree.text(path), f"DRIFT_{number(random)}"
    edits = [(site.start, site.start, f"{own}(".encode()), (site.end, site.end, b")")]
    return Strike({path: [_define(file, f"#define {own}(...) __VA_ARGS__\n"), *edits]}, {f"{own}(": ""})


def rows(file: Text) -> list[Site]:
    """Rows without directives and comments."""
    found = [n for n in file.nodes("initializer_list") if n.parent.type == "initializer_list" and n.named_children]
    return [Site(n.start_byte, n.end_byte) for n in found if not re.search(rb"//|/\*|#", n.text)]


@kind(rows, "same or blocked")
def row_from_a_macro(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    file, own = tree.text(path), f"DRIFT_{number(random)}"
    cells = file.data[site.start + 1 : site.end - 1].decode()
    row = (site.start, site.end, f"{own}({cells})".encode())
    return Strike({path: [_define(file, f"#define {own}(...) {{ __VA_ARGS__ }}\n"), row]}, {f"{own}(": "{"})


def runs(file: Text) -> list[Site]:
    """One to six rows, enumerators, members, cases or statements that follow each other."""
    found, each = [], [(site, whole_lines(file, site)) for site in parts(file)]
    each = [(site, lines) for site, lines in each if lines is not None]
    for index, (_, lines) in enumerate(each):
        end, size = lines[1], 1
        found.append(Site(lines[0], end))
        for _, (first, last) in each[index + 1 : index + 6]:
            if first == end:
                end, size = last, size + 1
                found.append(Site(lines[0], end))
    return [s for s in found if not re.search(rb"//|/\*|#|\\\n|R\"", file.data[s.start : s.end])]


@kind(runs, "same or blocked")
def lines_of_a_macro(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    """Lines that a macro holds: all of them, or each made by `X(...)`."""
    file, own = tree.text(path), f"DRIFT_{number(random)}"
    lines = file.data[site.start : site.end].decode().splitlines()
    macro = f"#define {own}{random.choice(('', '()'))} \\\n" + " \\\n".join(lines) + "\n"
    use = file.indent(site.start) + own.encode() + (b"()" if f"{own}()" in macro else b"")
    listed = re.fullmatch(r"\s*(?:LLM_\w+,\s*)+", "".join(lines))
    if listed and random.random() < 0.5:
        found = re.findall(r"LLM_\w+", "".join(lines))
        macro = f"#define {own}(X) " + " ".join(f"X({name})" for name in found) + f"\n#define {own}_X(x) x,\n"
        use = file.indent(site.start) + f"{own}({own}_X)".encode()
    behind = random.choice((b"", b";")) if lines[-1].rstrip().endswith(";") and b"{" not in file.data[site.start : site.end] else b""
    if behind:
        macro = macro.rstrip()[:-1] + "\n"
    code = "\n".join(lines)
    meant = {f"{own}({own}_X)": code, f"{own}();": code, f"{own};": code, f"{own}()": code, own: code}
    return Strike({path: [_define(file, macro), (site.start, site.end, use + behind + b"\n")]}, meant)


def heads(file: Text) -> list[Site]:
    """Functions: what stands before their body."""
    found = []
    for node in file.nodes("function_definition"):
        body, declarator = node.child_by_field_name("body"), node.child_by_field_name("declarator")
        if body is not None and declarator is not None and not re.search(rb"//|/\*|#", file.data[node.start_byte : body.start_byte]):
            found.append(Site(node.start_byte, body.start_byte, (declarator.start_byte,)))
    return found


@kind(heads, "same or blocked")
def head_from_a_macro(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    """The whole head, the type and the name, or a word in front."""
    file, own = tree.text(path), f"DRIFT_{number(random)}"
    head = " ".join(file.data[site.start : site.end].decode().split())
    at = site.more[0]
    kind_of = " ".join(file.data[site.start : at].decode().split())
    match random.choice(("whole", "called", "word", "empty", "type")):
        case "whole":
            return Strike({path: [_define(file, f"#define {own} {head}\n"), (site.start, site.end, own.encode() + b" ")]}, {own: head})
        case "called":
            new = (site.start, site.end, f"{own}({head}) ".encode())
            return Strike({path: [_define(file, f"#define {own}(...) __VA_ARGS__\n"), new]}, {f"{own}(": ""})
        case "type" if kind_of:
            new = (site.start, at, own.encode() + b" ")
            return Strike({path: [_define(file, f"#define {own} {kind_of}\n"), new]}, {own: kind_of})
        case "empty":
            new = (site.start, site.start, f"{own}() ".encode())
            return Strike({path: [_define(file, f"#define {own}()\n"), new]}, {f"{own}()": ""})
        case _:
            return Strike({path: [_define(file, f"#define {own}\n"), (site.start, site.start, own.encode() + b" ")]}, {own: ""})
