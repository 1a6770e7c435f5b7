"""Drift of order and names: tokens are moved, added or renamed, and the meaning stays."""

from __future__ import annotations

import re
from random import Random

from drift.layout import Mutator
from drift.syntax import Text, family, number, some, spans, swapped

ORDER: dict[str, Mutator] = {}


def order(mutator: Mutator) -> Mutator:
    """Moves, adds or renames tokens."""
    ORDER[mutator.__name__] = mutator
    return mutator


ENUMS = {"LLM_ARCH": "llm_arch", "LLM_KV": "llm_kv", "LLM_TENSOR": "llm_tensor", "LLM_TYPE": "llm_type"}
LAST = ("UNKNOWN", "COUNT", "NONE", "MAX")


@order
def enumerators_swapped(seed: int, text: str) -> str:
    """Where they have no values; a sentinel stays."""
    random, file = Random(seed), Text(text)
    edits = []
    for body in file.nodes("enumerator_list"):
        found = [n for n in body.named_children if n.type == "enumerator"]
        if any(n.child_by_field_name("value") for n in found):
            continue
        free = [n for n in found if not file.of(n).endswith(LAST)]
        edits += swapped(random, file.data, spans(free))
    return file.edited(edits)


@order
def new_enumerators(seed: int, text: str) -> str:
    random, file = Random(seed), Text(text)
    edits = []
    for body in file.nodes("enumerator_list"):
        found = [n for n in body.named_children if n.type == "enumerator"]
        if not found or any("." in file.of(n) for n in found):
            continue
        own = f"{family(file.of(found[0]))}_DRIFT_{number(random)}"
        if any(n.child_by_field_name("value") for n in found):
            last = found[-1]
            value = file.of(last.child_by_field_name("value") or last)
            if value.isdigit():
                edits.append((last.end_byte, last.end_byte, f",\n    {own} = {int(value) + 1}".encode()))
            continue
        model = random.choice(found[:-1] or found)
        at, pad = model.start_byte, file.indent(model.start_byte)
        edits.append((at, at, f"{own}, // new\n".encode() + pad))
    return file.edited(edits)


def _tables(file: Text) -> list:
    """Initializer lists whose every item is a row in braces that begins with a name."""
    found = []
    for node in file.nodes("initializer_list"):
        rows = [n for n in node.named_children if n.type == "initializer_list"]
        if len(rows) > 2 and all(r.named_children and r.named_children[0].type == "identifier" for r in rows):
            found.append((node, rows))
    return found


@order
def rows_swapped(seed: int, text: str) -> str:
    random, file = Random(seed), Text(text)
    edits = []
    for _, rows in some(random, _tables(file)):
        free = [r for r in rows if not file.of(r.named_children[0]).endswith(LAST)]
        edits += swapped(random, file.data, spans(free))
    return file.edited(edits)


@order
def new_rows(seed: int, text: str) -> str:
    """A row with a new key, made from a neighbour."""
    random, file = Random(seed), Text(text)
    edits = []
    for _, rows in some(random, _tables(file)):
        row = random.choice(rows[:-1])
        key = row.named_children[0]
        kind = ENUMS.get(family(file.of(key)))
        if kind is None or len(row.named_children) != 2 or "LLM_ARCH" in file.of(row.named_children[1]):
            continue
        copy = file.of(row)[key.end_byte - row.start_byte :].replace('"', f'"drift{number(random)}.', 1)
        new = f"{{ ({kind}) {number(random)}{copy},\n".encode()
        edits.append((row.start_byte, row.start_byte, new + file.indent(row.start_byte)))
    return file.edited(edits)


JUMPS = ("break_statement", "return_statement", "continue_statement", "throw_statement")


def _groups(file: Text, switch) -> list[list]:
    """Cases that may be moved as a whole: labels and the body that ends in a jump; without directives around."""
    body = switch.child_by_field_name("body")
    groups, current = [], []
    for child in body.named_children if body is not None else []:
        if child.type == "comment":
            continue
        if child.type != "case_statement":
            return []
        current.append(child)
        if _leaves(child):
            groups.append(current)
            current = []
    return groups


def _leaves(case) -> bool:
    value = case.child_by_field_name("value")
    inside = [n for n in case.named_children if n.type != "comment" and n != value]
    if inside and inside[-1].type == "compound_statement":
        inside = [n for n in inside[-1].named_children if n.type != "comment"]
    return bool(inside) and inside[-1].type in JUMPS


def _labels(file: Text, group: list) -> list[str]:
    values = [case.child_by_field_name("value") for case in group]
    return [file.of(v) if v is not None else "default" for v in values]


