"""The plan as a patch that `git apply` takes."""

from __future__ import annotations

from collections.abc import Iterator

from transformer.plan import Plan
from transformer.show.hunks import closed, hunks


def patch(plan: Plan) -> bytes:
    """One patch for all files, sorted by path."""
    return b"".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[bytes]:
    for path, edits in plan.by_file():
        before = plan.bytes_before(path)
        yield f"diff --git a/{path} b/{path}\n".encode()
        if before is None:
            yield b"new file mode 100644\n--- /dev/null\n"
        else:
            yield f"--- a/{path}\n".encode()
        yield f"+++ b/{path}\n".encode()
        for hunk in hunks(before, edits):
            yield hunk.head.encode() + b"\n"
            yield from map(closed, hunk.lines)
