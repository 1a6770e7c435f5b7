"""`verify --build --against`: which donors can judge, with which models, and what is said of a port. Nothing is compiled."""

import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import gguf
import numpy as np
import pytest
from casefile import HERE
from command import call

from rules.llama.donor import against, models, nodes
from rules.llama.donor.keys import keys, table
from rules.llama.donor.nodes import Node, Parting
from rules.llama.running import Failed, built
from transformer import pack as packs
from transformer import prove
from transformer.against import judging
from transformer.errors import UsageError
from transformer.family import Evidence, Judge
from transformer.workspace import DiskStore, Workspace

pytestmark = pytest.mark.usefixtures("settled")
CLASSES = HERE.parent / "examples" / "miniclasses"


@pytest.fixture
def donor(tmp_path):
    """A tree that could make models, as far as its header says."""
    root = shutil.copytree(CLASSES, tmp_path / "donor")
    header = root / "include" / "llama.h"
    header.write_text(header.read_text() + f"\nstruct llama_model * {against.MAKES}(void);\n")
    return root


def test_it_takes_a_build(tree, donor):
    said = call("verify", tree, "--against", donor)
    assert said.code == 2
    assert "say --build and --arch NAME as well" in said.err


def refused(repo, donor, arch="gemma3"):
    said = call("verify", repo, "--build", "--against", donor, "--arch", arch)
    assert (said.code, said.out) == (2, "")
    return said.err


def test_a_tree_does_not_judge_itself(donor):
    assert "is the tree that is to be judged" in refused(donor, donor)
    assert "is the tree that is to be judged" in refused(donor, donor / "src" / "..")


def test_a_donor_that_is_no_tree(tree, tmp_path):
    assert "is not a folder" in refused(tree, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "not a llama.cpp tree" in refused(tree, tmp_path / "empty")


def test_a_donor_without_the_architecture(tree, donor):
    err = refused(tree, donor, "gemma33")
    assert "the donor has no architecture 'gemma33'" in err
    assert "gemma3" in err.partition("try: it has: ")[2]


def test_a_donor_that_makes_no_models(tree):
    err = refused(tree, CLASSES)
    assert f"it has no {against.MAKES}" in err
    assert "include/llama.h" in err


def test_a_revision_is_not_built(tree, donor):
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=donor, check=True)
    assert f"git -C {donor} worktree add FOLDER HEAD" in refused(tree, f"{donor}@HEAD")


def test_an_architecture_without_a_result(donor):
    with pytest.raises(UsageError, match="t5 gives neither logits nor embeddings"):
        against.refuse(Workspace(DiskStore(donor)), "t5")


def test_a_pack_is_drafted_where_none_is_known(tree, donor):
    homes = packs.homes(())
    with judging(str(donor), tree, "gemma3", homes) as (root, places):
        assert root == donor
        assert packs.load("gemma3", places).arch == "gemma3"
        assert len(places) == len(homes) + 1


# the keys


def test_the_table_of_keys_is_sound():
    whole = table()
    assert set(whole) == {"every", "file", "experts", "special", "whole", "embeddings", "without_result"}
    for each in whole["special"]:
        assert set(each) <= {"archs", "keys", "keep"}
        assert len(each) > 1
        assert all(isinstance(arch, str) for arch in each["archs"])
    listed = [name for part in ("whole", "embeddings", "without_result") for name in whole[part]["archs"]]
    assert len(listed) == len(set(listed))


ARCHS = sorted({arch for each in table()["special"] for arch in each["archs"]} | {"llama"})


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("experts", [False, True])
def test_keys_are_what_a_file_can_say(arch, experts, tmp_path):
    said = keys(arch, experts=experts)
    own = {name.removeprefix(f"{arch}."): value for name, value in said.values.items()}
    layers = own["block_count"]
    for name, value in own.items():
        if isinstance(value, list) and name != "rope.dimension_sections":
            assert len(value) == layers, name
            assert len({type(each) for each in value}) == 1, name
    assert 0 < own["leading_dense_block_count"] < layers
    assert ("expert_count" in own) == experts
    if experts:
        assert 1 < own["expert_used_count"] < own["expert_count"]
    read = gguf.GGUFReader(said.write(tmp_path / "keys"))
    assert read.tensors == []
    for name, value in said.values.items():
        assert read.fields[name].contents() == pytest.approx(value), name
    assert read.fields["general.architecture"].contents() == arch


# what is said of a port

NAMES = ["token_embd.weight", "blk.0.attn_q.bias", "output.weight"]


def dropped(name, words):
    return any(name == each or name.endswith(f".{each}") for each in words)


