"""A second architecture is two folders: it changes nothing in the engine or in the family's rules."""

import shutil
from pathlib import Path

import pytest
from casefile import FORK, HERE

from transformer import pack, plan
from transformer.errors import PackError
from transformer.outcome import Blocked, Changes, Satisfied
from transformer.types.check import check_types
from transformer.types.names import new_names
from transformer.workspace import DiskStore, Workspace

TINY = HERE / "data" / "tinyllm"


@pytest.fixture
def home(tmp_path):
    """The packs of this checkout and one more."""
    real = pack.home()
    for kind in ("rules", "templates"):
        shutil.copytree(getattr(real, kind), tmp_path / kind, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(TINY / kind, tmp_path / kind / "tinyllm")
    return pack.Home(tmp_path / "rules", tmp_path / "templates")


def test_both_packs_are_listed(home):
    assert pack.names(home) == ["gemma4", "muse_glimmer", "tinyllm"]


def test_the_second_architecture_is_ported(home):
    tiny = pack.load("tinyllm", home)
    made = plan.make(tiny, Workspace(DiskStore(FORK)))
    assert made.state == "absent"
    assert not made.blocked
    changed = {step.rule.name for step in made.steps if isinstance(step.outcome, Changes)}
    assert {"arch.name", "load.hparams", "load.tensors", "graph.builder", "graph.dispatch", "tinyllm.scale"} <= changed
    again = plan.make(tiny, made.after)
    assert again.state == "complete"
    assert not again.edits
    report = check_types(
        FORK,
        {path: source.data for path, source in made.after.planned.items()},
        created=["src/models/tinyllm.cpp"],
        names=new_names(made.before, made.by_file()),
        include_dirs=tiny.family.includes,
    )
    assert report.new == ()
    assert "src/models/tinyllm.cpp" in report.units


def test_two_architectures_live_side_by_side(home):
    first = plan.make(pack.load("gemma4", home), Workspace(DiskStore(FORK)))
    second = plan.make(pack.load("tinyllm", home), first.after)
    assert not second.blocked
    both = plan.make(pack.load("gemma4", home), second.after)
    assert both.state == "complete"
    assert not any(isinstance(step.outcome, Changes | Blocked) for step in both.steps)


def test_an_unknown_pack_lists_those_there_are(home):
    with pytest.raises(PackError, match="no pack 'gemma5'") as caught:
        pack.load("gemma5", home)
    assert "gemma4, muse-glimmer, tinyllm" in caught.value.help


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('rope = "NORM"', "rope = 5", "rope"),
        ('near = ["LLM_ARCH_LLAMA"]', 'nearest = ["LLM_ARCH_LLAMA"]', "near"),
        ('near = ["LLM_ARCH_LLAMA"]', 'near = ["LLM_TENSOR_LLAMA"]', "'LLM_TENSOR_LLAMA' stands where an enumerator"),
        ("keys = []", "keys = [", "TOML"),
        ("keys = []", 'keys = [{ enumerator = "LLM_KV_TINY", name = "tiny" }]', "does not begin with '%s.'"),
        ("keys = []", 'keys = []\nlabels = ["recurent"]', "labels does not know 'recurent'"),
        ("keys = []", 'keys = []\n[mentions]\nload_hparams = ["x"]\n[rest]', "rest"),
        ('family = "llama"', 'family = "lama"', "lama"),
        ('rules = ["extra"]', 'rules = ["extras"]', "extras"),
        ('rules = ["extra"]', 'rulez = ["extra"]', "does not know rulez"),
        ('rules = ["extra"]', 'features = ["expert"]', "no feature 'expert'"),
        ('rules = ["extra"]', 'features = ["shared-cache"]', "needs shares_cache_like"),
        ("[pack]", '[needs]\n"load.tensor" = ["arch.name"]\n[pack]', "'load.tensor', which is no rule"),
        ("[pack]", '[needs]\n"load.tensors" = ["arch.nam"]\n[pack]', "needs 'arch.nam', which is no rule"),
        ("[pack]", "[head]", "pack"),
    ],
)
def test_a_malformed_pack_is_named_with_its_file(home, old, new, words):
    path = Path(home.rules, "tinyllm", "pack.toml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(PackError) as caught:
        plan.make(pack.load("tinyllm", home), Workspace(DiskStore(FORK)))
    assert words in f"{caught.value.message} {caught.value.where}"
    assert caught.value.where == str(path)


def test_a_template_that_asks_for_what_the_fork_lacks_blocks_its_rule(home):
    path = Path(home.templates, "tinyllm", "builder.cpp.j2")
    path.write_text(path.read_text().replace('w="model.output"', 'w="model.output", w_extra="nullptr"'))
    made = plan.make(pack.load("tinyllm", home), Workspace(DiskStore(FORK)))
    blocked = {step.rule.name: step.outcome for step in made.steps if isinstance(step.outcome, Blocked)}
    assert set(blocked) == {"graph.builder"}
    assert "no parameter w_extra" in blocked["graph.builder"].why
    assert blocked["graph.builder"].where.startswith("builder.cpp.j2:")


def test_marks_say_what_is_there(home):
    made = plan.make(pack.load("tinyllm", home), Workspace(DiskStore(FORK)))
    after = plan.make(pack.load("tinyllm", home), made.after)
    assert all(isinstance(step.outcome, Satisfied) for step in after.steps if step.rule.marks)
