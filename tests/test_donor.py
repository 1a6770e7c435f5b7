"""A pack is drafted from a donor, and ports the architecture into forks of both eras.

The donor is `examples/miniclasses` with one of its architectures under another name, so that no fork has it.
"""

import re
import shutil
import subprocess
import sys

import pytest
from casefile import HERE, example

from rules.llama import FAMILY
from rules.llama.lowering import Hparams, has_loader
from transformer import pack as packs
from transformer import plan as planning
from transformer.donor import open_donor
from transformer.draft import write
from transformer.errors import UsageError
from transformer.outcome import Changes
from transformer.verify import verify
from transformer.workspace import DiskStore, MemoryStore, Workspace

EXAMPLES = HERE.parent / "examples"
FORKS = ("minifork", "miniclasses")

levels = pytest.mark.parametrize("level", ["syntax", pytest.param("types", marks=pytest.mark.slow)])


def renamed(text):
    return re.sub("gemma3(?!n)", "novel", re.sub("GEMMA3(?!N)", "NOVEL", text))


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    root = tmp_path_factory.mktemp("donor") / "tree"
    shutil.copytree(EXAMPLES / "miniclasses", root)
    (root / "LICENSE").write_text("Some License\n\nCopyright (c) the authors of the example\n")
    for path in [each for each in root.rglob("*") if each.suffix in (".cpp", ".h")]:
        text = renamed(path.read_text())
        path.unlink()
        path.with_name(renamed(path.name)).write_text(text)
    return root


# What types do not show: a value with a default of the generic loader, a branch in a function that every fork has, a
# test for the architecture in shared code, an option that is stripped, and what is declared but not defined.
CHANGES = [
    ("src/llama-hparams.h", "uint32_t n_swa = 0;", "uint32_t n_swa = 0;\n    uint32_t n_shared = 0;"),
    (
        "src/llama-hparams.cpp",
        "    return n_embd_head_k(il) * n_head_kv;",
        "    if (n_shared > 0) {\n        return n_shared;\n    }\n\n    return n_embd_head_k(il) * n_head_kv;",
    ),
    ("src/llama-model.cpp", "    load_arch_hparams(ml);", "    hparams.n_shared = 2;\n\n    load_arch_hparams(ml);"),
    ("src/llama-kv-cache.cpp", "model.arch == LLM_ARCH_GPT2", "model.arch == LLM_ARCH_GPT2 || model.arch == LLM_ARCH_NOVEL"),
    (
        "src/models/novel.cpp",
        "hparams.f_final_logit_softcapping = 0.0f;",
        "hparams.f_final_logit_softcapping = 0.0f;\n\n    if (arch == LLM_ARCH_NOVEL) {\n"
        "        ml.get_key(LLM_KV_ATTENTION_SLIDING_WINDOW, hparams.n_shared, false);\n    }\n\n"
        "    std::array<int32_t, LLAMA_MAX_LAYERS> ids;\n    ml.get_arr(LLM_KV_ATTENTION_SLIDING_WINDOW, ids, false);\n"
        "    hparams.n_shared += ids.size();",
    ),
    (
        "src/models/novel.cpp",
        "    ggml_tensor * inpL",
        "    counter layers;\n    layers.count(n_layer);\n    ggml_tensor * inpL",
    ),
    (
        "src/models/novel.cpp",
        "void llama_model_novel::load_arch_hparams",
        "class counter {\npublic:\n    void count(int64_t n);\n\n    int64_t sum = 0;\n};\n\n"
        "void counter::count(int64_t n) {\n    sum += n;\n}\n\nvoid llama_model_novel::load_arch_hparams",
    ),
]


@pytest.fixture(scope="module")
def silent(donor, tmp_path_factory):
    """A pack drafted from the donor with what types do not show."""
    root = tmp_path_factory.mktemp("silent") / "tree"
    shutil.copytree(donor, root)
    for path, old, new in CHANGES:
        text = (root / path).read_text()
        assert text.count(old) == 1
        (root / path).write_text(text.replace(old, new))
    folder = tmp_path_factory.mktemp("silent_packs")
    write(FAMILY.draft(open_donor(str(root), FAMILY.recognise), "novel"), folder)
    return folder


