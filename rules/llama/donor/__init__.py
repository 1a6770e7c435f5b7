"""Drafting packs: an architecture is read where it is, and written down as an author would have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from transformer.donor import Donor

from .draft import Provenance
from .read import read
from .tree import Tree
from .write import files


def draft(donor: Donor, name: str, pre_types: Sequence[str] = ()) -> Mapping[str, str]:
    """The files of a pack for the architecture that model files call `name`: path below a folder of packs to text.

    `pre_types` are pre-tokenizers that come along whether or not the donor's converter names them. Raises `UsageError`
    where the donor has no such architecture or pre-tokenizer, `AnchorError` where its code is not found.
    """
    tree = Tree(donor.workspace)
    return files(read(tree, name, Provenance(donor.repository, donor.revision, (), donor.licence), pre_types))
