"""Taking a part: what it needs comes along, what needs it stays out, and stopping writes nothing."""

import io
import re

import pytest
from casefile import example
from command import call, contents, state

from transformer import pack, plan
from transformer.errors import UsageError
from transformer.selection import Links, choose, missing
from transformer.workspace import MemoryStore, Workspace

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture(scope="module")
def whole():
    return plan.make(pack.load("gemma4", pack.home()), Workspace(MemoryStore(example())))


def rules(planned):
    return {edit.rule for edit in planned.edits}


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        (["heads.cache-width"], {"heads.values", "heads.cache-width"}),
        (["cache.reuse"], {"arch.name", "cache.reuse", "graph.rope-type"}),
        (["experts.scale"], {"experts.parameters", "experts.scale"}),
        (["vocab.choice"], {"vocab.choice", "vocab.pre-type"}),
        (["vocab.ranks"], {"vocab.ranks"}),
        (["window-cache"], {"cache.one-kind"}),
    ],
)
def test_what_is_needed_comes_along(whole, only, wanted):
    part, remarks = choose(whole, only, [])
    assert rules(part) == wanted
    more = wanted - set(only) if only != ["window-cache"] else set()
    assert remarks == ([f"taken as well, as it is needed: {', '.join(e for e in (s.rule.name for s in whole.steps) if e in more)}"] if more else [])


def test_what_needs_it_stays_out(whole):
    part, remarks = choose(whole, [], ["vocab.pre-type"])
    assert "vocab.model" in rules(part)
    assert not rules(part) & {"vocab.pre-type", "vocab.choice", "vocab.split", "vocab.newlines"}
    assert remarks[0].startswith("left out as well, as it needs what is left out: ")
    assert "vocab.choice" in remarks[0]
    assert {"vocab.pre-type", "vocab.choice"} <= set(missing(part))


@pytest.mark.parametrize("word", ["vocab", "vocab.*", "vocabulary"])
def test_groups(whole, word):
    part, _ = choose(whole, [word], [])
    assert {name.partition(".")[0] for name in rules(part)} == {"vocab"}


@pytest.mark.parametrize(
    ("only", "skip", "said"),
    [
        (["no.such"], [], "no.such is no rule and no feature of gemma4"),
        ([], ["no.such"], "is no rule"),
        (["vocab"], ["vocab.end"], "vocab.end is asked for and left out"),
        (["graph.dispatch"], ["arch.name"], "cannot be without what --skip leaves out"),
    ],
)
def test_what_cannot_be_asked_for(whole, only, skip, said):
    with pytest.raises(UsageError, match=said.replace(".", r"\.")):
        choose(whole, only, skip)


def test_an_enumerator_goes_with_its_row(whole):
    parts = Links(whole).parts("arch.keys")
    assert len(parts) > 2
    assert all({edit.path for edit in part} == {"src/llama-arch.h", "src/llama-arch.cpp"} for part in parts)
    assert len(Links(whole).parts("heads.shift")) == 1


def test_a_part_is_written_said_and_completed_later(tree):
    part = call("run", tree, "--only", "heads.cache-width")
    assert part.code == 3
    assert "taken as well, as it is needed: heads.values" in part.err
    assert "the port is not whole without" in part.err
    assert "n_embd_head_k_at(il) * n_head_kv" in (tree / "src" / "llama-hparams.cpp").read_text()
    assert "GEMMA4" not in (tree / "src" / "llama-arch.h").read_text()
    rest = call("run", tree, "--allow-dirty")
    assert rest.code == 0, rest.said
    assert call("run", tree, "--check").code == 0


def test_the_types_of_a_part_are_checked(tree):
    result = call("run", tree, "--only", "experts", "--dry-run", verify="types")
    assert result.code == 3, result.said
    assert "types verified: " in result.out
    assert "0 new diagnostics" in result.out


def by_hand(monkeypatch, tree, keys, *options):
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
    return call("run", tree, "--interactive", *options)


def test_all_by_hand_is_all(tree, tmp_path, monkeypatch):
    assert call("run", tree, "--out", tmp_path / "out").code == 0
    result = by_hand(monkeypatch, tree, ["?", "e", "y", "a"])
    assert result.code == 0, result.said
    assert "  y  take this" in result.out
    assert "#   affects this architecture only" in result.out
    assert contents(tmp_path / "out").items() <= contents(tree).items()


@pytest.mark.parametrize("keys", [["q"], ["y", "y", "q"], ["y"], []])
def test_stopping_writes_nothing(tree, monkeypatch, keys):
    before = state(tree)
    result = by_hand(monkeypatch, tree, keys)
    assert (result.code, state(tree)) == (0, before)
    assert "nothing was chosen: nothing was written" in result.out


def test_splitting(tree, monkeypatch):
    result = by_hand(monkeypatch, tree, ["s", "y", "n", "n", "n", "n", "n", "n", "n", "n"], "--only", "arch.keys", "--dry-run", "--diff", "stat")
    assert result.code == 3, result.said
    assert "2 files, 2 lines added, 0 removed" in result.out


def test_what_is_left_takes_its_users_along(tree, monkeypatch):
    result = by_hand(monkeypatch, tree, ["y", "n", "a"], "--only", "heads.*", "--dry-run", "--diff", "stat")
    assert "take heads.values? " in result.out
    assert re.search(r"  left with it: heads\.[\w, .-]*heads\.cache-width", result.out)
    assert "src/llama-kv-cache.cpp" not in result.out.rpartition("left with it")[2]
