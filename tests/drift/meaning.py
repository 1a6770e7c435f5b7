"""What a file says, whatever its layout and the order of what has no order: a multiset of facts.

A fact is a path of scopes and what stands there. Enumerators, rows of keyed tables, members, cases, functions and
operands of `||` have no order; statements have one, so each is told with its follower. Comments and line breaks do not
count; a branch without braces is a block of one statement; labels that fall through say what they fall into.
The port of a drifted tree must add and take away the same facts as the port of the tree that did not drift.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise

from transformer.cpp import Source
from transformer.cpp.tokens import SEP, tokens

Facts = Counter[str]
_BRANCHES = ("preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "preproc_elifdef")
_OPEN = ("namespace_definition", "linkage_specification", "declaration_list", "template_declaration")


def of(data: bytes, undo: Callable[[str], str] = lambda text: text) -> Facts:
    """The facts of a file. `undo` takes back what a mutator renamed, in the text of each fact."""
    return of_source(Source("", data.replace(b"\r\n", b"\n")), undo)


def of_source(source: Source, undo: Callable[[str], str] = str) -> Facts:
    """The same of a file with LF that was parsed already."""
    starts = [node.start_byte for node in source.tree.root_node.named_children]
    items = (source.live[start:end].strip() for start, end in pairwise([*starts, len(source.data)]))
    return Counter(fact for item in items for fact in _item(item, undo))


@lru_cache(20_000)
def _item(data: bytes, undo: Callable[[str], str]) -> tuple[str, ...]:
    """The facts of one item of a file: most are the same before and after, and in many mutants."""
    reader = _Reader(Source("", data))
    return tuple(undo(fact) for fact in reader.scope("", reader.source.tree.root_node))


def change(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """What was added and what was taken away. A scope that the machine has put into `#ifndef` is told without that."""
    scopes = {each.split(" => ")[0] for each in before}
    added, taken = after - before, before - after
    return Counter(_free(e, scopes) for e in added.elements()), Counter(_free(e, scopes) for e in taken.elements())


def _free(fact: str, scopes: set[str]) -> str:
    """Without guards around scopes that were there before; what is new behind a guard stays behind it."""
    path, _, rest = fact.partition(" => ")
    if "/#ifndef NO_DRIFT_" not in path:
        return fact
    for guard in reversed(list(_GUARD.finditer(path))):
        scope = guard["before"] + guard["scope"]
        if any(each == scope or each.startswith(scope + "/") for each in scopes):
            path = guard["head"] + path[guard.end("guard") :]
    return f"{path} => {rest}"


_GUARD = re.compile(r"(?P<before>(?P<head>.*?)(?P<guard>/#ifndef NO_DRIFT_\d+))(?=(?P<scope>/[^/]*))")


def _plain(code: str) -> str:
    """The tokens of some code, set apart by blanks; strings that stand side by side are one."""
    return re.sub(r'(?<!\\)"\x1f"', "", tokens(code)).replace(SEP, " ")


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source

    def text(self, node) -> str:
        return _plain(self.source.text(node))

    def children(self, node) -> list:
        condition = node.child_by_field_name("condition") if node.type.startswith("preproc") else None
        name = node.child_by_field_name("name") if node.type.startswith("preproc") else None
        return [n for n in node.named_children if n.type != "comment" and n not in (condition, name)]

    # what has no order

    def scope(self, path: str, node) -> Iterator[str]:
        for child in self.children(node):
            yield from self.item(path, child)

    def item(self, path: str, node) -> Iterator[str]:
        kind = node.type
        if kind in _BRANCHES:
            yield from self.scope(path + self._condition(node), node)
        elif kind in _OPEN:
            yield from self.scope(path, node)
        elif kind == "function_definition":
            yield from self.function(path, node)
        elif kind == "field_declaration" and node.child_by_field_name("type") is not None and self._body(node):
            yield from self.item(path, node.child_by_field_name("type"))
        elif kind in ("declaration", "field_declaration"):
            yield from self.declaration(path, node)
        elif kind in ("struct_specifier", "class_specifier", "enum_specifier") and node.child_by_field_name("body"):
            own = f"{path}/{kind[:6]} {self._name(node)}"
            yield from self.scope(own, node.child_by_field_name("body"))
        elif kind == "enumerator":
            value = node.child_by_field_name("value")
            yield f"{path} => {self._name(node)}{' = #' if value is not None else ''}"
        elif kind not in (";", "access_specifier"):
            yield f"{path} => {self.text(node)}"

    def _body(self, node) -> bool:
        kind = node.child_by_field_name("type")
        return kind is not None and kind.child_by_field_name("body") is not None

    def _name(self, node) -> str:
        name = node.child_by_field_name("name")
        return self.text(name) if name is not None else ""

    def _condition(self, node) -> str:
        end = self.source.data.find(b"\n", node.start_byte)
        words = self.source.data[node.start_byte : end].decode().replace("#", "# ", 1).split()
        return f"/#{' '.join(words[1:])}"

    def declaration(self, path: str, node) -> Iterator[str]:
        declarator = node.child_by_field_name("declarator")
        value = declarator.child_by_field_name("value") if declarator is not None else None
        if value is not None and value.type == "initializer_list" and self._keyed(value):
            name = self.text(declarator.child_by_field_name("declarator"))
            yield from self.table(f"{path}/table {name}", value)
        elif declarator is not None and (function := _function(node)) is not None:
            yield from self.signature(path, node, function, node)
        else:
            yield f"{path} => {self.text(node)}"

    def _keyed(self, value) -> bool:
        rows = [n for n in self.children(value) if not n.type.startswith("preproc")]
        return bool(rows) and all(r.type == "initializer_list" and r.named_children for r in rows)

    def table(self, path: str, node) -> Iterator[str]:
        for row in self.children(node):
            if row.type in _BRANCHES:
                yield from self.table(path + self._condition(row), row)
            elif row.type == "initializer_list" and row.named_children:
                cells = self.children(row)
                if len(cells) == 2 and cells[1].type == "initializer_list" and self._keyed(cells[1]):
                    yield from self.table(f"{path}/{self.text(cells[0])}", cells[1])
                else:
                    yield f"{path} => {', '.join(self.text(c) for c in cells)}"

    def signature(self, path: str, node, function, whole) -> Iterator[str]:
        parameters = function.child_by_field_name("parameters")
        name = self.text(function.child_by_field_name("declarator"))
        found = [self.text(n) for n in self.children(parameters)]
        # overloads are told apart by their first parameter, which nothing changes
        own = f"{path}/{name}({', '.join(found[:1])})"
        head = self.source.data[whole.start_byte : function.start_byte].decode()
        yield f"{own} => returns {_plain(head)}"
        for each in found:
            yield f"{own} => takes {each}"

    def function(self, path: str, node) -> Iterator[str]:
        function, body = _function(node), node.child_by_field_name("body")
        if function is None or body is None:
            yield f"{path} => {self.text(node)}"
            return
        said = list(self.signature(path, node, function, node))
        yield from said
        yield from self.block(said[0].rsplit(" => returns", 1)[0], body)

    # what has an order

    def statements(self, node) -> list:
        if node.type == "else_clause":
            return self.statements(node.named_children[-1])
        if node.type == "compound_statement":
            found = []
            for child in self.children(node):
                found += self.statements(child) if child.type == "compound_statement" else [child]
            return found
        return [node]

    def block(self, path: str, node) -> Iterator[str]:
        yield from self.sequence(path, self.statements(node))

    def sequence(self, path: str, found: list) -> Iterator[str]:
        heads = [self.head(each) for each in found] + ["end"]
        yield f"{path} => begins with {heads[0]}"
        for each, head, after in zip(found, heads, heads[1:], strict=False):
            yield f"{path} => {head} -> {after}"
            yield from self.inside(f"{path}/{head}", each)

    def head(self, node) -> str:
        if node.type in _BRANCHES:
            return self._condition(node)[1:]
        if node.type == "if_statement":
            return f"if {self._operands(node)[0]}"
        if node.type == "switch_statement":
            return f"switch {self.text(node.child_by_field_name('condition'))}"
        if node.type in ("for_statement", "for_range_loop", "while_statement"):
            body = node.child_by_field_name("body")
            return _plain(self.source.data[node.start_byte : body.start_byte].decode())
        return self.text(node)

    def _operands(self, node) -> list[str]:
        value = node.child_by_field_name("condition")
        value = value.child_by_field_name("value") if value is not None else None
        stack, found = [value] if value is not None else [], []
        while stack:
            each = stack.pop()
            operator = each.child_by_field_name("operator") if each.type == "binary_expression" else None
            if operator is not None and operator.type == "||":
                stack += [
                    n for n in (each.child_by_field_name("right"), each.child_by_field_name("left")) if n is not None
                ]
            else:
                found.append(self.text(each))
        return found or [""]

    def inside(self, path: str, node) -> Iterator[str]:
        if node.type in _BRANCHES:
            yield from self.sequence(path, self.children(node))
        elif node.type == "if_statement":
            for operand in self._operands(node):
                yield f"{path} => or {operand}"
            yield from self.block(path, node.child_by_field_name("consequence"))
            other = node.child_by_field_name("alternative")
            if other is not None:
                yield from self.sequence(f"{path}/else", self.statements(other))
        elif node.type == "switch_statement":
            yield from self.switch(path, node.child_by_field_name("body"))
        elif node.type in ("for_statement", "for_range_loop", "while_statement"):
            yield from self.block(path, node.child_by_field_name("body"))

    def switch(self, path: str, body) -> Iterator[str]:
        cases = list(self._cases("", body))
        for index, (where, label, own) in enumerate(cases):
            found = list(own)
            for _, _, further in cases[index + 1 :]:
                if found and _jumps(found[-1]):
                    break
                found += further
            yield from self.sequence(f"{path}{where}/case {label}", found)

    def _cases(self, where: str, node) -> Iterator[tuple[str, str, list]]:
        for child in self.children(node):
            if child.type in _BRANCHES:
                yield from self._cases(where + self._condition(child), child)
            elif child.type == "case_statement":
                value = child.child_by_field_name("value")
                found = []
                for each in self.children(child):
                    found += self.statements(each) if each != value else []
                yield where, self.text(value) if value is not None else "default", found


def _jumps(node) -> bool:
    return node.type in (
        "break_statement",
        "return_statement",
        "continue_statement",
        "throw_statement",
        "goto_statement",
    )


def _function(node):
    declarator = node.child_by_field_name("declarator")
    while declarator is not None and declarator.type != "function_declarator":
        declarator = declarator.child_by_field_name("declarator") or next(
            (c for c in declarator.named_children if c.type.endswith("declarator")), None
        )
    return declarator


def renamed(text: str) -> str:
    """The facts of a tree whose locals were renamed by the machine, with their old names."""
    return re.sub(r"\b(\w+?)_was_\d{5}\b", r"\1", text)
