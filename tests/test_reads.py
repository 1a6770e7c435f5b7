"""A helper of the graph must read what the donor's reads: for every architecture, or for this one as well."""

import re

import pytest
from casefile import EXAMPLES, example

from rules.llama.donor.draft import Provenance
from rules.llama.donor.read import read
from rules.llama.donor.tree import Tree
from rules.llama.donor.write import files
from transformer import pack as packs
from transformer import plan as planning
from transformer.outcome import Blocked, Changes, Satisfied
from transformer.verify import verify
from transformer.workspace import DiskStore, MemoryStore, Workspace

GRAPH = "src/llama-graph.cpp"
HEAD = re.compile(r"(llm_graph_context::build_ffn\([^{]*\{\n)")


def with_ffn(fork, text):
    """An example whose `build_ffn` begins with this text."""
    source, count = HEAD.subn(lambda head: f"{head[1]}    {text}\n", example(fork)[GRAPH].decode())
    assert count == 1
    return {**example(fork), GRAPH: source.encode()}


def renamed(files):
    swap = [("GEMMA3(?!N)", "NOVEL"), ("gemma3(?!n)", "novel")]
    for old, new in swap:
        files = {re.sub(old, new, path): re.sub(old.encode(), new.encode(), data) for path, data in files.items()}
    return files


@pytest.fixture
def drafted(tmp_path):
    def draft(text):
        tree = Tree(Workspace(MemoryStore(renamed(with_ffn("miniclasses", text)))))
        found = read(tree, "novel", Provenance("donor", "", (), "a licence"))
        for path, code in files(found).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(code)
        return found, packs.load("novel", packs.homes([tmp_path]))

    return draft


READS = "if (hparams.n_swa > 999) { il = 0; }"
OTHERS = (
    "if (arch == LLM_ARCH_GPT2 && hparams.n_swa > 999) { il = 0; }",  # for another architecture alone
    "if (hparams.n_swa > 999 && hparams.n_embd > 9999) { il = 0; }",  # with a value that no file of it sets
    "il = il + 0;",
)


def test_what_a_draft_says(drafted):
    found, _ = drafted(READS)
    assert [(each.function, each.member) for each in found.reads] == [("build_ffn", "n_swa")]
    assert found.reads[0].where.startswith("src/llama-graph.cpp:")


@pytest.mark.parametrize("text", OTHERS)
def test_what_concerns_others_is_left_out(drafted, text):
    assert drafted(text)[0].reads == ()


def step(pack, tree):
    plan = planning.make(pack, tree)
    (found,) = [each for each in plan.steps if each.rule.name == "graph.reads"]
    return plan, found.outcome


@pytest.mark.parametrize("fork", ["minifork", "miniclasses"])
def test_in_a_fork(drafted, fork):
    _, pack = drafted(READS)
    assert isinstance(step(pack, Workspace(MemoryStore(with_ffn(fork, READS))))[1], Satisfied)
    _, lacking = step(pack, Workspace(DiskStore(EXAMPLES / fork)))
    assert isinstance(lacking, Blocked)
    assert "build_ffn does not read n_swa, as the donor's does (src/llama-graph.cpp:" in lacking.why


@pytest.mark.parametrize("fork", ["minifork", "miniclasses"])
@pytest.mark.parametrize("test", ["arch == LLM_ARCH_GPT2", "arch == LLM_ARCH_GPT2 && il >= 0"])
def test_where_it_reads_for_another_alone(drafted, fork, test):
    """The test is widened, and nothing but the test."""
    body = "il = int(hparams.n_swa);"
    _, pack = drafted(READS)
    plan, outcome = step(pack, Workspace(MemoryStore(with_ffn(fork, f"if ({test}) {{ {body} }}"))))
    assert isinstance(outcome, Changes)
    both = "arch == LLM_ARCH_GPT2 || arch == LLM_ARCH_NOVEL"
    wanted = test.replace("arch == LLM_ARCH_GPT2", f"({both})" if "&&" in test else both)
    assert f"if ({wanted}) {{ {body} }}" in plan.bytes_after(GRAPH).decode()
    assert verify(plan, EXAMPLES / fork, "syntax", lambda *_: None).findings == ()
    assert isinstance(step(pack, plan.after)[1], Satisfied)


