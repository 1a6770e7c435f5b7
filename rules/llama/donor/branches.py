"""Functions that every tree has, with a branch that an architecture needs and older trees do not have yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .. import spelling
from .draft import Branch
from .tree import Tree
from .words import Lifter


def branches(tree: Tree, lifter: Lifter, members: Sequence[str]) -> Iterator[Branch]:
    """The branches in functions of `llama_hparams` that ask for a member which the architecture sets.

    A check of names or types cannot miss them: the function is there, under the same name, and says less.
    """
    own = [each for each in members if each not in spelling.HPARAMS]
    for name, group in tree.file("llama-hparams.cpp").defined.items():
        method = name.removeprefix("llama_hparams::")
        if method not in spelling.ASKED_EVERYWHERE | {"n_embd_inp"} or len(group) != 1:
            continue
        for each in group[0].body().statements():
            if not each.text.startswith("if"):
                continue
            asked = [member for member in own if each.mentions(member)]
            if asked and each.text.split("{")[0].find(asked[0]) >= 0:
                indent = each.source.indent(each.node.start_byte)
                yield Branch(method, asked[0], lifter.text(each, "hparams").replace(f"\n{indent}", "\n"))