@levels
@pytest.mark.parametrize("fork", FORKS)
def test_what_types_do_not_show_comes_along(silent, fork, level):
    plan = planned(silent, fork)
    assert plan.blocked == []
    assert verify(plan, EXAMPLES / fork, level, lambda *_: None).findings == ()
    assert planning.make(plan.pack, plan.after).edits == ()
    after = {path: plan.bytes_after(path).decode() for path in plan.paths}
    assert "uint32_t n_shared" in after["src/llama-hparams.h"]
    width = after["src/llama-hparams.cpp"].partition("::n_embd_k_gqa(")[2].partition("\n}")[0]
    assert re.search(r"if \(n_shared > 0\) \{\s+return n_shared;\s+\}\s+return n_embd_head_k", width)
    assert "model.arch == LLM_ARCH_GPT2 || model.arch == LLM_ARCH_NOVEL" in after["src/llama-kv-cache.cpp"]
    loader = after["src/llama-model.cpp" if fork == "minifork" else "src/models/novel.cpp"]
    own = loader.partition("case LLM_ARCH_NOVEL:" if fork == "minifork" else "load_arch_hparams")[2]
    assert 0 < own.index("hparams.n_shared = 2;") < own.index("hparams.n_shared, false)")
    assert "arch == LLM_ARCH_NOVEL" not in own.partition("hparams.n_shared, false)")[0]
    assert "void counter::count(int64_t n) {" in after["src/models/novel.cpp"]
    assert "get_arr<std::array<int32_t, LLAMA_MAX_LAYERS>>(enum llm_kv kid, " in after["src/llama-model-loader.cpp"]


COPIED = HERE.parent / "rules/llama/cases/load.bool-arrays/copied.txt"


@pytest.fixture(params=["bool", "int32_t"])
def flags(silent, tmp_path, request):
    """The pack with its array read into elements of a kind, and the kind."""
    shutil.copytree(silent / "novel", tmp_path / "novel")
    template = tmp_path / "novel/templates/load_hparams.cpp.j2"
    template.write_text(template.read_text().replace("std::array<int32_t,", f"std::array<{request.param},"))
    return packs.load("novel", packs.homes([tmp_path])), request.param


def test_flags_that_are_read_into_booleans(flags):
    """Older readers assert that what a number is read into is a number."""
    pack, kind = flags
    text = COPIED.read_text().partition("=== src/llama-model-loader.cpp\n")[2].partition("--- becomes")[0]
    files = {**example("minifork"), "src/llama-model-loader.cpp": text.encode()}
    plan = planning.make(pack, Workspace(MemoryStore(files)))
    (made,) = [each.outcome for each in plan.steps if each.rule.name == "load.bool-arrays"]
    assert isinstance(made, Changes)
    label = next(each.text.decode() for each in made.edits if b"GGUF_TYPE_BOOL:" in each.text)
    assert ("std::is_same<T,    bool>" in label) == (kind == "bool")


def test_flags_into_booleans_where_they_went_into_numbers_alone(flags):
    """What another port brought, or the tree has: it copies flags, and asserts that they go into numbers."""
    (pack, kind), path = flags, "src/llama-model-loader.cpp"
    known = COPIED.read_text().partition("--- becomes\n")[2]
    plan = planning.make(pack, Workspace(MemoryStore({**example("minifork"), path: known.encode()})))
    after = plan.bytes_after(path).decode()
    widened = "GGML_ASSERT((std::is_same<T, bool>::value && arr_info.gt == GGUF_TYPE_BOOL) || (std::is_same<T, int32_t>"
    assert (widened in after) == (kind == "bool")
    again = planning.make(pack, Workspace(MemoryStore({**example("minifork"), path: after.encode()})))
    assert again.bytes_after(path).decode().count("std::is_same<T, bool>") == (kind == "bool")


@pytest.mark.parametrize("same", ["int32_t", "int", "llama_token"])
def test_a_reader_that_is_instantiated_under_another_name_of_the_type(silent, same):
    """A second instance is an error, which only a whole unit shows."""
    path, files = "src/llama-model-loader.cpp", example("minifork")
    kind = f"std::array<{same}, LLAMA_MAX_LAYERS>"
    known = f"template bool llama_model_loader::get_arr<{kind}>(enum llm_kv kid, {kind} & result, bool required);\n"
    pack = packs.load("novel", packs.homes([silent]))
    plan = planning.make(pack, Workspace(MemoryStore({**files, path: files[path] + known.encode()})))
    assert path not in plan.paths


@pytest.fixture(scope="module")
def drafted(donor, tmp_path_factory):
    files = FAMILY.draft(open_donor(str(donor), FAMILY.recognise), "novel")
    folder = tmp_path_factory.mktemp("packs")
    write(files, folder)
    return files, folder


