"""One file: its bytes, its syntax tree, and the geometry of its lines."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache, cached_property
from typing import TYPE_CHECKING

import tree_sitter_cpp
from tree_sitter import Language, Node, Parser, Tree

from transformer.cpp.dead import without_dead
from transformer.cpp.macros import defined
from transformer.cpp.tokens import among, longest, tokens
from transformer.edit import Edit, digest, splice

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

INDENT = 4  # blanks of one level, where a file is not indented by tabs


@cache
def language() -> Language:
    """The C++ grammar."""
    return Language(tree_sitter_cpp.language())


def descendants(node: Node, kind: str) -> list[Node]:
    """All nodes of a kind below `node` (and `node` itself), in the order of the text; for small nodes."""
    found, stack = [], [node]
    while stack:
        current = stack.pop()
        if current.type == kind:
            found.append(current)
        stack += reversed(current.children)
    return found


def around(source: Source, node: Node, kinds: Collection[str], word: str) -> Iterator[Node]:
    """Nodes of some kinds in `node` (or `node` itself) that have `word` in them, in the order of the text.

    Found from the word outwards: for each place where it stands, all such nodes around it, the inner ones first.
    """
    seen: set[int] = set()
    for match in re.finditer(_whole(word), source.live[node.start_byte : node.end_byte]):
        start = node.start_byte + match.start()
        inner = node.descendant_for_byte_range(start, start + len(match.group()))
        while inner is not None and inner.start_byte >= node.start_byte and inner.end_byte <= node.end_byte:
            if inner.id in seen:
                break
            seen.add(inner.id)
            if inner.type in kinds:
                yield inner
            inner = inner.parent


@cache
def _whole(word: str) -> re.Pattern[bytes]:
    text = re.escape(word.encode())
    return re.compile((rb"\b" if word[:1].isidentifier() else b"") + text + (rb"\b" if word[-1:].isalnum() else b""))


def unconditional(node: Node) -> Node:
    """The outermost `#if` block around an item of a list, switch or file, or the item itself; a guard is none."""
    outer = node
    while outer.parent is not None and outer.parent.type.startswith("preproc_") and not _is_guard(outer.parent):
        outer = outer.parent
    return outer


def _is_guard(block: Node) -> bool:
    """Whether `#ifndef X` is followed by `#define X`: around a whole header."""
    name, inside = block.child_by_field_name("name"), block.named_children[1:2]
    if name is None or not inside or inside[0].type != "preproc_def":
        return False
    defined = inside[0].child_by_field_name("name")
    return defined is not None and defined.text == name.text


_CONFLICT = re.compile(rb"^(?:<{7}|>{7})(?:[ \r\n]|\Z)", re.MULTILINE)


_INSTANCE = re.compile(rb"(?<!\s)\s*template\s+(?:struct|class)\s+[\w:]+\s*<[^;{}]*>\s*;")


class Source:
    """A C++ file as it was read, or as it is planned."""

    def __init__(self, path: str, data: bytes, *, previous: Source | None = None, edits: tuple[Edit, ...] = ()) -> None:
        self.path = path
        self.data = data
        self._previous = previous
        self._edits = edits

    @cached_property
    def live(self) -> bytes:
        """The bytes, with blanks in place of code that is never compiled (`#if 0`): no search finds anything there."""
        return without_dead(self.data)

    @cached_property
    def tree(self) -> Tree:
        """The syntax tree of what is live; of a planned file, parsed again only where it changed."""
        parser = Parser(language())
        if self._previous is None or splice(self._previous.live, self._edits) != self.live:
            return parser.parse(self.live)
        old = self._previous.tree.copy()
        for edit in reversed(self._edits):
            start, end = self._previous.point(edit.start), self._previous.point(edit.end)
            rows, column = edit.text.count(b"\n"), len(edit.text) - (edit.text.rfind(b"\n") + 1)
            old.edit(
                start_byte=edit.start,
                old_end_byte=edit.end,
                new_end_byte=edit.start + len(edit.text),
                start_point=start,
                old_end_point=end,
                new_end_point=(start[0] + rows, column if rows else start[1] + column),
            )
        return parser.parse(self.live, old)

    @cached_property
    def macros(self) -> Mapping[str, Sequence[str]]:
        """The tokens of each macro that the file defines."""
        return defined(self.live)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes."""
        return digest(self.data)

    @cached_property
    def tokens(self) -> str:
        """The tokens of what is live in the whole file."""
        return tokens(self.live.decode())

    def tokens_of(self, node: Node) -> str:
        """The tokens of what is live in a node."""
        return tokens(self.live[node.start_byte : node.end_byte].decode().replace("\r\n", "\n"))

    @cached_property
    def conflict(self) -> int | None:
        """The number of the first line that is a conflict marker of a merge; `None` where there is none.

        A line of seven `=` counts only between markers: in a comment it is an underline.
        """
        marker = _CONFLICT.search(self.data) if b"<<<<<<<" in self.data or b">>>>>>>" in self.data else None
        return self.line(marker.start()) if marker else None

    @cached_property
    def newline(self) -> bytes:
        """The line ending of the file."""
        return b"\r\n" if self.data.count(b"\r\n") * 2 > self.data.count(b"\n") else b"\n"

    @cached_property
    def unit(self) -> str:
        """One level of indentation: a tab in a file that is indented by tabs."""
        tabs, blanks = self.data.count(b"\n\t"), self.data.count(b"\n" + b" " * INDENT)
        return "\t" if tabs > blanks else " " * INDENT

    def deeper(self, indent: str, levels: int = 1) -> str:
        """An indentation some levels further in."""
        return indent + self.unit * levels

    def reindent(self, code: str, indent: str) -> str:
        """`code`, dedented, with `indent` before each line that is not empty; preprocessor lines stay at the margin."""
        lines = code.strip("\n").split("\n")
        code_lines = [line for line in lines if line.strip() and not line.startswith("#")]
        margin = min((len(line) - len(line.lstrip()) for line in code_lines), default=0)
        return "\n".join(self._shifted(line, margin, indent) if line.strip() else "" for line in lines)

    def _shifted(self, line: str, margin: int, indent: str) -> str:
        if line.startswith("#"):
            return line
        text = line[margin:].lstrip(" ")
        levels, rest = divmod(len(line) - margin - len(text), INDENT)
        return self.deeper(indent, levels) + " " * rest + text

    def holds(self, code: str) -> bool:
        """Whether `code` stands in the file, token by token."""
        wanted = tokens(code)
        return longest(wanted).encode() in self.data and among(wanted, self.tokens)

    def line(self, offset: int) -> int:
        """The number of the line that holds byte `offset`, from 1."""
        return bisect_left(self._line_ends, offset) + 1

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in re.finditer(rb"\n", self.data)]

    def point(self, offset: int) -> tuple[int, int]:
        """Row and byte column of a byte, from 0, as tree-sitter counts them."""
        return self.line(offset) - 1, offset - self.line_start(offset)

    def where(self, offset: int) -> str:
        """`path:line` of a byte."""
        return f"{self.path}:{self.line(offset)}"

    def line_start(self, offset: int) -> int:
        """The first byte of the line that holds `offset`."""
        return self.data.rfind(b"\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """The first byte after the line that holds `offset`, its line ending included."""
        end = self.data.find(b"\n", offset)
        return len(self.data) if end < 0 else end + 1

    def below(self, end: int) -> int:
        """The first line under what ends at `end`; a comment that begins on the last line is passed as well."""
        if end > 0 and self.data[end - 1 : end] == b"\n":
            end -= 1
        line = self.line_end(end)
        while 0 < line < len(self.data):
            node = self.tree.root_node.descendant_for_byte_range(line - 1, line - 1)
            if node is None or node.type != "comment" or node.end_byte <= line:
                break
            line = self.line_end(node.end_byte)
        return line

    def rest(self, end: int) -> str:
        """The tokens that stand behind `end` on its line; comments do not count."""
        return tokens(self.data[end : self.below(end)].decode())

    def content_end(self, offset: int) -> int:
        """The end of the line that holds `offset`, without its line ending and blanks before it."""
        start = self.line_start(offset)
        return start + len(self.data[start : self.line_end(offset)].rstrip())

    def column(self, offset: int) -> int:
        """The column of a byte in characters, from 0; a tab counts as one."""
        return len(self.data[self.line_start(offset) : offset].decode(errors="replace"))

    def indent(self, offset: int) -> str:
        """The blanks at the start of the line that holds `offset`."""
        start = self.line_start(offset)
        line = self.data[start : self.line_end(offset)]
        return line[: len(line) - len(line.lstrip(b" \t"))].decode()

    def starts_line(self, node: Node) -> bool:
        """Whether only blanks stand before `node` on its line."""
        return not self.data[self.line_start(node.start_byte) : node.start_byte].strip()

    def text(self, node: Node) -> str:
        """The text of a node, with LF line endings."""
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        """The text of a span, with LF line endings."""
        return self.data[start:end].decode().replace("\r\n", "\n")

    def edit(self, start: int, end: int, text: str, anchor: str) -> Edit:
        """An edit of this file; `text` has LF line endings and gets those of the file."""
        return Edit(self.path, start, end, self.encoded(text), self.digest, anchor, self.line(start))

    def encoded(self, text: str) -> bytes:
        """`text`, which has LF line endings, as bytes with those of the file."""
        encoded = text.encode()
        return encoded.replace(b"\n", b"\r\n") if self.newline == b"\r\n" else encoded

    def insert_lines(self, offset: int, lines: str, anchor: str) -> Edit:
        """Whole lines in front of the line that starts at `offset` (the end of the file counts as one)."""
        text = lines if lines.endswith("\n") else lines + "\n"
        if offset == len(self.data) and self.data and not self.data.endswith(b"\n"):
            return self.edit(offset, offset, "\n" + text.removesuffix("\n"), anchor)
        return self.edit(offset, offset, text, anchor)

    @cached_property
    def faults(self) -> tuple[int, ...]:
        """Offsets of what the parser could not read (ERROR and MISSING nodes)."""
        return tuple(each for each in _faults(self.tree.root_node) if not self._instantiates(each))

    def _instantiates(self, offset: int) -> bool:
        """Whether a line is an explicit instantiation (`template struct a<true>;`), which the grammar does not know."""
        line = self.data[self.line_start(offset) : self.line_end(offset)]
        return _INSTANCE.match(line) is not None


def _faults(node: Node) -> Iterator[int]:
    stack = [node]
    while stack:
        current = stack.pop()
        if not current.has_error:
            continue
        if current.is_error or current.is_missing:
            yield current.start_byte
        stack += current.children


def aligned(lines: list[str]) -> list[str]:
    """Lines of the form `head = value`, with their `=` in one column."""
    parts = [line.partition(" = ") for line in lines]
    width = max((len(head) for head, equals, _ in parts if equals), default=0)
    return [f"{head.ljust(width)}{equals}{value}" if equals else head for head, equals, value in parts]
