"""The commands that write, each over a tree of four files, and what is true after a call in one of them went wrong."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from writing import CHANGES, apply, fill, recover, runs, snapshot, undo

from faults.calls import KINDS, attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from writing import Snapshot

    from faults.calls import Outcome

CHANGING = ("write", "close", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "fchown", "fchmod", "open")


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and how far an earlier one had come: `cut` files of a run or an undo that was killed."""

    name: str
    earlier: tuple[str, ...] = ()
    cut: int = 0


COMMANDS = (
    Command("run"),
    Command("undo", ("run",)),
    Command("recovery", ("run",), cut=3),
    Command("recovery of an undo", ("run", "undo"), cut=3),
)


class Place:
    """The tree and its journals, as they are when the command starts, as often as it is tried."""

    def __init__(self, folder: Path, command: Command) -> None:
        self.tree, self.state, self._kept = folder / "now" / "tree", folder / "now" / "state", folder / "kept"
        os.environ["XDG_STATE_HOME"] = str(self.state)
        os.environ["PATH"] = str(folder)  # without git: a process more for each call would be all that one waits for
        fill(self.tree)
        self.state.mkdir()
        self.old = snapshot(self.tree)
        self.new = self._with_everything()
        for number, verb in enumerate(command.earlier):
            act = self.act(verb)
            at = _renames(act, self)[command.cut - 1] if command.cut and number == len(command.earlier) - 1 else -1
            assert attempt(act, "kill" if at >= 0 else "", at).code == (None if at >= 0 else 0)
        shutil.copytree(folder / "now", self._kept)
        self.start = snapshot(self.tree)

    def _with_everything(self) -> Snapshot:
        shutil.copytree(self.tree.parent, self._kept)
        assert attempt(self.act("run")).code == 0
        found = snapshot(self.tree)
        self.again()
        shutil.rmtree(self._kept)
        return found

    def again(self) -> None:
        shutil.rmtree(self.tree.parent)
        shutil.copytree(self._kept, self.tree.parent)

    def act(self, verb: str) -> Callable[[], int]:
        def doing() -> int:
            if verb == "run":
                apply(self.tree, CHANGES, label="port")
            elif verb == "undo":
                undo(self.tree)
            else:
                recover(self.tree)
            return 0

        return doing


def _renames(act: Callable[[], int], place: Place) -> list[int]:
    """The numbers of the calls that put a file of the tree, or a journal, in its place."""
    kept = place.tree.parent.with_name("aside")
    shutil.copytree(place.tree.parent, kept)
    calls = attempt(act).calls
    shutil.rmtree(place.tree.parent)
    kept.rename(place.tree.parent)
    return [number for number, name in enumerate(calls) if name == "replace"]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one command when one call went wrong: its exit code, and how the tree was then and in the end."""

    call: str
    kind: str
    at: int
    code: int | None
    tree: str
    end: str
    faults: tuple[str, ...]


def tried(place: Place, command: Command, among: Callable[[list[str]], list[tuple[str, int]]]) -> Iterator[Row]:
    """The rows of those calls that are chosen `among` all that the command makes, each with what goes wrong there."""
    act = place.act(command.name)
    calls = list(attempt(act).calls)
    for kind, at in among(calls):
        place.again()
        yield judged(place, command, calls[at], kind, at, attempt(act, kind, at))
    place.again()


def every(calls: list[str]) -> list[tuple[str, int]]:
    return [(kind, at) for kind in KINDS for at in range(len(calls))]


def some(calls: list[str]) -> list[tuple[str, int]]:
    """A bounded share: every kind in turn, spread over the calls that change something."""
    changing = [at for at, name in enumerate(calls) if name in CHANGING]
    step = max(len(changing) // len(KINDS), 1)
    return [(KINDS[number % len(KINDS)], at) for number, at in enumerate(changing[::step])]


def judged(place: Place, command: Command, call: str, kind: str, at: int, outcome: Outcome) -> Row:
    faults = []
    now = snapshot(place.tree)
    if outcome.said.startswith("internal"):
        faults.append(outcome.said)
    if outcome.code == 0 and _files(now) not in map(_files, _whole(place, command)):
        faults.append(f"done, but the tree is neither: {sorted(now)}")
    if outcome.code and not command.cut and _name(place, now) != _name(place, place.start):
        faults.append(f"exit {outcome.code} ({outcome.said}), but the tree has changed: {sorted(now)}")
    end, more = _afterwards(place, now, outcome.code)
    return Row(call, kind, at, outcome.code, _name(place, now), end, (*faults, *more))


def _whole(place: Place, command: Command) -> list[Snapshot]:
    return {"run": [place.new], "undo": [place.old]}.get(command.name, [place.old, place.new])


def _files(found: Snapshot) -> Snapshot:
    """Without folders: one that the system would not remove may stay, empty."""
    return {path: facts for path, facts in found.items() if facts[0] is not None}


def _name(place: Place, found: Snapshot) -> str:
    files = _files(found)
    return "old" if files == _files(place.old) else "new" if files == _files(place.new) else "between"


def _afterwards(place: Place, then: Snapshot, code: int | None) -> tuple[str, list[str]]:
    """How the tree is after the next command, and what is wrong with it then or after an `undo`."""
    faults = []
    recover(place.tree)
    now = snapshot(place.tree)
    if _name(place, now) == "between":
        faults.append(f"the next command leaves a mixture: {sorted(now)}")
    if code == 0 and _files(now) != _files(then):
        faults.append("the next command takes back what was done")
    if _name(place, now) == "new":
        undo(place.tree)
    journals = [folder for folder in runs(place.tree) if (folder / "journal.json").exists()]
    if _name(place, snapshot(place.tree)) != "old" or journals:
        faults.append(f"undo leaves {sorted(snapshot(place.tree))}, {journals}")
    return _name(place, now), faults
