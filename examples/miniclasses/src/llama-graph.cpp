#include "llama-graph.h"

#include "llama-kv-cache.h"
#include "llama-kv-cache-iswa.h"
#include "llama-model.h"

#include <cmath>
#include <numeric>

static ggml_tensor * build_kq_mask(ggml_context * ctx, const llama_kv_cache_context * mctx, const llama_ubatch & ubatch) {
    ggml_tensor * mask = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, mctx->get_n_kv(), ubatch.n_tokens);
    ggml_set_input(mask);
    return mask;
}

static bool can_reuse_kq_mask(const ggml_tensor * mask, const llama_kv_cache_context * mctx, const llama_ubatch & ubatch) {
    return mask->ne[0] == mctx->get_n_kv() && mask->ne[1] == ubatch.n_tokens;
}

//
// inputs
//

void llm_graph_input_embd::set_input(const llama_ubatch * ubatch) {
    if (ubatch->token) {
        ggml_backend_tensor_set(tokens, ubatch->token, 0, ggml_nbytes(tokens));
    } else {
        ggml_backend_tensor_set(embd, ubatch->embd, 0, ggml_nbytes(embd));
    }
}

bool llm_graph_input_embd::can_reuse(const llm_graph_params & params) {
    const ggml_tensor * inp = params.ubatch.token ? tokens : embd;

    return inp && inp->ne[params.ubatch.token ? 0 : 1] == params.ubatch.n_tokens;
}

void llm_graph_input_pos::set_input(const llama_ubatch * ubatch) {
    ggml_backend_tensor_set(pos, ubatch->pos, 0, ggml_nbytes(pos));
}

void llm_graph_input_out_ids::set_input(const llama_ubatch * ubatch) {
    // the last n_outputs tokens
    std::vector<int32_t> ids(n_outputs);
    std::iota(ids.begin(), ids.end(), (int32_t) (ubatch->n_tokens - n_outputs));

    ggml_backend_tensor_set(out_ids, ids.data(), 0, ggml_nbytes(out_ids));
}

void llm_graph_input_attn_kv::set_input(const llama_ubatch * ubatch) {
    mctx->set_input_k_idxs (self_k_idxs,  ubatch);
    mctx->set_input_v_idxs (self_v_idxs,  ubatch);
    mctx->set_input_kq_mask(self_kq_mask, ubatch, cparams.causal_attn);
}

void llm_graph_input_attn_kv_iswa::set_input(const llama_ubatch * ubatch) {
    mctx->get_base()->set_input_k_idxs(self_k_idxs, ubatch);
    mctx->get_base()->set_input_v_idxs(self_v_idxs, ubatch);

    mctx->get_base()->set_input_kq_mask(self_kq_mask, ubatch, cparams.causal_attn);

    mctx->get_swa()->set_input_k_idxs(self_k_idxs_swa, ubatch);
    mctx->get_swa()->set_input_v_idxs(self_v_idxs_swa, ubatch);

    mctx->get_swa()->set_input_kq_mask(self_kq_mask_swa, ubatch, cparams.causal_attn);
}

bool llm_graph_input_attn_kv_iswa::can_reuse(const llm_graph_params & params) {
    const auto * mctx = static_cast<const llama_kv_cache_iswa_context *>(params.mctx);

    this->mctx = mctx;

    bool res = true;

    res &= self_k_idxs->ne[0] == params.ubatch.n_tokens;

    res &= self_k_idxs_swa->ne[0] == params.ubatch.n_tokens;

    res &= can_reuse_kq_mask(self_kq_mask,     mctx->get_base(), params.ubatch);
    res &= can_reuse_kq_mask(self_kq_mask_swa, mctx->get_swa(),  params.ubatch);

    return res;
}

llm_graph_input_i * llm_graph_result::add_input(llm_graph_input_ptr input) {
    return inputs.emplace_back(std::move(input)).get();
}

//
// llm_graph_context
//

