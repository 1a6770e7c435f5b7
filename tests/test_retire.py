"""The last chapter of docs/rebase.md on the example fork: upstream has the architecture itself, and the port goes."""

import shutil
import subprocess

import pytest
from command import call, contents, git, replace, repository, settle, state
from command import fork as example
from upstream import native

pytestmark = pytest.mark.usefixtures("settled")

ROW = "    LLM_ARCH_OF_THE_FORK,\n"


def retire(tree, *words, verify="syntax"):
    return call("retire", tree, "--arch", "gemma4", "--verify", verify, *words)


def merged(tree, how):
    """Merge upstream, and settle what is in conflict in one way or another."""
    info = tree / ".git" / "info" / "attributes"
    info.write_text("* merge=union\n" if how == "union" else "")
    words = [] if how == "union" else ["-X", how]
    git(tree, "merge", "-q", "--no-edit", *words, "upstream")
    info.write_text("")


def commit(tree, message):
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", message)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Made once: a fork with a row of its own, on `fork`, and on `ported` with the port as a commit.

    On `upstream`, what upstream has become meanwhile, and on `wanted` the fork with it where there never was a port.
    """
    base = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        settle(base, patch)
        tree = repository(example(base / "tree"))
        git(tree, "checkout", "-q", "-b", "upstream")
        native(tree)
        commit(tree, "native")
        git(tree, "checkout", "-q", "-b", "fork", "upstream^")
        replace(tree / "src" / "llama-arch.h", "    LLM_ARCH_GEMMA3N,\n", f"{ROW}    LLM_ARCH_GEMMA3N,\n")
        replace(tree / "src" / "llama-hparams.cpp", "#include", "// of the fork\n#include")
        commit(tree, "own")
        git(tree, "checkout", "-q", "-b", "wanted")
        merged(tree, "theirs")
        wanted = contents(tree)
        git(tree, "checkout", "-q", "fork")
        assert call("run", tree, "--commit", "--branch", "ported").code == 0
    return tree, wanted


@pytest.fixture
def wanted(made):
    """What a merge gives where there never was a port."""
    return made[1]


@pytest.fixture
def ported(made, tmp_path):
    """The fork with the port as a commit."""
    return shutil.copytree(made[0], tmp_path / "tree")


@pytest.fixture
def fork(ported):
    """The fork without a port."""
    git(ported, "checkout", "-q", "fork")
    shutil.rmtree(ported / ".git" / "transformer")
    return ported


SLOW = pytest.mark.slow


@pytest.mark.parametrize("how", ["union", pytest.param("theirs", marks=SLOW), pytest.param("ours", marks=SLOW)])
def test_after_a_merge_the_tree_is_as_if_there_had_been_no_port(ported, wanted, how):
    merged(ported, how)
    before = state(ported)
    assert contents(ported) != wanted
    done = retire(ported)
    assert (done.code, "Gemma 4 is retired" in done.out) == (0, True), done.said
    assert contents(ported) == wanted
    assert "in the same words" in done.out
    assert "is native here" in done.out
    undone = call("undo", ported)
    assert (undone.code, "the retirement of Gemma 4 is undone" in undone.out) == (0, True)
    assert contents(ported) == {path: facts[0] for path, facts in before.items()}


@SLOW
def test_a_second_time_there_is_nothing_to_take_out(ported, wanted):
    merged(ported, "union")
    assert retire(ported).code == 0
    commit(ported, "retired")
    again = retire(ported)
    assert (again.code, "nothing of the port of Gemma 4 can be taken out" in again.out) == (0, True), again.said
    assert contents(ported) == wanted


@SLOW
def test_a_series_of_commits(fork, wanted):
    assert call("run", fork, "--commit", "--split").code == 0
    merged(fork, "union")
    assert retire(fork).code == 0
    assert contents(fork) == wanted


@SLOW
def test_the_dry_run_is_a_patch_and_a_file_of_the_port_goes(ported, tmp_path):
    """Upstream's builder has another name."""
    git(ported, "checkout", "-q", "upstream")
    git(ported, "mv", "src/models/gemma4-iswa.cpp", "src/models/gemma4.cpp")
    replace(ported / "src" / "CMakeLists.txt", "models/gemma4-iswa.cpp", "models/gemma4.cpp")
    commit(ported, "renamed")
    git(ported, "checkout", "-q", "ported")
    merged(ported, "union")
    before = state(ported)
    said = retire(ported, "--dry-run", "--patch", str(tmp_path / "out.patch"))
    assert ("+++ /dev/null" in said.out, "would be retired" in said.out, state(ported) == before) == (True, True, True)
    assert retire(ported).code == 0
    after = contents(ported)
    assert "src/models/gemma4-iswa.cpp" not in after
    assert "src/models/gemma4.cpp" in after
    git(ported, "checkout", "-q", ".")
    for text in ((tmp_path / "out.patch").read_text(), said.out):
        subprocess.run(["git", "apply"], cwd=ported, input=text, text=True, check=True)
        assert contents(ported) == after
        git(ported, "checkout", "-q", ".")


