"""One pipeline, several last steps: what each shows and writes, and that they agree."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from itertools import pairwise

import pytest
from casefile import FORK
from command import ARCH, PROJECT, call, contents, fork, git, repository, shell, state

from transformer import app, pack, plan
from transformer import verify as verifying
from transformer.plan import Plan
from transformer.verify import Finding, Report

pytestmark = pytest.mark.usefixtures("settled")


def untouched(root, *arguments):
    before = state(root)
    result = call(*arguments)
    assert state(root) == before
    return result


# The last steps.


def test_check(tree):
    result = untouched(tree, "run", tree, "--check")
    assert result.code == 1
    assert "Gemma 4 would be ported: nothing was written to the tree" in result.out


def test_dry_run_is_a_diff_with_reasons(tree):
    result = untouched(tree, "run", tree, "--dry-run")
    assert result.code == 0
    lines = result.out.splitlines()
    files = [line.removeprefix("+++ b/") for line in lines if line.startswith("+++ ")]
    assert files == sorted(files)
    assert "src/models/gemma4-iswa.cpp" in files
    rules = {rule.name: rule.makes for rule in pack.load("gemma4", pack.home()).rules}
    told = {}
    for above, line in pairwise(lines):
        if line.startswith("#   at ") and above.startswith("# "):
            name, _, reason = above.removeprefix("# ").partition(": ")
            told.setdefault(name, reason)
    assert told
    assert all(rules[name].startswith(reason) for name, reason in told.items() if name in rules)
    assert "--- /dev/null" in lines
    assert lines[-1] == "Gemma 4 would be ported: nothing was written to the tree"


def test_a_dry_run_can_be_read_by_patch(tree, tmp_path):
    shown = call("run", tree, "--dry-run").out
    assert call("run", tree, "--out", tmp_path / "out").code == 0
    subprocess.run(["patch", "-p1", "-s"], cwd=tree, input=shown.encode(), check=True)
    assert contents(tmp_path / "out").items() <= contents(tree).items()


def test_run_then_nothing_to_do_then_undo(tree):
    pristine = {path: facts[:2] for path, facts in state(tree).items()}
    result = call("run", tree)
    assert result.code == 0
    assert "Gemma 4 is ported: " in result.out
    for extra in ([], ["--check"], ["--dry-run"]):
        again = untouched(tree, "run", tree, *extra)
        assert (again.code, again.out) == (0, "Gemma 4 is ported here already: nothing to do\n")
    undone = call("undo", tree)
    assert (undone.code, "Gemma 4 is undone" in undone.out) == (0, True)
    assert {path: facts[:2] for path, facts in state(tree).items()} == pristine


def test_types_are_verified_by_default(tree):
    result = shell("run", tree)
    assert result.code == 0, result.said
    assert re.search(r"types verified: \d+ translation units, 0 new diagnostics", result.out)
    assert "checking types" not in result.err


def test_types_that_do_not_fit(tree, tmp_path, monkeypatch):
    found = Report("types", (Finding("src/llama-model.cpp:7:3", "no member named 'x'"),), ("src/llama-model.cpp",))
    monkeypatch.setattr(verifying, "_types", lambda *arguments: found)
    monkeypatch.setattr(app, "verify", verifying.verify)
    before = state(tree)
    result = call("run", tree, "--patch", tmp_path / "p", "--json", tmp_path / "j", verify="types")
    assert result.code == 5
    assert "src/llama-model.cpp:7:3: error: no member named 'x'" in result.out
    assert "src/llama-model.cpp:7:3: 1 new diagnostic; nothing was written" in result.err
    assert state(tree) == before
    assert "the plan did not pass, no patch written" in result.err
    assert not (tmp_path / "p").exists()
    assert json.loads((tmp_path / "j").read_text())["verified"]["passed"] is False


def test_status_words(tree):
    def words(result):
        return {line.split()[1]: line.split()[0] for line in result.out.splitlines() if re.match(r"  \w+ +\w+\.", line)}

    before = untouched(tree, "status", tree)
    assert (before.code, "Gemma 4: absent" in before.out) == (0, True)
    assert words(before)["arch.name"] == "absent"
    assert words(before)["model.layer-members"] == "partial"
    assert words(before)["load.bool-arrays"] == "native"
    call("run", tree)
    after = untouched(tree, "status", tree)
    assert "Gemma 4: ported" in after.out
    assert words(after)["arch.name"] == "ported"
    assert words(after)["load.bool-arrays"] == "native"
    assert not {"absent", "partial", "blocked"} & set(words(after).values())


def test_what_is_ours_is_told_by_the_tree(tree, tmp_path, monkeypatch):
    call("run", tree)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert "Gemma 4 is ported here already: nothing to do" in call("run", tree).out
    assert "Gemma 4: ported" in call("status", tree).out


def test_native_where_somebody_else_wrote_it(tree):
    call("run", tree)
    builder = tree / "src/models/gemma4-iswa.cpp"
    builder.write_text(builder.read_text().replace("inp_scaled", "scaled_input"))
    assert "Gemma 4: native" in call("status", tree).out
    assert "Gemma 4 is native here: nothing to do" in call("run", tree).out


def test_a_part_that_is_lost_comes_back(tree):
    call("run", tree)
    whole = contents(tree)
    shutil.copy(FORK / "src/unicode.h", tree / "src/unicode.h")
    assert "Gemma 4: partial" in call("status", tree).out
    result = call("run", tree)
    assert (result.code, "Gemma 4 is completed: 1 rule, 1 edit, 1 file" in result.out) == (0, True), result.said
    assert contents(tree) == whole


@pytest.fixture
def own(tree):
    """A tree whose loader is somebody else's, and that has lost the splitter of texts."""
    call("run", tree)
    model = tree / "src/llama-model.cpp"
    model.write_text(model.read_text().replace("n_embd_head_k_swa", "own_head_size"))
    shutil.copy(FORK / "src/unicode.h", tree / "src/unicode.h")
    return tree


