"""Rule cases: one readable text file each.

    # why the case is there
    arch: muse-glimmer
    === src/some-file.h
    the file before
    --- becomes
    the file after

`arch` is the architecture whose rules are asked; without the line, gemma4. A file without a `--- becomes` must not change. A case may end with `--- blocked: words of the reason`. Files that
a case does not bring come from the example fork.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from transformer import pack
from transformer.outcome import Blocked, Changes, NotNeeded, Outcome, Satisfied
from transformer.workspace import MemoryStore, Workspace

HERE = Path(__file__).parent
FORK = HERE.parent / "examples" / "minifork"
CASES = HERE / "cases"


@dataclass
class Case:
    """What a case file says."""

    rule: str
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    blocked: str = ""
    arch: str = "gemma4"

    @property
    def changed(self) -> dict[str, str]:
        return {path: text for path, text in self.after.items() if self.before.get(path) != text}


def read(path: Path) -> Case:
    """A case file; the rule is named by its folder."""
    case = Case(path.parent.name)
    current, target = "", case.before
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("=== "):
            current, target = line[4:].strip(), case.before
            target[current] = ""
        elif line.startswith("--- becomes"):
            target = case.after
            target[current] = ""
        elif line.startswith("--- blocked:"):
            case.blocked = line.removeprefix("--- blocked:").strip()
            current = ""
        elif line.startswith("arch: ") and not current:
            case.arch = line.removeprefix("arch: ").strip()
        elif current:
            target[current] += line
    for name, text in case.before.items():
        case.after.setdefault(name, text)
    return case


@cache
def example() -> dict[str, bytes]:
    """The example fork, as bytes."""
    return {str(p.relative_to(FORK).as_posix()): p.read_bytes() for p in sorted(FORK.rglob("*")) if p.is_file()}


def tree(files: dict[str, str], crlf: bool) -> Workspace:
    """The example fork with the files of a case in it."""
    base = {**example(), **{path: text.encode() for path, text in files.items()}}
    if crlf:
        base = {path: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for path, data in base.items()}
    return Workspace(MemoryStore({path: data for path, data in base.items() if data}))


def ask(rule: str, workspace: Workspace, arch: str = "gemma4") -> Outcome:
    """What one rule says of a tree."""
    from transformer.plan import ask as ask_rule

    loaded = pack.load(arch, pack.home())
    found = [each for each in loaded.rules if each.name == rule]
    assert found, f"there is no rule {rule}"
    return ask_rule(found[0], loaded.family.open(workspace, loaded))


def edits(outcome: Outcome) -> tuple:
    return outcome.edits if isinstance(outcome, Changes) else ()


__all__ = ["CASES", "Blocked", "Changes", "NotNeeded", "Satisfied", "ask", "edits", "example", "read", "tree"]
