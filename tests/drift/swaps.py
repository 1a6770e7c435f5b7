"""Neighbours that change places: where the order means nothing the port is the same, elsewhere it is so or is refused."""

from __future__ import annotations

import re
from random import Random

from drift.kinds import STATEMENTS, Site, Strike, Tree, items, kind
from drift.machine import CALLED
from drift.order import _groups, _labels
from drift.syntax import Text


def _neighbours(nodes: list) -> list[Site]:
    """Each pair that follows one another, with nothing but blanks and commas between."""
    return [
        Site(a.start_byte, b.end_byte, (a.end_byte, b.start_byte))
        for a, b in zip(nodes, nodes[1:], strict=False)
        if a.end_byte <= b.start_byte and a.parent == b.parent
    ]


def _swapped(tree: Tree, path: str, site: Site) -> Strike:
    data = tree.text(path).data
    end, start, *_ = site.more
    return Strike({path: [(site.start, end, data[start : site.end]), (start, site.end, data[site.start : end])]})


def entries(file: Text) -> list[Site]:
    """Rows with another key each, and enumerators without values that are no sentinels."""
    found: list[Site] = []
    for node in file.nodes("initializer_list", "enumerator_list"):
        each = [n for n in node.named_children if n.type in ("initializer_list", "enumerator")]
        free = [n for n in each if not re.search(rb"UNKNOWN|COUNT|NONE|MAX|=", n.text)]
        if len(free) > 2 and all(n.type == "enumerator" or n.named_children for n in free):
            found += [s for s in _neighbours(free) if file.data[s.more[0] : s.more[1]].strip() == b","]
    return found


