"""A port as commits and as mails: each step is sound, and all of them are the port."""

import re
import subprocess
from pathlib import Path

import pytest
from casefile import FORKS, example
from command import call, contents, fork, git, repository, state

from transformer import pack, plan
from transformer.deliver.mail import blob
from transformer.deliver.series import cut, prefixes
from transformer.selection import Links, narrowed
from transformer.verify import verify
from transformer.workspace import MemoryStore, Workspace

pytestmark = pytest.mark.usefixtures("settled")
TITLES = [
    "names, keys and tensors, shared with other models",
    "names, keys and tensors",
    "head sizes and cache, shared with other models",
    "head sizes and cache",
    "loader and saver",
    "vocabulary, shared with other models",
    "vocabulary",
    "graph builder",
]


def made(fork_name="minifork"):
    return plan.make(pack.load("gemma4", pack.home()), Workspace(MemoryStore(example(fork_name))))


def subjects(tree):
    return git(tree, "log", "--reverse", "--format=%s").splitlines()[1:]


@pytest.mark.parametrize("fork_name", FORKS)
def test_no_commit_needs_a_later_one(fork_name):
    planned = made(fork_name)
    needs, number = Links(planned).needs, {id(edit): n for n, edit in enumerate(planned.edits)}
    series = list(prefixes(planned, cut(planned)))
    for _, edits in series:
        there = {number[id(edit)] for edit in edits}
        assert all(needs[n] <= there for n in there)
    assert series[-1][1] == list(planned.edits)


@pytest.mark.parametrize("fork_name", FORKS)
def test_each_commit_is_sound_by_itself(fork_name):
    planned = made(fork_name)
    for commit, edits in prefixes(planned, cut(planned)):
        report = verify(narrowed(planned, edits), Path("unused"), "syntax", lambda *_: None)
        assert report.passed, (commit.title, report.findings)


def test_changes_to_other_models_stand_apart():
    planned = made()
    commits = cut(planned)
    assert [each.title for each in commits] == TITLES
    shared = {edit.rule for each in commits if each.shared for edit in each.stage.edits}
    assert {"heads.cache-width", "experts.parameters", "cache.one-kind", "vocab.splitter"} <= shared
    assert not shared & {"load.hparams", "graph.builder", "cache.reuse", "vocab.model"}


def test_one_commit(tree):
    repository(tree)
    (tree / "README.md").write_text("staged by somebody\n")
    git(tree, "add", "README.md")
    result = call("run", tree, "--commit", "--signoff", "--allow-dirty")
    assert (result.code, "excludes" in result.err) == (2, True)
    git(tree, "reset", "-q", "--hard")
    result = call("run", tree, "--commit", "--signoff")
    assert result.code == 0, result.said
    assert "  committed " in result.out
    assert subjects(tree) == ["gemma4 : port the architecture"]
    assert git(tree, "status", "--porcelain") == ""
    body = git(tree, "log", "-1", "--format=%b")
    assert "- every metadata key" in body
    assert "Reaches others:" in body
    assert re.search(r"^- head sizes: members \(src/llama-hparams\.h:\d+\)$", body, re.M)
    assert "Verified: syntax only" in body
    assert re.search(r"^Made with transformer \S+: --arch gemma4 --option drop_rows=on --option train=off$", body, re.M)
    assert body.rstrip().endswith("\n\nSigned-off-by: Ann Example <ann@example.org>")
    assert all(len(line) <= 72 for line in body.splitlines() if " " in line and not line.startswith("Made"))


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
def test_a_series_of_commits_on_a_branch(tmp_path, crlf):
    tree = repository(fork(tmp_path / "tree", crlf=crlf))
    start = git(tree, "rev-parse", "HEAD")
    assert call("run", tree, "--out", tmp_path / "out").code == 0
    result = call("run", tree, "--commit", "--split", "--branch", "port")
    assert result.code == 0, result.said
    assert subjects(tree) == [f"gemma4 : {title}" for title in TITLES]
    assert git(tree, "symbolic-ref", "--short", "HEAD") == "port\n"
    assert git(tree, "rev-parse", "HEAD~8") == start
    assert git(tree, "status", "--porcelain") == ""
    assert contents(tmp_path / "out").items() <= contents(tree).items()
    assert call("run", tree, "--check").code == 0


