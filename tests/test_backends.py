"""Which types a backend takes: a table read from the fork's own `supports_op`, and only what is certain."""

import pytest
from casefile import FORK, chosen
from test_uncovered import HEAD

from rules.llama.backends import backends
from rules.llama.fork import Fork
from rules.llama.operations import Makers
from rules.llama.uses import Use, uses
from transformer import plan as planning
from transformer.workspace import DiskStore, MemoryStore, Workspace

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


def fork(**files):
    """The example fork with a ggml, and these files."""
    there = {str(p.relative_to(FORK).as_posix()): p.read_bytes() for p in FORK.rglob("*") if p.is_file()}
    there |= {"ggml/src/ggml.c": GGML.encode(), "ggml/include/ggml.h": TYPES.encode()}
    return Fork(Workspace(MemoryStore(there | {path: text.encode() for path, text in files.items()})))


CALLS = "builder::builder() { build_inp_embd(); build_lora_mm(); build_attn(); ggml_scale(c, x); ggml_rope_ext(c, x); }"


def lines(cases, *, before="", others=(), graph=""):
    """What is said of each backend."""
    files = {
        f"ggml/src/ggml-{name}/ggml-{name}.cpp": f"{HEAD}    switch (op->op) {{\n{text}{OTHERS}"
        for name, text in others
    }
    files["ggml/src/ggml-toy/ggml-toy.cpp"] = f"{before}{HEAD}    switch (op->op) {{\n{cases}{OTHERS}"
    files["src/llama-kv-cache.cpp"] = "static void rows() { ggml_get_rows(c, a); ggml_mul_mat(c, a); " + graph + " }\n"
    made = fork(**files)
    found = backends(made, uses(made, CALLS, Makers(made)))
    return {each.name: f"{each.value} ({each.where})" if each.where else each.value for each in found}


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
def test_types(cases, said):
    assert lines(cases).get("toy") == said


def test_helpers_are_held_against_keys_and_values_too():
    found = lines(
        "        case GGML_OP_SET_ROWS:\n            return op->type == GGML_TYPE_F16;\n", graph="ggml_set_rows(c, a);"
    )
    assert found["toy"] == f"falls back for SET_ROWS of all but F16 K/V {AT}4)"


def test_a_function_of_the_same_file_is_followed():
    helper = (
        "static bool takes_rows(const struct ggml_tensor * t) {\n    return t->src[0]->type == GGML_TYPE_F32;\n}\n\n"
    )
    found = lines("        case GGML_OP_GET_ROWS:\n            return takes_rows(op);\n", before=helper)
    assert found["toy"] == f"falls back for GET_ROWS of all but F32 weights {AT}8)"


def test_backends_where_nothing_falls_back_share_a_line():
    found = lines(
        "        case GGML_OP_SCALE: return true;\n",
        others=[("other", "        case GGML_OP_SCALE: return has(op);\n")],
    )
    assert found == {"other backends": "other, toy: none of the 4 operations falls back by type"}


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
    made = fork()
    found = uses(made, BUILDER.format(call=call), Makers(made))
    assert {each.kind for each in found if each.op == "GGML_OP_GET_ROWS"} == kinds


@pytest.mark.parametrize("pack", chosen(), ids=lambda pack: pack.arch)
def test_no_builder_computes_with_tokens_or_positions(pack):
    """They are inputs of the graph, and indices: not every backend takes rows of whole numbers."""
    plan = planning.make(pack, fork().workspace)
    text = "\n".join(each.text.decode() for each in plan.edits if each.rule == "graph.builder")
    found = uses(fork(), text, Makers(fork()))
    assert Use("GGML_OP_MUL_MAT", "weights") in found
    assert [each for each in found if each.kind == "I32"] == []


def test_a_tree_without_ggml_has_no_operations():
    bare = Fork(Workspace(DiskStore(FORK)))
    assert uses(bare, BUILDER.format(call="rows(pos, ids)"), Makers(bare)) == frozenset[Use]()