def _switches(file: Text) -> list:
    found, inside = [], 0
    for node in file.nodes("switch_statement"):
        if node.start_byte >= inside:
            found.append(node)
            inside = node.end_byte
    return found


@order
def cases_swapped(seed: int, text: str) -> str:
    """Whole groups of labels with their body; `default` stays."""
    random, file = Random(seed), Text(text)
    edits = []
    for switch in some(random, _switches(file)):
        groups = [g for g in _groups(file, switch) if "default" not in _labels(file, g)]
        edits += swapped(random, file.data, [(g[0].start_byte, g[-1].end_byte) for g in groups])
    return file.edited(edits)


@order
def new_cases(seed: int, text: str) -> str:
    """Another case like a neighbour, and another label beside a neighbour."""
    random, file = Random(seed), Text(text)
    edits = []
    for switch in some(random, _switches(file)):
        groups = [g for g in _groups(file, switch) if "default" not in _labels(file, g)]
        if not groups:
            continue
        group = random.choice(groups)
        kind = ENUMS.get(family(_labels(file, group)[-1]))
        if kind is None:
            continue
        label = f"case ({kind}) {number(random)}:"
        last, pad = group[-1], file.indent(group[0].start_byte)
        value = last.child_by_field_name("value")
        if random.random() < 0.5:
            colon = file.data.index(b":", value.end_byte)
            new = label.encode() + file.data[colon + 1 : last.end_byte] + b"\n" + pad
        else:
            new = label.encode() + b"\n" + pad
        edits.append((group[0].start_byte, group[0].start_byte, new))
    return file.edited(edits)


# Structs that forks extend; others may be initialised member by member.
_GROWING = re.compile(
    r"llama_(layer\w*|hparams|model|model_loader|vocab|context|kv_cache\w*)|llm_graph_(context|result|input_\w+)|impl"
)


def _members(file: Text, names: re.Pattern[str] | None = None) -> list[list]:
    found = []
    for node in file.nodes("struct_specifier", "class_specifier"):
        body, name = node.child_by_field_name("body"), node.child_by_field_name("name")
        if body is None or name is None or (names is not None and not names.fullmatch(file.of(name))):
            continue
        plain = [
            n
            for n in body.named_children
            if n.type == "field_declaration" and b"(" not in n.text and b"{" not in n.text
        ]
        if len(plain) > 1:
            found.append(plain)
    return found


@order
def members_swapped(seed: int, text: str) -> str:
    """Plain data members of structs whose members do not depend on each other."""
    random, file = Random(seed), Text(text)
    edits = []
    for members in some(random, _members(file)):
        free = [m for m in members if "tensor" in file.of(m) or "int32_t" in file.of(m)]
        free = [m for m in free if "[" not in file.of(m) and "const " not in file.of(m) and "<" not in file.of(m)]
        edits += swapped(random, file.data, spans(free))
    return file.edited(edits)


@order
def new_members(seed: int, text: str) -> str:
    random, file = Random(seed), Text(text)
    edits = []
    for members in some(random, _members(file, _GROWING)):
        at = random.choice(members)
        own = f"struct ggml_tensor * drift_{number(random)} = nullptr;"
        edits.append((at.start_byte, at.start_byte, own.encode() + b"\n" + file.indent(at.start_byte)))
    return file.edited(edits)


@order
def renamed_local(seed: int, text: str) -> str:
    """One local of one function, where the name means nothing else in that function; or a few."""
    random, file = Random(seed), Text(text)
    found = list(_all_locals(file))
    return _renamed(file, random, random.sample(found, min(len(found), random.choice((1, 2, 5)))))


@order
def renamed_locals(seed: int, text: str) -> str:
    """All of them, in every function."""
    file = Text(text)
    return _renamed(file, Random(seed), list(_all_locals(file)))


def _all_locals(file: Text):
    for function in file.nodes("function_definition"):
        body = function.child_by_field_name("body")
        if body is not None:
            yield from ((function, each) for each in _own_locals(file, function, body))


def _renamed(file: Text, random: Random, chosen) -> str:
    edits = {}
    for function, name in chosen:
        new = f"{name}_was_{number(random)}".encode()
        for node in _identifiers(function):
            if node.type == "identifier" and file.of(node) == name:
                edits.setdefault(node.start_byte, (node.start_byte, node.end_byte, new))
    return file.edited(list(edits.values()))


def _identifiers(node):
    stack = [node]
    while stack:
        each = stack.pop()
        if each.type.endswith("identifier"):
            yield each
        stack += each.named_children


