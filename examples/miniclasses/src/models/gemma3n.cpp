#include "models.h"

void llama_model_gemma3n::load_arch_hparams(llama_model_loader & ml) {
    uint32_t swa_period = 5;
    ml.get_key_or_arr(LLM_KV_ATTENTION_SLIDING_WINDOW_PATTERN, swa_period, false);
    hparams.swa_type = LLAMA_SWA_TYPE_STANDARD;
    hparams.set_swa_pattern(swa_period);

    hparams.n_layer_kv_from_start = 20;
    hparams.f_attention_scale     = 1.0f;

    ml.get_key(LLM_KV_ROPE_FREQ_BASE_SWA,          hparams.rope_freq_base_train_swa, false);
    ml.get_key(LLM_KV_ATTENTION_SLIDING_WINDOW,    hparams.n_swa);
    ml.get_key(LLM_KV_ATTENTION_LAYERNORM_RMS_EPS, hparams.f_norm_rms_eps);

    switch (hparams.n_layer()) {
        case 30: type = LLM_TYPE_E2B; break;
        case 35: type = LLM_TYPE_E4B; break;
        default: type = LLM_TYPE_UNKNOWN;
    }
}

void llama_model_gemma3n::load_arch_tensors(llama_model_loader &) {
    LLAMA_LOAD_LOCALS;

    const int64_t n_altup      = hparams.n_altup;
    const int64_t laurel_rank  = hparams.laurel_rank;
    const int64_t n_embd_altup = hparams.n_embd_altup;

    tok_embd           = create_tensor(tn(LLM_TENSOR_TOKEN_EMBD,           "weight"), {n_embd, n_vocab}, 0);
    per_layer_tok_embd = create_tensor(tn(LLM_TENSOR_PER_LAYER_TOKEN_EMBD, "weight"), {n_embd_altup * n_layer, n_vocab}, 0);

    // the embeddings are the output matrix, too
    output = create_tensor(tn(LLM_TENSOR_TOKEN_EMBD, "weight"), {n_embd, n_vocab}, TENSOR_DUPLICATED);

    altup_proj           = create_tensor(tn(LLM_TENSOR_ALTUP_PROJ,           "weight"), {n_embd, n_embd, n_altup - 1}, 0);
    altup_unembd_proj    = create_tensor(tn(LLM_TENSOR_ALTUP_UNEMBD_PROJ,    "weight"), {n_embd, n_embd, n_altup - 1}, 0);
    // one for all layers, but kept where the layers are
    per_layer_model_proj = create_tensor(tn(LLM_TENSOR_PER_LAYER_MODEL_PROJ, "weight", 0), {n_embd, n_embd_altup * n_layer}, 0);
    per_layer_proj_norm  = create_tensor(tn(LLM_TENSOR_PER_LAYER_PROJ_NORM,  "weight", 0), {n_embd_altup}, 0);

    output_norm = create_tensor(tn(LLM_TENSOR_OUTPUT_NORM, "weight"), {n_embd}, 0);

    for (int i = 0; i < n_layer; ++i) {
        auto & layer = layers[i];

        layer.attn_norm = create_tensor(tn(LLM_TENSOR_ATTN_NORM, "weight", i), {n_embd}, 0);

        create_tensor_qkv(layer, i, n_embd, n_embd_head_k * n_head, n_embd_k_gqa, n_embd_v_gqa, 0);
        layer.wo = create_tensor(tn(LLM_TENSOR_ATTN_OUT, "weight", i), {n_embd_head_k * n_head, n_embd}, 0);

        layer.attn_q_norm    = create_tensor(tn(LLM_TENSOR_ATTN_Q_NORM,    "weight", i), {n_embd_head_k}, 0);
        layer.attn_k_norm    = create_tensor(tn(LLM_TENSOR_ATTN_K_NORM,    "weight", i), {n_embd_head_k}, 0);
        layer.attn_post_norm = create_tensor(tn(LLM_TENSOR_ATTN_POST_NORM, "weight", i), {n_embd}, 0);

        layer.ffn_norm      = create_tensor(tn(LLM_TENSOR_FFN_NORM,      "weight", i), {n_embd}, 0);
        layer.ffn_gate      = create_tensor(tn(LLM_TENSOR_FFN_GATE,      "weight", i), {n_embd,   n_ff}, 0);
        layer.ffn_up        = create_tensor(tn(LLM_TENSOR_FFN_UP,        "weight", i), {n_embd,   n_ff}, 0);
        layer.ffn_down      = create_tensor(tn(LLM_TENSOR_FFN_DOWN,      "weight", i), {  n_ff, n_embd}, 0);
        layer.ffn_post_norm = create_tensor(tn(LLM_TENSOR_FFN_POST_NORM, "weight", i), {n_embd}, 0);

        // altup & laurel
        layer.per_layer_inp_gate  = create_tensor(tn(LLM_TENSOR_PER_LAYER_INP_GATE,  "weight", i), {n_embd, n_embd_altup}, 0);
        layer.per_layer_proj      = create_tensor(tn(LLM_TENSOR_PER_LAYER_PROJ,      "weight", i), {n_embd_altup, n_embd}, 0);
        layer.per_layer_post_norm = create_tensor(tn(LLM_TENSOR_PER_LAYER_POST_NORM, "weight", i), {n_embd}, 0);
        layer.altup_correct_coef  = create_tensor(tn(LLM_TENSOR_ALTUP_CORRECT_COEF,  "weight", i), {n_altup, n_altup}, 0);
        layer.altup_correct_scale = create_tensor(tn(LLM_TENSOR_ALTUP_CORRECT_SCALE, "weight", i), {n_embd}, 0);
        layer.altup_predict_coef  = create_tensor(tn(LLM_TENSOR_ALTUP_PREDICT_COEF,  "weight", i), {n_altup, n_altup * n_altup}, 0);
        layer.altup_router        = create_tensor(tn(LLM_TENSOR_ALTUP_ROUTER,        "weight", i), {n_embd, n_altup}, 0);
        layer.altup_router_norm   = create_tensor(tn(LLM_TENSOR_ALTUP_ROUTER_NORM,   "weight", i), {n_embd}, 0);
        layer.laurel_l            = create_tensor(tn(LLM_TENSOR_LAUREL_L,            "weight", i), {n_embd, laurel_rank}, 0);
        layer.laurel_r            = create_tensor(tn(LLM_TENSOR_LAUREL_R,            "weight", i), {laurel_rank, n_embd}, 0);
        layer.laurel_post_norm    = create_tensor(tn(LLM_TENSOR_LAUREL_POST_NORM,    "weight", i), {n_embd}, 0);
    }
}