def test_what_was_edited_since_stays_and_is_listed(ported):
    builder = ported / "src" / "llama-hparams.cpp"
    line = next(each for each in builder.read_text().splitlines() if "n_embd_head_k_swa" in each)
    replace(builder, line, line.replace("return", "/* ours */ return"))
    commit(ported, "edited")
    merged(ported, "theirs")
    done = retire(ported)
    assert done.code == 3, done.said
    text = builder.read_text().splitlines()
    number = next(n for n, each in enumerate(text, 1) if "uint32_t llama_hparams::n_embd_head_k_at" in each)
    assert f"  src/llama-hparams.cpp:{number}: lines of the port that were changed since" in done.out
    assert "/* ours */" in builder.read_text()


@SLOW
@pytest.mark.parametrize("revision", [True, False], ids=["revision", "folder"])
def test_upstream_that_came_as_one_commit_is_named(ported, wanted, tmp_path, revision):
    other = shutil.copytree(ported, tmp_path / "other")
    git(other, "checkout", "-q", "upstream")
    shutil.rmtree(other / ".git")
    git(ported, "merge", "-q", "--squash", "-X", "theirs", "upstream")
    commit(ported, "sync with upstream")
    alone = retire(ported)
    assert (alone.code, "--upstream REV" in alone.err) == (2, True), alone.said
    done = retire(ported, "--upstream", "upstream" if revision else str(other))
    assert done.code == 0, done.said
    assert contents(ported) == wanted


@SLOW
def test_a_port_that_was_committed_by_hand_is_known_by_the_journal(fork, wanted):
    assert call("run", fork).code == 0
    commit(fork, "support gemma4")
    merged(fork, "union")
    done = retire(fork)
    assert (done.code, "the run of Gemma 4 in the journal" in done.err) == (0, True), done.said
    assert contents(fork) == wanted


@SLOW
def test_a_port_of_another_clone_is_named(fork, wanted):
    assert call("run", fork).code == 0
    commit(fork, "support gemma4")
    shutil.rmtree(fork / ".git" / "transformer")
    port = git(fork, "rev-parse", "HEAD").strip()
    merged(fork, "union")
    alone = retire(fork)
    assert (alone.code, "no port of gemma4 is known here" in alone.err) == (2, True)
    done = retire(fork, "--port", f"{port}^..{port}")
    assert (done.code, contents(fork) == wanted) == (0, True), done.said


@SLOW
def test_another_port_stays_whole(ported):
    merged(ported, "ours")
    assert call("run", ported, "--arch", "muse-glimmer", "--commit").code == 0
    done = retire(ported)
    assert (done.code, "planned again without it: Muse Glimmer" in done.out) == (0, True), done.said
    again = call("run", ported, "--arch", "muse-glimmer", "--check")
    assert (again.code, "is ported here already" in again.out) == (0, True), again.said