llm_graph_context::llm_graph_context(const llm_graph_params & params) :
    arch             (params.arch),
    hparams          (params.hparams),
    cparams          (params.cparams),
    ubatch           (params.ubatch),
    n_embd           (hparams.n_embd),
    n_layer          (hparams.n_layer()),
    n_layer_nextn    (hparams.n_layer_nextn),
    n_rot            (hparams.n_rot()),
    n_head           (hparams.n_head()),
    n_head_kv        (hparams.n_head_kv()),
    n_embd_head_k    (hparams.n_embd_head_k()),
    n_embd_head_v    (hparams.n_embd_head_v()),
    n_expert         (hparams.n_expert),
    n_expert_used    (hparams.n_expert_used),
    freq_base        (cparams.rope_freq_base),
    freq_scale       (cparams.rope_freq_scale),
    ext_factor       (cparams.yarn_ext_factor),
    attn_factor      (cparams.yarn_attn_factor),
    beta_fast        (cparams.yarn_beta_fast),
    beta_slow        (cparams.yarn_beta_slow),
    norm_rms_eps     (hparams.f_norm_rms_eps),
    n_tokens         (ubatch.n_tokens),
    n_outputs        (params.n_outputs),
    n_ctx_orig       (cparams.n_ctx_orig_yarn),
    rope_type        (hparams.rope_type),
    cvec             (params.cvec),
    loras            (params.loras),
    mctx             (params.mctx),
    cb_func          (params.cb),
    res              (params.res),
    ctx0             (res->get_ctx()),
    gf               (res->get_gf()) {
        res->t_layer_inp.resize(hparams.n_layer_all);
    }

void llm_graph_context::cb(ggml_tensor * cur, const char * name, int il) const {
    if (cb_func) {
        cb_func(ubatch, cur, name, il);
    }
}

ggml_tensor * llm_graph_context::build_cvec(
         ggml_tensor * cur,
                 int   il) const {
    return cvec->apply_to(ctx0, cur, il);
}

ggml_tensor * llm_graph_context::build_lora_mm(
          ggml_tensor * w,
          ggml_tensor * cur,
          ggml_tensor * w_s) const {
    ggml_tensor * out = ggml_mul_mat(ctx0, w, cur);

    for (const auto & [lora, scale] : *loras) {
        if (const auto * lw = lora->get_weight(w)) {
            ggml_tensor * delta = ggml_mul_mat(ctx0, lw->b, ggml_mul_mat(ctx0, lw->a, cur));

            out = ggml_add(ctx0, out, ggml_scale(ctx0, delta, scale));
        }
    }

    return w_s ? ggml_mul(ctx0, out, w_s) : out;
}

ggml_tensor * llm_graph_context::build_lora_mm_id(
          ggml_tensor * w,
          ggml_tensor * cur,
          ggml_tensor * ids,
          ggml_tensor * w_s) const {
    ggml_tensor * out = ggml_mul_mat_id(ctx0, w, cur, ids); // no adapters for experts here

    if (w_s) {
        const int64_t n_used = out->ne[1];

        ggml_tensor * s = ggml_repeat_4d(ctx0, ggml_reshape_3d(ctx0, w_s, 1, w_s->ne[0], 1), 1, w_s->ne[0], n_tokens, 1);
        s = ggml_reshape_3d(ctx0, ggml_get_rows(ctx0, s, ids), 1, n_used, n_tokens);

        out = ggml_mul(ctx0, out, s);
    }

    return out;
}

ggml_tensor * llm_graph_context::build_norm(
         ggml_tensor * cur,
         ggml_tensor * mw,
         ggml_tensor * mb,
       llm_norm_type   type,
                 int   il) const {
    cur = type == LLM_NORM ? ggml_norm(ctx0, cur, hparams.f_norm_eps) : ggml_rms_norm(ctx0, cur, norm_rms_eps);
    cb(cur, "norm", il);

    if (mw) {
        cur = ggml_mul(ctx0, cur, mw);
    }

    return mb ? ggml_add(ctx0, cur, mb) : cur;
}

