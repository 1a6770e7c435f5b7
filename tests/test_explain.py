"""Why a line is as it is: exactly where git knows the tree before the port, by what holds there elsewhere."""

import json
import shutil

import pytest
from command import call, git, replace, repository, shell, state

from transformer import pack
from transformer.cli import main

pytestmark = pytest.mark.usefixtures("settled")


def explain(tree, place, *options):
    return call("explain", tree, place, "--arch", "gemma4", *options)


def line_of(tree, path, text):
    lines = (tree / path).read_text().splitlines()
    return f"{path}:{next(number for number, line in enumerate(lines, 1) if text in line)}"


def known(tree, place):
    return json.loads(explain(tree, place, "--json", "-").out)


@pytest.fixture
def ported(tree):
    repository(tree)
    assert call("run", tree).code == 0
    return tree


LINES = [
    ("src/llama-hparams.cpp", "return n_embd_head_k_at(il) *", "heads.cache-width"),
    ("src/llama-arch.h", "LLM_ARCH_GEMMA4,", "arch.name"),
    ("src/models/gemma4-iswa.cpp", "build_norm(", "graph.builder"),
    ("src/llama-model.cpp", "std::make_unique<llm_build_gemma4_iswa>", "graph.dispatch"),
]


@pytest.mark.parametrize(("path", "text", "rule"), LINES)
def test_who_wrote_a_line(ported, path, text, rule):
    before = state(ported)
    found = known(ported, line_of(ported, path, text))
    assert [(each["how"], each["rule"]) for each in found["reasons"]] == [("written", rule)]
    assert found["base"] == git(ported, "rev-parse", "HEAD").strip()
    assert text in found["text"]
    assert state(ported) == before


def test_the_architecture_that_is_there_is_meant(tree, capsys):
    """Others would fit as well: which one is only asked where none is there."""
    place = line_of(tree, "src/llama-arch.h", "LLM_ARCH_GEMMA3N,")
    asked = call("explain", tree, place)
    assert (asked.code, "which architecture?" in asked.err) == (2, True)
    assert call("run", tree).code == 0
    found = call("explain", tree, line_of(tree, "src/llama-arch.h", "LLM_ARCH_GEMMA4,"))
    assert (found.code, "# arch.name:" in found.out) == (0, True), found.said
    assert main(["run", str(tree), "--check", "--verify", "syntax"]) == 0
    assert "Gemma 4 is ported here already" in capsys.readouterr().out
    (tree / "src" / "models" / "gemma4-iswa.cpp").unlink()
    assert main(["run", str(tree), "--check", "--verify", "syntax"]) == 1
    assert main(["status", str(tree)]) == 0
    assert f"next: python -m transformer run {tree} --arch gemma4" in capsys.readouterr().out


def test_after_commits_and_other_changes(ported):
    git(ported, "add", ".")
    git(ported, "commit", "-qm", "the port")
    replace(ported / "src" / "llama-hparams.cpp", "#include", "// moved on\n\n#include")
    git(ported, "commit", "-qam", "moved on")
    found = known(ported, line_of(ported, *LINES[0][:2]))
    assert [each["rule"] for each in found["reasons"]] == ["heads.cache-width"]
    assert found["inside"] == "llama_hparams::n_embd_k_gqa"
    assert found["base"] == git(ported, "rev-parse", "HEAD~2").strip()


def test_templates_of_today_write_otherwise(tree, tmp_path, monkeypatch):
    """The history tells whose the port is, by what the commit says of itself; lines that are the same are explained."""
    repository(tree)
    real = pack.home()
    for kind in ("rules", "templates"):
        shutil.copytree(getattr(real, kind), tmp_path / kind, ignore=shutil.ignore_patterns("__pycache__"))
    other = pack.Home(tmp_path / "rules", tmp_path / "templates")
    replace(other.templates / "gemma4" / "builder.cpp.j2", '"inp_scaled"', '"inp_scaled_of_old"')
    with monkeypatch.context() as patch:
        patch.setattr(pack, "home", lambda: other)
        assert call("run", tree, "--commit").code == 0
    for path, text, rule in LINES:
        found = known(tree, line_of(tree, path, text))
        assert [(each["how"], each["rule"]) for each in found["reasons"]] == [("written", rule)]
    assert not [each for each in known(tree, line_of(tree, LINES[2][0], "_of_old"))["reasons"] if each["how"] == "written"]
    git(tree, "commit", "-q", "--amend", "-m", "by somebody")
    assert not [each for each in known(tree, line_of(tree, *LINES[0][:2]))["reasons"] if each["how"] == "written"]


