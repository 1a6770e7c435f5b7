"""A donor in which an architecture is a case: the pack ports it into forks of both eras.

The donor is `examples/minifork` with one of its architectures under another name, so that no fork has it.
"""

import re
import shutil

import pytest
from casefile import HERE

from rules.llama import FAMILY
from rules.llama.donor.keys import Keys
from transformer import pack as packs
from transformer import plan as planning
from transformer.donor import open_donor
from transformer.draft import write
from transformer.errors import AnchorError
from transformer.verify import verify
from transformer.workspace import DiskStore, Workspace

EXAMPLES = HERE.parent / "examples"
FORKS = ("minifork", "miniclasses")
MODEL, BUILDER = "src/llama-model.cpp", "src/models/novel.cpp"

levels = pytest.mark.parametrize("level", ["syntax", pytest.param("types", marks=pytest.mark.slow)])
forks = pytest.mark.parametrize("fork", FORKS)


def renamed(text):
    text = re.sub(r"LLM_ARCH_LLAMA\b", "LLM_ARCH_NOVEL", text).replace('"llama" ', '"novel" ')
    return text.replace("llm_build_llama", "llm_build_novel").replace("models/llama.cpp", "models/novel.cpp")


def changed(root, path, *changes):
    """Other texts in a file, each of which stands there once."""
    text = (root / path).read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (root / path).write_text(text)


@pytest.fixture
def donor(tmp_path):
    root = tmp_path / "donor"
    shutil.copytree(EXAMPLES / "minifork", root)
    for path in [each for each in root.rglob("*") if each.suffix in (".cpp", ".h", ".txt")]:
        path.write_text(renamed(path.read_text()))
    (root / "src/models/llama.cpp").rename(root / BUILDER)
    return root


def drafted(donor):
    folder = donor.parent / "packs"
    write(FAMILY.draft(open_donor(str(donor), FAMILY.recognise), "novel"), folder)
    return folder


def planned(folder, tree):
    return planning.make(packs.load("novel", packs.homes([folder])), Workspace(DiskStore(tree)))


def ported(folder, tree, level):
    """The plan, which must be sound, and quiet the second time; and the files that it changes."""
    plan = planned(folder, tree)
    assert [f"{each.rule.name}: {each.outcome.why}" for each in plan.blocked] == []
    assert plan.edits
    report = verify(plan, tree, level, lambda *_: None)
    assert [f"{each.where}: {each.message}" for each in report.findings] == []
    again = planning.make(plan.pack, plan.after)
    assert [(edit.rule, edit.where) for edit in again.edits] == []
    assert again.state == "complete"
    return {path: plan.bytes_after(path).decode() for path in plan.paths}


@levels
@forks
def test_it_ports_and_then_is_quiet(donor, fork, level):
    after = ported(drafted(donor), EXAMPLES / fork, level)
    assert "build_attn" in after[BUILDER]


def test_older_names_become_words(donor):
    folder = drafted(donor) / "novel" / "templates"
    assert "switch (<%= hparams.n_layer_all %>)" in (folder / "load_hparams.cpp.j2").read_text()
    builder = (folder / "builder.cpp.j2").read_text()
    assert "<%= builder.scope %>::<%= builder.name %>(const llama_model & model" in builder
    assert '"wo_s": scale("layer.wo_s")' in builder
    assert "break;" not in (folder / "load_tensors.cpp.j2").read_text()


def test_a_scale_that_the_builder_applies_is_not_applied_twice(donor):
    changed(donor, "src/llama-model.h", ("struct llama_layer {\n", "struct llama_layer {\n    struct ggml_tensor * wo_s = nullptr;\n"))
    applied = "\n\n        if (layer.wo_s) {\n            cur = ggml_mul(ctx0, cur, layer.wo_s);\n        }"
    end = "1.0f/sqrtf(float(n_embd_head_k)), il);"
    changed(donor, BUILDER, (end, end + applied))
    folder = drafted(donor)
    assert '"wo_s": "nullptr"' in (folder / "novel/templates/builder.cpp.j2").read_text()
    assert "wo_s" not in ported(folder, EXAMPLES / "minifork", "syntax")[BUILDER]
    text = ported(folder, EXAMPLES / "miniclasses", "syntax")[BUILDER]
    assert len(re.findall(r"\blayer\.wo_s\b", text)) == 2
    assert re.search(r"if \(layer\.wo_s\) \{\s+cur = ggml_mul\(ctx0, cur, layer\.wo_s\);", text)