llm_graph_qkv llm_graph_context::build_qkv(
    const llama_layer & layer,
          ggml_tensor * cur,
              int64_t   n_embd_head,
              int64_t   n_head,
              int64_t   n_head_kv,
                  int   il) const {
    auto project = [&](ggml_tensor * w, ggml_tensor * b, ggml_tensor * s) {
        ggml_tensor * x = build_lora_mm(w, cur, s);
        return b ? ggml_add(ctx0, x, b) : x;
    };

    auto heads = [&](ggml_tensor * w, ggml_tensor * b, ggml_tensor * s, int64_t n) {
        return ggml_reshape_3d(ctx0, project(w, b, s), n_embd_head, n, n_tokens);
    };

    if (layer.wqkv == nullptr) {
        return {
            heads(layer.wq, layer.wq_b, layer.wq_s, n_head),
            heads(layer.wk, layer.wk_b, layer.wk_s, n_head_kv),
            heads(layer.wv, layer.wv_b, layer.wv_s, n_head_kv),
        };
    }

    ggml_tensor * qkv = project(layer.wqkv, layer.wqkv_b, layer.wqkv_s);
    cb(qkv, "wqkv", il);

    const size_t nb_head = ggml_row_size(qkv->type, n_embd_head);

    return {
        ggml_view_3d(ctx0, qkv, n_embd_head, n_head,    n_tokens, nb_head, qkv->nb[1], 0),
        ggml_view_3d(ctx0, qkv, n_embd_head, n_head_kv, n_tokens, nb_head, qkv->nb[1], nb_head*n_head),
        ggml_view_3d(ctx0, qkv, n_embd_head, n_head_kv, n_tokens, nb_head, qkv->nb[1], nb_head*(n_head + n_head_kv)),
    };
}

ggml_tensor * llm_graph_context::build_ffn(
         ggml_tensor * cur,
         ggml_tensor * up,
         ggml_tensor * up_b,
         ggml_tensor * up_s,
         ggml_tensor * gate,
         ggml_tensor * gate_b,
         ggml_tensor * gate_s,
         ggml_tensor * down,
         ggml_tensor * down_b,
         ggml_tensor * down_s,
         ggml_tensor * act_scales,
     llm_ffn_op_type   type_op,
   llm_ffn_gate_type   type_gate,
                 int   il) const {
    auto linear = [&](ggml_tensor * x, ggml_tensor * w, ggml_tensor * b, ggml_tensor * s) {
        x = build_lora_mm(w, x);
        x = b ? ggml_add(ctx0, x, b) : x;
        return s ? ggml_mul(ctx0, x, s) : x;
    };

    ggml_tensor * tmp = linear(cur, up, up_b, up_s);
    cb(tmp, "ffn_up", il);

    if (gate) {
        cur = linear(type_gate == LLM_FFN_PAR ? cur : tmp, gate, gate_b, gate_s);
        cb(cur, "ffn_gate", il);
    } else {
        cur = tmp;
    }

    const bool is_split = gate && type_gate == LLM_FFN_PAR;

    switch (type_op) {
        case LLM_FFN_SILU:
            {
                cur = is_split ? ggml_swiglu_split(ctx0, cur, tmp) : ggml_silu(ctx0, cur);
            } break;
        case LLM_FFN_GELU:
            {
                cur = is_split ? ggml_geglu_split(ctx0, cur, tmp) : ggml_gelu(ctx0, cur);
            } break;
        default:
            GGML_ABORT("unknown activation");
    }

    if (act_scales) {
        cur = ggml_div(ctx0, cur, act_scales);
    }

    return linear(cur, down, down_b, down_s);
}

ggml_tensor * llm_graph_context::build_moe_ffn(
         ggml_tensor * cur,
         ggml_tensor * gate_inp,
         ggml_tensor * up_exps,
         ggml_tensor * gate_exps,
         ggml_tensor * down_exps,
         ggml_tensor * exp_probs_b,
             int64_t   n_expert,
             int64_t   n_expert_used,
     llm_ffn_op_type   type_op,
                bool   norm_w,
               float   w_scale,
        llama_expert_gating_func_type gating_op,
                 int   il,
         ggml_tensor * probs_in,
         ggml_tensor * gate_up_exps,
         ggml_tensor * up_exps_s,
         ggml_tensor * gate_exps_s,
         ggml_tensor * down_exps_s,
         ggml_tensor * selected_experts_in) const {
    return build_moe_ffn(
        cur,
        gate_inp,  /* gate_inp_b  */ nullptr,
        up_exps,   /* up_exps_b   */ nullptr,
        gate_exps, /* gate_exps_b */ nullptr,
        down_exps, /* down_exps_b */ nullptr,
        exp_probs_b,
        n_expert,
        n_expert_used,
        type_op,
        norm_w,
        w_scale,
        gating_op,
        il,
        probs_in,
        gate_up_exps,
        /* gate_up_exps_b */ nullptr,
        up_exps_s,
        gate_exps_s,
        down_exps_s,
        selected_experts_in
    );
}

