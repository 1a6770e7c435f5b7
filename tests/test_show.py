"""What a diff tells a reader, and what it is to a program: a patch."""

import os
import pty
import re
import subprocess
import sys

import pytest
from casefile import example
from command import PROJECT, call, contents, fork, replace, repository, shell
from sampling import sampled

from transformer import pack, plan
from transformer.cpp import Source
from transformer.cpp.enclosing import enclosing_name
from transformer.show.colours import coloured
from transformer.stages import stages
from transformer.workspace import MemoryStore, Workspace

pytestmark = pytest.mark.usefixtures("settled")


def made(files=None):
    return plan.make(pack.load("gemma4", pack.home()), Workspace(MemoryStore(files or example())))


@pytest.mark.parametrize("by", ["file", "rule", "effect"])
@pytest.mark.parametrize("crlf", sampled([False, True], 1), ids=lambda crlf: "crlf" if crlf else "lf")
def test_what_is_printed_is_taken_by_git(tmp_path, by, crlf):
    tree = repository(fork(tmp_path / "tree", crlf=crlf, final_newline=False))
    assert call("run", tree, "--out", tmp_path / "out").code == 0
    raw = subprocess.run(
        [sys.executable, "-m", "transformer", "run", str(tree), "--arch", "gemma4", "--dry-run", "--by", by, "--verify", "syntax"],
        capture_output=True, check=False, cwd=PROJECT,
    )  # fmt: skip
    assert raw.returncode == 0, raw.stderr
    subprocess.run(["git", "apply"], cwd=tree, input=raw.stdout, check=True)
    assert contents(tmp_path / "out").items() <= contents(tree).items()


def test_a_hunk_says_where_it_is_why_from_what_and_whom_it_affects(tree):
    lines = call("run", tree, "--dry-run").out.splitlines()
    start = lines.index("# heads.cache-width: the width of K and V in the cache follows the layer")
    block = lines[start : start + 16]
    assert "#   at llama_hparams::n_embd_k_gqa, src/llama-hparams.cpp:" in "\n".join(block)
    assert any(re.fullmatch(r"#   as head sizes: members \(src/llama-hparams\.h:\d+\)", line) for line in block)
    assert "#   affects every model" in block
    assert any(line.startswith("#   safe: ") for line in block)
    assert any(re.match(r"@@ .* @@ llama_hparams::n_embd_k_gqa", line) for line in lines)
    assert any(re.match(r"@@ .* @@ struct llama_layer", line) for line in lines)
    assert any(re.match(r"@@ .* @@ enum llm_arch", line) for line in lines)


def test_remarks_fit_80_columns_and_break_no_word(tree):
    lines = call("run", tree, "--dry-run").out.splitlines()
    remarks = [line for line in lines if line.startswith("# ")]
    assert len(remarks) > 100
    assert all(len(line) <= 80 or " " not in line.removeprefix("#").strip() for line in remarks)
    rules = {rule.name: rule.makes for rule in pack.load("gemma4", pack.home()).rules}
    text = " ".join(line.removeprefix("#").strip() for line in remarks)
    assert f"cache.reuse: {rules['cache.reuse']}" in text


def test_by_rule_an_enum_and_its_table_stand_together(tree):
    lines = call("run", tree, "--dry-run", "--by", "rule").out.splitlines()
    start, end = lines.index("# -------- arch.name"), lines.index("# -------- arch.keys")
    files = {line for line in lines[start:end] if line.startswith("+++ ")}
    assert files == {"+++ b/src/llama-arch.h", "+++ b/src/llama-arch.cpp"}


def test_by_effect_what_reaches_others_comes_first(tree):
    lines = call("run", tree, "--dry-run", "--by", "effect").out.splitlines()
    titles = [line.removeprefix("# -------- ") for line in lines if line.startswith("# ----")]
    assert titles[-1] == "this architecture only"
    assert "architectures that load the same tensors: gemma3n" in titles


def test_side_by_side_fits(tree):
    lines = call("run", tree, "--dry-run", "--diff", "side").out.splitlines()
    rows = [line for line in lines if " | " in line and not line.startswith("#")]
    assert len(rows) > 300
    assert all(len(line) <= 80 for line in rows)


