"""What a port does not cover: read from the tree, and only what is certain."""

import json

import pytest
from command import call, replace

from transformer.cpp import Excerpt, Source

pytestmark = pytest.mark.usefixtures("settled")

GGML = """\
static struct ggml_tensor * ggml_unary_impl(struct ggml_context * ctx, struct ggml_tensor * a, int op) {
    struct ggml_tensor * result = ggml_dup_tensor(ctx, a);
    result->op = GGML_OP_UNARY;
    return result;
}

struct ggml_tensor * ggml_tanh(struct ggml_context * ctx, struct ggml_tensor * a) {
    return ggml_unary_impl(ctx, a, GGML_UNARY_OP_TANH);
}

struct ggml_tensor * ggml_mul(struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b) {
    // result->op = GGML_OP_NOTHING;
    result->op = GGML_OP_MUL;
    return result;
}

struct ggml_tensor * ggml_scale(struct ggml_context * ctx, struct ggml_tensor * a, float s) {
    result->op = GGML_OP_SCALE;
    return result;
}

static void ggml_compute_backward(struct ggml_context * ctx, struct ggml_tensor * tensor) {
    switch (tensor->op) {
        case GGML_OP_MUL: {
            ggml_add_or_set(ctx, tensor);
        } break;
        case GGML_OP_UNARY: {
            switch (ggml_get_unary_op(tensor)) {
                case GGML_UNARY_OP_NEG: {
                    ggml_sub_or_set(ctx, tensor);
                } break;
                default: {
                    fprintf(stderr, "unsupported unary op: %d", tensor->op);
                    GGML_ABORT("fatal error");
                }
            }
        } break;
        case GGML_OP_SCALE: {
            GGML_ABORT("not implemented");
        }
        default: {
            GGML_ABORT("unsupported op");
        }
    }
}
"""

HEAD = "static bool ggml_backend_toy_device_supports_op(ggml_backend_dev_t dev, const struct ggml_tensor * op) {\n"
SAYS_NO = HEAD + """\
    switch (op->op) {
        case GGML_OP_MUL:
        case GGML_OP_SCALE:
            return op->type == GGML_TYPE_F32;
        case GGML_OP_UNARY:
            switch (ggml_get_unary_op(op)) {
                case GGML_UNARY_OP_NEG: return true;
                default: return false;
            }
        default:
            return false;
    }
}
"""
BY_A_FLAG = HEAD + """\
    bool supp = false;
    switch (op->op) {
        case GGML_OP_MUL:   supp = true; break;
        case GGML_OP_UNARY: supp = true; break;
        default: break;
    }
    if (too_large(op)) {
        supp = false;
    }
    return supp;
}
"""
ONLY_MUL = HEAD + """\
    switch (op->op) {
        case GGML_OP_MUL:
            return true;
        default:
            return false;
    }
}
"""
NOT_READABLE = HEAD + "    switch (op->op) { case GGML_OP_MUL: return (; default: return false; }\n}\n"
NOT_CERTAIN = {
    "set_again": BY_A_FLAG.replace("supp = false;\n    }", "supp = is_small(op);\n    }"),
    "looked_at_elsewhere": SAYS_NO.replace("    switch (op->op)", "    if (op->op == GGML_OP_SCALE || GGML_UNARY_OP_TANH == u(op)) return true;\n    switch (op->op)", 1)
    .replace("        case GGML_OP_SCALE:\n", ""),
    "goes_on": SAYS_NO.replace("default: return false;", "default: return other(op);").replace("default:\n            return false", "default:\n            return true"),
    "preprocessor": SAYS_NO.replace("                case GGML_UNARY_OP_NEG: return true;\n",
                                    "                case GGML_UNARY_OP_TANH:\n#if defined(FAST)\n                    return fast(op);\n#else\n                    return slow(op);\n#endif\n"),
    "no_switch": HEAD + "    return true;\n}\n",
}  # fmt: skip


def lines(tree, *more):
    """What is said below `not covered`, by what it is about."""
    result = call("run", tree, "--dry-run", "--diff", "stat", *more)
    assert result.code == 0, result.said
    behind = result.out.partition("not covered\n")[2].replace("\n    ", " ").splitlines()
    return {line.partition(":")[0].strip(): line.partition(": ")[2] for line in behind if line.startswith("  ")}


def toy(tree, text):
    folder = tree / "ggml" / "src" / "ggml-toy"
    folder.mkdir(parents=True)
    (folder.parent / "ggml.c").write_text(GGML)
    (folder / "ggml-toy.cpp").write_text(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SAYS_NO, "falls back for TANH (ggml/src/ggml-toy/ggml-toy.cpp:9)"),
        (BY_A_FLAG, "falls back for SCALE (ggml/src/ggml-toy/ggml-toy.cpp:6)"),
        (ONLY_MUL, "takes MUL of the 3 operations of the graph (ggml/src/ggml-toy/ggml-toy.cpp:6)"),
        (NOT_READABLE, "what it takes is not known: its supports_op cannot be parsed (ggml/src/ggml-toy/ggml-toy.cpp:1)"),
        *((text, None) for text in NOT_CERTAIN.values()),
    ],
    ids=["says_no", "by_a_flag", "only_mul", "not_readable", *NOT_CERTAIN],
)
def test_a_backend(tree, text, said):
    toy(tree, text)
    assert lines(tree).get("toy") == said


