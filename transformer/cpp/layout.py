"""Where new lines go: above a statement, below one, into a body; on the line of other statements that share one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.cpp.source import Source, unconditional
from transformer.errors import AnchorError

if TYPE_CHECKING:
    from tree_sitter import Node

    from transformer.edit import Edit

SCOPES = ("translation_unit", "declaration_list", "field_declaration_list", "compound_statement", "case_statement",
          "preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "preproc_elifdef")  # fmt: skip
_DECLARATIONS = ("translation_unit", "declaration_list", "field_declaration_list")


def statement(node: Node) -> Node:
    """The statement or declaration that holds `node`: what stands by itself in braces, under a label, in a file."""
    while node.parent is not None and node.parent.type not in SCOPES:
        node = node.parent
    return node


def above(source: Source, node: Node, code: str, anchor: str, *, gap: bool = False) -> Edit:
    """`code` on lines of its own above a statement and its comment; `gap` leaves an empty line between."""
    first = _free(source, node, anchor)
    indent = source.indent(first.start_byte)
    if _shares(source, first):
        text = _beside(code)
        if text is None:
            inner = source.deeper(indent)
            place, blanks = _before_blanks(source, first)
            return source.edit(place, place, f"\n{source.reindent(code, inner)}\n{inner.removesuffix(blanks)}", anchor)
        return source.edit(first.start_byte, first.start_byte, f"{text} ", anchor)
    outer = unconditional(first)
    if outer.parent is not None and outer.parent.type in _DECLARATIONS:
        first = outer
    lines = source.reindent(code, indent) + ("\n\n" if gap else "\n")
    return source.insert_lines(source.line_start(commented(source, first).start_byte), lines, anchor)


def commented(source: Source, node: Node) -> Node:
    """The first of the comments on lines of their own right above a node; the node itself where there is none."""
    while (comment := node.prev_sibling) is not None and comment.type == "comment" and source.starts_line(comment):
        if comment.end_point[0] + 1 < node.start_point[0]:
            break
        node = comment
    return node


def below(source: Source, node: Node, code: str, anchor: str, *, gap: bool = False, indent: str | None = None) -> Edit:
    """`code` on lines of its own below a statement and the comment behind it; `gap` leaves an empty line between.

    Below a declaration inside `#if` means: below the `#endif`.
    """
    last = _free(source, node, anchor)
    own = source.indent(last.start_byte) if indent is None else indent
    outer = unconditional(last)
    if outer.parent is not None and outer.parent.type in _DECLARATIONS:
        last = outer
    end = end_of(source, last)
    rest = source.rest(end)
    if not rest:
        return source.insert_lines(source.below(end), ("\n" if gap else "") + source.reindent(code, own) + "\n", anchor)
    text = _beside(code)
    if text is None:
        inner = source.deeper(own) if rest.startswith("}") else own
        return source.edit(end, end, f"\n{source.reindent(code, inner)}\n{own}", anchor)
    return source.edit(end, end, f" {text}", anchor)


def into(source: Source, braces: Node, code: str, anchor: str, *, outer: str) -> list[Edit]:
    """`code` as the first lines in braces; braces on one line are opened. The line that has them has indent `outer`."""
    start, close = braces.start_byte + 1, braces.end_byte - 1
    lines = source.reindent(code, source.deeper(outer))
    if not source.rest(start):
        return [source.insert_lines(source.below(start), lines + "\n", anchor)]
    if not braces.named_children:
        return [source.edit(start, close, f"\n{lines}\n{outer}", anchor)]
    first, last = braces.named_children[0], braces.named_children[-1]
    edits = [source.edit(start, first.start_byte, f"\n{lines}\n{source.deeper(outer)}", anchor)]
    if source.line(end_of(source, last)) == source.line(close):
        edits.append(source.edit(end_of(source, last), close, f"\n{outer}", anchor))
    return edits


def _free(source: Source, node: Node, anchor: str) -> Node:
    """The statement of `node`. Raises `AnchorError` for the `if` of an `else if`: nothing can stand beside it."""
    if node.type == "if_statement" and node.parent is not None and node.parent.type == "else_clause":
        where = source.where(node.start_byte)
        raise AnchorError(f"{anchor} is the branch of another if", where=where, help="nothing can stand beside it")
    return statement(node)


def end_of(source: Source, node: Node) -> int:
    """The end of a statement, its semicolon included and without a line ending."""
    end = node.end_byte
    after = node.next_sibling
    while after is not None and after.type == "comment":
        after = after.next_sibling
    if after is not None and after.type == ";":
        end = after.end_byte
    while end > node.start_byte and source.data[end - 1 : end] in (b"\n", b"\r"):
        end -= 1
    return end


def alone(source: Source, node: Node, last: Node | None = None) -> bool:
    """Whether a statement shares its lines with comments alone; with `last`, the statements from `node` to `last`."""
    return not _shares(source, node) and not source.rest(end_of(source, last or node))


def _before_blanks(source: Source, node: Node) -> tuple[int, str]:
    """Where the blanks in front of a node begin, and the blanks: on a new line they are a part of the indentation."""
    head = source.data[source.line_start(node.start_byte) : node.start_byte]
    blanks = head[len(head.rstrip()) :].decode()
    return node.start_byte - len(blanks), blanks


def _shares(source: Source, node: Node) -> bool:
    head = source.data[source.line_start(node.start_byte) : node.start_byte].strip()
    return bool(head) and not (head.startswith(b"/*") and head.endswith(b"*/"))


def _beside(code: str) -> str | None:
    """`code`, where it can stand in one line with what follows."""
    text = code.strip()
    return None if "\n" in text or "//" in text or text.startswith("#") else text
