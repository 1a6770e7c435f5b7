"""The authoring kit: a pack is made, shown, tried, watched and proved; the reference page is current."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import gguf
import pytest
from casefile import EXAMPLES, FORK, HERE
from command import PROJECT, call, contents, fork, repository, shell, started
from command import replace as exchange

from rules.llama.proof import Proof, compute, prove
from transformer import pack
from transformer.kit.describe import meanings
from transformer.kit.new import skeleton

pytestmark = pytest.mark.usefixtures("settled")

FORKS = (FORK, EXAMPLES / "miniclasses")
SMALL = HERE / "data" / "packs"


@pytest.fixture
def folder(tmp_path):
    """A folder with a pack as `rules new` writes it."""
    made = call("rules", "new", "my-arch", "--packs", tmp_path / "packs")
    assert made.code == 0, made.said
    return tmp_path / "packs"


def tried(folder, name, *trees, verify="syntax"):
    return call("rules", "try", name, *trees, "--packs", folder, "--verify", verify)


# new


def test_a_new_pack_runs_as_it_comes_out(folder):
    found = tried(folder, "my-arch", *FORKS)
    assert found.code == 0, found.said
    assert found.out.count(" ports ") == 2
    loaded = pack.load("my-arch", pack.homes([folder])[1])
    assert (loaded.name, loaded.arch, loaded.title, loaded.foreign) == ("my_arch", "my-arch", "My Arch", False)
    texts = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "LLM_ARCH_MY_ARCH" in texts
    assert "new-arch" not in texts.lower().replace("_", "-")


@pytest.mark.slow
def test_its_case_passes(folder):
    words = [sys.executable, "-m", "pytest", "--packs", folder, PROJECT / "tests/test_rules.py", "-k", "test_case"]
    done = subprocess.run(list(map(str, words)), cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout + done.stderr


def test_nothing_is_overwritten(folder):
    before = contents(folder)
    for arguments in (("my-arch",), ("my_arch",), ("my.arch",)):
        again = call("rules", "new", *arguments, "--packs", folder)
        assert (again.code, "already" in again.err) == (2, True), again.said
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["My-Arch", "../up", "a b", "-a", ""])
def test_what_is_no_name(tmp_path, name):
    made = call("rules", "new", "--packs", tmp_path / "packs", "--", name)
    assert (made.code, "is no name" in made.err) == (2, True), made.said
    assert not (tmp_path / "packs").exists()


def test_the_folder_of_a_family_is_taken(tmp_path):
    family = skeleton(pack.home()).family.templates
    made = call("rules", "new", family, "--packs", tmp_path / "packs")
    assert (made.code, "is there already" in made.err) == (2, True), made.said


@pytest.mark.parametrize("like", [each.arch for each in pack.every([pack.home()])])
def test_a_pack_like_another_one(tmp_path, like):
    made = call("rules", "new", "my-arch", "--like", like, "--packs", tmp_path / "packs")
    assert made.code == 0, made.said
    assert "records nothing yet" in made.err
    found = tried(tmp_path / "packs", "my-arch", *FORKS)
    assert (found.code, found.out.count(" ports ")) == (0, 2), found.said
    assert "Python of pack my_arch was run" in found.err
    other, new = pack.load(like, pack.home()), pack.load("my-arch", pack.homes([tmp_path / "packs"])[1])
    assert [rule.name for rule in new.rules] == [rule.name for rule in other.rules]
    assert new.spec["enumerator"] == "LLM_ARCH_MY_ARCH"
    assert new.proof is None
    texts = "".join(path.read_text() for path in (tmp_path / "packs").rglob("*") if path.is_file())
    assert other.spec["enumerator"] not in texts.split()


# show, list, options


def test_a_pack_is_shown_with_its_features(folder):
    shown = call("rules", "show", "my-arch", "--packs", folder)
    assert shown.code == 0
    for words in ("My Arch (--arch my-arch)", "loader  hyperparameters and tensors are read", "load.tensors", "none is recorded"):
        assert words in shown.out
    assert "window-heads" not in shown.out


def test_a_rule_is_shown_with_its_cases():
    shown = call("rules", "show", "cache.reuse")
    for words in ("feature shared-cache", "`create_memory` does this", "cases", "one_condition.txt", "One more architecture"):
        assert words in shown.out
    assert "in " + str(FORK) not in shown.out


def test_a_rule_is_shown_in_a_tree():
    shown = call("rules", "show", "load.tensors", FORK)
    assert shown.code == 0, shown.said
    for words in ("changes: 1 places", "facts that decide", "architectures: cases  src/llama-model.cpp:", "files it looked at"):
        assert words in shown.out
    assert "classes" in call("rules", "show", "load.tensors", EXAMPLES / "miniclasses").out


@pytest.mark.parametrize(("name", "close"), [("cache.resue", "cache.reuse"), ("my-arhc", "my-arch")])
def test_an_unknown_name_gets_the_closest(folder, name, close):
    shown = call("rules", "show", name, "--packs", folder)
    assert (shown.code, close in shown.err) == (2, True), shown.said


def test_rules_are_listed_by_feature(folder):
    listed = call("rules", "list", "--arch", "my-arch", "--packs", folder)
    places = [listed.out.index(each) for each in ("architecture  ", "arch.name", "loader  ", "load.tensors", "labels  ")]
    assert places == sorted(places)
    everything = call("rules", "list")
    assert all(f"--arch {each.arch}" in everything.out for each in pack.every([pack.home()]))


def test_options_come_with_their_meaning(folder):
    exchange(folder / "my_arch/pack.toml", "[options]\n", "[options]\n# above it\none = true\ntwo = false # behind it\nthree = true\n")
    loaded = pack.load("my-arch", pack.homes([folder])[1])
    assert meanings(loaded) == {"one": "above it", "two": "behind it"}
    shown = call("rules", "options", "--arch", "my-arch", "--packs", folder)
    assert [line.split() for line in shown.out.splitlines()[1:3]] == [
        ["one=on", "above", "it"],
        ["three=on", "pack.toml", "does", "not", "say", "what", "it", "does"],
    ]


@pytest.mark.parametrize("command", ["list", "options", "show", "new", "try", "prove", "words"])
def test_every_help_has_examples(command):
    said = call("rules", command, "-h")
    assert f"  rules {command}" in said.out.split("Examples:")[1]


# try


def test_an_obstacle_is_shown_with_its_template_line(folder):
    path = folder / "my_arch/templates/builder.cpp.j2"
    exchange(path, 'wo_b="nullptr"', 'wo_c="nullptr"')
    found = tried(folder, "my-arch", FORK)
    assert found.code == 4, found.said
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "graph.build_attn(" in text)
    assert f"blocked: graph.builder: builder.cpp.j2:{line}: build_attn cannot be called here: no parameter wo_c" in found.out
    assert 'cur = <%= graph.build_attn(inp="inp_attn"' in found.out


def test_types_are_judged_where_the_pack_wrote(folder):
    exchange(folder / "my_arch/templates/builder.cpp.j2", "res->t_embd = cur;", "res->t_embeddings = cur;")
    found = tried(folder, "my-arch", FORK, verify="types")
    assert found.code == 5, found.said
    first, second = (line.split() for line in found.out.splitlines()[1:3])
    assert (first[1], first[-1], second[1], second[-4:]) == ("ports", "syntax", "unsound", ["types", "of", "2", "units"])
    assert "written by rule graph.builder from builder.cpp.j2:" in found.out
    assert "res->t_embeddings = cur;" in found.out


def test_what_is_no_tree_does_not_stop_the_others(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    found = tried(folder, "my-arch", tmp_path / "empty", FORK)
    assert found.code == 2
    assert [line.split()[1:2] for line in found.out.splitlines()[1:4:2]] == [["no"], ["ports"]]


def test_watching(folder):
    words = ("rules", "try", "my-arch", FORK, "--packs", folder, "--verify", "syntax", "--watch")
    with started(*words) as process:
        assert "tree" in process.stdout.readline()
        assert " ports " in process.stdout.readline()
        exchange(folder / "my_arch/templates/builder.cpp.j2", 'wo_b="nullptr"', 'wo_c="nullptr"')
        seen = [process.stdout.readline() for _ in range(6)]
        assert any("since the last look: graph.builder changes -> blocked" in line for line in seen), seen
        time.sleep(0.5)  # it is waiting again
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 4


# prove


def small(**parts):
    loaded = skeleton(pack.home())
    return replace(loaded, proof=Proof(**parts) if parts else None)


def test_what_a_pack_records_nothing_for_is_said_to_be_not_proved(tmp_path):
    found = list(compute(small(), tmp_path, lambda done, total, unit: None))
    assert [(each.title, each.good) for each in found] == [("numbers", None), ("tokenizer", None)]
    assert all("not proved: pack new records no" in each.text for each in found)


@pytest.mark.parametrize(("architecture", "good"), [("new-arch", None), ("other", False)])
def test_a_model_file_without_a_contract(tmp_path, architecture, good):
    writer = gguf.GGUFWriter(str(tmp_path / "model.gguf"), architecture)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    found = prove(small(), tmp_path / "model.gguf")
    assert found.good is good
    assert ("not proved" in found.text) == (good is None)


def test_prove_names_what_is_not_there(folder, tree):
    proved = call("rules", "prove", "my-arch", tree, "--packs", folder)
    assert (proved.code, "My Arch is not here" in proved.err) == (6, True), proved.said
    assert call("run", tree, "--arch", "my-arch", "--packs", folder).code == 0
    verified = call("verify", tree, "--arch", "my-arch", "--packs", folder)
    assert (verified.code, "nothing to do" in verified.out) == (0, True), verified.said


# packs of other folders


def test_the_plan_says_whose_python_was_run(tree, tmp_path):
    done = call("run", tree, "--arch", "tinyllm", "--packs", SMALL, "--check", "--json", tmp_path / "plan.json")
    assert (done.code, f"Python of pack tinyllm was run, from {SMALL / 'tinyllm'}" in done.err) == (1, True), done.said
    assert json.loads((tmp_path / "plan.json").read_text())["foreign"] == str(SMALL / "tinyllm")


def test_without_the_folder_its_python_is_not_run(tree, tmp_path):
    shutil.copytree(SMALL, tmp_path / "packs")
    (tmp_path / "packs/tinyllm/extra.py").write_text(f"open({str(tmp_path / 'trap')!r}, 'w')\n")
    assert shell("rules", "list", cwd=tmp_path / "packs").code == 0
    assert not (tmp_path / "trap").exists()
    call("rules", "list", "--packs", tmp_path / "packs")
    assert (tmp_path / "trap").exists()


# words


def test_the_reference_page_is_current():
    page = call("rules", "words", "--markdown")
    assert page.out == (PROJECT / "docs/words.md").read_text(), "rules words --markdown > docs/words.md makes it anew"


def test_words_of_another_tree(tmp_path):
    page = call("rules", "words", "--markdown", "--tree", fork(tmp_path / "mine"))
    assert "| for example | mine (cases) |" in page.out


def test_a_survey_with_a_pack_of_another_folder(folder, tmp_path):
    root = repository(fork(tmp_path / "past"))
    words = ("survey", root, "--range", "HEAD", "--jobs", "1", "--arch", "tinyllm", "--json", tmp_path / "survey.json")
    done = call(*words, "--packs", SMALL)
    assert (done.code, "Python of pack tinyllm was run" in done.err) == (0, True), done.said
    found = json.loads((tmp_path / "survey.json").read_text())
    assert (found["foreign"], found["summary"]["states"][0]["state"]) == (str(SMALL / "tinyllm"), "ports")
    assert call(*words).code == 2