def _own_locals(file: Text, function, body) -> list[str]:
    declared: dict[str, list[tuple[int, int]]] = {}
    for node in _descend(body):
        if node.type == "declaration":
            for each in node.children_by_field_name("declarator"):
                while each is not None and each.type != "identifier":
                    each = each.child_by_field_name("declarator") or (
                        each.named_children[-1] if each.type == "reference_declarator" else None
                    )
                if each is not None:
                    declared.setdefault(file.of(each), []).append((each.start_byte, node.parent.end_byte))
    uses: dict[str, list] = {}
    for node in _identifiers(function):
        uses.setdefault(file.of(node), []).append(node)
    return [
        name
        for name, places in declared.items()
        if len(places) == 1
        and all(_unqualified(each) and places[0][0] <= each.start_byte < places[0][1] for each in uses[name])
    ]


def _unqualified(node) -> bool:
    """Behind `::` the same name is a member's."""
    return node.type == "identifier" and node.parent.type != "qualified_identifier"


def _descend(node):
    stack = [node]
    while stack:
        each = stack.pop()
        yield each
        stack += each.named_children


def _wrap(file: Text, random: Random, start: int, end: int) -> list:
    """`#ifndef` around whole lines; nothing where other things stand on them."""
    first, last = file.source.line_start(start), file.source.line_end(end)
    head, tail = file.data[first:start].strip(), file.data[end:last].strip()
    if head or (tail and not tail.startswith(b"//")) or (file.data and not file.data[:last].endswith(b"\n")):
        return []
    name = f"NO_DRIFT_{number(random)}"
    return [(first, first, f"#ifndef {name}\n".encode()), (last, last, b"#endif\n")]


@order
def ifdef_items(seed: int, text: str) -> str:
    """Around enumerators with their comma, and members. The grammar cannot read a row in `#if`: such a table blocks."""
    random, file = Random(seed), Text(text)
    found = []
    for node in file.nodes("enumerator", "field_declaration"):
        after = node.next_sibling
        if node.type == "field_declaration" and b"(" not in node.text:
            found.append((node.start_byte, node.end_byte))
        elif after is not None and after.type == "," and len(node.parent.named_children) > 2:
            found.append((node.start_byte, after.end_byte))
    edits = []
    for start, end in some(random, found):
        edits += _wrap(file, random, start, end)
    return file.edited(edits)


@order
def ifdef_cases(seed: int, text: str) -> str:
    """Around whole groups of cases."""
    random, file = Random(seed), Text(text)
    found = [g for s in _switches(file) for g in _groups(file, s) if "default" not in _labels(file, g)]
    edits = []
    for group in some(random, found):
        edits += _wrap(file, random, group[0].start_byte, group[-1].end_byte)
    return file.edited(edits)


@order
def ifdef_functions(seed: int, text: str) -> str:
    """Around whole functions and structs."""
    random, file = Random(seed), Text(text)
    found = [n for n in file.root.named_children if n.type == "function_definition"]
    edits = []
    for node in some(random, found):
        edits += _wrap(file, random, node.start_byte, node.end_byte)
    return file.edited(edits)


@order
def functions_swapped(seed: int, text: str) -> str:
    """Member functions that stand next to each other; their headers declare them."""
    random, file = Random(seed), Text(text)
    pairs = []
    children = [n for n in file.root.named_children if n.type != "comment"]
    for left, right in zip(children, children[1:], strict=False):
        if all(n.type == "function_definition" and _is_member(file, n) for n in (left, right)):
            pairs.append((left, right))
    edits = []
    for left, right in some(random, pairs):
        edits.append((left.start_byte, left.end_byte, file.data[right.start_byte : right.end_byte]))
        edits.append((right.start_byte, right.end_byte, file.data[left.start_byte : left.end_byte]))
    taken, kept = set(), []
    for a, b in zip(edits[::2], edits[1::2], strict=True):
        if not {a[0], b[0]} & taken:
            taken |= {a[0], b[0]}
            kept += [a, b]
    return file.edited(kept)


def _is_member(file: Text, node) -> bool:
    declarator = node.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator") or (
            declarator.named_children[-1] if declarator.type == "reference_declarator" else None
        )
    name = declarator.child_by_field_name("declarator") if declarator is not None else None
    return name is not None and name.type == "qualified_identifier" and "operator" not in file.of(name)


@order
def braces_added(seed: int, text: str) -> str:
    """Around a branch of one statement."""
    random, file = Random(seed), Text(text)
    found = []
    for node in file.nodes("if_statement", "for_statement", "for_range_loop", "while_statement"):
        branch = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        if (
            branch is not None
            and branch.type.endswith("statement")
            and branch.type not in ("compound_statement", "if_statement")
        ):
            found.append(branch)
    edits = []
    for node in some(random, found):
        edits += [(node.start_byte, node.start_byte, b"{ "), (node.end_byte, node.end_byte, b" }")]
    return file.edited(edits)
