"""The plan as a patch that `git apply` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformer.show.hunks import closed, hunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.edit import Edit
    from transformer.plan import Plan


def patch(plan: Plan) -> bytes:
    """One patch for all files, sorted by path."""
    return b"".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[bytes]:
    for path, edits in plan.by_file():
        yield from file_patch(path, plan.bytes_before(path), edits, gone=path in plan.removed)


def file_patch(path: str, before: bytes | None, edits: Sequence[Edit], *, gone: bool = False) -> Iterator[bytes]:
    """The lines of the patch for one file; none where its edits change nothing. With `gone`, the file goes."""
    parts = hunks(before, edits)
    if before is not None and not parts:
        return
    old, new = quoted(f"a/{path}"), quoted(f"b/{path}")
    yield b"diff --git " + old + b" " + new + b"\n"
    if before is None:
        yield b"new file mode 100644\n"
    if gone:
        yield b"deleted file mode 100644\n"
    if parts:
        tab = b"\t" if " " in path else b""
        yield b"--- " + (b"/dev/null" if before is None else old + tab) + b"\n"
        yield b"+++ " + (b"/dev/null" if gone else new + tab) + b"\n"
    elif before is None:
        yield b"index 0000000..e69de29\n"
    for hunk in parts:
        yield hunk.head.encode() + b"\n"
        yield from map(closed, hunk.lines)


def quoted(path: str) -> bytes:
    """A path as git writes it: in quotes, with escapes, where it holds anything unusual."""
    raw = path.encode()
    if all(0x20 <= byte < 0x7F and byte not in b'"\\' for byte in raw):
        return raw
    return b'"' + b"".join(_escaped(byte) for byte in raw) + b'"'


def _escaped(byte: int) -> bytes:
    if byte in b'"\\':
        return b"\\" + bytes([byte])
    return bytes([byte]) if 0x20 <= byte < 0x7F else f"\\{byte:03o}".encode()