SCALES = """    for (int i = 0; i < n_layer; ++i) {
        auto & layer = layers[i];
        if (!layer.ffn_down_exps_s) {
            layer.ffn_down_exps_s = create_tensor(tn(LLM_TENSOR_FFN_DOWN_EXPS, "scale", i), { n_expert }, TENSOR_NOT_REQUIRED);
        }
    }

    ml.done_getting_tensors();"""


@pytest.mark.parametrize("own", [True, False], ids=["a factor", "a scale"])
def test_a_factor_that_the_common_loader_reads_is_asked_for(donor, monkeypatch, own):
    """Of the architecture's own, or that of a quantized weight, which a fork without it does not need."""
    keep = ("ffn_down_exps.scale",) if own else ()
    monkeypatch.setattr("rules.llama.donor.factors.keys", lambda arch, *, experts: Keys(arch, {}, keep))
    changed(donor, "src/llama-model.h", ("struct llama_layer {\n", "struct llama_layer {\n    struct ggml_tensor * ffn_down_exps_s = nullptr;\n"))
    changed(donor, MODEL, ("    ml.done_getting_tensors();", SCALES))
    end = "1.0f/sqrtf(float(n_embd_head_k)), il);"
    changed(donor, BUILDER, (end, f"{end}\n        cur = build_lora_mm(cur, layer.ffn_down_exps_s);"))
    after = ported(drafted(donor), EXAMPLES / "minifork", "syntax")
    weight = r"layer\.ffn_down_exps += create_tensor\([^;]*;\n"
    asked = r' +layer\.ffn_down_exps_s = create_tensor\(tn\(LLM_TENSOR_FFN_DOWN_EXPS, "scale", i\), \{ n_expert \}, TENSOR_NOT_REQUIRED\);\n'
    assert bool(re.search(weight + asked, after[MODEL])) is own
    assert ("ffn_down_exps_s" in after.get("src/llama-model.h", "")) is own
    assert ("build_lora_mm(cur, layer.ffn_down_exps_s)" in after[BUILDER]) is own


REPEATED = """{end}

        ggml_tensor * turned = cur;
        cur = ggml_mul(ctx0, cur, turned);
        turned = ggml_permute(ctx0, cur, 1, 0, 2, 3);
        cur = ggml_mul(ctx0, cur, turned);
        cur = ggml_add(ctx0, cur, ggml_permute(ctx0, turned, 1, 0, 2, 3));
        turned = ggml_cont(ctx0, turned);
        cur = ggml_sub(ctx0, cur, turned);"""


@pytest.mark.parametrize("repeats", ["rows", "neighbours"])
def test_a_turned_view_is_repeated_as_a_copy_where_ggml_needs_one(donor, tmp_path, repeats):
    """What types do not show: older operations end the process there."""
    end = "1.0f/sqrtf(float(n_embd_head_k)), il);"
    changed(donor, BUILDER, (end, REPEATED.format(end=end)))
    shutil.copytree(EXAMPLES / "minifork", tmp_path / "fork")
    path = tmp_path / "fork/ggml/src/ggml-cpu/binary-ops.cpp"
    path.parent.mkdir(parents=True)
    known = {"rows": "ggml_is_contiguous_rows(src1)", "neighbours": "(nb10 == sizeof(src1_t))"}
    path.write_text(f"    const bool is_src1_contiguous = {known[repeats]};\n")
    text = ported(drafted(donor), tmp_path / "fork", "syntax")[BUILDER]
    turned, again = "turned", "ggml_permute(ctx0, turned, 1, 0, 2, 3)"
    if repeats == "neighbours":
        turned, again = f"ggml_cont(ctx0, {turned})", f"ggml_cont(ctx0, {again})"
    calls = [f"mul(ctx0, cur, {each});" for each in ("turned", turned)]
    assert [line.strip() for line in text.splitlines() if "turned" in line and "cur = ggml_" in line] == [
        *(f"cur = ggml_{each}" for each in calls), f"cur = ggml_add(ctx0, cur, {again});", "cur = ggml_sub(ctx0, cur, turned);",
    ]  # fmt: skip


