"""The other side of drift: one place that a rule needs is gone, double or broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from drift.machine import DriftedTree, loaded, original
from drift.syntax import Text, word
from transformer import plan
from transformer.outcome import Changes
from transformer.workspace import Workspace

NAMED = (
    "function_definition",
    "enum_specifier",
    "struct_specifier",
    "class_specifier",
    "declaration",
    "field_declaration",
)


@dataclass(frozen=True)
class Break:
    """What was done to one place of one rule, and the file as it is then."""

    rule: str
    what: str
    path: str
    data: bytes

    def __str__(self) -> str:
        return f"{self.rule}: {self.what} in {self.path}"


def breaks(root: Path) -> Iterator[Break]:
    """Every place that some rule needs: each is once renamed, taken away, doubled, or has a syntax error."""
    yield from _around_edits(root)
    yield from _of_builder(root)


def _of_builder(root: Path) -> Iterator[Break]:
    """What new files and new lines in lists need: other builders, helpers of the graph, the list of sources."""
    workspace = original(root).before
    path = "src/CMakeLists.txt"
    yield from _texts("graph.sources", workspace, path, r"add_library\(llama\s[^)]*\)", "add_library(llama", twice=True)
    if workspace.exists("src/models/models.h"):
        path, builders = "src/models/models.h", r"struct llm_build_\w+ [\s\S]*\n\};"
        yield from _texts("graph.declaration", workspace, path, builders, "llm_build_")
    for name in ("build_attn", "build_ffn", "build_moe_ffn"):
        helper = rf"ggml_tensor \* {name}\([^;]*;"
        yield from _texts("graph.builder", workspace, "src/llama-graph.h", helper, name)


def _texts(
    rule: str, workspace: Workspace, path: str, pattern: str, name: str, *, twice: bool = False
) -> Iterator[Break]:
    """All places that a pattern finds in a file, broken in each way at once."""
    text = workspace.source(path).data.decode()
    assert re.search(pattern, text), f"{path} has no {pattern}"
    ways: dict[str, Callable[[str], str]] = {
        "renamed": lambda own: own.replace(name, name.replace("(llama", "(other") if "(" in name else f"other_{name}"),
        "gone": lambda own: "",
        "broken": lambda own: own.replace("(", "( ("),
    }
    if twice:
        ways["twice"] = lambda own: f"{own}\n{own}"
    for what, way in ways.items():
        yield Break(
            rule, f"{name} {what}", path, re.sub(pattern, lambda found, way=way: way(found.group()), text).encode()
        )


def _around_edits(root: Path) -> Iterator[Break]:
    """For every edit of every rule: the place that it stands in."""
    made, seen = original(root), set()
    for step in made.steps:
        if not isinstance(step.outcome, Changes):
            continue
        for edit in step.outcome.edits:
            old = made.bytes_before(edit.path)
            if old is None or not edit.path.endswith((".h", ".cpp")):
                continue
            file = Text(old.decode())
            node, name = _place(file, edit.start)
            if node is None or (step.rule.name, edit.path, name) in seen:
                continue
            seen.add((step.rule.name, edit.path, name))
            own = file.data[node.start_byte : node.end_byte].decode()
            last = name.split("::")[-1]
            for what, text in (
                ("renamed", word(own, last, last + "_gone")),
                ("gone", ""),
                ("twice", f"{own}{';' if node.type.endswith('specifier') else ''}\n{own}"),
                ("broken", _broken(own, edit.start - node.start_byte)),
            ):
                data = file.edited([(node.start_byte, node.end_byte, text.encode())]).encode()
                yield Break(step.rule.name, f"{name} {what}", edit.path, data)


def _broken(own: str, offset: int) -> str:
    """Braces and parentheses that nobody opens or closes: on a line of its own near the edit, or in the one line."""
    at = own.rfind("\n", 0, max(offset, 1)) + 1 or own.find("\n") + 1 or own.find("(") + 1
    return own[:at] + "    ) = ( { ;\n" + own[at:]


def _place(file: Text, offset: int):
    """The outermost named thing around an offset: a function, enum, table or struct."""
    node = file.root.descendant_for_byte_range(max(offset - 1, 0), offset)
    found = None
    while node is not None:
        if node.type in NAMED and node.parent is not None:
            name = _name(file, node)
            if name:
                found = (node, name)
        node = node.parent
    return found or (None, "")


def _name(file: Text, node) -> str:
    if node.type.endswith("specifier"):
        name = node.child_by_field_name("name")
        return file.of(name) if name is not None and node.child_by_field_name("body") else ""
    declarator = node.child_by_field_name("declarator")
    while declarator is not None and not declarator.type.endswith("identifier"):
        declarator = declarator.child_by_field_name("declarator") or next(
            (c for c in declarator.named_children if c.type.endswith(("declarator", "identifier"))), None
        )
    return re.sub(r"\s", "", file.of(declarator)) if declarator is not None else ""


def plan_of(root: Path, one: Break) -> plan.Plan:
    return plan.make(loaded(root), DriftedTree(root, {one.path: one.data}))