ggml_tensor * llm_graph_context::build_moe_ffn(
         ggml_tensor * cur,
         ggml_tensor * gate_inp,
         ggml_tensor * gate_inp_b,
         ggml_tensor * up_exps,
         ggml_tensor * up_exps_b,
         ggml_tensor * gate_exps,
         ggml_tensor * gate_exps_b,
         ggml_tensor * down_exps,
         ggml_tensor * down_exps_b,
         ggml_tensor * exp_probs_b,
             int64_t   n_expert,
             int64_t   n_expert_used,
     llm_ffn_op_type   type_op,
                bool   norm_w,
               float   w_scale,
        llama_expert_gating_func_type gating_op,
                 int   il,
         ggml_tensor * probs_in,
         ggml_tensor * gate_up_exps,
         ggml_tensor * gate_up_exps_b,
         ggml_tensor * up_exps_s,
         ggml_tensor * gate_exps_s,
         ggml_tensor * down_exps_s,
         ggml_tensor * selected_experts_in) const {
    const int64_t n_embd   = cur->ne[0];
    const int64_t n_tokens = cur->ne[1];

    // probs_in holds the logits of a router outside
    ggml_tensor * logits = probs_in ? probs_in : build_lora_mm(gate_inp, cur);
    if (gate_inp_b) {
        logits = ggml_add(ctx0, logits, gate_inp_b);
    }

    ggml_tensor * probs = gating_op == LLAMA_EXPERT_GATING_FUNC_TYPE_SIGMOID ? ggml_sigmoid(ctx0, logits) : ggml_soft_max(ctx0, logits);
    cb(probs, "ffn_moe_probs", il);

    // a bias decides who is selected, not how much they count
    ggml_tensor * selection_probs = exp_probs_b ? ggml_add(ctx0, probs, exp_probs_b) : probs;

    // [n_expert_used, n_tokens]
    ggml_tensor * selected_experts = selected_experts_in ? selected_experts_in : ggml_argsort_top_k(ctx0, selection_probs, n_expert_used);
    cb(selected_experts, "ffn_moe_topk", il);

    probs = ggml_reshape_3d(ctx0, probs, 1, n_expert, n_tokens);

    ggml_tensor * weights = ggml_get_rows(ctx0, probs, selected_experts); // [1, n_expert_used, n_tokens]

    if (norm_w) {
        weights = ggml_reshape_2d(ctx0, weights, n_expert_used, n_tokens);
        weights = ggml_div(ctx0, weights, ggml_clamp(ctx0, ggml_sum_rows(ctx0, weights), 1e-5f, INFINITY));
        weights = ggml_reshape_3d(ctx0, weights, 1, n_expert_used, n_tokens);
    }
    if (w_scale != 0.0f && w_scale != 1.0f) {
        weights = ggml_scale(ctx0, weights, w_scale);
    }
    cb(weights, "ffn_moe_weights", il);

    auto linear = [&](ggml_tensor * x, ggml_tensor * w, ggml_tensor * b, ggml_tensor * s) {
        x = build_lora_mm_id(w, x, selected_experts, s);
        return b ? ggml_add_id(ctx0, x, b, selected_experts) : x;
    };

    cur = ggml_reshape_3d(ctx0, cur, n_embd, 1, n_tokens);

    ggml_tensor * up = nullptr;
    ggml_tensor * experts = nullptr;

    if (gate_up_exps) {
        // the first half of each row block is the gate
        ggml_tensor * gate_up = linear(cur, gate_up_exps, gate_up_exps_b, up_exps_s);
        const int64_t n_ff = gate_up->ne[0] / 2;

        cur = ggml_view_3d(ctx0, gate_up, n_ff, n_expert_used, n_tokens, gate_up->nb[1], gate_up->nb[2], 0);
        up  = ggml_view_3d(ctx0, gate_up, n_ff, n_expert_used, n_tokens, gate_up->nb[1], gate_up->nb[2], n_ff*gate_up->nb[0]);
    } else {
        up  = linear(cur, up_exps, up_exps_b, up_exps_s);
        cur = gate_exps ? linear(cur, gate_exps, gate_exps_b, gate_exps_s) : up;
    }

    const bool has_gate = gate_exps || gate_up_exps;

    switch (type_op) {
        case LLM_FFN_SILU:
            {
                cur = has_gate ? ggml_swiglu_split(ctx0, cur, up) : ggml_silu(ctx0, cur);
            } break;
        case LLM_FFN_GELU:
            {
                cur = has_gate ? ggml_geglu_split(ctx0, cur, up) : ggml_gelu(ctx0, cur);
            } break;
        default:
            GGML_ABORT("unknown activation");
    }

    experts = build_lora_mm_id(down_exps, cur, selected_experts, down_exps_s); // [n_embd, n_expert_used, n_tokens]
    cb(experts, "ffn_moe_down", il);

    if (down_exps_b) {
        experts = ggml_add_id(ctx0, experts, down_exps_b, selected_experts);
        cb(experts, "ffn_moe_down_biased", il);
    }

    experts = ggml_mul(ctx0, experts, weights);
    cb(experts, "ffn_moe_weighted", il);

    ggml_tensor * moe_out = nullptr;
    for (int64_t i = 0; i < n_expert_used; ++i) {
        ggml_tensor * expert = ggml_view_2d(ctx0, experts, n_embd, n_tokens, experts->nb[2], i*experts->nb[1]);

        moe_out = moe_out ? ggml_add(ctx0, moe_out, expert) : ggml_cont(ctx0, expert);
    }

    cb(moe_out, "ffn_moe_out", il);

    return moe_out;
}