def test_after_a_series(tree):
    """The first commit of it has what reaches other models, and not yet the name of the architecture."""
    repository(tree)
    base = git(tree, "rev-parse", "HEAD").strip()
    assert call("run", tree, "--commit", "--split").code == 0
    for text, rule in (("LLM_TENSOR_PER_LAYER_TOKEN_EMBD,", "arch.tensor-infos"), ("LLM_ARCH_GEMMA4,", "arch.name")):
        place = [line for line in (tree / "src" / "llama-arch.cpp").read_text().splitlines() if text in line and "{" in line][-1]
        found = known(tree, line_of(tree, "src/llama-arch.cpp", place))
        assert (found["base"], [(each["how"], each["rule"]) for each in found["reasons"]]) == (base, [("written", rule)])


def test_what_people_are_told(ported):
    said = explain(ported, line_of(ported, *LINES[0][:2])).out
    assert "this tool wrote the line:" in said
    assert "# heads.cache-width: the width of K and V in the cache follows the layer" in said
    assert "#   as head sizes: members (src/llama-hparams.h:" in said
    assert "#   affects every model" in said
    assert "#   safe: " in said
    assert "the tree before the port" in said


def test_what_would_be_changed(tree):
    found = known(tree, line_of(tree, "src/llama-hparams.cpp", "n_embd_head_k * n_head_kv"))
    assert [(each["how"], each["rule"]) for each in found["reasons"]] == [("planned", "heads.cache-width")]
    reason = found["reasons"][0]
    assert reason["affects"]["others"] == "every model"
    assert reason["facts"][0]["name"] == "head sizes"


def test_without_git_what_holds_there(tree):
    assert call("run", tree).code == 0
    found = known(tree, line_of(tree, "src/llama-model.cpp", "arch == LLM_ARCH_GEMMA3N || arch == LLM_ARCH_GEMMA4"))
    assert ("holds", "cache.reuse") in [(each["how"], each["rule"]) for each in found["reasons"]]
    assert found["base"] == ""


def test_a_line_that_was_there(ported):
    assert "no rule has to do with this line" in explain(ported, "src/llama-model.cpp:1").out


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("src/llama-model.cpp", "is not FILE:LINE"),
        ("src/llama-model.cpp:x", "is not FILE:LINE"),
        ("src/none.cpp:1", "is not there"),
        ("src/llama-model.cpp:0", "has"),
        ("src/llama-model.cpp:99999", "lines"),
    ],
)
def test_no_such_line(tree, place, said):
    result = explain(tree, place)
    assert (result.code, said in result.err) == (2, True), result.said


def test_data_to_a_file_and_its_schema(ported, tmp_path):
    place = line_of(ported, *LINES[0][:2])
    assert explain(ported, place, "--json", tmp_path / "why.json").code == 0
    found = json.loads((tmp_path / "why.json").read_text())
    assert list(found) == ["version", "path", "line", "text", "inside", "base", "reasons"]
    assert found["version"] == 1
    assert list(found["reasons"][0]) == ["how", "rule", "makes", "guide", "feature", "anchor", "where", "template", "facts", "affects"]


def test_status_sums_up_and_says_what_is_next(tree):
    before = call("status", tree)
    assert "absent: not there; `run` adds it" in before.out
    assert before.out.rstrip().endswith(f"run {tree} --arch gemma4 --dry-run")
    call("run", tree)
    after = call("status", tree)
    assert "ported: this tool wrote it" in after.out
    assert after.out.rstrip().endswith(f"verify {tree} --arch gemma4")


def test_messages_say_things_once(tree):
    assert "'drop_rows=' should be NAME=on or NAME=off" in call("run", tree, "--option", "drop_rows=").err
    assert "'drop_rows' should be NAME=on or NAME=off" in call("run", tree, "--option", "drop_rows").err
    repository(tree)
    replace(tree / "src" / "llama-arch.cpp", "#include", "// mine\n#include")
    said = call("run", tree).err
    assert said.count("src/llama-arch.cpp") == 1
    assert "python -m transformer run" in shell("run", "--help").out
