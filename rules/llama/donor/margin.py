"""Lifted code without the indentation that it had where it stood."""

from __future__ import annotations

from transformer.cpp.source import Source


def margin(code: str) -> str:
    """Code at the left margin, with one line ending at its end."""
    return Source("", b"").reindent(_joined(code), "").strip("\n") + "\n"


def _joined(code: str) -> str:
    lines = code.strip("\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first and not first.startswith(" ") and len(lines) > 1:  # a struct: its first line stands at the brace's column
        rest = [line for line in lines[1:] if line.strip()]
        left = min((len(line) - len(line.lstrip()) for line in rest[-1:]), default=0)
        return "\n".join([first, *(line[left:] if line[:left].strip() == "" else line for line in lines[1:])])
    return "\n".join(lines)
