"""Options of a pack: chosen on the command line, told from mistakes, and no change to what counts as ported."""

from pathlib import Path

import casefile
import pytest
from command import call, fork, settle

from transformer import pack as packs
from transformer.errors import UsageError
from transformer.plan import make

BUILDER = "src/models/gemma4-iswa.cpp"
DROP = "while (il_out > 0 && !hparams.has_kv(il_out))"
OPTIONS = [{}, {"drop_rows": True}, {"drop_rows": False}]


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    settle(tmp_path, monkeypatch)


@pytest.fixture
def tree(tmp_path):
    return fork(tmp_path / "tree")


def planned(chosen: dict[str, bool], files: dict[str, str] | None = None) -> str:
    """The builder as it is planned for the example fork."""
    plan = make(packs.load("gemma4", packs.home(), chosen), casefile.tree(files or {}, crlf=False))
    assert not plan.blocked
    return plan.bytes_after(BUILDER).decode()


def test_rows_are_dropped_unless_it_is_turned_off():
    default, on, off = map(planned, OPTIONS)
    assert default == on
    assert DROP in on
    assert DROP not in off
    assert "self_kq_mask" not in off


def test_masks_are_padded_where_the_fork_pads_them():
    path = "src/llama-graph.cpp"
    text = casefile.example()[path].decode()
    padded = planned({}, {path: text.replace("ubatch.n_tokens);", "GGML_PAD(ubatch.n_tokens, GGML_KQ_MASK_PAD));")})
    assert "rows = ggml_pad(ctx0, rows, 0, GGML_PAD(rows->ne[1], GGML_KQ_MASK_PAD) - rows->ne[1], 0, 0);" in padded
    assert "PAD" not in planned({})


def test_an_option_that_is_not_there():
    with pytest.raises(UsageError, match="no option 'drop_row'"):
        packs.load("gemma4", packs.home(), {"drop_row": True})


def test_on_the_command_line(tree: Path):
    assert call("run", tree, "--option", "drop_rows=off", "--verify", "syntax").code == 0
    assert DROP not in (tree / BUILDER).read_text()
    # what was chosen stays, until something else is asked for
    assert call("run", tree, "--check").code == 0
    assert "Gemma 4: ported" in call("status", tree).said
    changed = call("run", tree, "--option", "drop_rows=on", "--verify", "syntax")
    assert (changed.code, "Gemma 4 is changed: 1 rule" in changed.out) == (0, True), changed.said
    assert DROP in (tree / BUILDER).read_text()
    assert call("undo", tree).code == 0
    assert DROP not in (tree / BUILDER).read_text()


@pytest.mark.parametrize("value", ["drop_rows", "drop_rows=maybe", "=on", "nothing=on"])
def test_what_is_no_choice(tree: Path, value: str):
    result = call("run", tree, "--option", value)
    assert result.code == 2
    assert value.partition("=")[0] in result.said
    assert not (tree / BUILDER).exists()


def test_what_there_is():
    assert "drop_rows=on" in call("rules", "options").said


def test_training_is_asked_for(tree: Path):
    """What it adds comes and goes like all else, and stays out of a port that nobody wants to train."""
    loaded = packs.load("gemma4", packs.home())
    assert loaded.options["train"] is False
    assert call("run", tree, "--verify", "syntax").code == 0
    (step,) = [each for each in make(loaded, casefile.tree({}, crlf=False)).steps if each.rule.name == "train.passes"]
    assert "the option `train` is off" in str(step.outcome)
