"""Which types a backend takes: a table read from the fork's own `supports_op`, and only what is certain."""

import pytest
from casefile import FORK
from test_uncovered import HEAD, lines

from rules.llama.fork import Fork
from rules.llama.operations import Makers
from rules.llama.uses import Use, uses
from transformer.workspace import DiskStore, MemoryStore, Workspace

pytestmark = pytest.mark.usefixtures("settled")

MAKER = """\
struct ggml_tensor * {name}(struct ggml_context * ctx, struct ggml_tensor * a) {{
    result->op = GGML_OP_{op};
    return result;
}}

"""
MADE = ("get_rows", "mul_mat", "scale", "set_rows", "flash_attn_ext", "rope_ext")
GGML = "".join(
    MAKER.format(name=f"ggml_{each}", op=each.removesuffix("_ext").upper() if each == "rope_ext" else each.upper())
    for each in MADE
)
TYPES = "#define GGML_MAX_SRC 10\n" + "".join(
    f"GGML_TYPE_{each} = {n},\n" for n, each in enumerate(["F32", "F16", "Q4_0", "Q6_K", "BF16"])
)

ROWS = """\
        case GGML_OP_GET_ROWS:
            switch (op->src[0]->type) {
                case GGML_TYPE_F32:
                case GGML_TYPE_F16:
                    return true;
                default:
                    return false;
            }
"""
OTHERS = "        default:\n            return true;\n    }\n}\n"


def backend(tree, cases, *, before="", name="toy"):
    folder = tree / "ggml" / "src" / f"ggml-{name}"
    folder.mkdir(parents=True)
    (folder.parent / "ggml.c").write_text(GGML)
    (tree / "ggml" / "include").mkdir(exist_ok=True)
    (tree / "ggml" / "include" / "ggml.h").write_text(TYPES)
    (folder / f"ggml-{name}.cpp").write_text(f"{before}{HEAD}    switch (op->op) {{\n{cases}{OTHERS}")


AT = "(ggml/src/ggml-toy/ggml-toy.cpp:"


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (ROWS, f"falls back for GET_ROWS of all but F32, F16 weights {AT}9)"),
        (ROWS.replace("case GGML_TYPE_F16:", "case GGML_TYPE_F16: case GGML_TYPE_BF16: case GGML_TYPE_Q4_0:"),
         f"falls back for GET_ROWS of Q6_K weights {AT}9)"),
        ("        case GGML_OP_MUL_MAT:\n            return op->src[0]->type == GGML_TYPE_F32 && op->src[1]->ne[0] > 4;\n",
         f"falls back for MUL_MAT of all but F32 weights {AT}4)"),
        ("        case GGML_OP_SCALE: {\n            const auto t = op->src[0]->type;\n            return t == GGML_TYPE_F16; }\n",
         f"falls back for SCALE {AT}5)"),
        ("        case GGML_OP_SCALE: return fits(op);\n" + ROWS.replace("default:\n                    return false", "default:\n                    return fits(op)"),
         None),
        ("        case GGML_OP_SCALE: return sizes[op->type] && is_contiguous(op);\n", f"not decided by type: SCALE {AT}3)"),
        ("        case GGML_OP_ROPE: return op->src[1]->type == GGML_TYPE_I32 && op->src[0]->nb[0] == ggml_type_size(op->src[0]->type);\n", None),
        ("        case GGML_OP_ROPE: return op->src[1]->type == GGML_TYPE_F32;\n        case GGML_OP_GET_ROWS: return op->type == GGML_TYPE_F16;\n",
         "falls back for GET_ROWS (:4), ROPE (:3) (ggml/src/ggml-toy/ggml-toy.cpp:4)"),
    ],
)  # fmt: skip
def test_types(tree, cases, said):
    backend(tree, cases)
    assert lines(tree).get("toy") == said


def test_helpers_are_held_against_keys_and_values_too(tree):
    backend(tree, "        case GGML_OP_SET_ROWS:\n            return op->type == GGML_TYPE_F16;\n")
    (tree / "ggml/src/ggml.c").write_text(GGML)
    cache = tree / "src" / "llama-kv-cache.cpp"
    cache.write_text(cache.read_text() + "\nstatic void rows() { ggml_set_rows(ctx, a, b, c); }\n")
    assert lines(tree)["toy"] == f"falls back for SET_ROWS of all but F16 K/V {AT}4)"


def test_a_function_of_the_same_file_is_followed(tree):
    helper = (
        "static bool takes_rows(const struct ggml_tensor * t) {\n    return t->src[0]->type == GGML_TYPE_F32;\n}\n\n"
    )
    backend(tree, "        case GGML_OP_GET_ROWS:\n            return takes_rows(op);\n", before=helper)
    assert lines(tree)["toy"] == f"falls back for GET_ROWS of all but F32 weights {AT}8)"


def test_backends_where_nothing_falls_back_share_a_line(tree):
    backend(tree, "        case GGML_OP_SCALE: return true;\n")
    backend(tree, "        case GGML_OP_SCALE: return device_has(op);\n", name="other")
    found = lines(tree)
    assert found["other backends"].startswith("other, toy: none of the ")
    assert found["other backends"].endswith(" operations falls back by type")
    assert "toy" not in found


# what a builder's graph is made of

BUILDER = """\
builder::builder(const llama_model & model) {{
    ggml_tensor * ids = build_inp_out_ids();
    ggml_tensor * pos = build_inp_pos();
    ggml_tensor * table = model.tok_embd;
    table = ggml_view_2d(ctx0, table, 1, 2, 3, 4);
    cur = {call};
}}

ggml_tensor * builder::rows(ggml_tensor * which, ggml_tensor * ids) {{
    return ggml_get_rows(ctx0, ggml_reshape_2d(ctx0, which, 1, n), ids);
}}

ggml_tensor * builder::again(ggml_tensor * which, ggml_tensor * ids) {{
    which = rows(which, ids);

    return which;
}}
"""


@pytest.mark.parametrize(
    ("call", "kinds"),
    [
        ("rows(pos, ids)", {"I32"}),
        ("rows(res->t_inp_tokens, ids)", {"I32"}),
        ("rows(ubatch.token ? res->t_inp_tokens : nullptr, ids)", {"I32"}),
        ("rows(again(pos, ids), ids)", {"I32"}),
        ("rows(cur, ids)", {""}),
        ("rows(rows(cur, ids), ids)", {""}),
        ("rows(ggml_scale(ctx0, pos, 2), ids)", {""}),
        ("ggml_get_rows(ctx0, table, ids)", {"weights", ""}),
        ("ggml_get_rows(ctx0, model.layers[il].bias, pos)", {"weights", ""}),
        ("ggml_get_rows(ctx0, ggml_get_rows(ctx0, layer.bias, pos), ids)", {"weights", ""}),
    ],
)
def test_uses(call, kinds):
    files = {str(p.relative_to(FORK)): p.read_bytes() for p in FORK.rglob("*") if p.is_file()}
    fork = Fork(Workspace(MemoryStore({**files, "ggml/src/ggml.c": GGML.encode()})))
    found = uses(fork, BUILDER.format(call=call), Makers(fork))
    assert {each.kind for each in found if each.op == "GGML_OP_GET_ROWS"} == kinds


def test_a_tree_without_ggml_has_no_operations():
    fork = Fork(Workspace(DiskStore(FORK)))
    assert uses(fork, BUILDER.format(call="rows(pos, ids)"), Makers(fork)) == frozenset[Use]()
