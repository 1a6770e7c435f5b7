#include "models.h"

// note: a sketch of the architecture, without its altup streams and its laurel branch

llm_build_gemma3n_iswa::llm_build_gemma3n_iswa(const llama_model & model, const llm_graph_params & params) :
    llm_graph_context(params),
    model(model),
    n_embd_head(model.hparams.n_embd_head_k),
    n_embd_altup(model.hparams.n_embd_altup) {
    ggml_tensor * cur;
    ggml_tensor * inpL;

    inpL = build_inp_embd(model.tok_embd);

    // only tokens are scaled, embeddings from outside are not
    inpL = ggml_scale(ctx0, inpL, ubatch.token ? sqrtf(n_embd) : 1.0f);
    cb(inpL, "inp_scaled", -1);

    ggml_tensor * inp_pos = build_inp_pos();

    auto * inp_attn = build_attn_inp_kv_iswa();

    // [n_embd_altup, n_tokens, n_layer]
    ggml_tensor * inp_per_layer = project_per_layer_inputs(inpL, get_per_layer_inputs());

    for (int il = 0; il < n_layer; ++il) {
        const auto & layer = model.layers[il];

        const float freq_base_l  = model.get_rope_freq_base (cparams, il);
        const float freq_scale_l = model.get_rope_freq_scale(cparams, il);

        // project, split into heads, norm, rotate
        auto build_heads = [&](ggml_tensor * w, ggml_tensor * norm, int64_t n) {
            ggml_tensor * x = ggml_reshape_3d(ctx0, build_lora_mm(w, cur), n_embd_head, n, n_tokens);
            x = build_norm(x, norm, NULL, LLM_NORM_RMS, il);
            return ggml_rope_ext(ctx0, x, inp_pos, nullptr, n_rot, rope_type, n_ctx_orig, freq_base_l, freq_scale_l,
                    ext_factor, attn_factor, beta_fast, beta_slow);
        };

        cur = build_norm(inpL, layer.attn_norm, NULL, LLM_NORM_RMS, il);
        cb(cur, "attn_norm", il);

        ggml_tensor * Qcur = build_heads(layer.wq, layer.attn_q_norm, n_head);
        ggml_tensor * Kcur = nullptr;
        ggml_tensor * Vcur = nullptr;

        if (hparams.has_kv(il)) {
            Kcur = build_heads(layer.wk, layer.attn_k_norm, n_head_kv);
            Vcur = ggml_reshape_3d(ctx0, build_lora_mm(layer.wv, cur), n_embd_head, n_head_kv, n_tokens);
            Vcur = ggml_rms_norm(ctx0, Vcur, hparams.f_norm_rms_eps);
        }

        cur = build_attn(inp_attn, layer.wo,
                NULL, Qcur, Kcur, Vcur, nullptr, nullptr, nullptr,
                hparams.f_attention_scale, il);

        cur = build_norm(cur, layer.attn_post_norm, NULL, LLM_NORM_RMS, il);
        cb(cur, "attn_post_norm", il);

        ggml_tensor * attn_out = ggml_add(ctx0, cur, inpL);

        cur = build_norm(attn_out, layer.ffn_norm, NULL, LLM_NORM_RMS, il);

        cur = build_ffn(cur,
                layer.ffn_up,   NULL, NULL,
                layer.ffn_gate, NULL, NULL,
                layer.ffn_down, NULL, NULL,
                NULL, LLM_FFN_GELU, LLM_FFN_PAR, il);

        cur = build_norm(cur, layer.ffn_post_norm, NULL, LLM_NORM_RMS, il);
        cb(cur, "ffn_post_norm", il);

        ggml_tensor * ffn_out = ggml_add(ctx0, cur, attn_out);

        // gate the input of this layer
        cur = ggml_gelu(ctx0, build_lora_mm(layer.per_layer_inp_gate, ffn_out));
        cur = ggml_mul(ctx0, cur, view_2d_slice(inp_per_layer, il));
        cur = build_lora_mm(layer.per_layer_proj, cur);
        cur = build_norm(cur, layer.per_layer_post_norm, NULL, LLM_NORM_RMS, il);

        inpL = build_cvec(ggml_add(ctx0, cur, ffn_out), il);
        cb(inpL, "l_out", il);
    }

    cur = ggml_get_rows(ctx0, inpL, build_inp_out_ids());

    cur = build_norm(cur, model.output_norm, NULL, LLM_NORM_RMS, -1);
    res->t_embd = cur;

    cur = build_lora_mm(model.output, cur);

    // soft cap
    cur = ggml_scale(ctx0, cur, 1.0f / hparams.f_final_logit_softcapping);
    cur = ggml_tanh(ctx0, cur);
    cur = ggml_scale(ctx0, cur, hparams.f_final_logit_softcapping);
    res->t_logits = cur;

    ggml_build_forward_expand(gf, cur);
}

// slice idx of the third dimension
ggml_tensor * llm_build_gemma3n_iswa::view_2d_slice(ggml_tensor * x, int idx) {
    return ggml_view_2d(ctx0, x, x->ne[0], x->ne[1], x->nb[1], idx * x->nb[2]);
}

// one row of the big table per token: [n_embd_altup, n_layer, n_tokens]
ggml_tensor * llm_build_gemma3n_iswa::get_per_layer_inputs() {
    ggml_tensor * rows;

    if (ubatch.token) {
        auto inp = std::make_unique<llm_graph_input_embd>(n_embd);

        inp->tokens = ggml_new_tensor_1d(ctx0, GGML_TYPE_I32, n_tokens);
        ggml_set_input(inp->tokens);
        res->t_inp_tokens = inp->tokens;

        rows = ggml_get_rows(ctx0, model.tok_embd_per_layer, inp->tokens);
        rows = ggml_reshape_3d(ctx0, rows, n_embd_altup, n_layer, n_tokens);

        res->add_input(std::move(inp));
    } else {
        // embeddings from outside use the padding token, which is row 0
        rows = ggml_view_1d(ctx0, model.tok_embd_per_layer, n_embd_altup * n_layer, 0);
        rows = ggml_reshape_3d(ctx0, ggml_cast(ctx0, rows, GGML_TYPE_F32), n_embd_altup, n_layer, 1);
    }

    return ggml_scale(ctx0, rows, sqrtf((float) n_embd_altup));
}

// mix in the token embeddings and put the layers last: [n_embd_altup, n_tokens, n_layer]
ggml_tensor * llm_build_gemma3n_iswa::project_per_layer_inputs(ggml_tensor * inputs_embeds, ggml_tensor * inp_per_layer) {
    ggml_tensor * proj = build_lora_mm(model.per_layer_model_proj, inputs_embeds);
    proj = ggml_scale(ctx0, proj, 1.0f / sqrtf((float) n_embd));
    proj = ggml_reshape_3d(ctx0, proj, n_embd_altup, n_layer, n_tokens);
    proj = build_norm(proj, model.per_layer_proj_norm, NULL, LLM_NORM_RMS, -1);

    proj = ggml_add(ctx0, proj, inp_per_layer);
    proj = ggml_scale(ctx0, proj, 1.0f / sqrtf(2.0f));

    return ggml_cont(ctx0, ggml_permute(ctx0, proj, 0, 2, 1, 3));
}
