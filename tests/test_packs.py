"""A pack in a folder of its own: what it may say wrongly, and how it lives beside another one."""

import shutil
from pathlib import Path

import pytest
from casefile import FORK, HERE

from transformer import pack, plan
from transformer.errors import PackError
from transformer.outcome import Blocked, Changes, Satisfied
from transformer.workspace import DiskStore, Workspace

TINY = HERE / "data" / "packs"


@pytest.fixture
def home(tmp_path):
    """A folder with one small pack, beside the packs of this checkout."""
    shutil.copytree(TINY, tmp_path / "packs", ignore=shutil.ignore_patterns("__pycache__"))
    return pack.homes([tmp_path / "packs"])[1]


def tiny(home):
    return pack.load("tinyllm", home)


def test_its_python_is_run_and_said_to_be_foreign(home):
    assert tiny(home).foreign
    assert "tinyllm.scale" in {rule.name for rule in tiny(home).rules}


@pytest.mark.parametrize(
    ("name", "asked"), [("attention.recurrent_layers", True), ("attention.indexer.types", True), ("n_types", False)]
)
def test_a_value_for_each_layer_asks_for_a_reader_of_booleans(home, name, asked):
    file = Path(home.rules, "tinyllm", "pack.toml")
    key = f'{{ enumerator = "LLM_KV_TINY", name = "%s.{name}" }}'
    file.write_text(file.read_text().replace("keys = []", f"keys = [{key}]"))
    assert ("load.bool-arrays" in {rule.name for rule in tiny(home).rules}) is asked


def test_a_malformed_pack_is_no_matter_to_its_neighbour(home):
    other = Path(home.rules, "other")
    shutil.copytree(Path(home.rules, "tinyllm"), other)
    (other / "pack.toml").write_text((other / "pack.toml").read_text().replace('rope = "NORM"', "rope = 5"))
    assert pack.has("tinyllm", [pack.home(), home])
    assert not pack.has("tinylm", [pack.home(), home])
    assert tiny(home).name == "tinyllm"


def test_two_architectures_live_side_by_side(home):
    other = next(pack.every([pack.home()]))
    first = plan.make(other, Workspace(DiskStore(FORK)))
    second = plan.make(tiny(home), first.after)
    assert not second.blocked
    both = plan.make(other, second.after)
    assert both.state == "complete"
    assert not any(isinstance(step.outcome, Changes | Blocked) for step in both.steps)


def test_an_unknown_pack_lists_those_there_are(home):
    with pytest.raises(PackError, match="no pack 'tinylm'") as caught:
        pack.load("tinylm", [pack.home(), home])
    assert "did you mean tinyllm?" in caught.value.help
    assert pack.names(pack.home())[0] in caught.value.help


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
        plan.make(tiny(home), Workspace(DiskStore(FORK)))
    assert words in f"{caught.value.message} {caught.value.where}"
    assert caught.value.where == str(path)


def test_a_template_that_asks_for_what_the_fork_lacks_blocks_its_rule(home):
    path = Path(home.rules, "tinyllm", "templates", "builder.cpp.j2")
    path.write_text(path.read_text().replace('w="model.output"', 'w="model.output", w_extra="nullptr"'))
    made = plan.make(tiny(home), Workspace(DiskStore(FORK)))
    blocked = {step.rule.name: step.outcome for step in made.steps if isinstance(step.outcome, Blocked)}
    assert set(blocked) == {"graph.builder"}
    assert "no parameter w_extra" in blocked["graph.builder"].why
    assert blocked["graph.builder"].where.startswith("builder.cpp.j2:")


def test_marks_say_what_is_there(home):
    made = plan.make(tiny(home), Workspace(DiskStore(FORK)))
    after = plan.make(tiny(home), made.after)
    assert all(isinstance(step.outcome, Satisfied) for step in after.steps if step.rule.marks)