@kind(entries, "same")
def entries_swapped(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _swapped(tree, path, site)


def groups(file: Text) -> list[Site]:
    """Groups of cases that end in a jump."""
    found = []
    for switch in file.nodes("switch_statement"):
        own = [g for g in _groups(file, switch) if "default" not in _labels(file, g)]
        found += [Site(a[0].start_byte, b[-1].end_byte, (a[-1].end_byte, b[0].start_byte)) for a, b in zip(own, own[1:], strict=False)]
    return [s for s in found if not file.data[s.more[0] : s.more[1]].strip()]


@kind(groups, "same")
def groups_swapped(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _swapped(tree, path, site)


def bodies(file: Text) -> list[Site]:
    """The statements of neighbouring cases that have some each."""
    found = []
    for site in groups(file):
        first, second = file.data[site.start : site.more[0]], file.data[site.more[1] : site.end]
        if (a := first.rfind(b"case ")) >= 0 and (b := second.rfind(b"case ")) >= 0:
            one, two = first.find(b":", a), second.find(b":", b)
            if b"::" not in first[one : one + 2] and b"::" not in second[two : two + 2]:
                found.append(Site(site.start + one + 1, site.end, (site.more[0], site.more[1] + two + 1)))
    return found


@kind(bodies, "same or blocked")
def bodies_exchanged(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    """Two architectures do what the other one did."""
    strike = _swapped(tree, path, site)
    strike.cases = True
    return strike


def functions(file: Text) -> list[Site]:
    """Items of a file with nothing between them, of which neither names the other."""
    found, own = [], items(file)
    for a, b in zip(own, own[1:], strict=False):
        if file.data[a.end : b.start].strip():
            continue
        texts = file.data[a.start : a.end].decode(), file.data[b.start : b.end].decode()
        heads = [set(re.findall(r"\w+", text.split("{")[0])) for text in texts]
        words = [set(re.findall(r"\w+", text)) for text in texts]
        common = {"static", "const", "void", "int", "bool", "std", "string", "map", "char", "struct", "uint32_t", "size_t"}
        if not ((heads[0] & words[1]) | (heads[1] & words[0])) - common or all("::" in text.split("(")[0] for text in texts):
            found.append(Site(a.start, b.end, (a.end, b.start)))
    return found


@kind(functions, "same")
def functions_exchanged(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _swapped(tree, path, site)


def statements(file: Text) -> list[Site]:
    """Statements of a block that follow each other, without jumps."""
    found: list[Site] = []
    for block in file.nodes("compound_statement"):
        each = [n for n in block.named_children if n.type in STATEMENTS and b"#" not in n.text]
        found += [s for s in _neighbours(each) if not file.data[s.more[0] : s.more[1]].strip()]
    return found


def independent(file: Text) -> list[Site]:
    """Those of them that call nothing that could see the other, and of which neither names what the other declares or sets."""
    found = []
    for site in statements(file):
        a, b = file.data[site.start : site.more[0]].decode(), file.data[site.more[1] : site.end].decode()
        sets = [set(re.findall(r"(\w+)\s*(?:=(?!=)|[-+*/|&]=)", text)) | set(re.findall(r"^[\w:<>*& ]+?(\w+)\s*[;=(]", text)) for text in (a, b)]
        words = [set(re.findall(r"\w+", text)) for text in (a, b)]
        calls = all("(" in text for text in (a, b))
        if not calls and sets[0] and sets[1] and not (sets[0] & words[1]) | (sets[1] & words[0]):
            found.append(site)
    return found


@kind(independent, "same", ordered=False)
def independent_statements_swapped(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _swapped(tree, path, site)


@kind(statements, "same or blocked", ordered=False)
def statements_swapped(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    """Whatever they mean to each other."""
    return _swapped(tree, path, site)


def operands(file: Text) -> list[Site]:
    """Both sides of an `||`."""
    found = []
    for node in file.nodes("binary_expression"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type == "||" and left.type != "binary_expression" and b"//" not in node.text:
            found.append(Site(node.start_byte, node.end_byte, (left.end_byte, right.start_byte)))
        elif operator is not None and operator.type == "||" and b"//" not in node.text and b"&&" not in node.text:
            found.append(Site(left.start_byte, right.end_byte, (left.end_byte, right.start_byte)))
    return found


@kind(operands, "same")
def operands_swapped(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    strike, data = _swapped(tree, path, site), tree.text(path).data
    left, right = data[site.start : site.more[0]].decode(), data[site.more[1] : site.end].decode()
    strike.texts = {f"{right} || {left}": f"{left} || {right}", f"if {right}": f"if {left.split('||')[0]}"}
    return strike


def parameters(file: Text) -> list[Site]:
    """Neighbouring parameters, neither or both with a default, of functions that the port calls."""
    found: list[Site] = []
    called = {name for each in CALLED.values() for name in each}
    for node in file.nodes("function_declarator"):
        if file.of(node.child_by_field_name("declarator")) not in called or b"//" in node.text:
            continue
        each = [n for n in node.child_by_field_name("parameters").named_children if n.type.endswith("parameter_declaration")]
        for index, site in enumerate(_neighbours(each)):
            if each[index].type == each[index + 1].type:
                found.append(Site(site.start, site.end, (*site.more, index, len(each), node.start_byte)))
    return found


@kind(parameters, "same or blocked")
def parameters_swapped(random: Random, tree: Tree, path: str, site: Site) -> Strike | None:
    """Where they are declared and where they are defined: what the port gives them goes with them."""
    file, (index, count, at) = tree.text(path), site.more[2:]
    node = next(n for n in file.nodes("function_declarator") if n.start_byte == at)
    name = file.of(node.child_by_field_name("declarator"))
    strike = _swapped(tree, path, site)
    other = path.removesuffix(".h") + ".cpp"
    if not path.endswith(".h") or other not in tree.paths:
        return None
    for each in tree.text(other).nodes("function_declarator"):
        if re.search(rf"\b{name}$", tree.text(other).of(each.child_by_field_name("declarator"))):
            own = [n for n in each.child_by_field_name("parameters").named_children if n.type.endswith("parameter_declaration")]
            if len(own) == count and all(_type(tree.text(other), n) == _type(file, m) for n, m in zip(own, _of(node), strict=True)):
                a, b = own[index], own[index + 1]
                strike.edits.setdefault(other, []).extend(_swapped(tree, other, Site(a.start_byte, b.end_byte, (a.end_byte, b.start_byte))).edits[other])
    strike.call = name, index
    if index == 0:  # facts tell overloads apart by their first parameter
        first, second = (file.of(n).split("=")[0] for n in _of(node)[:2])
        strike.texts = {f"{name}({second})": f"{name}({first})"}
    return strike if other in strike.edits else None


def _of(node) -> list:
    return [n for n in node.child_by_field_name("parameters").named_children if n.type.endswith("parameter_declaration")]


def _type(file: Text, node) -> str:
    return "".join(file.of(node).split("=")[0].split())