def makes(experts):
    """A donor's program that makes models: what it is called with, and what it prints."""

    def call(program, keys, out, kind, *drop, longest):
        with_experts = "experts" in keys.name
        if program.name != "proof-models" or (with_experts and experts is None):
            raise Failed(f"{program.name} exited with 1", "no such thing")
        names = [*NAMES, *["blk.0.ffn_up_exps.weight"] * bool(with_experts and experts)]
        names = [each for each in names if not dropped(each, drop)]
        out.write_text("\n".join(names))
        return out.read_text()

    return call


def computing(needed="", unread="", scale=1.0, several=1.0, shifted=1.0):
    """A program that computes models: which tensor it needs, which it does not know, and what it does to logits.

    Its memory cannot shift where `shifted` is None.
    """

    def run(model, ids, settings):
        names = model.read_text().split()
        if needed and needed not in names:
            raise Failed("exited with 1", "missing tensor")
        if unread in names:
            raise Failed("exited with 1", "wrong number of tensors; expected 3, got 2")
        if shifted is None and "shift=" in settings[0]:
            raise Failed("exited with 1", "the memory cannot shift")
        rows = np.random.RandomState(len(names)).standard_normal((len(ids), 160)) * scale
        return np.stack([rows * (several if "ubatch=24" in each else shifted if "shift=" in each else 1) for each in settings])

    return run


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """What is said of a fork that computes so, by a donor that computes so."""
    spec = {"keys": [{"name": "%s.block_count"}, {"name": "%s.unheard"}]}
    pack = SimpleNamespace(arch="novel", spec=spec, templates=tmp_path)

    def judge(theirs, own=None, experts=False):
        sides = {built(tmp_path / "donor", "logits"): own or computing(), built(tmp_path / "fork", "logits"): theirs}
        monkeypatch.setattr(models, "call", makes(experts))
        monkeypatch.setattr(models, "run", lambda program, path, ids, _, words, **__: sides[program](path, ids, words))
        monkeypatch.setattr(nodes, "call", makes(None))
        (found,) = against.compare(pack, tmp_path / "donor", tmp_path / "fork", lambda *_: None)
        return found

    return judge


def test_a_fork_that_computes_the_same_is_right(judged):
    found = judged(computing(), experts=True)
    assert found.good
    assert found.rows[0] == against.HEAD
    assert [row[:3] for row in found.rows[1:10:3]] == [
        ("dense", "F32", "one batch"),
        ("dense", "F16", "one batch"),
        ("dense, bare", "F32", "one batch"),
    ]
    assert {row[0] for row in found.rows[10:]} == {"experts", "experts, bare"}
    assert {row[-1] for row in found.rows[1:]} == {"right"}
    assert found.text.startswith("18 of 18 runs")
    assert found.notes == ("keys that the models leave at their defaults: unheard",)


def test_a_model_with_experts_and_none_in_it_is_not_computed_twice(judged):
    assert {row[0] for row in judged(computing()).rows[1:]} == {"dense", "dense, bare"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"scale": 1.002}, {"one batch", "batches of 24", "shifted by 16"}),
        ({"several": 1.002}, {"batches of 24"}),
        ({"shifted": 1.002}, {"shifted by 16"}),
    ],
)
def test_a_fork_that_computes_something_else_is_wrong(judged, change, wrong):
    found = judged(computing(**change))
    assert found.good is False
    assert {row[2] for row in found.rows[1:] if row[1] == "F32" and row[-1] == "wrong"} == wrong
    assert {found.rows[number][-1] for number in found.bad} == {"wrong"}
    assert any("the nodes were not recorded" in note for note in found.notes)  # there is no such program


def test_a_memory_that_cannot_shift_is_no_mistake(judged):
    """Where the donor's cannot, nothing is asked; where the fork's alone cannot, that is told."""
    assert {row[2] for row in judged(computing(), own=computing(shifted=None)).rows[1:]} == {"one batch", "batches of 24"}
    found = judged(computing(shifted=None))
    assert found.good
    assert {row[-1] for row in found.rows[1:] if row[2] == "shifted by 16"} == {"cannot"}
    assert "dense F32: the memory cannot shift" in found.notes


def test_a_fork_that_does_not_load_a_model_fails(judged):
    found = judged(computing(needed="attn_q.bias"))
    assert found.good is False
    assert {row[-1] for row in found.rows[1:]} == {"fails"}
    assert "dense F32: missing tensor" in found.notes


def test_what_a_fork_need_not_read_is_no_mistake(judged):
    """The donor makes every tensor that it could read; the fork goes without one that the donor can do without as well."""
    found = judged(computing(unread="blk.0.attn_q.bias"))
    assert found.good
    assert [row[-1] for row in found.rows[1:]] == ["not read", "not read", "right", "right", "right"]


