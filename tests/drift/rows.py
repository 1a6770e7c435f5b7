"""Rows that are gone: of tables, enums, lists, structs and switches, one at a time; and rows that mean each other.

A row that the architecture needs is written again, as it was, or the rule refuses; one of somebody else stays away.
"""

from __future__ import annotations

from random import Random

from drift.kinds import Site, Strike, Tree, kind
from drift.order import _groups, _labels, _leaves
from drift.syntax import Text


def _item(node) -> Site:
    """A node with its comma."""
    after = node.next_sibling
    return Site(node.start_byte, after.end_byte if after is not None and after.type == "," else node.end_byte)


def listed(file: Text) -> list[Site]:
    """Enumerators, rows of tables, and rows of the tables in them."""
    found = [n for n in file.nodes("initializer_list", "enumerator")
             if n.type == "enumerator" or (n.parent.type == "initializer_list" and n.named_children)]  # fmt: skip
    return [_item(n) for n in found if n.type == "enumerator" or n.parent.named_children[0].type == "initializer_list"]


def entries(file: Text) -> list[Site]:
    """Names in lists: the tensors of an architecture."""
    lists = file.nodes("initializer_list")
    found = [n for each in lists if each.named_child_count > 2 for n in each.named_children if n.type == "identifier"]
    return [_item(n) for n in found if file.of(n).startswith("LLM_")]


def labels(file: Text) -> list[Site]:
    """Labels that stand with others, and whole groups, of switches."""
    found = []
    for switch in file.nodes("switch_statement"):
        for group in _groups(file, switch):
            if "default" in _labels(file, group):
                continue
            found.append(Site(group[0].start_byte, group[-1].end_byte))
            found += [Site(case.start_byte, case.end_byte) for case in group[:-1] if not _leaves(case) and case.named_child_count == 1]
    return found


def members(file: Text) -> list[Site]:
    """Data members."""
    found = [n for n in file.nodes("field_declaration") if b"(" not in n.text and b"{" not in n.text]
    return [Site(n.start_byte, n.end_byte) for n in found]


def _gone(tree: Tree, path: str, site: Site) -> Strike:
    file = tree.text(path)
    first, last = file.source.line_start(site.start), file.source.line_end(site.end)
    head, tail = file.data[first : site.start].strip(), file.data[site.end : last].strip()
    if head or (tail and not tail.startswith(b"//")):
        first, last = site.start, site.end
    return Strike({path: [(first, last, b"")]})


@kind(listed, "restored or blocked")
def row_deleted(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _gone(tree, path, site)


@kind(entries, "restored or blocked")
def entry_deleted(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _gone(tree, path, site)


@kind(labels, "restored or blocked")
def case_deleted(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _gone(tree, path, site)


@kind(members, "restored or blocked")
def member_deleted(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    return _gone(tree, path, site)


def pairs(file: Text) -> list[Site]:
    """Neighbouring rows of a key and a value."""
    found = []
    for node in file.nodes("initializer_list"):
        rows = [n for n in node.named_children if n.type == "initializer_list" and n.named_child_count == 2]
        for a, b in zip(rows, rows[1:], strict=False):
            (key, value), (other, second) = a.named_children, b.named_children
            if key.type == other.type == "identifier" and value.type == second.type and value.text != second.text:
                spans = (value.start_byte, value.end_byte, second.start_byte, second.end_byte, key.end_byte, other.start_byte, other.end_byte)
                found.append(Site(key.start_byte, b.end_byte, spans))
    return found


@kind(pairs, "same or blocked")
def values_exchanged(random: Random, tree: Tree, path: str, site: Site) -> Strike:
    """Two neighbours of a table have each other's value: what the port asks for by its name has the other enumerator."""
    file = tree.text(path)
    a, b, c, d, end, other, last = site.more
    edits = [(a, b, file.data[c:d]), (c, d, file.data[a:b])]
    names = file.data[site.start : end].decode(), file.data[other:last].decode()
    named = file.data[a : a + 1] == b'"' and b"LLM_ARCH_" not in _around(file, site)
    return Strike({path: edits}, exchanged=names if named else None)


def _around(file: Text, site: Site) -> bytes:
    """The key of the row whose second cell is the table of a site; the names in it are those of one architecture."""
    node = file.root.descendant_for_byte_range(site.start, site.end)
    while node.parent is not None and node.parent.type == "initializer_list":
        node = node.parent
        if node.named_children[0].type == "identifier":
            return bytes(node.named_children[0].text)
    return b""