def test_what_is_not_understood_is_left_and_listed(own, tmp_path):
    model = (own / "src/llama-model.cpp").read_bytes()
    assert untouched(own, "run", own, "--check", "--verify", "syntax").code == 1
    result = call("run", own, "--verify", "syntax", "--json", tmp_path / "j")
    assert (result.code, "Gemma 4 is completed as far as it can be: 1 rule," in result.out) == (3, True), result.said
    assert re.search(r"left: load\.hparams: src/llama-model\.cpp:\d+: .* does not mention n_embd_head_k_swa", result.out)
    assert (own / "src/llama-model.cpp").read_bytes() == model
    left = json.loads((tmp_path / "j").read_text())["left"]
    assert [each["rule"] for each in left] == ["load.hparams"]

    again = untouched(own, "run", own, "--patch", tmp_path / "p")
    assert (again.code, "Gemma 4 is partly here, in its own way" in again.out) == (3, True)
    assert "left: load.hparams" in again.out
    assert "nothing to do, no patch written" in again.err
    assert not (tmp_path / "p").exists()
    assert untouched(own, "run", own, "--check").code == 3
    call("undo", own)
    assert (own / "src/unicode.h").read_bytes() == (FORK / "src/unicode.h").read_bytes()


def test_what_is_of_no_use_alone_is_left(own):
    hparams = own / "src/llama-hparams.cpp"
    hparams.write_text(hparams.read_text().replace("n_embd_head_k_at(il) * n_head_kv", "n_embd_head_k * n_head_kv"))
    before = hparams.read_bytes()
    header = own / "src/llama-hparams.h"
    header.write_bytes((FORK / "src/llama-hparams.h").read_bytes())
    result = call("run", own, "--verify", "syntax")
    assert result.code == 3
    assert "left: heads.values: src/llama-hparams.h" in result.out
    assert "of no use without load.hparams" in result.out
    assert re.search(r"left: heads.cache-width: src/llama-hparams.cpp:\d+: of no use without heads.values", result.out)
    assert hparams.read_bytes() == before
    assert "of no use without heads.values" in untouched(own, "status", own).out


