"""Code taken out of a file as text with words in it: what a template is made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer.cpp import lists
from transformer.cpp.construct import Construct
from transformer.cpp.names import last_name
from transformer.cpp.source import descendants

if TYPE_CHECKING:
    from tree_sitter import Node

    from transformer.cpp.source import Source

KINDS = {
    "call_expression": "call",
    "field_expression": "member",
    "identifier": "name",
    "field_identifier": "field",
    "qualified_identifier": "name",
    "template_function": "name",
    "type_identifier": "type",
    "binary_expression": "operation",
    "unary_expression": "negation",
    "conditional_expression": "choice",
    "expression_statement": "statement",
    "declaration": "statement",
    "if_statement": "if",
    "for_statement": "loop",
    "return_statement": "return",
    "function_definition": "function",
}
_GIVING = (("init_declarator", "declarator", "value"), ("assignment_expression", "left", "right"))
_BLANK = re.compile(r"\s+")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.S)
GONE = "\x1e"
"""What stands in a lifted text where a statement was left out."""
_ELSE = re.compile(rf"(?<!\s)\s*\belse\s*{GONE}")
_HEADLESS = re.compile(rf"\b(?:if|for|while) \([^\n]*\)\s*{GONE}")


@dataclass(frozen=True, slots=True)
class Word:
    """An expression of the template language, in place of code."""

    code: str


Piece = str | Word
Decide = Callable[["Part"], Sequence[Piece] | None]


class Part(Construct):
    """A node on the way out: what kind of thing it is, and what becomes of it and of its parts."""

    def __init__(self, source: Source, node: Node, decide: Decide) -> None:
        super().__init__(source, node, "a part")
        self._decide = decide

    @property
    def kind(self) -> str:
        """`call`, `member`, `name`, `operation`, `statement`, `if` ...; empty for anything else."""
        return KINDS.get(self.node.type, "")

    @property
    def callee(self) -> str:
        """The last name of what a call calls."""
        node = self.node.child_by_field_name("function")
        return self.source.text(last_name(node)) if node is not None else ""

    @property
    def receiver(self) -> str:
        """What stands in front of the last name of a callee or member, with its `.`, `->` or `::`."""
        node = self.node.child_by_field_name("function") or self.node
        return self.source.between(node.start_byte, last_name(node).start_byte)

    @property
    def receiver_part(self) -> Part | None:
        """What a member, or the callee of a call, is a member of."""
        node = self.node.child_by_field_name("function") or self.node
        owner = node.child_by_field_name("argument")
        return Part(self.source, owner, self._decide) if owner is not None else None

    @property
    def field(self) -> str:
        """The name behind the last `.` or `->` of a member."""
        return self.source.text(last_name(self.node))

    def given(self) -> list[Part]:
        """The arguments of a call."""
        node = self.node.child_by_field_name("arguments")
        return [Part(self.source, each, self._decide) for each in lists.items(node)] if node is not None else []

    def named(self, name: str) -> Part | None:
        """A part by the name that the grammar gives it: `left`, `right`, `condition`, `consequence` ..."""
        node = self.node.child_by_field_name(name)
        return Part(self.source, node, self._decide) if node is not None else None

    def value(self) -> Part:
        """What a variable was last given above this place in its function; of a parameter, or anything else, itself."""
        if self.kind != "name":
            return self
        function = self.node
        while function.parent is not None and function.type != "function_definition":
            function = function.parent
        found = [
            (each.start_byte, value)
            for kind, name, right in _GIVING
            for each in descendants(function, kind)
            if each.end_byte <= self.node.start_byte
            and (left := each.child_by_field_name(name)) is not None
            and (value := each.child_by_field_name(right)) is not None
            and self.source.text(left).lstrip("*& ") == self.text
        ]
        return Part(self.source, max(found, key=lambda each: each[0])[1], self._decide) if found else self

    def children(self) -> list[Part]:
        """The parts that are no punctuation."""
        return [Part(self.source, each, self._decide) for each in self.node.named_children]

    def pieces(self) -> list[Piece]:
        """What becomes of this node."""
        decided = self._decide(self) if self.kind else None
        return list(decided) if decided is not None else self.inside()

    def inside(self) -> list[Piece]:
        """What becomes of the parts of this node, with the text between them."""
        found: list[Piece] = []
        position = self.node.start_byte
        for child in self.node.children:
            found.append(self.source.between(position, child.start_byte))
            found += Part(self.source, child, self._decide).pieces()
            position = child.end_byte
        found.append(self.source.between(position, self.node.end_byte))
        return joined(found)


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces with neighbouring texts made one, and empty ones left out."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    return found


def lift(construct: Construct, decide: Decide) -> list[Piece]:
    """A construct as pieces. `decide` may give others for a part, or `None` to look at its parts in turn."""
    return Part(construct.source, construct.node, decide).pieces()


def as_template(pieces: Sequence[Piece]) -> str:
    """Pieces as the text of a template; lines that lost all they had are gone, with the remark right above them."""
    text = "".join(piece if isinstance(piece, str) else f"<%= {piece.code} %>" for piece in pieces)
    return without_gaps(_HEADLESS.sub(GONE, _ELSE.sub("", text)))


def as_argument(pieces: Sequence[Piece]) -> str:
    """Pieces as an expression of the template language that gives their text."""
    parts = [_quoted(piece) if isinstance(piece, str) else piece.code for piece in _trimmed(pieces)]
    return " ~ ".join(parts) if parts else '""'


def _trimmed(pieces: Sequence[Piece]) -> list[Piece]:
    flat = [_BLANK.sub(" ", _COMMENT.sub("", p)) if isinstance(p, str) else p for p in joined(pieces)]
    if flat and isinstance(flat[0], str):
        flat[0] = flat[0].lstrip()
    if flat and isinstance(flat[-1], str):
        flat[-1] = flat[-1].rstrip()
    return [piece for piece in flat if piece != ""]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def without_gaps(text: str) -> str:
    """A lifted text without the lines that hold nothing but what was left out, and the remarks right above those."""
    lines: list[str] = []
    for line in text.split("\n"):
        if GONE not in line:
            lines.append(line)
            continue
        rest = line.replace(GONE, "").strip()
        if rest and not rest.startswith("//"):
            lines.append(line.replace(GONE, ""))
            continue
        while lines and lines[-1].lstrip().startswith("//"):
            lines.pop()
        if (lines and not lines[-1].strip()) or (lines and lines[-1].rstrip().endswith("{")):
            lines.append(GONE)
    kept: list[str] = []
    for line in lines:
        if line == GONE:
            continue
        if not line.strip() and kept and (not kept[-1].strip() or kept[-1].rstrip().endswith("{")) and GONE in lines:
            continue
        kept.append(line)
    return "\n".join(kept)