ggml_tensor * llm_graph_context::build_inp_embd(ggml_tensor * tok_embd) const {
    auto inp = std::make_unique<llm_graph_input_embd>(n_embd);

    ggml_tensor * cur;

    if (ubatch.token) {
        inp->tokens = ggml_new_tensor_1d(ctx0, GGML_TYPE_I32, n_tokens);
        ggml_set_input(inp->tokens);
        res->t_inp_tokens = inp->tokens;

        cur = ggml_get_rows(ctx0, tok_embd, inp->tokens);
    } else {
        inp->embd = ggml_new_tensor_2d(ctx0, GGML_TYPE_F32, n_embd, n_tokens);
        ggml_set_input(inp->embd);

        cur = inp->embd;
    }

    res->t_inp_embd = cur;
    res->add_input(std::move(inp));

    cb(cur, "embd", -1);

    return cur;
}

ggml_tensor * llm_graph_context::build_inp_pos() const {
    auto inp = std::make_unique<llm_graph_input_pos>();

    ggml_tensor * cur = inp->pos = ggml_new_tensor_1d(ctx0, GGML_TYPE_I32, n_tokens);
    ggml_set_input(cur);

    res->add_input(std::move(inp));

    return cur;
}

ggml_tensor * llm_graph_context::build_inp_out_ids() const {
    auto inp = std::make_unique<llm_graph_input_out_ids>(n_outputs);

    ggml_tensor * cur = inp->out_ids = ggml_new_tensor_1d(ctx0, GGML_TYPE_I32, n_outputs);
    ggml_set_input(cur);

    res->add_input(std::move(inp));

    return cur;
}

ggml_tensor * llm_graph_context::build_attn_mha(
        ggml_tensor * q,
        ggml_tensor * k,
        ggml_tensor * v,
        ggml_tensor * kq_b,
        ggml_tensor * kq_mask,
        ggml_tensor * sinks,
        ggml_tensor * v_mla,
              float   kq_scale,
                int   il) const {
    GGML_ASSERT(!kq_b && !sinks && !v_mla);

    q = ggml_permute(ctx0, q, 0, 2, 1, 3);
    k = ggml_permute(ctx0, k, 0, 2, 1, 3);
    v = ggml_cont(ctx0, ggml_permute(ctx0, v, 1, 2, 0, 3));

    ggml_tensor * kq  = ggml_soft_max_ext(ctx0, ggml_mul_mat(ctx0, k, q), kq_mask, kq_scale, 0.0f);
    ggml_tensor * kqv = ggml_permute(ctx0, ggml_mul_mat(ctx0, v, kq), 0, 2, 1, 3);
    cb(kqv, "kqv", il);

    return ggml_reshape_2d(ctx0, ggml_cont(ctx0, kqv), kqv->ne[0]*kqv->ne[1], n_tokens);
}

llm_graph_input_attn_kv * llm_graph_context::build_attn_inp_kv() const {
    const auto * mctx_cur = static_cast<const llama_kv_cache_context *>(mctx);

    auto inp = std::make_unique<llm_graph_input_attn_kv>(hparams, cparams, mctx_cur);

    inp->self_k_idxs  = mctx_cur->build_input_k_idxs(ctx0, ubatch);
    inp->self_v_idxs  = mctx_cur->build_input_v_idxs(ctx0, ubatch);
    inp->self_kq_mask = build_kq_mask(ctx0, mctx_cur, ubatch);

    return (llm_graph_input_attn_kv *) res->add_input(std::move(inp));
}