def test_stages_amount_to_the_plan():
    planned = made()
    edits = list(planned.edits)
    texts = {}
    for stage in stages(planned, [("odd", edits[1::2]), ("none", []), ("even", edits[::2])]):
        assert stage.title != "none"
        for file in stage.files:
            assert file.before == texts.get(file.path, planned.bytes_before(file.path))
            texts[file.path] = file.after
    assert texts == {path: planned.bytes_after(path) for path in planned.paths}


def test_the_name_of_what_is_around():
    text = "static const int T[] = { 1 };\nnamespace n { struct s { int m; }; }\nint a::f(int x) {\n    int y = x;\n}\nenum e { A };\n"
    source = Source("f.cpp", text.encode())
    names = [enclosing_name(source, text.index(each), text.index(each)) for each in ("1 }", "m;", "y = x", "A }", "enum e")]
    assert names == ["T", "struct s", "a::f", "enum e", ""]


def test_words_by_kind():
    lines = ["/* a", "b */ const int x = 1; // c", '#include "d.h"', ""]
    words = coloured("f.cpp", lines)
    assert ["".join(text for text, _ in line) for line in words] == lines
    assert words[0] == [("/* a", "comment")]
    assert ("const", "keyword") in words[1]
    assert ("int", "type") in words[1]
    assert coloured("f.txt", ["const"]) == [[("const", "")]]


@pytest.mark.parametrize(
    ("options", "env", "wanted"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        pytest.param(["--color=always"], {"NO_COLOR": "1"}, True, marks=pytest.mark.slow),
        pytest.param([], {"FORCE_COLOR": "1"}, True, marks=pytest.mark.slow),
        pytest.param(["--color", "never"], {"FORCE_COLOR": "1"}, False, marks=pytest.mark.slow),
    ],
)
def test_colours_where_there_is_no_terminal(tree, options, env, wanted):
    result = shell("run", tree, "--dry-run", "--verify", "none", *options, env=env)
    assert result.code == 0
    assert ("\x1b[" in result.out) == wanted
    if wanted:
        plain = shell("run", tree, "--dry-run", "--verify", "none").out
        assert re.sub(r"\x1b\[[\d;]*m", "", result.out) == plain


def on_terminal(tree, env, *options):
    main, other = pty.openpty()
    words = [sys.executable, "-m", "transformer", "run", str(tree), "--arch", "gemma4", "--verify", "syntax", *options]
    with subprocess.Popen(words, cwd=PROJECT, stdout=other, stderr=other, env={**os.environ, "TERM": "xterm", **env}) as process:
        os.close(other)
        said = b""
        while True:
            try:
                chunk = os.read(main, 65536)
            except OSError:
                break
            if not chunk:
                break
            said += chunk
    os.close(main)
    return process.returncode, said.decode().replace("\r\n", "\n")


def test_the_pager_of_git_is_used_on_a_terminal(tree, tmp_path):
    page = tmp_path / "page"
    code, said = on_terminal(tree, {"GIT_PAGER": f"cat > '{page}'"}, "--dry-run")
    text = page.read_text()
    assert (code, said) == (0, "")
    assert "\x1b[" in text
    assert "would be ported" in text


def test_no_pager_where_nothing_is_long_and_where_it_is_cat(tree, tmp_path):
    code, said = on_terminal(tree, {"GIT_PAGER": "cat", "NO_COLOR": "1"}, "--dry-run")
    assert code == 0
    assert "would be ported" in said
    assert "\x1b[3" not in said
    page = tmp_path / "page"
    code, said = on_terminal(tree, {"GIT_PAGER": f"cat > '{page}'"})
    assert (code, page.exists()) == (0, False)
    assert "is ported" in said


def test_the_pager_of_a_repository_is_not_started(tree, tmp_path, monkeypatch):
    monkeypatch.delenv("GIT_PAGER")
    repository(tree)
    page = tmp_path / "page"
    subprocess.run(["git", "-C", str(tree), "config", "core.pager", f"cat > '{page}'"], check=True)
    code, _ = on_terminal(tree, {"PAGER": "cat"}, "--dry-run")
    assert (code, page.exists()) == (0, False)


def test_what_would_steer_a_terminal_is_spelled_out(tree):
    replace(tree / "src" / "llama-hparams.cpp", "bool llama_hparams::is_swa", "// \x1b]0;title\x07 \u202e\nbool llama_hparams::is_swa")
    for options in ([], ["--color", "always"]):
        said = call("run", tree, "--dry-run", *options).out
        assert "\x1b]" not in said
        assert "\u202e" not in said