def test_below_the_top_of_a_work_tree(tmp_path):
    fork(tmp_path / "top" / "vendor" / "fork")
    top = repository(tmp_path / "top")
    result = call("run", top / "vendor" / "fork", "--commit", "--split")
    assert result.code == 0, result.said
    assert git(top, "status", "--porcelain") == ""
    assert "vendor/fork/src/models/gemma4-iswa.cpp" in git(top, "ls-files")


@pytest.mark.parametrize(
    ("prepare", "options", "said"),
    [
        (lambda tree: None, ["--commit"], "nothing can be committed"),
        (repository, ["--commit", "--branch", "a..b"], "no name of a branch"),
        (lambda tree: git(repository(tree), "branch", "there"), ["--commit", "--branch", "there"], "a branch there already"),
        (repository, ["--split"], "say how --commit commits"),
        (repository, ["--commit", "--dry-run"], "excludes"),
        (lambda tree: git(tree, "init", "-q"), ["--commit"], "no commit yet"),
    ],
)  # fmt: skip
def test_what_cannot_be_committed(tree, prepare, options, said):
    prepare(tree)
    before = state(tree)
    result = call("run", tree, *options)
    assert (result.code, state(tree)) == (2, before)
    assert said in result.err


def test_mails_are_taken_and_give_the_port(tree, tmp_path):
    repository(tree)
    assert call("run", tree, "--out", tmp_path / "out").code == 0
    result = call("run", tree, "--dry-run", "--diff", "stat", "--series", tmp_path / "mails")
    assert result.code == 0, result.said
    mails = sorted((tmp_path / "mails").iterdir())
    assert [path.name[:5] for path in mails] == [f"{n:04}-" for n in range(1, 9)]
    subprocess.run(["git", "am", "-q", *map(str, mails)], cwd=tree, check=True)
    assert subjects(tree) == [f"gemma4 : {title}" for title in TITLES]
    assert contents(tmp_path / "out").items() <= contents(tree).items()


def test_mails_are_signed_off_where_that_was_asked_for(tree, tmp_path):
    repository(tree)
    assert call("run", tree, "--dry-run", "--signoff", "--series", tmp_path / "mails").code == 0
    mails = sorted(map(str, (tmp_path / "mails").iterdir()))
    subprocess.run(["git", "am", "-q", *mails], cwd=tree, check=True)
    signed = git(tree, "log", f"-{len(TITLES)}", "--format=%(trailers:key=Signed-off-by,valueonly)").split("\n")
    assert [each for each in signed if each] == ["Ann Example <ann@example.org>"] * len(TITLES)
    result = call("run", tree, "--check", "--signoff")
    assert (result.code, "--signoff is for --commit and --series" in result.err) == (2, True)


def test_mails_find_their_base_where_the_tree_has_moved_on(tree, tmp_path):
    """Each base is a step of the series: the repository has them where the series was committed on a branch."""
    start = git(repository(tree), "symbolic-ref", "--short", "HEAD").strip()
    result = call("run", tree, "--commit", "--split", "--branch", "port", "--series", tmp_path / "mails")
    assert result.code == 0, result.said
    git(tree, "checkout", "-q", start)
    names = tree / "src" / "llama-arch.cpp"
    lines = names.read_text().splitlines()
    row = next(number for number, line in enumerate(lines) if '"gemma3n"' in line)
    lines[row - 2] += " // moved on"  # in the context of a hunk, and not beside what it adds
    names.write_text("\n".join(lines) + "\n")
    git(tree, "commit", "-qam", "moved on")
    mails = sorted(map(str, (tmp_path / "mails").iterdir()))
    plain = subprocess.run(["git", "am", "-q", *mails], cwd=tree, capture_output=True, check=False)
    assert plain.returncode != 0
    git(tree, "am", "--abort")
    subprocess.run(["git", "am", "-q", "-3", *mails], cwd=tree, check=True, capture_output=True)
    assert subjects(tree) == ["moved on", *(f"gemma4 : {title}" for title in TITLES)]
    assert "// moved on" in names.read_text()
    assert call("run", tree, "--check").code == 0


def test_the_name_of_a_blob():
    assert blob(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_nothing_to_do_writes_no_mails(tree, tmp_path):
    repository(tree)
    assert call("run", tree).code == 0
    assert call("run", tree, "--dry-run", "--series", tmp_path / "mails").code == 0
    assert not (tmp_path / "mails").exists()


def test_a_folder_that_is_not_empty(tree, tmp_path):
    repository(tree)
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "mine").write_text("")
    result = call("run", tree, "--series", tmp_path / "mails")
    assert (result.code, "not an empty folder" in result.err) == (2, True)
