"""What a fork remembers in a file of its own, small words, and what undo says of a commit."""

import os
import shutil
import subprocess
import sys

import pytest
from command import PROJECT, call, contents, git, replace, repository, state

from transformer import cli

pytestmark = pytest.mark.usefixtures("settled")
ARGUMENTS = ("--dry-run", "--diff", "stat", "--verify", "none")


def run(capsys, *words):
    """A command as it stands: no architecture is added to it."""
    code = cli.main([str(each) for each in words])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize(("file", "head"), [("transformer.toml", ""), ("pyproject.toml", '[project]\nname = "x"\n\n[tool.transformer]\n')])
def test_a_fork_remembers_its_architecture_and_options(tree, capsys, file, head):
    (tree / file).write_text(f'{head}arch = "gemma4"\noptions = {{ drop_rows = false }}\n')
    code, out, err = run(capsys, "run", tree, *ARGUMENTS)
    assert (code, err) == (0, f"note: from {file}: arch gemma4, option drop_rows=off\n")
    assert "Gemma 4 would be ported" in out
    without = out
    code, out, err = run(capsys, "run", tree, *ARGUMENTS, "--option", "drop_rows=on")
    assert (code, err) == (0, f"note: from {file}: arch gemma4\n")
    assert out != without
    assert run(capsys, "run", tree, *ARGUMENTS, "--arch", "mellum")[2] == ""
    assert "Gemma 4: absent" in run(capsys, "status", tree)[1]
    assert run(capsys, "verify", tree)[0] == 6


def test_a_pyproject_of_something_else_says_nothing(tree, capsys):
    (tree / "pyproject.toml").write_text('[project]\nname = "transformers"\n')
    assert run(capsys, "run", tree, *ARGUMENTS, "--arch", "gemma4")[2] == ""