def planned(folder, fork):
    pack = packs.load("novel", packs.homes([folder]))
    return planning.make(pack, Workspace(DiskStore(EXAMPLES / fork)))


def test_the_pack_says_where_it_comes_from(drafted):
    files, _ = drafted
    assert {path.split("/")[0] for path in files} == {"novel"}
    assert not [path for path in files if path.endswith(".py")]
    for text in files.values():
        head = "\n".join(text.split("\n")[:2])
        assert "drafted from the tree tree" in head
        assert "src/models/novel.cpp" in head
        assert "Some License, Copyright (c) the authors of the example" in head


def test_what_only_drafts_need_is_left_out_and_said(drafted):
    files, _ = drafted
    templates = "".join(text for path, text in files.items() if path.endswith(".j2"))
    assert "t_layer_inp" not in templates
    assert "t_layer_inp (src/models/novel.cpp:" in files["novel/pack.toml"]


def test_names_that_differ_between_trees_are_words(drafted):
    files, _ = drafted
    hparams = files["novel/templates/load_hparams.cpp.j2"]
    assert '<%= key("rope.freq_base_swa") %>' in hparams
    assert "switch (<%= hparams.n_layer() %>)" in hparams
    builder = files["novel/templates/builder.cpp.j2"]
    assert 'wo_b="layer." ~ member("wo_b")' in builder
    assert '"wo_s": scale("layer.wo_s")' in builder
    assert '<% if not has_helper("build_qkv") %>' in builder


@levels
@pytest.mark.parametrize("fork", FORKS)
def test_it_ports_and_then_is_quiet(drafted, fork, level):
    plan = planned(drafted[1], fork)
    assert [f"{each.rule.name}: {each.outcome.why}" for each in plan.blocked] == []
    assert plan.state == "absent"
    assert plan.edits
    report = verify(plan, EXAMPLES / fork, level, lambda *_: None)
    assert [f"{each.where}: {each.message}" for each in report.findings] == []
    again = planning.make(plan.pack, plan.after)
    assert [(edit.rule, edit.where) for edit in again.edits] == []
    assert again.state == "complete"


def test_helpers_come_along_only_where_the_fork_has_none(drafted):
    texts = {}
    for fork in FORKS:
        plan = planned(drafted[1], fork)
        texts[fork] = plan.bytes_after("src/models/novel.cpp").decode()
    assert "llm_graph_qkv" in texts["minifork"]
    assert "llm_graph_qkv" not in texts["miniclasses"]
    assert 'layer.wo, layer.wo_b, layer.wo_s' in re.sub(r"\s+", " ", texts["miniclasses"])
    assert "wo_s" not in texts["minifork"]


def test_one_number_is_read_by_what_the_fork_has_for_that(drafted):
    """A fork with a reader for arrays alone takes the same call for another one, which type-checks."""
    older = planned(drafted[1], "minifork").bytes_after("src/llama-model.cpp").decode()
    newer = planned(drafted[1], "miniclasses").bytes_after("src/models/novel.cpp").decode()
    assert "get_scalar(LLM_KV_ATTENTION_SLIDING_WINDOW_PATTERN, swa_period, false);" in older
    assert "const auto get_scalar = [&](" in older
    assert "ml.get_key_or_arr(LLM_KV_ATTENTION_SLIDING_WINDOW_PATTERN, swa_period, false);" in newer
    assert "get_scalar" not in newer


@pytest.mark.parametrize("sets", [True, False], ids=["set for all", "left alone"])
def test_a_default_that_an_older_loader_overrules(drafted, sets):
    """Its layers with a window rotate like the others unless an architecture says otherwise; the donor's do not."""
    path, files = "src/llama-model.cpp", example("minifork")
    text = files[path].decode()
    begin = text.index("switch (arch) {", text.index("llama_model::load_hparams("))
    line = "hparams.rope_freq_scale_train_swa = hparams.rope_freq_scale_train;\n    " if sets else ""
    pack = packs.load("novel", packs.homes([drafted[1]]))
    plan = planning.make(pack, Workspace(MemoryStore({**files, path: (text[:begin] + line + text[begin:]).encode()})))
    own = plan.bytes_after(path).decode().partition("case LLM_ARCH_NOVEL:")[2]
    assert ("hparams.rope_freq_scale_train_swa = 1.0f;" in own.partition("break;")[0]) == sets