CASES = "switch (il) {{ case 3: {}il = il + 1; break; default: break; }}"
CLAMPED = """if (il >= 0) {
    // clamped, in another way where it is another's
    const int most = hparams.n_swa;
    if (most > 0) { if (arch == LLM_ARCH_GPT2) { il = 7; } else { il = most; } break; }
}
"""


@pytest.mark.parametrize("fork", ["minifork", "miniclasses"])
def test_what_is_done_with_a_value_first_of_all_comes_along(drafted, fork):
    """For the architecture alone, under the same label; what it does for others is left out."""
    found, pack = drafted(CASES.format(CLAMPED))
    (read,) = found.reads
    assert read.around == ["switch (il)", "case 3"]
    plan, outcome = step(pack, Workspace(MemoryStore(with_ffn(fork, CASES.format("")))))
    assert isinstance(outcome, Changes)
    code = plan.bytes_after(GRAPH).decode()
    assert re.search(r"case 3: *\s+if \(arch == LLM_ARCH_NOVEL && il >= 0\) \{", code)
    assert "il = most;" in code
    assert "il = 7;" not in code
    assert verify(plan, EXAMPLES / fork, "syntax", lambda *_: None).findings == ()
    assert isinstance(step(pack, plan.after)[1], Satisfied)


def test_it_goes_behind_what_it_stands_behind(drafted):
    _, pack = drafted(CASES.format("il = il + 2; " + CLAMPED))
    assert isinstance(step(pack, Workspace(MemoryStore(with_ffn("minifork", CASES.format("")))))[1], Blocked)
    plan, outcome = step(pack, Workspace(MemoryStore(with_ffn("minifork", CASES.format("il = il + 2; ")))))
    assert isinstance(outcome, Changes)
    assert re.search(r"il = il \+ 2;\s+if \(arch == LLM_ARCH_NOVEL && il >= 0\) \{", plan.bytes_after(GRAPH).decode())


@pytest.mark.parametrize(
    "text",
    [
        CASES.format(CLAMPED.rstrip() + " else { il = 3; }"),  # in place of what others do
        CASES.format("il = int(hparams.n_swa); "),  # for everybody
    ],
)
def test_what_cannot_come_along(drafted, text):
    found, pack = drafted(text)
    assert [each.code for each in found.reads] == [""]
    assert isinstance(step(pack, Workspace(MemoryStore(with_ffn("minifork", CASES.format("")))))[1], Blocked)


ROPE, LOOP = "hparams.has_rope(il)", "        const uint32_t il = layer.il;\n"


