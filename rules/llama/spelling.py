"""Names that changed over time: what a newer tree calls a thing, and what older ones called it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

HPARAMS = {
    "n_layer_all": ("n_layer",),
    "n_layer_nextn": ("nextn_predict_layers",),
    "is_swa_impl": ("swa_layers",),
    "is_recr_impl": ("recurrent_layer_arr",),
    "n_embd_head_k_full": ("n_embd_head_k",),
    "n_embd_head_v_full": ("n_embd_head_v",),
    "n_rot_full": ("n_rot",),
    "n_embd_head_k_mla_impl": ("n_embd_head_k_mla",),
    "n_embd_head_v_mla_impl": ("n_embd_head_v_mla",),
    "n_embd_out_impl": ("n_embd_out",),
}
"""Members of `llama_hparams`."""

FUNCTIONS = {
    "n_layer": "n_layer",
    "n_embd_head_k": "n_embd_head_k",
    "n_embd_head_v": "n_embd_head_v",
    "n_rot": "n_rot",
    "n_embd_head_k_mla": "n_embd_head_k_mla",
    "n_embd_head_v_mla": "n_embd_head_v_mla",
}
"""Member functions of `llama_hparams`, and the data members that older trees have in their place."""

UNSET = {"n_embd_head_k_mla": "n_embd_head_k", "n_embd_head_v_mla": "n_embd_head_v"}
"""Member functions that give another one's value where no file sets theirs, which a data member does not."""

ASKED_EVERYWHERE = frozenset({
    "n_head", "n_head_kv", "n_ff", "n_gqa", "n_embd_k_gqa", "n_embd_v_gqa", "n_embd_r", "n_embd_s", "n_pos_per_embd",
    "is_swa", "is_swa_any", "set_swa_pattern", "is_masked_swa", "has_kv",
})  # fmt: skip
"""Member functions of `llama_hparams` that every tree has."""

METHODS = {"is_recr": ("is_recurrent",)}
"""Member functions that had other names."""

BY_LAYER = {"n_embd_head_k": ("n_embd_head_k_at",), "n_embd_head_v": ("n_embd_head_v_at",), "n_rot": ("n_rot_at",)}
"""Values by layer, and what this tool calls them where there is a member of that name."""

LAYER = {
    "wq_b": ("bq",),
    "wk_b": ("bk",),
    "wv_b": ("bv",),
    "wo_b": ("bo",),
    "wqkv_b": ("bqkv",),
}
"""Members of `llama_layer`. Where a tree has the older name, the newer one means another tensor there, or none."""

MODEL = {"per_layer_tok_embd": ("tok_embd_per_layer",)}
"""Members of `llama_model`."""

RESULT = {"t_inp_tokens": ("t_tokens",)}
"""Members of `llm_graph_result`."""

MATRICES = frozenset({"LLM_TENSOR_ATTN_Q_B", "LLM_TENSOR_ATTN_K_B", "LLM_TENSOR_ATTN_V_B"})
"""Tensors for which `wq_b`, `wk_b` and `wv_b` are the second of two matrices, and no bias, in every tree."""

VARYING = frozenset({
    "build_attn", "build_attn_mha", "build_ffn", "build_lora_mm", "build_lora_mm_id", "build_moe_ffn",
})  # fmt: skip
"""Graph helpers whose parameters differ between trees: called by the names of their parameters."""

INPUTS = {
    "build_attn_inp_k": ("build_attn_inp_kv",),
    "build_inp_mem_hybrid_k": ("build_inp_mem_hybrid",),
    "llm_graph_input_attn_k": ("llm_graph_input_attn_kv",),
    "llm_graph_input_mem_hybrid_k": ("llm_graph_input_mem_hybrid",),
}
"""Inputs of graphs that keep K only: older trees keep V beside it, and give the same attention."""

OPTIONS = {
    "n_rs_seq": "0",
    "fused_gdn_ar": "false",
    "fused_gdn_ch": "false",
    "fused_lid": "false",
    "fused_dsv4_hc_pre": "false",
    "fused_dsv4_hc_comb": "false",
    "fused_dsv4_hc_post": "false",
}
"""Members of `llama_cparams`, and what holds in trees that lack them."""

FUSED = {"ggml_gated_delta_net": ("fused_gdn_ar", "fused_gdn_ch", "n_rs_seq")}
"""Operations that a graph can do without, and the options by which it calls them.

Their last argument counts snapshots for a rollback: older ones take none, and keep the last state.
"""

TAGS = {"LLM_FUSED_OP_GDN_AR": "LLAMA_TENSOR_NAME_FGDN_AR", "LLM_FUSED_OP_GDN_CH": "LLAMA_TENSOR_NAME_FGDN_CH"}
"""Fused operations that a context looks for in the graph's result, and the names of nodes that older ones look for."""

KINDS = {"build_moe_ffn": ("LLM_FFN_RELU_SQR",)}
"""Graph helpers, and kinds that some trees have an enumerator for and the helper does not know."""

TRIMMED = frozenset({"ggml_ssm_scan"})
"""Operations whose last argument counts snapshots for a rollback: older ones take none, and keep the last state."""

MENDED = {
    "ggml_reshape_4d(ctx0, g, 1, g->ne[0], H_v, n_seqs)": "ggml_reshape_4d(ctx0, g, g->ne[0], 1, H_v, n_seqs)",
}
"""Code that is wrong where donors never run it, and what is right.

The decay of a delta net belongs to the rows of the state that keys index, as the fused operation and the chunks have
it; with one decay for each key, the path for single tokens without that operation gives it to the columns.
"""

REPEATING = frozenset({"ggml_add", "ggml_sub", "ggml_mul", "ggml_div"})
"""Operations that repeat their second tensor; older ones do so only where its rows hold neighbours."""

TURNING = frozenset({"ggml_transpose", "ggml_permute"})
"""Views in which elements of a row may lie apart."""

SELECTING = frozenset({"ggml_build_forward_select"})
"""Operations that put each of some tensors into the graph and give one: older trees build that one only."""

TAPS = frozenset({"t_layer_inp", "t_h_nextn", "t_h_pre_norm"})
"""Members of `llm_graph_result` that only drafts of a larger model read."""

CONSTANTS = {
    "load_mtp": "false",
    "embeddings_nextn": "false",
    "embeddings_nextn_masked": "true",
    "embeddings_pre_norm": "false",
}
"""What options for drafts are where there are none."""

LATER = {"build_attn": {"wo_s": "wo"}}
"""Parameters of graph helpers that came later and have no default: the scale of a weight, by the weight's parameter."""


def newer(table: Mapping[str, tuple[str, ...]], there: Collection[str]) -> dict[str, str]:
    """Older names to newer ones: for those of a table that a tree has only by an older name."""
    pairs = ((old, new) for new, others in table.items() if new not in there for old in others)
    return {old: new for old, new in pairs if old in there}