def test_an_obstacle_is_told_once_with_the_rules_that_it_stops(tree):
    (tree / "src/llama-hparams.h").unlink()
    result = call("run", tree)
    assert result.code == 4
    assert result.err.count("src/llama-hparams.h is not there") == 1
    assert re.search(r"stops: .*heads\.values, .*heads\.saver\s+\(optional\)", result.err, re.S)


def test_an_optional_rule_that_does_not_fit(tree):
    saver = tree / "src/llama-model-saver.cpp"
    saver.write_text(saver.read_text().replace("add_kv_from_model", "write_all"))
    result = call("run", tree)
    assert result.code == 3, result.said
    assert "heads.saver (optional)" in result.out
    assert call("run", tree).code == 0


# What is written beside the tree.


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize("final", [True, False], ids=["newline", "no-newline"])
def test_patch(tmp_path, crlf, final):
    one, two = (fork(tmp_path / name, crlf=crlf, final_newline=final) for name in ("one", "two"))
    repository(two)
    result = untouched(one, "run", one, "--dry-run", "--patch", tmp_path / "port.patch")
    assert f"written: {tmp_path / 'port.patch'}" in result.out
    assert call("run", one).code == 0
    git(two, "-c", "core.autocrlf=false", "apply", str(tmp_path / "port.patch"))
    assert contents(two) == contents(one)


def test_a_lone_cr_ends_no_line(tree, tmp_path):
    path = tree / "src/llama-arch.cpp"
    path.write_bytes(path.read_bytes().replace(b'"gemma3"          },', b'"gemma3"          }, // \r old', 1))
    repository(tree)
    call("run", tree, "--check", "--patch", tmp_path / "p")
    git(tree, "apply", str(tmp_path / "p"))


def test_out(tree, tmp_path):
    result = untouched(tree, "run", tree, "--out", tmp_path / "a" / "out")
    assert result.code == 0
    call("run", tree)
    out = contents(tmp_path / "a" / "out")
    assert "src/models/gemma4-iswa.cpp" in out
    assert out.items() <= contents(tree).items()


def test_two_runs_are_equal(tree, tmp_path):
    for name in ("1", "2"):
        env = {"PYTHONHASHSEED": name}
        words = ["--dry-run", "--verify", "syntax", "--json", tmp_path / f"j{name}", "--patch", tmp_path / f"p{name}"]
        out = shell("run", tree, *words, env=env).out
        (tmp_path / f"o{name}").write_text(re.sub(r"(/[jp])\d$", r"\1", out, flags=re.M))
    for kind in "jpo":
        assert (tmp_path / f"{kind}1").read_bytes() == (tmp_path / f"{kind}2").read_bytes()
    document = json.loads((tmp_path / "j1").read_text())
    assert document["state"] == "absent"
    assert document["verified"] == {**document["verified"], "level": "syntax", "passed": True}
    assert {edit["rule"] for edit in document["edits"]} >= {"arch.name", "graph.builder"}


def test_stat(tree):
    result = untouched(tree, "run", tree, "--dry-run", "--diff", "stat")
    assert "@@" not in result.out
    assert re.search(r"^src/models/gemma4-iswa\.cpp +\d+  \++$", result.out, re.M)
    assert re.search(r"^\d+ files, \d+ lines added, \d+ removed$", result.out, re.M)


# The terminal.