def test_a_port_that_is_there_says_what_it_said_before(tree):
    """The operations of the builder's helpers count as well."""
    toy(tree, ONLY_MUL)
    rope = GGML[GGML.index("struct ggml_tensor * ggml_scale") : GGML.index("static void ggml_compute")].replace("scale", "rope_ext").replace("SCALE", "ROPE")
    (tree / "ggml" / "src" / "ggml.c").write_text(GGML + rope)
    before = lines(tree)
    assert before["toy"].startswith("takes MUL of the 4 operations of the graph")
    assert call("run", tree).code == 0
    assert lines(tree) == before


def test_training(tree):
    toy(tree, ONLY_MUL)
    assert lines(tree)["training"] == "no backward pass for SCALE, TANH (ggml/src/ggml.c:39)"


def test_a_tree_that_has_none_of_it_says_nothing(tree):
    assert lines(tree) == {}


def test_the_converter_vision_and_drafts(tree):
    (tree / "convert_hf_to_gguf.py").write_text("import os\n\n\nclass ModelBase:\n    pass\n")
    (tree / "tools" / "mtmd").mkdir(parents=True)
    (tree / "tools" / "mtmd" / "clip-impl.h").write_text("enum projector_type {\n    PROJECTOR_TYPE_GEMMA3,\n};\n")
    replace(tree / "src" / "llama-arch.h", "enum llm_kv {\n", "enum llm_kv {\n    LLM_KV_NEXTN_PREDICT_LAYERS,\n")
    found = lines(tree)
    assert found["converter"] == "makes no files of gemma4 (convert_hf_to_gguf.py:4)"
    assert found["vision, sound"] == "no projector for gemma4: text only (tools/mtmd/clip-impl.h:1)"
    assert found["draft heads"].startswith("the loader reads no LLM_KV_NEXTN_PREDICT_LAYERS (src/llama-arch.h:")
    (tree / "convert_hf_to_gguf.py").write_text("class A:\n    model_arch = gguf.MODEL_ARCH.GEMMA4\n")
    (tree / "tools" / "mtmd" / "clip-impl.h").write_text("enum projector_type {\n    PROJECTOR_TYPE_GEMMA4,\n};\n")
    assert set(lines(tree)) == {"draft heads"}


@pytest.mark.parametrize("path", ["Makefile", "android/src/main/CMakeLists.txt", "ios/App.xcodeproj/project.pbxproj"])
def test_another_list_of_sources(tree, path):
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("OBJS = \\\n  src/models/llama.cpp \\\n  src/models/gemma3n-iswa.cpp\n")
    assert lines(tree)["other build"] == f"lists gemma3n-iswa.cpp and not gemma4-iswa.cpp ({path}:3)"
    file.write_text(file.read_text() + "  src/models/gemma4-iswa.cpp\n")
    assert lines(tree) == {}
    file.write_text("main: llama.cpp\n")
    assert lines(tree) == {}


def test_a_file_that_cannot_be_read_stops_nothing(tree):
    (tree / "Makefile").write_bytes(b"caf\xe9 gemma3n-iswa.cpp llama.cpp\n")
    assert lines(tree)["not looked at"].startswith("Makefile is not UTF-8")


def test_it_stands_in_data_and_on_the_page_and_below_a_port_that_is_there(tree, tmp_path):
    toy(tree, ONLY_MUL)
    assert call("run", tree, "--json", tmp_path / "plan.json", "--html", tmp_path / "page.html").code == 0
    found = {each["what"]: each for each in json.loads((tmp_path / "plan.json").read_text())["uncovered"]}
    assert found["training"] == {"what": "training", "why": "no backward pass for SCALE, TANH", "where": "ggml/src/ggml.c:39"}
    assert "no backward pass for SCALE, TANH" in (tmp_path / "page.html").read_text()
    assert "training: no backward pass for SCALE, TANH" in call("run", tree).out


def test_of_a_large_file_only_what_is_asked_for_is_parsed():
    text = "#include <a>\nint one(int a) {\n    return a;\n}\nint late(int);\n\nint two() {\n    return one(2);\n}\n"
    excerpt = Excerpt(Source("a.c", text.encode()))
    assert list(excerpt.spans) == ["one", "two"]
    file = excerpt.file(["two"])
    assert list(file.defined) == ["two"]
    assert file.functions("two")[0].where == "a.c:7"
    assert list(Excerpt(Source("a.c", text.encode()), "wo").spans) == ["two"]
