"""Ports that would type-check and be wrong, and trees in which nothing may be written."""

import re
import shutil
import sys
from dataclasses import replace

import pytest
from casefile import EXAMPLES, FORK, HERE, example
from command import call, contents

from transformer import pack, plan
from transformer.outcome import Blocked, Changes
from transformer.verify import verify
from transformer.workspace import DiskStore, MemoryStore, Workspace

GEMMA = pack.load("gemma4", pack.home())
ROW = re.compile(rb"\n[^\n]*LLM_TENSOR_PER_LAYER_(TOKEN_EMBD|MODEL_PROJ|PROJ_NORM)\b[^\n]*LLM_TENSOR_LAYER_[^\n]*")


def planned(pack, workspace):
    made = plan.make(pack, workspace)
    assert not made.blocked
    return made, {path: made.bytes_after(path) for path in made.paths}


@pytest.fixture
def older():
    """The example fork, with a helper for experts that takes neither merged projections nor factors by our names."""
    files = dict(example())
    for path in ("src/llama-graph.h", "src/llama-graph.cpp"):
        files[path] = files[path].replace(b"gate_up_exps", b"merged_exps")
    return Workspace(MemoryStore(files))


LEARNED = {"gate_up_exps", "down_exps_s"}


def taught(workspace):
    """What declaration and definition have learned, in order, and what calls are told of it."""
    rule = next(rule for rule in GEMMA.rules if rule.name == "experts.parameters")
    port = GEMMA.family.open(workspace, GEMMA)
    outcome = plan.ask(rule, port)
    assert isinstance(outcome, Changes), outcome
    after = workspace.overlay(outcome.edits)
    declared = after.file("src/llama-graph.h").struct("llm_graph_context").method("build_moe_ffn", "up_exps_b").names
    defined = after.file("src/llama-graph.cpp").function("llm_graph_context::build_moe_ffn", "up_exps_b").names
    promised = next(names for each in port.signatures("build_moe_ffn") if "up_exps_b" in (names := [p.name for p in each]))
    return [[name for name in names if name in LEARNED] for names in (declared, defined, promised)]


def test_what_is_learned_stands_in_one_order(older):
    """Two parameters of one type: in another order they would type-check, and compute something else."""
    assert taught(older) == [["gate_up_exps", "down_exps_s"]] * 3


def test_the_description_alone_decides_the_order(older, monkeypatch):
    """Turned round, declaration, definition and calls turn round together."""
    port = GEMMA.family.open(older, GEMMA)
    signatures = sys.modules[sys.modules[type(port).__module__].added.__module__]
    monkeypatch.setattr(signatures, "ADDITIONS", tuple(reversed(signatures.ADDITIONS)))
    assert taught(older) == [["down_exps_s", "gate_up_exps"]] * 3


def test_the_order_of_rules_changes_nothing():
    """One rule teaches all: whatever order a pack has, the bytes are the same."""
    _, usual = planned(GEMMA, Workspace(MemoryStore(example())))
    experts = [rule for rule in GEMMA.rules if rule.name.startswith("experts.")]
    others = [rule for rule in GEMMA.rules if rule not in experts]
    _, turned = planned(replace(GEMMA, rules=(*others, *reversed(experts))), Workspace(MemoryStore(example())))
    assert usual == turned


def test_a_pack_without_experts_promises_no_parameters(older):
    muse = pack.load("muse-glimmer", pack.home())
    assert "experts.parameters" not in {rule.name for rule in muse.rules}
    port = muse.family.open(older, muse)
    names = {each.name for signature in port.signatures("build_moe_ffn") for each in signature}
    assert not LEARNED & names


def test_rows_that_are_missing_come_in_one_run():
    files = dict(example())
    files["src/llama-arch.cpp"], count = ROW.subn(b"", files["src/llama-arch.cpp"])
    assert count == 3
    made, texts = planned(GEMMA, Workspace(MemoryStore(files)))
    assert b"{LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT" in texts["src/llama-arch.cpp"].replace(b" ", b"").replace(
        b"REPEATING,", b"REPEATING, "
    )
    again = plan.make(GEMMA, made.after)
    assert not [step.rule.name for step in again.steps if isinstance(step.outcome, Changes | Blocked) and step.rule.required]