std::unique_ptr<llm_graph_context> llama_model_gemma3n::build_arch_graph(const llm_graph_params & params) const {
    return std::make_unique<graph>(*this, params);
}

// note: a sketch of the architecture, without its altup streams and its laurel branch

llama_model_gemma3n::graph::graph(const llama_model & model, const llm_graph_params & params) :
    llm_graph_context(params),
    model(model),
    n_embd_head(model.hparams.n_embd_head_k()),
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
    ggml_tensor * inp_per_layer = project_per_layer_inputs(inpL, build_inp_per_layer());

    for (int il = 0; il < n_layer; ++il) {
        const auto & layer = model.layers[il];

        const float freq_base_l  = model.get_rope_freq_base (cparams, il);
        const float freq_scale_l = model.get_rope_freq_scale(cparams, il);

        auto rope = [&](ggml_tensor * x, ggml_tensor * norm) {
            x = build_norm(x, norm, NULL, LLM_NORM_RMS, il);
            return ggml_rope_ext(ctx0, x, inp_pos, nullptr, n_rot, rope_type, n_ctx_orig, freq_base_l, freq_scale_l,
                    ext_factor, attn_factor, beta_fast, beta_slow);
        };

        res->t_layer_inp[il] = inpL;

        cur = build_norm(inpL, layer.attn_norm, NULL, LLM_NORM_RMS, il);
        cb(cur, "attn_norm", il);

        if (hparams.has_kv(il)) {
            auto [Qcur, Kcur, Vcur] = build_qkv(layer, cur, n_embd_head, n_head, n_head_kv, il);

            Qcur = rope(Qcur, layer.attn_q_norm);
            Kcur = rope(Kcur, layer.attn_k_norm);
            Vcur = ggml_rms_norm(ctx0, Vcur, hparams.f_norm_rms_eps);

            cur = build_attn(inp_attn, layer.wo,
                    NULL, layer.wo_s, Qcur, Kcur, Vcur, nullptr, nullptr, nullptr,
                    hparams.f_attention_scale, il);
        } else {
            // reads what an earlier layer has stored
            ggml_tensor * Qcur = ggml_reshape_3d(ctx0, build_lora_mm(layer.wq, cur, layer.wq_s), n_embd_head, n_head, n_tokens);

            Qcur = rope(Qcur, layer.attn_q_norm);

            cur = build_attn(inp_attn, layer.wo,
                    NULL, layer.wo_s, Qcur, nullptr, nullptr, nullptr, nullptr, nullptr,
                    hparams.f_attention_scale, il);
        }

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

    cur = build_lora_mm(model.output, cur, model.output_s);

    // soft cap
    cur = ggml_scale(ctx0, cur, 1.0f / hparams.f_final_logit_softcapping);
    cur = ggml_tanh(ctx0, cur);
    cur = ggml_scale(ctx0, cur, hparams.f_final_logit_softcapping);
    res->t_logits = cur;

    ggml_build_forward_expand(gf, cur);
}