@SLOW
def test_what_the_merge_broke_is_listed(ported):
    """Both sides of conflicts kept, with the rows of a third architecture among them."""
    assert call("run", ported, "--arch", "muse-glimmer", "--commit").code == 0
    merged(ported, "union")
    done = retire(ported)
    assert (done.code, "does not parse, as it did not before" in done.out) == (3, True), done.said


def refused(tree, *words, said):
    before = state(tree)
    result = retire(tree, *words)
    assert (result.code, said in result.err) == (2, True), result.said
    assert state(tree) == before


def test_without_support_of_its_own_there_is_nothing_to_retire(ported):
    refused(ported, said="nothing that was merged since the port has gemma4 of its own")
    refused(ported, "--upstream", "upstream", said="upstream's own support is not in this tree")
    refused(ported, "--upstream", "nowhere", said="nowhere is neither a commit nor a folder")


@SLOW
def test_trees_and_commits_that_do_not_do(ported):
    refused(ported, "--upstream", "HEAD^", said="HEAD^ has no gemma4 of its own")
    refused(ported, "--upstream", "HEAD", said="HEAD has no gemma4 of its own")
    refused(ported, "--port", "nowhere", said="nowhere is no commit of this repository")
    refused(ported, "--port", "HEAD..HEAD", said="HEAD..HEAD names no commits")
    git(ported, "merge", "-q", "-s", "ours", "--no-edit", "upstream")
    refused(ported, "--port", "HEAD", said="has 2 parents")


def test_a_tree_in_the_middle_of_a_merge_is_refused(ported):
    subprocess.run(["git", "merge", "upstream"], cwd=ported, capture_output=True, check=False)
    refused(ported, "--upstream", "upstream", said="files hold both sides of a merge")


def test_a_dirty_tree_is_refused(ported):
    merged(ported, "union")
    replace(ported / "src" / "llama-arch.h", ROW, ROW + "    LLM_ARCH_MORE,\n")
    refused(ported, said="changes that are not committed: src/llama-arch.h")


@SLOW
def test_what_others_use_of_the_port_is_found_by_the_types(ported):
    merged(ported, "theirs")
    graph = ported / "src" / "llama-hparams.cpp"
    graph.write_text(graph.read_text() + "\nuint32_t of_the_fork(const llama_hparams & h) {\n    return h.n_embd_head_k_at(0);\n}\n")
    commit(ported, "uses the port")
    before = state(ported)
    done = retire(ported, verify="types")
    assert (done.code, "n_embd_head_k_at" in done.said, state(ported) == before) == (5, True, True), done.said


@SLOW
def test_a_fork_below_the_top_of_its_repository(tmp_path, tree):
    """What vendors do: upstream is a remote with a root of its own, and comes in file by file."""
    other = repository(shutil.copytree(tree, tmp_path / "upstream"))
    vendor = tmp_path / "project" / "vendor"
    vendor.parent.mkdir()
    shutil.move(tree, vendor)
    project = repository(vendor.parent)
    assert call("run", vendor, "--commit").code == 0
    native(other)
    commit(other, "native")
    for path in git(other, "diff", "--name-only", "HEAD^", "HEAD").split():
        base = tmp_path / "base"
        base.write_text(subprocess.run(["git", "show", f"HEAD^:{path}"], cwd=other, capture_output=True, text=True, check=False).stdout)
        subprocess.run(["git", "merge-file", "-q", "--theirs", vendor / path, base, other / path], check=True)
    commit(project, "sync")
    git(project, "fetch", "-q", str(other), "HEAD:refs/heads/theirs")
    done = retire(vendor, "--upstream", "theirs")
    assert done.code == 0, done.said
    assert contents(vendor) == contents(other)