FUSED = """{end}

        const int64_t H_v = 1, n_seqs = 1;
        ggml_tensor * g = cur;
        if (cparams.fused_gdn_ar) {{
            ggml_tensor * result = ggml_gated_delta_net(ctx0, cur, cur, cur, g, cur, cur, 1);
            res->add_fused_node({{LLM_FUSED_OP_GDN_AR, result, il}});
            cur = result;
        }} else {{
            g = ggml_reshape_4d(ctx0, g, 1, g->ne[0], H_v, n_seqs);
        }}"""
GGML, END = "ggml/include/ggml.h", "#ifdef __cplusplus\n}"


def with_delta_net(root, count, *, names=False):
    """A tree whose ggml has the fused operation with so many tensors, and perhaps one number; and the option for it."""
    tensors = ", ".join(["struct ggml_context * ctx", *(f"struct ggml_tensor * t{each}" for each in range(6)), "int64_t K"][:count])
    changed(root, GGML, (END, f"struct ggml_tensor * ggml_gated_delta_net({tensors});\n\n{END}"))
    changed(root, "src/llama-cparams.h", ("    bool kv_unified;\n", "    bool kv_unified;\n    bool fused_gdn_ar;\n"))
    macros = "".join(f'#define LLAMA_TENSOR_NAME_FGDN_{each} "{each}"\n' for each in ("AR", "CH"))
    (root / "src/llama-impl.h").write_text((root / "src/llama-impl.h").read_text() + macros * names)


@pytest.mark.parametrize(
    ("count", "call", "node"),
    [
        (0, "(ggml_tensor *) nullptr", ""),
        (7, "ggml_gated_delta_net(ctx0, cur, cur, cur, g, cur, cur)", "cb(result, LLAMA_TENSOR_NAME_FGDN_AR, il);"),
        (8, "ggml_gated_delta_net(ctx0, cur, cur, cur, g, cur, cur, 1)", ""),
    ],
)
def test_a_fused_operation_as_the_fork_has_it(donor, tmp_path, count, call, node):
    """None, one that keeps the last state alone, or the donor's; an older context stops at a node without its name."""
    with_delta_net(donor, 8)
    end = "1.0f/sqrtf(float(n_embd_head_k)), il);"
    changed(donor, BUILDER, (end, FUSED.format(end=end)))
    shutil.copytree(EXAMPLES / "minifork", tmp_path / "fork")
    if count:
        with_delta_net(tmp_path / "fork", count, names=bool(node))
    text = ported(drafted(donor), tmp_path / "fork", "syntax")[BUILDER]
    assert f"if ({'cparams.fused_gdn_ar' if count else 'false'}) {{" in text
    assert f"result = {call};" in text
    assert [line.strip() for line in text.splitlines() if "FGDN" in line or "fused_node" in line] == [node] * bool(node)
    assert ('#include "llama-impl.h"' in text) == bool(node)


def test_what_no_donor_runs_is_mended_and_said(donor):
    """The decay of each key belongs to the rows of the state, as the fused operation has it."""
    end = "1.0f/sqrtf(float(n_embd_head_k)), il);"
    changed(donor, BUILDER, (end, FUSED.format(end=end)))
    folder = drafted(donor) / "novel"
    assert "g = ggml_reshape_4d(ctx0, g, g->ne[0], 1, H_v, n_seqs);" in (folder / "templates/builder.cpp.j2").read_text()
    head = (folder / "pack.toml").read_text().partition("enumerator")[0]
    assert re.search(rf"# Mended.*\n#   ggml_reshape_4d\(ctx0, g, 1, .*\({BUILDER}:\d+\)", head)


