"""What a maintainer does with the port of a real tree: takes it as a series or a part of it, asks of lines, gives it back."""

import io
import re
import shutil
import subprocess

import pytest
from command import call, contents, git, repository, settle

from real.trees import cython, unpacked
from transformer import pack, plan
from transformer.deliver.series import cut, prefixes
from transformer.explain import explain
from transformer.selection import narrowed
from transformer.verify import verify
from transformer.workspace import DiskStore, Workspace

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("settled")]
TREE = cython("0.2.9")


@pytest.fixture(scope="module")
def pristine():
    return unpacked(TREE)


@pytest.fixture(scope="module")
def planned(pristine):
    return plan.make(pack.load("gemma4", pack.home()), Workspace(DiskStore(pristine)))


@pytest.fixture(scope="module")
def series(pristine, planned, tmp_path_factory):
    """A repository with the series on a branch, the mails of it beside it, and how many commits there are."""
    folder = tmp_path_factory.mktemp("series")
    with pytest.MonkeyPatch.context() as patch:
        settle(folder, patch)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        tree = repository(shutil.copytree(pristine, folder / "fork"))
        git(tree, "branch", "-q", "-m", "base")
        made = call("run", tree, "--commit", "--split", "--branch", "port", "--signoff", "--series", folder / "mails")
        assert made.code == 0, made.said
    return tree, sorted(map(str, (folder / "mails").iterdir())), len(cut(planned))


@pytest.fixture
def clone(series, tmp_path):
    """A work tree of its own on the base; the steps of the series are in its repository."""
    git(series[0], "worktree", "add", "-q", "--detach", str(tmp_path / "clone"), "base")
    yield tmp_path / "clone"
    git(series[0], "worktree", "remove", "--force", str(tmp_path / "clone"))


def taken(tree, mails, *options):
    done = subprocess.run(["git", "am", "-q", *options, *mails], cwd=tree, capture_output=True, text=True, check=False)
    return done.returncode == 0


def test_each_commit_has_sound_types(pristine, planned):
    """Of all units that it, and those before it, can break: what a header reaches as well."""
    counts = []
    for commit, edits in prefixes(planned, cut(planned)):
        report = verify(narrowed(planned, edits), pristine, "types", lambda *_: None)
        assert report.passed, (commit.title, report.findings)
        counts.append(len(report.units))
    assert counts == sorted(counts)
    assert counts[0] > 0
    assert counts[-1] > 100


def test_mails_are_the_series(series, clone):
    tree, mails, count = series
    assert len(mails) == count
    assert taken(clone, mails)
    assert git(clone, "diff", "port") == ""
    subjects = git(tree, "log", "--format=%s%n%(trailers:key=Signed-off-by)", "base..port")
    assert git(clone, "log", "--format=%s%n%(trailers:key=Signed-off-by)", "base..HEAD") == subjects
    assert subjects.count("Signed-off-by: Ann Example <ann@example.org>") == count
    assert call("run", clone, "--check").code == 0


def test_mails_find_their_base_where_every_file_has_moved_on(series, clone):
    """A line of the context of the first hunk of each file has changed."""
    mails = series[1]
    path, moved = "", set()
    for line in git(clone, "diff", "-U3", "base", "port").splitlines():
        path = line[6:] if line.startswith("+++ b/") else path
        start = re.match(r"@@ -([1-9]\d*)", line)
        if start and path not in moved and path.endswith((".cpp", ".h")):
            lines = (clone / path).read_text().split("\n")
            old = lines[int(start[1]) - 1]
            if old.strip() and not old.startswith("#") and not old.endswith("\\") and "//" not in old:
                lines[int(start[1]) - 1] = f"{old} // moved on"
                (clone / path).write_text("\n".join(lines))
                moved.add(path)
    assert len(moved) > 10
    git(clone, "commit", "-qam", "moved on")
    assert not taken(clone, mails)
    git(clone, "am", "--abort")
    assert taken(clone, mails, "-3")
    assert {path for path in moved if "// moved on" not in (clone / path).read_text()} == set()
    assert call("run", clone, "--check").code == 0


def test_hunks_are_explained(series):
    """The first line that says something of every eighth stretch of new lines: this tool wrote it, and the base is known."""
    tree = series[0]
    there = plan.make(pack.load("gemma4", pack.home()), Workspace(DiskStore(tree)))
    base, path, stretches = git(tree, "rev-parse", "base").strip(), "", []
    for line in git(tree, "diff", "-U0", "base", "port").splitlines():
        path = line[6:] if line.startswith("+++ b/") else path
        if found := re.match(r"@@ \S+ \+(\d+)", line):
            stretches.append([path, int(found[1])])
        elif line.startswith("+") and not line.startswith("+++") and line[1:].strip():
            stretches[-1].append(line[1:])
        elif line == "+" and len(stretches[-1]) == 2:
            stretches[-1][1] += 1
    stretches = [each for each in stretches if each[2:]]
    assert len(stretches) > 60
    for path, number, text, *_ in stretches[::8]:
        said = explain(there, tree, path, number)
        assert (said.text, said.base, {each.how for each in said.reasons}) == (text, base, {"written"}), (path, number)


def test_what_was_committed_is_taken_back_or_reverted(pristine, tmp_path):
    tree = repository(shutil.copytree(pristine, tmp_path / "fork"))
    before = contents(tree)
    assert call("run", tree, "--commit", "--split").code == 0
    undone = call("undo", tree)
    (named,) = re.findall(r"`git revert (\w+\.\.\w+)` would take it back instead", undone.err)
    assert (undone.code, contents(tree)) == (0, before)
    git(tree, "checkout", "-q", "-f", ".")
    git(tree, "revert", "--no-edit", named)
    assert contents(tree) == before


def test_what_was_left_out_is_added_later(pristine, planned, tmp_path):
    tree = shutil.copytree(pristine, tmp_path / "fork")
    part = call("run", tree, "--skip", "vocab.*")
    assert (part.code, "the port is not whole without vocab.split" in part.err) == (3, True), part.said
    assert (tree / "src" / "unicode.cpp").read_bytes() == (pristine / "src" / "unicode.cpp").read_bytes()
    rest = call("run", tree, "--allow-dirty")
    assert rest.code == 0, rest.said
    assert [path for path in planned.paths if (tree / path).read_bytes() != planned.bytes_after(path)] == []


def test_by_hand(pristine, planned, tmp_path, monkeypatch):
    """Stopping writes nothing; a split, a no with what needs it, and the rest at once are a part that `run` completes."""
    tree = shutil.copytree(pristine, tmp_path / "fork")
    before = contents(tree)
    for keys, code in (("yesq", 0), ("ysyna", 3)):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
        done = call("run", tree, "--interactive")
        assert done.code == code, done.said
        assert (contents(tree) == before) is (code == 0)
    assert re.search(r"left with it: [\w., -]*load\.hparams", done.out)
    assert call("run", tree, "--allow-dirty").code == 0
    assert [path for path in planned.paths if (tree / path).read_bytes() != planned.bytes_after(path)] == []