@pytest.mark.parametrize("older", [True, False], ids=["under an older name", "not at all"])
def test_a_function_that_the_fork_has_under_an_older_name_does_not_come_along(donor, tmp_path, older):
    root, packs_at, header = tmp_path / "tree", tmp_path / "packs", "src/llama-hparams.h"
    shutil.copytree(donor, root)
    builder = root / "src/models/novel.cpp"
    builder.write_text(builder.read_text().replace("    ggml_tensor * inpL ", "    GGML_ASSERT(!hparams.is_recr(0));\n    ggml_tensor * inpL "))
    write(FAMILY.draft(open_donor(str(root), FAMILY.recognise), "novel"), packs_at)
    files = example("minifork")
    if older:
        known = b"    bool is_swa(uint32_t il) const;\n"
        files = {**files, header: files[header].replace(known, known + b"    bool is_recurrent(uint32_t il) const;\n")}
    plan = planning.make(packs.load("novel", packs.homes([packs_at])), Workspace(MemoryStore(files)))
    name = "is_recurrent" if older else "is_recr"
    assert f"GGML_ASSERT(!hparams.{name}(0));" in plan.bytes_after("src/models/novel.cpp").decode()
    assert (b"is_recr(" in plan.bytes_after(header)) == (not older)
    assert (b"is_recr(" in plan.bytes_after("src/llama-hparams.cpp")) == (not older)


def test_layers_that_rotate_less_than_those_with_a_window(donor, tmp_path):
    """A fork with one number for all learns that there are two, though no file says so."""
    root, packs_at, window = tmp_path / "tree", tmp_path / "packs", "    hparams.swa_type = LLAMA_SWA_TYPE_STANDARD;\n"
    shutil.copytree(donor, root)
    loader = root / "src/models/novel.cpp"
    assert loader.read_text().count(window) == 1
    loader.write_text(loader.read_text().replace(window, f"{window}    hparams.n_rot_full = hparams.n_rot_full / 2;\n"))
    write(FAMILY.draft(open_donor(str(root), FAMILY.recognise), "novel"), packs_at)
    plan = planned(packs_at, "minifork")
    assert [f"{each.rule.name}: {each.outcome.why}" for each in plan.blocked] == []
    own = plan.bytes_after("src/llama-model.cpp").decode().partition("case LLM_ARCH_NOVEL:")[2]
    assert 0 < own.index("hparams.n_rot_swa = hparams.n_rot;") < own.index("hparams.n_rot = hparams.n_rot / 2;")
    assert "hparams.n_rot_at(il)" in plan.bytes_after("src/llama-kv-cache.cpp").decode()
    newer = planned(packs_at, "miniclasses").bytes_after("src/models/novel.cpp").decode()
    assert "n_rot_swa" not in newer


def test_another_architecture_may_give_a_name_to_another_tensor():
    """As LFM2 does with the name of its last norm: what the pack calls it is what every other table calls it as well."""
    path, head = "src/llama-arch.cpp", b"static const std::map<llm_tensor, const char *> LLM_TENSOR_NAMES = {"
    before, found, after = example("minifork")[path].partition(head)
    tables = """static const std::map<llm_arch, std::map<llm_tensor, const char *>> LLM_TENSOR_NAMES = {
    {
        LLM_ARCH_LLAMA, { { LLM_TENSOR_OUTPUT_NORM, "output_norm" }, { LLM_TENSOR_OUTPUT, "output" } },
    },
    {
        LLM_ARCH_QWEN2, { { LLM_TENSOR_OUTPUT, "output_norm" } },
    },
"""
    assert found
    rest = after.partition(b"};")[2]
    files = {**example("minifork"), path: before + tables.encode() + b"};" + rest}
    port = FAMILY.open(Workspace(MemoryStore(files)), packs.load("gemma4", packs.home()))
    assert port.facts.tensor_names.value == "by architecture"
    assert port.own_tensors["output_norm"] == "LLM_TENSOR_OUTPUT_NORM"
    assert port.own_tensors["output"] == "LLM_TENSOR_OUTPUT"