@levels
@forks
def test_locals_of_the_common_loader_come_along_where_there_are_none(donor, fork, level):
    load = "    switch (arch) {\n        case LLM_ARCH_NOVEL:\n            {\n                ml.get_key"
    rows = "    uint32_t n_rows = 0;\n    ml.get_key(LLM_KV_BLOCK_COUNT, n_rows, false);\n\n"
    own = load.replace("ml.get_key", "hparams.n_swa = n_rows;\n\n                ml.get_key")
    changed(donor, MODEL, (load, rows + own))
    folder = drafted(donor)
    text = ported(folder, EXAMPLES / fork, level)[MODEL if fork == "minifork" else BUILDER]
    assert 0 < text.index("uint32_t n_rows = 0;") < text.index("n_rows, false)") < text.index("n_swa = n_rows")


@levels
@forks
def test_a_case_that_runs_on_takes_the_next_one_along(donor, fork, level):
    first = "        case LLM_ARCH_NOVEL:\n            {\n                hparams.n_swa = 3;\n            }\n        case LLM_ARCH_QWEN2:\n"
    changed(donor, MODEL, ("        case LLM_ARCH_NOVEL:\n            {\n                ml.get_key", first + "            {\n                ml.get_key"))
    after = ported(drafted(donor), EXAMPLES / fork, level)
    text = after[MODEL if fork == "minifork" else BUILDER]
    own = text.partition("case LLM_ARCH_NOVEL:" if fork == "minifork" else "load_arch_hparams")[2]
    assert 0 < own.index("hparams.n_swa = 3;") < own.index("f_norm_rms_eps") < own.index("case 32:")


def test_a_case_that_is_left_early_is_not_taken(donor):
    early = "            {\n                if (hparams.n_layer == 1) {\n                    break;\n                }\n\n                ml.get_key"
    changed(donor, MODEL, ("        case LLM_ARCH_NOVEL:\n            {\n                ml.get_key", "        case LLM_ARCH_NOVEL:\n" + early))
    with pytest.raises(AnchorError, match="left early") as caught:
        drafted(donor)
    assert caught.value.where.startswith(MODEL)


def test_a_builder_that_others_have_as_well_comes_under_a_name_of_its_own(donor):
    changed(donor, MODEL, ("        case LLM_ARCH_NOVEL:\n            {\n                llm =", "        case LLM_ARCH_NOVEL:\n        case LLM_ARCH_QWEN2:\n            {\n                llm ="))
    for path in (BUILDER, "src/models/models.h", MODEL):
        (donor / path).write_text((donor / path).read_text().replace("llm_build_novel", "llm_build_common"))
    after = ported(drafted(donor), EXAMPLES / "minifork", "syntax")
    assert "llm_build_novel::llm_build_novel(" in after[BUILDER]
    assert "llm_build_common" not in "".join(after.values())


# The graph's result of a fork of earlier days: without the tensor that the builder reads, and with a reset.
RESET = "void llm_graph_result::reset() {\n    t_inp_tokens = nullptr;\n    t_logits     = nullptr;\n}\n\n"


def earlier(fork, root):
    shutil.copytree(EXAMPLES / fork, root)
    changed(root, "src/llama-graph.h", ("    ggml_tensor * t_inp_embd   = nullptr;\n", ""),
            ("    llm_graph_input_i * add_input(", "    void reset();\n\n    llm_graph_input_i * add_input("))  # fmt: skip
    before = "llm_graph_input_i * llm_graph_result::add_input("
    changed(root, "src/llama-graph.cpp", ("    res->t_inp_embd = cur;\n", ""), (before, RESET + before))
    return root