def test_what_no_model_goes_without_must_be_read(judged):
    """Without `output.weight` there is a model with one tensor fewer; it has the one that is not read as well."""
    found = judged(computing(unread="blk.0.attn_q.bias"), own=computing(needed="blk.0.attn_q.bias"))
    assert found.good is False
    assert [row[-1] for row in found.rows[1:]] == ["not read", "not read", "fails"]


def test_a_donor_that_computes_nothing_judges_nothing(judged):
    found = judged(computing(), own=computing(scale=np.nan))
    assert (found.good, {row[-1] for row in found.rows[1:]}) == (None, {"no reference"})


def test_a_donor_that_makes_no_model_judges_nothing(judged):
    found = judged(computing(), own=computing(needed="no such"), experts=None)
    assert (found.good, found.rows) == (None, ())
    assert found.text.startswith("not proved")
    assert "no dense model: missing tensor" in found.notes
    assert "no experts model: no such thing" in found.notes


def test_the_donor_is_built_behind_the_fork(tmp_path):
    asked = []

    class Built(SimpleNamespace):
        def run(self, progress):
            return Evidence("build", self.good, str(self.folder))

    def compare(pack, donor, fork, progress):
        asked.append((donor, fork))
        yield Evidence("against", True, "all")

    known = packs.load("gemma4", packs.home())
    judge = Judge(lambda *_: None, known.family.recipe, known.family.recipe, compare)
    family = replace(known.family, compute=lambda *_: [Evidence("numbers", True, "all")], judge=judge)
    view = SimpleNamespace(progress=lambda *_, **__: None, close=lambda: None)
    own, other = Built(folder=tmp_path / "fork", good=True), Built(folder=tmp_path / "donor", good=True)
    said = list(prove._computed(replace(known, family=family), [own, other], view))
    assert [each.title for each in said] == ["build", "numbers", "donor", "against"]
    assert asked == [(other.folder, own.folder)]
    other.good = False
    assert [each.title for each in prove._computed(replace(known, family=family), [own, other], view)][-1] == "donor"
    assert len(asked) == 1


NODE = Node(0, "Qcur-2", 0, (32, 4, 104, 1), np.zeros(1))


def test_a_node_is_named_with_its_layer_and_its_line(tmp_path):
    (tmp_path / "builder.cpp.j2").write_text('x\ncb(cur, "attn_norm", il);\ncb(Qcur, "Qcur", il);\n')
    said = Parting(NODE, 0.5, 1.0, 0.25, replace(NODE, name="attn_norm-2")).said(tmp_path)
    assert said.startswith("first node that differs: Qcur of layer 2 (32 x 4 x 104), NMSE 5.0e-01, rms 1 in the donor")
    assert said.endswith("attn_norm of layer 2 before it agrees; named in builder.cpp.j2:3")


@pytest.fixture
def parted(tmp_path, monkeypatch):
    """Where a fork with some nodes parts from a donor with others: name to sizes and values, in order."""
    sides = {}

    def call(program, model, ids, out, steps, setting, *, longest):
        with out.open("wb") as file:
            for name, sizes, values in sides[program]:
                file.write(f"0 {name} {sizes}\n".encode() + np.array(values, "<f4").tobytes())

    def part(donor, fork):
        sides.update({built(tmp_path / "donor", "nodes"): donor, built(tmp_path / "fork", "nodes"): fork})
        monkeypatch.setattr(nodes, "call", call)
        model = SimpleNamespace(path=tmp_path, ids=np.arange(3), steps=1)
        return nodes.parting(model, "ubatch=8", tmp_path / "donor", tmp_path / "fork")

    return part


def test_the_first_node_that_differs(parted):
    donor = [("a-0", "2 1 1 1", [1, 2]), ("own-0", "1 1 1 1", [9]), ("b-0", "2 1 1 1", [3, 4]), ("b-0", "2 1 1 1", [5, 10])]
    fork = [("a-0", "2 1 1 1", [1, 2]), ("b-0", "2 1 1 1", [3, 4]), ("b-0", "1 2 1 1", [5, 0])]
    found = parted(donor, fork)
    assert (found.node.name, found.node.turn, found.before.turn) == ("b-0", 1, 0)
    assert found.nmse == pytest.approx(0.8)
    assert parted(donor, donor) is None
    assert parted(donor, [("a-0", "4 1 1 1", [1, 2, 3, 4])]) is None  # of another size: not the same thing


def test_what_is_no_number_differs(parted):
    found = parted([("a", "2 1 1 1", [1, 2])], [("a", "2 1 1 1", [1, np.nan])])
    assert (found.node.called, found.node.where) == ("a", "")
