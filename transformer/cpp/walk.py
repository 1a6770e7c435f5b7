"""A walk through the statements of a function: which of them run, and what its variables are then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transformer.cpp.names import LOOPS
from transformer.cpp.values import Locals, Open, Same, Value, Values, joined, reasons, truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformer.cpp.syntax import Syntax

MOST_TURNS = 32
"""Loops that turn more often are not followed turn by turn."""
_NOTHING = ("preproc_call", "preproc_def", "type_definition", "using_declaration", "alias_declaration", ";")


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a function: what it returns there, and where."""

    value: Value | None
    """`None` where the program stops."""
    where: int
    """The byte at which the statement begins."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A label of a switch and the statements under it; where the preprocessor may leave it out, it may not be there."""

    label: str
    nodes: list[Syntax] = field(default_factory=list)
    maybe: bool = False


class Walk:
    """One way through the statements of a function; where nothing decides, all of them at once."""

    def __init__(self, values: Values, entries: dict[Syntax, list[Entry]]) -> None:
        self._values = values
        self._entries = entries
        self._breaks: list[list[Locals]] = []
        self._continues: list[list[Locals]] = []
        self.exits: list[Exit] = []
        self.open: set[str] = set()

    def block(self, nodes: Iterable[Syntax], local: Locals) -> Locals | None:
        """The variables behind some statements; `None` where nothing comes out there."""
        now: Locals | None = local
        for node in nodes:
            if now is None:
                return None
            now = self._statement(node, now)
        return now

    def _statement(self, node: Syntax, local: Locals) -> Locals | None:
        kind = node.type
        if kind in _NOTHING:
            return local
        if kind == "compound_statement":
            own = {each.name for n in node.named if n.type == "declaration" for each in n.fields("declarator")}
            inside = self.block(node.named, dict(local))
            return inside and {name: local[name] if name in own else inside[name] for name in local}
        if kind in ("else_clause", "attributed_statement", "labeled_statement"):
            return self.block(node.named[-1:], local)
        if kind == "if_statement":
            return self._if(node, local)
        if kind == "switch_statement":
            return self._switch(node, local)
        if kind.startswith("preproc_"):
            return self._either(node, local)
        return self._simple(node, local)

    def _simple(self, node: Syntax, local: Locals) -> Locals | None:
        match node.type:
            case "return_statement":
                nothing = Open(frozenset(["the end"]))
                value = self._values.of(node.named[0], local) if node.named else nothing
                self.open |= value.by if isinstance(value, Open) else set()
                self.exits.append(Exit(value, node.start))
                return None
            case "break_statement":
                if self._breaks:
                    self._breaks[-1].append(local)
                return None
            case "continue_statement":
                if self._continues:
                    self._continues[-1].append(local)
                return None
            case "declaration":
                return self._declared(node, local)
            case "expression_statement":
                return self._assigned(node, local)
            case kind if kind in LOOPS:
                return self._loop(node, local)
        returns = [each for each in node.all if each.type == "return_statement"]  # in a statement of another kind
        self.exits += [Exit(Open(frozenset([node.type])), each.start) for each in returns]
        return self._spoiled(node, local)

    def _if(self, node: Syntax, local: Locals) -> Locals | None:
        condition, yes = (node.field(each) for each in ("condition", "consequence"))
        no = node.field("alternative")
        if condition is None or yes is None:
            return self._spoiled(node, local)
        first = condition.field("initializer")
        value = condition.field("value")
        if first is not None:
            local = self.block(first.named or [first], local) or local
        asked = (
            self._values.of(condition, local)
            if value is None or value.type != "declaration"
            else Open(frozenset(["if"]))
        )
        local, known = self._spoiled(condition, local), truth(asked)
        if known is None:
            self.open |= reasons(asked)
        ways = (
            [[yes]]
            if known
            else [[no] if no is not None else []]
            if known is False
            else [[yes], [no] if no is not None else []]
        )
        return self._joined([self.block(each, dict(local)) for each in ways])

    def _either(self, node: Syntax, local: Locals) -> Locals | None:
        """Branches of the preprocessor: any of them, or none where there is no `#else`."""
        ways: list[list[Syntax]] = [[]]
        branch: Syntax | None = node
        while branch is not None:
            fields = [branch.field(each) for each in ("name", "condition", "alternative")]
            ways.append([n for n in branch.named if n not in fields])
            ways = ways[1:] if branch.type == "preproc_else" else ways
            branch = fields[-1]
        self.open.add("#if")
        return self._joined([self.block(each, dict(local)) for each in ways])

    def _loop(self, node: Syntax, local: Locals) -> Locals | None:
        """A loop that counts on known numbers is run; of another, what it assigns is open, and whether it returns."""
        exits, opened = list(self.exits), set(self.open)
        self._breaks.append([])
        self._continues.append([])
        ends = self._counted(node, local) if node.type == "for_statement" else None
        if ends is None:
            self.exits, self.open = exits, opened
            after = self._spoiled(node, local)
            inside = dict(after)
            for each in (n for n in node.named if n.type == "declaration"):
                inside = self._declared(each, inside)
            body, before = node.field("body"), len(self.exits)
            self.block([body] if body is not None else [], self._spoiled(node, inside))
            self.open |= {"loop"} if len(self.exits) > before else set()
            ends, self._breaks[-1] = [after], []
        self._continues.pop()
        return self._joined({name: end[name] for name in local} for end in [*ends, *self._breaks.pop()])

    def _counted(self, node: Syntax, local: Locals) -> list[Locals] | None:
        """The variables behind a loop over numbers that are known; `None` where they are not."""
        first, asked, step, body = (node.field(n) for n in ("initializer", "condition", "update", "body"))
        if first is None or asked is None or step is None or body is None or first.type != "declaration":
            return None
        now: Locals | None = self._declared(first, dict(local))
        for _ in range(MOST_TURNS):
            if now is None:
                return []
            known = truth(self._values.of(asked, now))
            if not known:
                return None if known is None else [now]
            self._continues[-1].clear()
            now = self._joined([self.block([body], now), *self._continues[-1]])
            counter = step.field("argument") if step.type == "update_expression" else None
            name = counter.text if counter is not None else ""
            count = now.get(name) if now is not None else 0
            if not isinstance(count, int):
                return None
            if now is not None:
                now = {**now, name: count + (1 if "++" in step.text else -1)}
        return None

    def _switch(self, node: Syntax, local: Locals) -> Locals | None:
        condition, body = (node.field(each) for each in ("condition", "body"))
        if condition is None or body is None:
            return self._spoiled(node, local)
        if node not in self._entries:
            self._entries[node] = list(self._listed(body))
        entries, asked = self._entries[node], self._values.of(condition, local)
        starts = self._starts(entries, asked)
        if len(starts) > 1 and isinstance(asked, Open):
            self.open |= asked.by
        self._breaks.append([])
        ends = [self._run(entries, start, dict(local)) for start in starts]
        ends += self._breaks.pop()
        return self._joined(ends)

    def _run(self, entries: Sequence[Entry], start: int, local: Locals) -> Locals | None:
        return self.block((node for entry in entries[start:] for node in entry.nodes), local)

    def _starts(self, entries: Sequence[Entry], asked: Value) -> list[int]:
        """Where a switch may begin; `len(entries)` is behind it."""
        other = next((n for n, each in enumerate(entries) if each.label == "default"), len(entries))
        if isinstance(asked, Open):
            return list(dict.fromkeys([*range(len(entries)), other]))
        found = [n for n, each in enumerate(entries) if each.label == str(asked)]
        self._values.met.update(each.label for each in entries if isinstance(asked, str))
        doubtful = not found or all(entries[n].maybe for n in found)
        return [*found, *([other] if doubtful else [])]

    def _listed(self, body: Syntax, maybe: bool = False) -> Iterable[Entry]:
        """The labels of a switch; what stands below a block of the preprocessor belongs to the label above it."""
        found: list[Entry] = []
        for node in body.named:
            if node.type == "case_statement":
                value = node.field("value")
                label = value.text.rpartition("::")[2] if value is not None else "default"
                found.append(Entry(label, [n for n in node.named if n != value], maybe))
            elif node.type.startswith("preproc_") and node.holds("case_statement"):
                found += self._listed(node, maybe=True)
            elif found:
                found[-1].nodes.append(node)
        return found

    def _declared(self, node: Syntax, local: Locals) -> Locals:
        local = dict(self._spoiled(node, local))
        for declarator in node.fields("declarator"):
            name = declarator.name
            value = declarator.field("value") if declarator.type == "init_declarator" else None
            local[name] = self._worth(value, local, name)
        return local

    def _worth(self, value: Syntax | None, local: Locals, name: str) -> Value | Same:
        if value is None or value.type == "initializer_list":
            return Open(frozenset([name]))
        return self._values.worth(value, local)

    def _assigned(self, node: Syntax, local: Locals) -> Locals | None:
        inside = node.named[0] if node.named else node
        if inside.type == "call_expression":
            called = inside.field("function")
            if called is not None and "abort" in called.text.lower():
                self.exits.append(Exit(None, node.start))
                return None
        if inside.type != "assignment_expression":
            return self._spoiled(node, local)
        left, right, sign = (inside.field(each) for each in ("left", "right", "operator"))
        if left is None or right is None or sign is None or left.text not in local:
            return self._spoiled(node, local)
        name, old, worth = left.text, local[left.text], self._values.worth(right, local)
        value = self._values.of(right, local)
        local = dict(self._spoiled(node, local))
        if sign.text == "=":
            local[name] = worth
        elif isinstance(value, int) and isinstance(old, int) and sign.text in ("|=", "&="):
            local[name] = old | value if sign.text == "|=" else old & value
        return local

    def _spoiled(self, node: Syntax, local: Locals) -> Locals:
        """The variables, with those open that a node changes or hands out."""
        names = node.changed & local.keys()
        return (
            {name: Open(frozenset([name])) if name in names else value for name, value in local.items()}
            if names
            else local
        )

    def _joined(self, ends: Iterable[Locals | None]) -> Locals | None:
        found = [each for each in ends if each is not None]
        if not found:
            return None
        local = found[0]
        for other in found[1:]:
            local = {name: joined(value, other[name], name) for name, value in local.items() if name in other}
        return local