def terminal(tree, *arguments, **env):
    """What a command writes to a terminal."""
    main, side = pty.openpty()
    words = [sys.executable, "-m", "transformer", "run", str(tree), "--arch", ARCH, *arguments]
    process = subprocess.Popen(words, cwd=PROJECT, stdout=side, stderr=side, env={**os.environ, "TERM": "xterm", **env})
    os.close(side)
    said = b""
    while True:
        try:
            chunk = os.read(main, 65536)
        except OSError:
            break
        if not chunk:
            break
        said += chunk
    process.wait()
    os.close(main)
    return said.decode()


def test_colour_on_a_terminal_only(tree):
    words = ["--dry-run", "--verify", "syntax"]
    assert "\x1b[32m+" in terminal(tree, *words)
    assert "\x1b" not in terminal(tree, *words, NO_COLOR="1")
    assert "\x1b" not in shell("run", tree, *words).said


def test_progress_on_a_terminal(tree):
    assert "checking types" in terminal(tree, "--check")


def test_what_would_steer_a_terminal_is_spelled_out(tree):
    path = tree / "src/llama-arch.h"
    path.write_text(path.read_text().replace("    LLM_ARCH_GEMMA3N,", "    LLM_ARCH_GEMMA3N, // \x1b]0;x\x07 \u202e"))
    out = call("run", tree, "--dry-run").out
    assert "// \\x1b]0;x\\x07 \\u202e" in out
    assert "\x1b" not in out


def test_tabs_stay_tabs(tree):
    path = tree / "src/llama-arch.h"
    path.write_text(path.read_text().replace("    LLM_ARCH_GEMMA3N,", "\tLLM_ARCH_GEMMA3N,"))
    assert "\n \tLLM_ARCH_GEMMA3N,\n" in call("run", tree, "--dry-run").out


@pytest.mark.parametrize("last", ["--dry-run", "--check"])
def test_a_reader_that_leaves(tree, last):
    line = f"set -o pipefail; '{sys.executable}' -m transformer run '{tree}' --arch gemma4 --verify syntax {last} | head -1"
    done = subprocess.run(["bash", "-c", line], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (int(last == "--check"), "")


def test_a_reader_that_is_gone_before_the_tree_is_written(tree):
    command = f"'{sys.executable}' -m transformer run '{tree}' --arch gemma4 --verify syntax --diff unified"
    line = command + " | true; exit ${PIPESTATUS[0]}"
    done = subprocess.run(["bash", "-c", line], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert (tree / "src/models/gemma4-iswa.cpp").exists()


def test_an_output_that_is_full(tree):
    before = state(tree)
    line = f"'{sys.executable}' -m transformer run '{tree}' --arch gemma4 --verify syntax > /dev/full"
    done = subprocess.run(["bash", "-c", line], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the output cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert state(tree) == before


# Our own faults.


@pytest.mark.parametrize("where", [(plan, "make"), (app, "verify"), (Plan, "notes")])
def test_internal_error(tree, monkeypatch, where):
    def fail(*arguments):
        raise KeyError("token")

    monkeypatch.setattr(*where, fail)
    result = untouched(tree, "run", tree)
    assert result.code == 70
    assert "internal error: " in result.err
    assert "KeyError: 'token'; nothing was written" in result.err
    assert "TRANSFORMER_DEBUG=1" in result.err
    assert "report it" in result.err
    assert "Traceback" not in result.said
    monkeypatch.setenv("TRANSFORMER_DEBUG", "1")
    with pytest.raises(KeyError):
        untouched(tree, "run", tree)


def test_help():
    result = shell("run", "--help")
    assert result.code == 0
    for option in ("--dry-run", "--check", "--patch", "--json", "--out", "--allow-dirty", "--verify"):
        assert option in result.out


def test_rules_list():
    result = call("rules", "list")
    assert result.code == 0
    assert "arch.name" in result.out


def test_runs_from_any_folder(tree, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    words = ["--check", "--verify", "syntax"]
    result = shell("run", "../tree", *words, cwd=elsewhere)
    assert result.code == 1, result.said
