"""llama.cpp and its forks: how to know such a tree, what differs between them, the rules they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.family import Evidence, Family, Judge, Progress

from .facts import asked, shown
from .features import RULES, offer
from .fork import Fork, recognise
from .port import collections, open_port, written
from .proof import compute, prove
from .reference import reference
from .running import DONOR, FORK, RECIPE
from .series import PARTS
from .spec import naming, own_names
from .uncovered import uncovered
from .words import WORDS

if TYPE_CHECKING:
    from transformer.donor import Donor
    from transformer.pack import Pack
    from transformer.workspace import Workspace


def draft(donor: Donor, name: str, pre_types: Sequence[str] = ()) -> Mapping[str, str]:
    """A pack for an architecture of a donor; loaded only by who drafts."""
    from .donor import draft

    return draft(donor, name, pre_types)


def _refuse(donor: Workspace, name: str) -> None:
    from .donor.against import refuse

    refuse(donor, name)


def _first(tree: Workspace, name: str) -> tuple[str, str]:
    fork = Fork(tree)
    names = fork.architecture_names
    enumerator = next((key for key in names.rows if names.cell(key).strip('"') == name), "")
    return fork.path("llama-arch.h"), enumerator


def _compare(pack: Pack, donor: Path, fork: Path, progress: Progress) -> Iterable[Evidence]:
    from .donor.against import compare
    from .donor.texts import judge

    return chain(compare(pack, donor, fork, progress), judge(pack, donor, fork))


def architectures(workspace: Workspace) -> list[str]:
    """The names of the architectures that a tree can load, sorted; those that a graph or a class is made for."""
    fork = Fork(workspace)
    table, factory = fork.architecture_names, fork.file("llama-model.cpp").functions("llama_model_mapping")
    makes = factory or fork.file("llama-model.cpp").functions("llama_model::build_graph")
    loaded = [each for each in table.rows if not makes or each in makes[0].switch("arch").cases]
    return sorted(table.cell(each).strip('"') for each in loaded if each != "LLM_ARCH_UNKNOWN")


FAMILY = Family(
    name="llama.cpp",
    recognise=recognise,
    offer=offer,
    known=RULES,
    open=open_port,
    facts=lambda port: list(shown(collections(port))),
    written=written,
    templates="llama",
    includes=("include", "ggml/include", "src", "src/models", "ggml/src", "common", "vendor", "cpp", "cpp/common", "."),
    prove=prove,
    recipe=RECIPE,
    compute=compute,
    draft=draft,
    first=_first,
    judge=Judge(_refuse, DONOR, FORK, _compare),
    architectures=architectures,
    words=WORDS,
    own=own_names,
    asked=lambda port: list(asked(collections(port))),
    uncovered=uncovered,
    parts=PARTS,
    naming=naming,
    skeleton="new",
    reference=reference,
)  # fmt: skip
