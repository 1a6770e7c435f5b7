"""Two architectures in one tree, each taken back by itself, in any order, byte for byte."""

import itertools
import os
import shutil
from contextlib import suppress

import pytest
from casefile import HERE
from command import call, contents, replace, state
from sampling import sampled

from transformer import pack, write
from transformer.write import journal

pytestmark = pytest.mark.usefixtures("settled")

TINY = HERE / "data" / "packs" / "tinyllm"
PACKS = ("gemma4", "tinyllm")
TITLES = {"gemma4": "Gemma 4", "tinyllm": "TinyLLM"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """The packs of this checkout and one more."""
    real = pack.home()
    for kind in ("rules", "templates"):
        shutil.copytree(getattr(real, kind), tmp_path / kind, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(TINY / ("templates" if kind == "templates" else "."), tmp_path / kind / "tinyllm")
    both = pack.Home(tmp_path / "rules", tmp_path / "templates")
    monkeypatch.setattr(pack, "home", lambda: both)
    return both


def ported(tree, *names):
    """What the tree holds after each of the runs, from before the first of them on."""
    seen = [shape(tree)]
    for name in names:
        assert call("run", tree, "--arch", name).code == 0
        seen.append(shape(tree))
    return seen


def shape(tree):
    return {path: facts[:2] for path, facts in state(tree).items()}


@pytest.mark.parametrize("order", list(itertools.permutations(PACKS)), ids="+".join)
@pytest.mark.parametrize("back", list(itertools.permutations(PACKS)), ids="-".join)
def test_each_by_itself_in_any_order(tree, tmp_path, order, back):
    alone = shutil.copytree(tree, tmp_path / "alone")
    stays = back[1]
    pristine, only = ported(alone, stays)
    ported(tree, *order)
    undone = call("undo", tree, "--arch", back[0])
    assert (undone.code, f"{TITLES[back[0]]} is undone" in undone.out) == (0, True), undone.said
    assert f"still in the tree: {TITLES[stays]} (undo --arch {stays})" in undone.err
    assert shape(tree) == only
    assert f"{TITLES[stays]} is ported here already" in call("run", tree, "--arch", stays, "--check").out
    last = call("undo", tree, "--arch", stays)
    assert (last.code, "still in the tree" in last.err) == (0, False), last.said
    assert shape(tree) == pristine
    assert call("undo", tree).code == 2


def test_without_a_name_the_last_run_is_taken_back(tree):
    seen = ported(tree, *PACKS)
    undone = call("undo", tree)
    assert (undone.code, "TinyLLM is undone" in undone.out) == (0, True)
    assert "still in the tree: Gemma 4 (undo --arch gemma4)" in undone.err
    assert shape(tree) == seen[1]


def test_an_architecture_without_a_run_names_those_there_are(tree):
    ported(tree, "gemma4")
    result = call("undo", tree, "--arch", "tinyllm")
    assert (result.code, "there are runs of: gemma4" in result.err) == (2, True)


def refused(tree, *words):
    before = state(tree)
    result = call("undo", tree, "--arch", "gemma4")
    assert result.code == 2, result.said
    for word in words:
        assert word in result.err, result.err
    assert state(tree) == before


def test_a_change_since_stands_in_the_way(tree):
    ported(tree, *PACKS)
    replace(tree / "src/llama-arch.h", "LLM_ARCH_TINYLLM", "LLM_ARCH_TINY_LLM")
    refused(tree, "src/llama-arch.h changed since the runs", "bring these files back")


def test_rules_that_plan_otherwise_today_stand_in_the_way(tree, home):
    ported(tree, *PACKS)
    path = home.templates / "tinyllm" / "builder.cpp.j2"
    path.write_text(path.read_text() + "\n// another day\n")
    refused(
        tree,
        "Gemma 4 cannot be taken back by itself: TinyLLM came later",
        "TinyLLM is planned otherwise today",
        "take them back in order: TinyLLM, then Gemma 4",
    )
    assert call("undo", tree).code == 0
    assert call("undo", tree).code == 0


def test_a_pack_that_is_gone_stands_in_the_way(tree, home):
    ported(tree, *PACKS)
    shutil.rmtree(home.rules / "tinyllm")
    refused(tree, "TinyLLM cannot be planned again", "no pack 'tinyllm'")


def test_options_are_planned_again_as_they_were(tree, tmp_path):
    alone = shutil.copytree(tree, tmp_path / "alone")
    ported(alone, "tinyllm")
    assert call("run", tree, "--arch", "tinyllm").code == 0
    assert call("run", tree, "--arch", "gemma4", "--option", "drop_rows=off").code == 0
    assert call("run", alone, "--arch", "gemma4", "--option", "drop_rows=off").code == 0
    assert call("undo", alone, "--arch", "tinyllm").code == 0
    assert call("undo", tree, "--arch", "tinyllm").code == 0
    assert contents(tree) == contents(alone)
    assert (tree / "src/models/gemma4-iswa.cpp").exists()


@pytest.mark.parametrize("index", sampled(range(0, 56, 8), 2))
def test_cut_off_at_each_step_it_is_finished_or_taken_back(tree, monkeypatch, index):
    """Killed at the rename number `index`, of files and of journals: the next command leaves one whole tree."""
    pristine, _, both = ported(tree, *PACKS)
    assert call("undo", tree, "--arch", "gemma4").code == 0
    tiny = shape(tree)
    assert call("undo", tree).code == 0
    ported(tree, *PACKS)
    folder = write.state_folder(tree)

    class Killed(BaseException):
        """No code of ours runs after this one."""

    real, count = {name: getattr(os, name) for name in ("replace", "rename", "unlink")}, itertools.count()

    def dying(name):
        def call_(*arguments, **more):
            if next(count) >= index:
                raise Killed
            return real[name](*arguments, **more)

        return call_

    with monkeypatch.context() as patch:
        for name in real:
            patch.setattr(os, name, dying(name))
        with suppress(Killed):
            call("undo", tree, "--arch", "gemma4")
    result = call("run", tree, "--arch", "tinyllm")
    assert result.code == 0, result.said
    assert shape(tree) in (both, tiny)
    names = [each.notes["pack"] for each in (one.receipt for one in journal.stack(folder))]
    assert names == (["gemma4", "tinyllm"] if shape(tree) == both else ["tinyllm"])
    while call("undo", tree).code == 0:
        pass
    assert shape(tree) == pristine