@pytest.mark.parametrize("again", [False, True], ids=["by the fork", "by the port as well"])
def test_a_row_that_the_fork_has_twice_is_no_fault_of_the_port(again):
    """The names of tensors are a map here: the second row is idle. One more would be ours."""
    path, row = "src/llama-arch.cpp", b'    { LLM_TENSOR_ATTN_Q,               "blk.%d.attn_q" },\n'
    files = example()
    assert files[path].count(row) == 1
    made, _ = planned(GEMMA, Workspace(MemoryStore({**files, path: files[path].replace(row, row * 2)})))
    if again:
        edit = next(each for each in made.edits if each.path == path and b'"blk.%d.' in each.text)
        doubled = replace(edit, text=edit.text + row)
        edits = tuple(doubled if each is edit else each for each in made.edits)
        made = replace(made, edits=edits, after=made.before.overlay(edits))
    messages = [each.message for each in verify(made, EXAMPLES / "minifork", "syntax", lambda *_: None).findings]
    assert messages == (["LLM_TENSOR_ATTN_Q is there 3 times in one table"] if again else [])


def test_operation_and_layer_are_never_assumed():
    """Without them in the pack, a row that the fork lacks is not made up."""
    tensors = [{**each, "op": ""} for each in GEMMA.spec["tensors"]]
    files = dict(example())
    files["src/llama-arch.cpp"], _ = ROW.subn(b"", files["src/llama-arch.cpp"])
    made = plan.make(replace(GEMMA, spec={**GEMMA.spec, "tensors": tensors}), Workspace(MemoryStore(files)))
    assert "the pack does not say its layer and op" in {s.rule.name: s.outcome for s in made.blocked}["arch.tensor-infos"].why


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("action", [(), ("--allow-dirty",), ("--check",)])
def test_both_sides_of_a_merge_stop_everything(tmp_path, action):
    root = tmp_path / "tree"
    shutil.copytree(FORK, root)
    path = root / "src/llama-arch.h"
    path.write_text(path.read_text() + "<<<<<<< ours\nint a;\n=======\nint b;\n>>>>>>> theirs\n")
    before = contents(root)
    for command in ("run", "status"):
        said = call(command, root, *(action if command == "run" else ()))
        assert (said.code, "hold both sides of a merge: src/llama-arch.h" in said.err) == (2, True), said.said
    assert contents(root) == before


@pytest.mark.parametrize("own", [True, False], ids=["locals of its own", "none"])
def test_a_loader_that_counts_in_its_own_way(tmp_path, own):
    """In a class its locals would stand beside those that every loader is given there."""
    packs = tmp_path / "packs"
    shutil.copytree(HERE / "data/packs/tinyllm", packs / "tinyllm")
    if own:
        template = packs / "tinyllm/templates/load_tensors.cpp.j2"
        template.write_text(f"const int n_layer = <%= hparams.n_layer() %> - 1;\n{template.read_text()}")
    made = plan.make(pack.load("tinyllm", pack.homes([packs])), Workspace(DiskStore(EXAMPLES / "miniclasses")))
    text = made.bytes_after("src/models/tinyllm.cpp").decode()
    assert ("LLAMA_LOAD_LOCALS;\n\n    {\n        const int n_layer = " in text) == own
    assert verify(made, EXAMPLES / "miniclasses", "types", lambda *_: None).findings == ()


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("level", ["syntax", pytest.param("types", marks=pytest.mark.slow)])
def test_the_flat_folder_itself_is_a_tree(tmp_path, level):
    flat = tmp_path / "cpp"
    shutil.copytree(FORK / "src", flat)
    for folder in ("include", "ggml/include"):
        for header in (FORK / folder).iterdir():
            shutil.copy(header, flat / header.name)
    before = contents(flat)
    said = call("run", flat, verify=level)
    assert said.code == 0, said.said
    assert (flat / "models/gemma4-iswa.cpp").exists()
    assert "ported here already" in call("run", flat).out
    assert call("undo", flat).code == 0
    assert contents(flat) == before


@pytest.mark.usefixtures("settled")
def test_which_architecture(tmp_path):
    root = tmp_path / "tree"
    shutil.copytree(FORK, root)
    said = call("run", root, "--packs", tmp_path, "--check", "--arch", "gemma5")
    assert (said.code, "did you mean gemma4?" in said.err) == (2, True), said.said


def test_an_unknown_word_names_those_there_are():
    port = GEMMA.family.open(Workspace(DiskStore(FORK)), GEMMA)
    words = port._words
    for use, there in ((lambda: words["key"]("rope.freq_bas_swa"), "rope.freq_base_swa"), (lambda: words["facts"].head_size, "head_sizes"),
                       (lambda: words["tensor"]("ATTN_KEY"), "ATTN_K"), (lambda: words["hparams"].n_rott, "n_rot")):  # fmt: skip
        with pytest.raises(Exception, match="there is no") as caught:
            use()
        assert there in caught.value.help


