"""Which form of an architecture is drafted: today's, or the first one where today's needs what the fork has not."""

import re

import pytest
from casefile import EXAMPLES, example
from command import call, git, repository

pytestmark = pytest.mark.usefixtures("settled")

NEEDED = {
    "ggml/include/ggml.h": ("#ifdef __cplusplus\n}", "struct ggml_tensor * ggml_unheard(struct ggml_context * ctx, struct ggml_tensor * a);\n\n#ifdef __cplusplus\n}"),
    "src/models/novel.cpp": ("    ggml_tensor * inpL", "    ggml_unheard(ctx0, nullptr);\n    ggml_tensor * inpL"),
}


def renamed(text):
    return re.sub("gemma3(?!n)", "novel", re.sub("GEMMA3(?!N)", "NOVEL", text))


@pytest.fixture
def history(tmp_path):
    """Three revisions: without the architecture, as it was added, and with an operation that only this tree has."""
    root = tmp_path / "history"
    root.mkdir()
    (root / "README").write_text("nothing yet\n")
    repository(root)
    for path, data in example("miniclasses").items():
        target = root / renamed(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(renamed(data.decode()))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "novel")
    for path, (old, new) in NEEDED.items():
        text = (root / path).read_text()
        assert old in text, path
        (root / path).write_text(text.replace(old, new, 1))
    git(root, "commit", "-qam", "novel: an operation of its own")
    return root


@pytest.mark.parametrize("fork", ["minifork", "miniclasses"])
def test_the_first_form_where_todays_does_not_fit(history, fork):
    said = call("run", EXAMPLES / fork, "--arch", "novel", "--from", f"{history}@HEAD", "--dry-run", "--verify", "syntax")
    assert said.code == 0, said.said
    first = git(history, "rev-parse", "HEAD~1").strip()
    assert "today's form: graph.ops: ggml has no ggml_unheard (src/models/novel.cpp:" in said.err
    assert f"taken: the form of {first[:9]}, which added it, without 1 later change of its files" in said.err
    assert "novel: an operation of its own" in said.err
    assert "ggml_unheard" not in said.out


def test_without_a_history_there_is_one_form(history):
    said = call("run", EXAMPLES / "minifork", "--arch", "novel", "--from", history, "--dry-run", "--verify", "syntax")
    assert said.code == 4
    assert "ggml has no ggml_unheard" in said.err


def test_what_a_fork_lacks_and_what_that_needs(history, tmp_path):
    said = call("rules", "new", "--from", history, "--missing-in", EXAMPLES / "minifork", "--into", tmp_path / "packs")
    assert said.code == 0, said.said
    lines = said.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("novel"))
    assert lines[at].endswith("; it cannot be carried:")
    assert lines[at + 1].startswith("  graph.ops: ggml has no ggml_unheard (src/models/novel.cpp:")


def test_a_form_that_fits_is_said_to(history, tmp_path):
    told = call("rules", "new", "--from", f"{history}@HEAD~1", "--missing-in", EXAMPLES / "minifork", "--into", tmp_path / "packs")
    assert told.code == 0, told.said
    assert any(line.startswith("novel") and line.endswith("; it fits") for line in told.out.splitlines())


def test_the_first_revision_has_no_other_form(history, tmp_path):
    """Today's form is the first one, and does not fit: nothing else is tried."""
    git(history, "reset", "-q", "--soft", "HEAD~2")
    git(history, "commit", "-qm", "novel, with its operation")
    said = call("run", EXAMPLES / "minifork", "--arch", "novel", "--from", f"{history}@HEAD", "--dry-run")
    assert said.code == 4
    assert "taken: " not in said.err