@levels
@forks
def test_what_a_helper_sets_for_the_builder_comes_along_with_it(donor, fork, level):
    changed(donor, BUILDER, ("    for (int il = 0; il < n_layer; ++il) {", "    cb(res->t_inp_embd, \"raw\", -1);\n\n    for (int il = 0; il < n_layer; ++il) {"))
    folder, tree = drafted(donor), earlier(fork, donor.parent / fork)
    after = ported(folder, tree, level)
    assert re.search(r"t_inp_tokens = nullptr;\n    ggml_tensor \* t_inp_embd\s+= nullptr;", after["src/llama-graph.h"])
    reset = after["src/llama-graph.cpp"].partition("::reset() {")[2].partition("}")[0]
    assert "t_inp_tokens = nullptr;\n    t_inp_embd   = nullptr;" in reset
    assert "res->t_inp_embd = cur;" in after[BUILDER]
    assert after[BUILDER].count("::build_inp_embd(") == 1
    has = ported(folder, EXAMPLES / fork, "syntax")
    assert has.get("src/llama-graph.h", "t_inp_embd").count("t_inp_embd") == 1
    assert "::build_inp_embd(" not in has[BUILDER]


ALONE = "    if (arch == LLM_ARCH_NOVEL) {\n        cur = ggml_silu(ctx0, cur);\n    }"
OTHERS = "    if (arch == LLM_ARCH_NOVEL) {\n        cb(tmp, \"ffn_raw\", il);\n    } else {\n        cb(tmp, \"ffn_up\", il);\n    }"
GRAPH, UP = "src/llama-graph.cpp", '    cb(tmp, "ffn_up", il);'


@levels
@forks
def test_what_shared_code_does_for_it_alone_stands_where_the_donor_has_it(donor, fork, level):
    changed(donor, GRAPH, (UP, f"{OTHERS}\n\n    if (gate) {{\n    {ALONE}\n    }}".replace("\n        cur", "\n            cur")))
    folder = drafted(donor)
    text = ported(folder, EXAMPLES / fork, level)[GRAPH]
    assert OTHERS in text
    assert re.search(r"if \(gate\) \{\s+if \(arch == LLM_ARCH_NOVEL\) \{\s+cur = ggml_silu\(ctx0, cur\);\s+\}\s+\}\s+if \(gate", text)


def test_what_shared_code_does_for_it_alone_is_said_where_the_fork_does_another_thing(donor):
    changed(donor, GRAPH, (UP, OTHERS))
    tree = donor.parent / "fork"
    shutil.copytree(EXAMPLES / "minifork", tree)
    changed(tree, GRAPH, (UP, '    cb(tmp, "ffn_other", il);'))
    why = [each.outcome.why for each in planned(drafted(donor), tree).blocked]
    assert len(why) == 1
    assert "treats LLM_ARCH_NOVEL alone in another way in the donor (src/llama-graph.cpp:" in why[0]


def test_a_member_that_only_shared_code_reads_is_not_loaded_in_vain(donor):
    changed(donor, "src/llama-model.h", ("    std::vector<llama_layer> layers;", "    struct ggml_tensor * cls_odd = nullptr;\n\n    std::vector<llama_layer> layers;"))
    first = "                    tok_embd = create_tensor(tn(LLM_TENSOR_TOKEN_EMBD, \"weight\"), {n_embd, n_vocab}, 0);\n"
    own = "            case LLM_ARCH_QWEN2:\n                {\n"
    odd = first.replace("tok_embd =", "cls_odd =")
    changed(donor, MODEL, (own + first, own + first + odd), ("    return llm->res->get_gf();", "    GGML_ASSERT(!cls_odd);\n\n    return llm->res->get_gf();"))
    blocked = planned(drafted(donor), EXAMPLES / "minifork").blocked
    assert [each.rule.name for each in blocked] == ["graph.shared-members"]
    assert "llama_model has no cls_odd" in blocked[0].outcome.why
