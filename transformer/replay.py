"""Planning a run again from what its journal remembers, on a tree in which some bytes are others."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from transformer import pack as packs
from transformer import plan as planning
from transformer.errors import UsageError
from transformer.verify import verify
from transformer.workspace import Workspace
from transformer.write import Replanned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from transformer.workspace import Store
    from transformer.write import Replan


class Layered:
    """A store with other bytes over those of another one; `None` takes a file away."""

    def __init__(self, below: Store, above: Mapping[str, bytes | None]) -> None:
        self._below, self._above = below, above

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; `None` where there is none."""
        return self._above[path] if path in self._above else self._below.read(path)

    def list(self, folder: str) -> list[str]:
        """The paths of the files in a folder, sorted."""
        names = set(self._below.list(folder))
        for path, data in self._above.items():
            if str(PurePosixPath(path).parent) == folder:
                names = names - {path} if data is None else names | {path}
        return sorted(names)


def replanner(repo: Path, store: Store, progress: Callable[[int, int, str], None]) -> Replan:
    """What plans runs on this tree again. It raises `TransformerError` where a run cannot be planned any more."""

    def replan(notes: Mapping[str, object], above: Mapping[str, bytes | None]) -> Replanned:
        pack = packs.load(_name(notes), packs.home(), _options(notes))
        plan = planning.make(pack, Workspace(Layered(store, above)))
        files = {path: plan.bytes_after(path) for path in plan.paths}
        report = verify(plan, repo, "syntax" if plan.edits else "none", progress)
        open_steps = [*plan.blocked, *(left.step for left in plan.left)]
        lacks = [step.rule.name for step in open_steps] + [each.where for each in report.findings]
        return Replanned(files, ", ".join(dict.fromkeys(lacks)) if plan.edits else "nothing of it is left to write")

    return replan


def _name(notes: Mapping[str, object]) -> str:
    name = notes.get("pack")
    if not isinstance(name, str):
        raise UsageError("its journal does not say what was ported")
    return name


def _options(notes: Mapping[str, object]) -> dict[str, bool]:
    options = notes.get("options", {})
    if not isinstance(options, dict):
        raise UsageError("its journal does not say with which options")
    return {str(name): on is True for name, on in options.items()}
