"""Drafting packs: an architecture is read where it is, and written down as an author would have."""

from __future__ import annotations

from collections.abc import Mapping

from transformer.donor import Donor

from .draft import Provenance
from .read import read
from .tree import Tree
from .write import files


def draft(donor: Donor, name: str) -> Mapping[str, str]:
    """The files of a pack for the architecture that model files call `name`: path below a folder of packs to text.

    Raises `UsageError` where the donor has no such architecture, `AnchorError` where its code is not found.
    """
    tree = Tree(donor.workspace)
    return files(read(tree, name, Provenance(donor.repository, donor.revision, (), donor.licence)))