// slice idx of the third dimension
ggml_tensor * llama_model_gemma3n::graph::view_2d_slice(ggml_tensor * x, int idx) {
    return ggml_view_2d(ctx0, x, x->ne[0], x->ne[1], x->nb[1], idx * x->nb[2]);
}

// one row of the big table per token: [n_embd_altup, n_layer, n_tokens]
ggml_tensor * llama_model_gemma3n::graph::build_inp_per_layer() {
    ggml_tensor * rows;

    if (ubatch.token) {
        auto inp = std::make_unique<llm_graph_input_embd>(n_embd);

        inp->tokens = ggml_new_tensor_1d(ctx0, GGML_TYPE_I32, n_tokens);
        ggml_set_input(inp->tokens);
        res->t_inp_tokens = inp->tokens;

        rows = ggml_get_rows(ctx0, model.per_layer_tok_embd, inp->tokens);
        rows = ggml_reshape_3d(ctx0, rows, n_embd_altup, n_layer, n_tokens);

        res->add_input(std::move(inp));
    } else {
        // embeddings from outside use the padding token, which is row 0
        rows = ggml_view_1d(ctx0, model.per_layer_tok_embd, n_embd_altup * n_layer, 0);
        rows = ggml_reshape_3d(ctx0, ggml_cast(ctx0, rows, GGML_TYPE_F32), n_embd_altup, n_layer, 1);
    }

    return ggml_scale(ctx0, rows, sqrtf((float) n_embd_altup));
}

// mix in the token embeddings and put the layers last: [n_embd_altup, n_tokens, n_layer]
ggml_tensor * llama_model_gemma3n::graph::project_per_layer_inputs(ggml_tensor * inp_batch, ggml_tensor * inp_per_layer) {
    ggml_tensor * proj = build_lora_mm(model.per_layer_model_proj, inp_batch);
    proj = ggml_scale(ctx0, proj, 1.0f / sqrtf((float) n_embd));
    proj = ggml_reshape_3d(ctx0, proj, n_embd_altup, n_layer, n_tokens);
    proj = build_norm(proj, model.per_layer_proj_norm, NULL, LLM_NORM_RMS, -1);

    proj = ggml_add(ctx0, proj, inp_per_layer);
    proj = ggml_scale(ctx0, proj, 1.0f / sqrtf(2.0f));

    return ggml_cont(ctx0, ggml_permute(ctx0, proj, 0, 2, 1, 3));
}
