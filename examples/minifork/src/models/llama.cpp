#include "models.h"

llm_build_llama::llm_build_llama(const llama_model & model, const llm_graph_params & params) : llm_graph_context(params) {
    ggml_tensor * inpL      = build_inp_embd(model.tok_embd);
    ggml_tensor * inp_pos   = build_inp_pos();
    auto        * inp_attn  = build_attn_inp_kv();

    auto rope = [&](ggml_tensor * x, int64_t n, int il) {
        x = ggml_reshape_3d(ctx0, x, n_embd_head_k, n, n_tokens);
        return ggml_rope_ext(ctx0, x, inp_pos, model.get_rope_factors(cparams, il), n_rot, rope_type, n_ctx_orig,
                freq_base, freq_scale, ext_factor, attn_factor, beta_fast, beta_slow);
    };

    for (int il = 0; il < n_layer; ++il) {
        const auto & layer = model.layers[il];

        ggml_tensor * cur = build_norm(inpL, layer.attn_norm, NULL, LLM_NORM_RMS, il);

        ggml_tensor * Qcur = rope(build_lora_mm(layer.wq, cur), n_head,    il);
        ggml_tensor * Kcur = rope(build_lora_mm(layer.wk, cur), n_head_kv, il);
        ggml_tensor * Vcur = ggml_reshape_3d(ctx0, build_lora_mm(layer.wv, cur), n_embd_head_v, n_head_kv, n_tokens);

        cur = build_attn(inp_attn, layer.wo, NULL, Qcur, Kcur, Vcur, nullptr, nullptr, nullptr, 1.0f/sqrtf(float(n_embd_head_k)), il);

        ggml_tensor * ffn_inp = ggml_add(ctx0, cur, inpL);

        cur = build_norm(ffn_inp, layer.ffn_norm, NULL, LLM_NORM_RMS, il);

        if (layer.ffn_gate_inp == nullptr) {
            cur = build_ffn(cur,
                    layer.ffn_up,   NULL, NULL,
                    layer.ffn_gate, NULL, NULL,
                    layer.ffn_down, NULL, NULL,
                    NULL, LLM_FFN_SILU, LLM_FFN_PAR, il);
        } else {
            cur = build_moe_ffn(cur,
                    layer.ffn_gate_inp,
                    layer.ffn_up_exps,
                    layer.ffn_gate_exps,
                    layer.ffn_down_exps,
                    nullptr,
                    n_expert, n_expert_used,
                    LLM_FFN_SILU, true,
                    false, 0.0f,
                    LLAMA_EXPERT_GATING_FUNC_TYPE_SOFTMAX,
                    il,
                    nullptr, layer.ffn_gate_up_exps);
        }

        inpL = build_cvec(ggml_add(ctx0, cur, ffn_inp), il);
        cb(inpL, "l_out", il);
    }

    ggml_tensor * cur = ggml_get_rows(ctx0, inpL, build_inp_out_ids());

    cur = build_norm(cur, model.output_norm, NULL, LLM_NORM_RMS, -1);
    res->t_embd = cur;

    cur = build_lora_mm(model.output, cur);
    res->t_logits = cur;

    ggml_build_forward_expand(gf, cur);
}
