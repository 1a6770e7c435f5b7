#include "models.h"

llm_build_rows_base::llm_build_rows_base(const llm_graph_params & params) : llm_graph_context(params) {}

ggml_tensor * llm_build_rows_base::build_rows(ggml_tensor * cur) const {
    return ggml_get_rows(ctx0, cur, build_inp_out_ids());
}

// a sketch: the embeddings as they come in
llama_model_llama_embed::graph::graph(const llama_model & model, const llm_graph_params & params) : llm_build_rows_base(params) {
    ggml_tensor * cur = build_rows(build_inp_embd(model.tok_embd));

    cur = build_norm(cur, model.output_norm, NULL, LLM_NORM_RMS, -1);
    res->t_embd = cur;

    ggml_build_forward_expand(gf, cur);
}

std::unique_ptr<llm_graph_context> llama_model_llama_embed::build_arch_graph(const llm_graph_params & params) const {
    return std::make_unique<graph>(*this, params);
}