@pytest.mark.parametrize("fork", ["minifork", "miniclasses"])
def test_the_cache_asks_for_a_value_that_the_graph_asks_for(tmp_path, fork):
    """Keys of layers without rope stay as they are after a shift: the graph alone does not show it."""
    donor, path = renamed(example("miniclasses")), "src/llama-kv-cache.cpp"
    for name, old, new in (
        (path, LOOP, f"{LOOP}\n        if (!{ROPE}) {{\n            continue;\n        }}\n"),
        ("src/models/novel.cpp", "    ggml_tensor * inpL ", f"    GGML_ASSERT({ROPE.replace('il', '0')});\n    ggml_tensor * inpL "),
        ("src/llama-hparams.h", "    bool is_swa (uint32_t il) const;\n", "    bool is_swa (uint32_t il) const;\n    bool has_rope(uint32_t il) const;\n"),
        ("src/llama-hparams.cpp", "bool llama_hparams::is_swa(", "bool llama_hparams::has_rope(uint32_t il) const {\n    return il > 0;\n}\n\nbool llama_hparams::is_swa("),
    ):
        assert donor[name].decode().count(old) == 1, old
        donor[name] = donor[name].replace(old.encode(), new.encode())
    found = read(Tree(Workspace(MemoryStore(donor))), "novel", Provenance("donor", "", (), "a licence"))
    for name, code in files(found).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(code)
    pack = packs.load("novel", packs.homes([tmp_path]))
    plan, outcome = step(pack, Workspace(DiskStore(EXAMPLES / fork)))
    assert isinstance(outcome, Changes)
    wanted = f"{LOOP}\n        if (model.arch == LLM_ARCH_NOVEL && !{ROPE}) {{\n            continue;\n        }}\n\n"
    assert wanted in plan.bytes_after(path).decode()
    assert verify(plan, EXAMPLES / fork, "syntax", lambda *_: None).findings == ()
    assert isinstance(step(pack, plan.after)[1], Satisfied)


def test_a_fork_without_the_place_is_blocked(drafted):
    _, pack = drafted(CASES.format(CLAMPED))
    assert isinstance(step(pack, Workspace(DiskStore(EXAMPLES / "minifork")))[1], Blocked)


@pytest.mark.parametrize("fork", ["minifork", "miniclasses"])
@pytest.mark.parametrize(("kind", "stop", "lacking"), [("SILU", "GGML_ABORT", True), ("GELU", "GGML_ABORT", False), ("SILU", "cb", False)])
def test_a_kind_that_a_helper_stops_at(drafted, fork, kind, stop, lacking):
    """The enumerator can be older than the case for it in some helper."""
    _, pack = drafted("il = il + 0;")
    switch = f'switch (type_op) {{ case LLM_FFN_{kind}: break; default: {stop}("no"); }}'
    plan = planning.make(pack, Workspace(MemoryStore(with_ffn(fork, switch))))
    (outcome,) = [each.outcome for each in plan.steps if each.rule.name == "graph.kinds"]
    assert isinstance(outcome, Blocked) == lacking
    assert not lacking or "build_ffn does not know LLM_FFN_GELU" in outcome.why


@pytest.mark.parametrize("fork", ["minifork", "miniclasses"])
def test_the_case_of_a_kind_comes_along(drafted, monkeypatch, fork):
    """Behind the label that it stands behind in the donor, where the fork's helper has all that it names."""
    monkeypatch.setattr("rules.llama.spelling.KINDS", {"build_ffn": ("LLM_FFN_GELU",)})
    cases = 'const int most = 7;\n    switch (type_op) {{\n        case LLM_FFN_SILU:\n            break;\n        {}default:\n            GGML_ABORT("no");\n    }}'
    found, pack = drafted(cases.format("case LLM_FFN_GELU:\n            il = most;\n            break;\n        "))
    assert (found.kinds[0].locals, found.kinds[0].near) == (["il", "most"], ["LLM_FFN_SILU"])

    def planned(text):
        plan = planning.make(pack, Workspace(MemoryStore(with_ffn(fork, text))))
        return plan, next(each.outcome for each in plan.steps if each.rule.name == "graph.kinds")

    plan, outcome = planned(cases.format(""))
    assert isinstance(outcome, Changes)
    assert re.search(r"case LLM_FFN_SILU:\s+break;\s+case LLM_FFN_GELU:\s+il = most;\s+break;\s+default:", plan.bytes_after(GRAPH).decode())
    assert verify(plan, EXAMPLES / fork, "syntax", lambda *_: None).findings == ()
    _, lacking = planned(cases.format("").replace("most", "least"))
    assert isinstance(lacking, Blocked)
    assert re.search(r"does not know LLM_FFN_GELU, and has no most, as the donor's has \(src/llama-graph.cpp:\d+\)", lacking.why)
