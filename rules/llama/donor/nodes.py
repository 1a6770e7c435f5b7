"""Where two builds part: the first node of the graph, of those that builders name, that differs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..logits import LONGEST
from ..running import built, call

if TYPE_CHECKING:
    import numpy as np

    from .models import Model

DIFFERS = 1e-6
"""The normalised mean square error above which a node counts as another."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a graph: the batch, its name, which of those of that name it is, its sizes (innermost first)."""

    batch: int
    name: str
    turn: int
    sizes: tuple[int, ...]
    values: np.ndarray

    @property
    def called(self) -> str:
        """Its name as the builder gave it."""
        return self._parts[0]

    @property
    def where(self) -> str:
        """Its layer, where it is of one."""
        layer = self._parts[1]
        return f" of layer {layer}" if layer else ""

    @property
    def _parts(self) -> tuple[str, str]:
        """The name without the layer that graphs write behind it, and that layer."""
        name, _, layer = self.name.rpartition("-")
        return (name, layer) if name and layer.isdecimal() else (self.name, "")


@dataclass(frozen=True, slots=True)
class Parting:
    """The first node that differs, by how much, its size on both sides, and the last one before it that agrees."""

    node: Node
    nmse: float
    donor: float
    fork: float
    before: Node | None

    def said(self, templates: Path) -> str:
        """In words, with the line of the template that names the node."""
        sizes = " x ".join(str(each) for each in self.node.sizes if each > 1) or "1"
        line = _line(templates, self.node)
        before = f"; {self.before.called}{self.before.where} before it agrees" if self.before else ""
        return (
            f"first node that differs: {self.node.called}{self.node.where} ({sizes}), NMSE {self.nmse:.1e}, rms "
            f"{self.donor:.3g} in the donor and {self.fork:.3g} here, batch {self.node.batch + 1}{before}{line}"
        )


def parting(model: Model, setting: str, donor: Path, fork: Path) -> Parting | None:
    """Where a fork's build parts from the donor's; `None` where no node that both name differs. Raises `Failed`."""
    import numpy as np

    here = {(node.batch, node.name, node.turn): node for node in _nodes(fork, model, setting)}
    before = None
    for node in _nodes(donor, model, setting):
        other = here.get((node.batch, node.name, node.turn))
        if other is None or other.values.size != node.values.size or not np.isfinite(node.values).all():
            continue
        size = float((node.values**2).sum())
        off = float(((node.values - other.values) ** 2).sum()) / size if size else float(np.abs(other.values).max())
        if not off <= DIFFERS:
            return Parting(node, off, _rms(node.values), _rms(other.values), before)
        before = node
    return None


def _rms(values: np.ndarray) -> float:
    return float((values**2).mean() ** 0.5)


def _nodes(build: Path, model: Model, setting: str) -> Iterator[Node]:
    """The nodes of a build, in the order in which they are computed."""
    import numpy as np

    with tempfile.TemporaryDirectory(prefix="nodes-") as folder:
        given, out = Path(folder) / "ids", Path(folder) / "out"
        given.write_bytes(model.ids.astype("<i4").tobytes())
        call(built(build, "nodes"), model.path, given, out, str(model.steps), setting, longest=LONGEST)
        turns: dict[tuple[int, str], int] = {}
        with out.open("rb") as file:
            while line := file.readline():
                batch, name, *sizes = line.decode(errors="replace").split()
                shape = tuple(map(int, sizes))
                values = np.frombuffer(file.read(4 * int(np.prod(shape))), dtype="<f4").astype(np.float64)
                turn = turns[int(batch), name] = turns.get((int(batch), name), -1) + 1
                yield Node(int(batch), name, turn, shape, values)


def _line(templates: Path, node: Node) -> str:
    """Where the templates of the pack name the node, as they do for each of its turns."""
    found = []
    for path in sorted(templates.glob("*.j2")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if f'"{node.called}"' in line and "cb" in line:
                found.append(f"{path.name}:{number}")
    return f"; named in {', '.join(found[:3])}" if found else ""
