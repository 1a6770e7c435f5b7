"""A run and somebody else in one tree: at no moment does the other's doing leave a mixture that anybody takes for a port.

The other one acts after the k-th read, or before or after the k-th change of a file (before the last look at it: between
that and the rename are microseconds that nothing can close). Some moments are tried in each run of the tests,
more in the slow ones; `EVERY_MOMENT=1` tries all of them (minutes).
"""

import os
import shutil
from dataclasses import dataclass

import pytest
from casefile import HERE
from command import call, contents, fork, git, repository
from sampling import sampled

from transformer import pack
from transformer.workspace import DiskStore
from transformer.write.signals import Stop

READS, WRITES = 120, 44
STEP = 1 if os.environ.get("EVERY_MOMENT") else 13
MOMENTS = [("read", n) for n in range(0, READS, STEP)] + [
    (w, n) for n in range(0, WRITES, STEP) for w in ("before", "after")
]

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The packs of this checkout and one more."""
    folder, real = tmp_path_factory.mktemp("home"), pack.home()
    for kind in ("rules", "templates"):
        shutil.copytree(getattr(real, kind), folder / kind, ignore=shutil.ignore_patterns("__pycache__"))
        tiny = HERE / "data" / "packs" / "tinyllm"
        shutil.copytree(tiny / ("templates" if kind == "templates" else "."), folder / kind / "tinyllm")
    return pack.Home(folder / "rules", folder / "templates")


@dataclass
class Moment:
    """Somebody else's doing, once, at one moment of a run over a tree."""

    kind: str
    number: int
    act: object
    done: bool = False
    count: int = -1

    def reached(self, kind):
        if self.done or kind != self.kind:
            return
        self.count += 1
        if self.count == self.number:
            self.done = True
            self.act()

    def watch(self, monkeypatch, tree):
        read, rename, check = DiskStore.read, os.replace, Stop.check

        def checked(stop):
            self.reached("before")
            check(stop)

        def seen(store, path):
            data = read(store, path)
            self.reached("read")
            return data

        def renamed(source, target):
            rename(source, target)
            if str(target).startswith(str(tree)):
                self.reached("after")

        monkeypatch.setattr(DiskStore, "read", seen)
        monkeypatch.setattr(os, "replace", renamed)
        monkeypatch.setattr(Stop, "check", checked)


def run(monkeypatch, tree, kind, number, act):
    moment = Moment(kind, number, act)
    with monkeypatch.context() as patch:
        moment.watch(patch, tree)
        result = call("run", tree, "--allow-dirty")
    if not moment.done:
        pytest.skip("a run has no such moment")
    return result


def told(result):
    """A run that was not carried out says which file was in its way, and that nothing is left of it."""
    assert result.code in (2, 70), result.said
    assert "src/" in result.err
    why = ("the tree changed while it was read", "changed by someone else", "since it was read")
    assert any(words in result.err for words in why), result.err
    assert "Traceback" not in result.said


@pytest.mark.parametrize(("kind", "number"), sampled(MOMENTS, 6))
def test_undo(tree, monkeypatch, home, kind, number):
    monkeypatch.setattr(pack, "home", lambda: home)
    assert call("run", tree, "--arch", "tinyllm").code == 0
    answers = []
    result = run(monkeypatch, tree, kind, number, lambda: answers.append(call("undo", tree)))
    assert result.code == 0, result.said
    (answer,) = answers
    before = kind == "read" and number < 1  # to know what tree it is, before it is held
    assert answer.code == (0 if before else 2)
    assert before or "another run is working on this tree" in answer.err
    assert call("run", tree, "--check").code == 0
    assert call("run", tree, "--check", "--arch", "tinyllm").code == (1 if before else 0)


@pytest.fixture(scope="module")
def revisions(tmp_path_factory):
    """A repository of two revisions in which every source differs, and both of them ported."""
    folder = tmp_path_factory.mktemp("revisions")
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ann")
            patch.setenv(f"GIT_{role}_EMAIL", "ann@example.org")
        root = repository(fork(folder / "tree"))
        git(root, "tag", "one")
        for path in (*root.glob("src/*.cpp"), *root.glob("src/*.h"), *root.glob("src/models/*.cpp")):
            path.write_bytes(b"// another revision\n" + path.read_bytes())
        git(root, "commit", "-aqm", "two")
        git(root, "tag", "two")
    two = contents(root)
    ported = shutil.copytree(root, folder / "ported")
    assert call("run", ported).code == 0
    git(root, "checkout", "-q", "one")
    return root, two, contents(ported)


@pytest.mark.parametrize(("kind", "number"), sampled(MOMENTS, 6))
def test_checkout(tmp_path, monkeypatch, revisions, kind, number):
    root, two, ported = revisions
    tree = shutil.copytree(root, tmp_path / "tree")
    result = run(monkeypatch, tree, kind, number, lambda: git(tree, "checkout", "-qf", "two"))
    if result.code == 0:  # the one after the other; a checkout leaves the new file, which git does not know
        new = {path: data for path, data in ported.items() if path not in two}
        assert contents(tree) in (ported, {**two, **new})
    else:
        assert contents(tree) == two
        told(result)


@pytest.mark.parametrize("name", sampled(["src/llama-arch.h", "src/llama-model.cpp", "src/unicode.h", "src/llama-hparams.cpp"], 2))
@pytest.mark.parametrize(("kind", "number"), sampled(MOMENTS, 6))
def test_edit(tree, monkeypatch, kind, number, name):
    """An edit is there afterwards, and with it the whole port or nothing of it."""
    path, mine = tree / name, b"\n// my own line\n"
    before = contents(tree)

    def edit():
        path.write_bytes(path.read_bytes() + mine)

    result = run(monkeypatch, tree, kind, number, edit)
    assert path.read_bytes().endswith(mine)
    if result.code == 0:
        assert call("run", tree, "--check").code == 0
    else:
        told(result)
        assert contents(tree) == {**before, name: before[name] + mine}