BAD = {
    "no_toml": ('arch = "gemma4"\nx = = 1\n', ":2: ", "is not TOML"),
    "unknown": ('arch = "gemma4"\n\narhc = "x"\n', ":3: ", "there is no field 'arhc'"),
    "kind": ('# arch\narch = 4\n', ":2: ", "arch is no text"),
    "option": ('arch = "gemma4"\n[options]\ndrop_row = true\n', ":3: ", "no option 'drop_row'; there are: drop_rows"),
    "on": ('arch = "gemma4"\noptions = { drop_rows = "on" }\n', ":2: ", "drop_rows is neither true nor false"),
    "list": ('arch = "gemma4"\noptions = [true]\n', ":2: ", "options are no table"),
    "texts": ('arch = "gemma4"\n\npacks = [1]\n', ":3: ", "packs is no list of texts"),
    "no_arch": ("\n[options]\ndrop_rows = true\n", ":2: ", "arch is not said"),
    "pack": ('\narch = "gemma5"\n', ":2: ", "there is no pack 'gemma5'"),
    "outside": ('packs = ["../elsewhere"]\n', ":1: ", "is outside of the tree"),
    "nul": ('arch = "gemma4"\npacks = ["\\u0000"]\n', ":2: ", "cannot be the name of a folder"),
    "long": (f'arch = "gemma4"\npacks = ["{"a" * 5000}"]\n', ":2: ", "cannot be the name of a folder"),
    "folder": ('arch = "gemma4"\npacks = ["nowhere"]\n', ":2: ", "nowhere is not a folder"),
    "deep": ("a = " + "[" * 5000 + "\n", ":1: ", "transformer.toml"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_odd_is_named_with_its_line(tree, capsys, case):
    text, line, words = BAD[case]
    (tree / "transformer.toml").write_text(text)
    before = state(tree)
    code, _, err = run(capsys, "run", tree, "--verify", "none")
    assert (code, state(tree)) == (2, before), err
    assert f"transformer.toml{line}" in err or line == ":1: "
    assert words in err
    assert "Traceback" not in err


def own_pack(tree, python):
    """A pack in the tree itself."""
    shutil.copytree(PROJECT / "tests" / "data" / "packs" / "tinyllm", tree / "packs" / "tinyllm")
    spec = tree / "packs" / "tinyllm" / "pack.toml"
    if not python:
        spec.write_text("\n".join(line for line in spec.read_text().splitlines() if not line.startswith("rules =")))
    (tree / "transformer.toml").write_text('arch = "tinyllm"\npacks = ["packs"]\n')
    (tree / "packs" / "tinyllm" / "extra.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    (tree / "packs" / "llama.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    return spec


def test_python_of_a_pack_runs_only_where_the_user_names_its_folder(tree, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = own_pack(tree, python=True)
    code, _, err = run(capsys, "run", tree, *ARGUMENTS)
    assert (code, f"say --packs {tree / 'packs'}" in err) == (2, True), err
    assert f"{spec}: the tree names this pack, and it brings Python (rules)" in err
    assert not (tmp_path / "ran").exists()
    run(capsys, "run", tree, *ARGUMENTS, "--packs", tree / "packs")
    assert (tmp_path / "ran").exists()


def test_a_pack_of_data_in_the_tree_is_taken_and_reaches_nothing(tree, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own_pack(tree, python=False)
    code, out, err = run(capsys, "run", tree, *ARGUMENTS)
    assert (code, "arch tinyllm, packs of packs" in err, "would be ported" in out) == (0, True, True), err
    loader = tree / "packs" / "tinyllm" / "templates" / "load_hparams.cpp.j2"
    loader.write_text("<%= spec.__class__.__mro__ %>\n")
    code, _, err = run(capsys, "run", tree, *ARGUMENTS)
    assert (code, "load_hparams.cpp.j2:1" in err) == (4, True), err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("part", ["pack.toml", "templates/builder.cpp.j2", "more/x"])
@pytest.mark.parametrize("kind", ["pipe", "elsewhere", "device", "large"])
def test_what_a_pack_of_the_tree_brings_are_regular_files_of_its_own(tree, tmp_path, capsys, part, kind):
    own_pack(tree, python=False)
    place = tree / "packs" / "tinyllm" / part
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    place.parent.mkdir(exist_ok=True)
    (tmp_path / "secret").write_text("a secret\n")
    match kind:
        case "pipe":
            os.mkfifo(place)
        case "elsewhere":
            place.symlink_to(tmp_path / "secret")
        case "device":
            place.symlink_to("/dev/zero")
        case _:
            with place.open("wb") as file:
                file.truncate(17 << 20)
    code, out, err = run(capsys, "run", tree, *ARGUMENTS, "--diff", "unified")
    assert (code, str(place) in err, "a secret" in out) == (2, True, False), err


def test_a_pack_of_the_tree_lies_in_the_tree(tree, tmp_path, capsys):
    own_pack(tree, python=False)
    (tree / "packs" / "tinyllm").rename(tmp_path / "tinyllm")
    (tree / "packs" / "tinyllm").symlink_to(tmp_path / "tinyllm")
    code, _, err = run(capsys, "run", tree, *ARGUMENTS)
    assert (code, "leads out of its folder through a symlink" in err) == (2, True), err


# Small words.


def test_undo_after_a_series_names_all_of_it(tree):
    repository(tree)
    base = git(tree, "log", "-1", "--format=%h").strip()
    before = contents(tree)
    assert call("run", tree, "--commit", "--split").code == 0
    series = f"{base}..{git(tree, 'log', '-1', '--format=%h').strip()}"
    undone = call("undo", tree)
    assert f"the commits stay; `git revert {series}` would take it back instead" in undone.err
    git(tree, "checkout", "-q", ".")
    git(tree, "revert", "--no-edit", series)
    assert contents(tree) == before


def test_undo_after_a_commit_says_what_it_does(tree):
    repository(tree)
    assert call("run", tree, "--commit").code == 0
    commit = git(tree, "log", "-1", "--format=%h").strip()
    undone = call("undo", tree)
    assert f"the run was committed ({commit})" in undone.err
    assert f"`git revert {commit}` would take it back instead" in undone.err
    assert git(tree, "log", "-1", "--format=%h").strip() == commit
    git(tree, "checkout", "-q", ".")
    git(tree, "revert", "--no-edit", commit)
    assert call("run", tree, "--check").code == 1


def test_undo_of_what_was_not_committed_says_nothing_of_commits(tree):
    repository(tree)
    call("run", tree)
    assert call("undo", tree).err == ""


def test_a_dirty_tree_that_is_to_be_committed_is_not_told_to_allow_it(tree):
    repository(tree)
    replace(tree / "src" / "llama-arch.h", "enum llm_arch", "// mine\nenum llm_arch")
    assert "--allow-dirty" in call("run", tree).err
    assert "--allow-dirty" not in call("run", tree, "--commit").err


def test_completion_and_help_bear_the_name_of_the_script(tmp_path):
    script = tmp_path / "llama-fork-transformer"
    script.write_text(f"#!{sys.executable}\nfrom transformer.__main__ import main\nmain()\n")
    script.chmod(0o755)
    env = {**os.environ, "_LLAMA_FORK_TRANSFORMER_COMPLETE": "bash_complete", "COMP_WORDS": f"{script.name} run --sar", "COMP_CWORD": "2"}
    done = subprocess.run([script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "plain,--sarif\n"
    env["_LLAMA_FORK_TRANSFORMER_COMPLETE"] = "bash_source"
    assert "complete -o nosort -F _llama_fork_transformer_completion llama-fork-transformer" in subprocess.run(
        [script], env=env, capture_output=True, text=True, check=True).stdout  # fmt: skip
    del env["_LLAMA_FORK_TRANSFORMER_COMPLETE"]
    told = subprocess.run([script, "--help"], env=env, capture_output=True, text=True, check=True).stdout
    assert told.startswith("Usage: llama-fork-transformer ")
    assert "\n    llama-fork-transformer run ../my-fork --arch NAME --dry-run\n" in told
