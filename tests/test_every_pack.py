"""Every pack is ported into each example fork: verified, quiet the second time, undone byte for byte."""

import shutil

import pytest
from casefile import EXAMPLES, FOLDERS, FORKS, HERE, chosen
from command import call, contents

from transformer import pack
from transformer.kit.new import skeleton

SMALL = HERE / "data" / "packs"
SKELETON = skeleton(pack.home())


def every():
    """The pack, and the folder to name for it."""
    yield from ((each, each.home.rules if FOLDERS else None) for each in chosen())
    if not FOLDERS:
        yield pack.load("tinyllm", pack.homes([SMALL])[1]), SMALL
        yield SKELETON, SKELETON.path.parent.parent


@pytest.mark.parametrize("level", ["syntax", pytest.param("types", marks=pytest.mark.slow)])
@pytest.mark.parametrize("fork", FORKS)
@pytest.mark.parametrize(("pack", "folder"), list(every()), ids=lambda each: getattr(each, "arch", ""))
def test_pack(pack, folder, fork, level, tmp_path, settled):
    tree = tmp_path / "tree"
    shutil.copytree(EXAMPLES / fork, tree)
    before = contents(tree)
    named = ["--arch", pack.arch, *(["--packs", folder] if folder else [])]
    first = call("run", tree, *named, "--verify", level)
    assert first.code == 0, first.said
    assert f"{pack.title} is ported" in first.out
    assert ("Python of pack" in first.err) == pack.foreign
    after = contents(tree)
    again = call("run", tree, *named)
    assert (again.code, "is ported here already" in again.out) == (0, True), again.said
    assert contents(tree) == after
    assert call("undo", tree).code == 0
    assert contents(tree) == before