ggml_tensor * llm_graph_context::build_attn(
        llm_graph_input_attn_kv * inp,
        ggml_tensor * wo,
        ggml_tensor * wo_b,
        ggml_tensor * wo_s,
        ggml_tensor * q_cur,
        ggml_tensor * k_cur,
        ggml_tensor * v_cur,
        ggml_tensor * kq_b,
        ggml_tensor * sinks,
        ggml_tensor * v_mla,
            float     kq_scale,
            int       il) const {
    ggml_build_forward_expand(gf, inp->mctx->cpy_k(ctx0, k_cur, inp->self_k_idxs, il));
    ggml_build_forward_expand(gf, inp->mctx->cpy_v(ctx0, v_cur, inp->self_v_idxs, il));

    ggml_tensor * cur = build_attn_mha(q_cur, inp->mctx->get_k(ctx0, il), inp->mctx->get_v(ctx0, il),
            kq_b, inp->self_kq_mask, sinks, v_mla, kq_scale, il);

    cur = build_lora_mm(wo, cur, wo_s);

    return wo_b ? ggml_add(ctx0, cur, wo_b) : cur;
}

llm_graph_input_attn_kv_iswa * llm_graph_context::build_attn_inp_kv_iswa() const {
    const auto * mctx_cur = static_cast<const llama_kv_cache_iswa_context *>(mctx);

    auto inp = std::make_unique<llm_graph_input_attn_kv_iswa>(hparams, cparams, mctx_cur);

    inp->self_k_idxs  = mctx_cur->get_base()->build_input_k_idxs(ctx0, ubatch);
    inp->self_v_idxs  = mctx_cur->get_base()->build_input_v_idxs(ctx0, ubatch);
    inp->self_kq_mask = build_kq_mask(ctx0, mctx_cur->get_base(), ubatch);
    inp->self_kq_mask_cnv = cparams.flash_attn ? ggml_cast(ctx0, inp->self_kq_mask, GGML_TYPE_F16) : inp->self_kq_mask;

    inp->self_k_idxs_swa  = mctx_cur->get_swa()->build_input_k_idxs(ctx0, ubatch);
    inp->self_v_idxs_swa  = mctx_cur->get_swa()->build_input_v_idxs(ctx0, ubatch);
    inp->self_kq_mask_swa = build_kq_mask(ctx0, mctx_cur->get_swa(), ubatch);
    inp->self_kq_mask_swa_cnv = cparams.flash_attn ? ggml_cast(ctx0, inp->self_kq_mask_swa, GGML_TYPE_F16) : inp->self_kq_mask_swa;

    return (llm_graph_input_attn_kv_iswa *) res->add_input(std::move(inp));
}

ggml_tensor * llm_graph_context::build_attn(
        llm_graph_input_attn_kv_iswa * inp,
        ggml_tensor * wo,
        ggml_tensor * wo_b,
        ggml_tensor * wo_s,
        ggml_tensor * q_cur,
        ggml_tensor * k_cur,
        ggml_tensor * v_cur,
        ggml_tensor * kq_b,
        ggml_tensor * sinks,
        ggml_tensor * v_mla,
            float     kq_scale,
            int       il) const {
    const bool is_swa = hparams.is_swa(il);

    const auto * mctx_cur = is_swa ? inp->mctx->get_swa() : inp->mctx->get_base();

    if (k_cur) {
        ggml_build_forward_expand(gf, mctx_cur->cpy_k(ctx0, k_cur, is_swa ? inp->self_k_idxs_swa : inp->self_k_idxs, il));
    }
    if (v_cur) {
        ggml_build_forward_expand(gf, mctx_cur->cpy_v(ctx0, v_cur, is_swa ? inp->self_v_idxs_swa : inp->self_v_idxs, il));
    }

    ggml_tensor * cur = build_attn_mha(q_cur, mctx_cur->get_k(ctx0, il), mctx_cur->get_v(ctx0, il),
            kq_b, is_swa ? inp->self_kq_mask_swa_cnv : inp->self_kq_mask_cnv, sinks, v_mla, kq_scale, il);

    cur = build_lora_mm(wo, cur, wo_s);

    return wo_b ? ggml_add(ctx0, cur, wo_b) : cur;
}