def test_a_size_that_no_file_sets_is_that_of_all_heads():
    """The donor's function says so; an older tree has a member that is nothing then."""
    header, files = "src/llama-hparams.h", example("minifork")
    known = b"    uint32_t n_rot;\n"
    assert files[header].count(known) == 1
    files = {**files, header: files[header].replace(known, known + b"    uint32_t n_embd_head_k_mla = 0;\n")}
    hparams = Hparams(FAMILY.open(Workspace(MemoryStore(files)), packs.load("gemma4", packs.home())))
    assert hparams.n_embd_head_k_mla() == "(hparams.n_embd_head_k_mla > 0 ? hparams.n_embd_head_k_mla : hparams.n_embd_head_k)"


def test_a_helper_in_the_case_of_another_architecture_is_out_of_reach(drafted):
    plan = planned(drafted[1], "minifork")
    text = plan.bytes_after("src/llama-model.cpp").decode()
    assert 0 < text.index("switch (arch)") < text.index("auto create_tensor_qkv = [&]")
    known = has_loader(FAMILY.open(plan.after, packs.load("gemma4", packs.home())))
    assert not known("create_tensor_qkv")
    assert known("create_tensor_gate_up_exps")


def test_one_command_drafts_ports_and_undoes(donor, tmp_path):
    fork = tmp_path / "fork"
    shutil.copytree(EXAMPLES / "minifork", fork)
    before = {path: path.read_bytes() for path in fork.rglob("*") if path.is_file()}

    def call(*arguments):
        command = [sys.executable, "-m", "transformer", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent, check=False)

    made = call("run", fork, "--arch", "novel", "--from", donor, "--verify", "syntax")
    assert made.returncode == 0, made.stdout + made.stderr
    assert (fork / "src/models/novel.cpp").is_file()
    again = call("run", fork, "--arch", "novel", "--from", donor)
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True), again.stdout + again.stderr
    assert call("undo", fork).returncode == 0
    assert {path: path.read_bytes() for path in fork.rglob("*") if path.is_file()} == before


def test_an_unknown_name_is_answered_with_those_that_are_close(donor):
    with pytest.raises(UsageError) as caught:
        FAMILY.draft(open_donor(str(donor), FAMILY.recognise), "novle")
    assert "novel" in caught.value.help


def test_an_architecture_that_the_donor_only_names_is_not_in_it():
    with pytest.raises(UsageError, match="no architecture 'gemma3'") as caught:
        FAMILY.draft(open_donor(str(EXAMPLES / "minifork"), FAMILY.recognise), "gemma3")
    assert "gemma3n" in caught.value.help


def test_builders_without_files_of_their_own_are_out_of_reach(tmp_path):
    shutil.copytree(EXAMPLES / "minifork", tmp_path / "tree")
    (tmp_path / "tree/src/models/models.h").unlink()
    with pytest.raises(UsageError, match="no files of their own"):
        FAMILY.draft(open_donor(str(tmp_path / "tree"), FAMILY.recognise), "llama")


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(UsageError, match="is not a folder"):
        open_donor(str(tmp_path / "nothing"), FAMILY.recognise)
    with pytest.raises(UsageError, match="not a llama"):
        open_donor(str(tmp_path), FAMILY.recognise)


def test_a_revision_and_an_unpacked_package_give_the_same(donor, drafted, tmp_path):
    inside = tmp_path / "package-1.0" / "vendor" / "llama.cpp"
    shutil.copytree(donor, inside)
    below = FAMILY.draft(open_donor(str(tmp_path / "package-1.0"), FAMILY.recognise), "novel")

    def git(*arguments):
        identity = ("-c", "user.name=n", "-c", "user.email=e@x")
        subprocess.run(["git", "-C", inside, *identity, *arguments], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "donor")
    shutil.rmtree(inside / "src")
    at = FAMILY.draft(open_donor(f"{inside}@HEAD", FAMILY.recognise), "novel")
    assert at.keys() == below.keys() == drafted[0].keys()
    for path, text in at.items():
        assert text.split("\n")[2:] == below[path].split("\n")[2:] == drafted[0][path].split("\n")[2:]
    assert re.search(r"at [0-9a-f]{40} \(\d{4}-\d\d-\d\d\)", at["novel/pack.toml"].split("\n")[0])


def test_an_edited_pack_is_never_overwritten(drafted, tmp_path):
    files, _ = drafted
    assert "files in" in write(files, tmp_path)
    assert "there already" in write(files, tmp_path)
    edited = tmp_path / "novel" / "templates" / "builder.h.j2"
    edited.write_text(edited.read_text() + "// mine\n")
    with pytest.raises(UsageError, match="another pack of this name, or an edited one"):
        write(files, tmp_path)
    assert edited.read_text().endswith("// mine\n")
