#pragma once

#include "llama-adapter.h"
#include "llama-arch.h"
#include "llama-batch.h"
#include "llama-cparams.h"
#include "llama-hparams.h"
#include "llama-memory.h"

#include <functional>
#include <memory>
#include <vector>

struct llama_layer;

class llama_kv_cache_context;
class llama_kv_cache_iswa_context;

enum llm_ffn_op_type {
    LLM_FFN_SILU,
    LLM_FFN_GELU,
};

enum llm_ffn_gate_type {
    LLM_FFN_SEQ,
    LLM_FFN_PAR, // gate and up read the same input
};

enum llm_norm_type {
    LLM_NORM,
    LLM_NORM_RMS,
};

struct llm_graph_params;

//
// llm_graph_input
//

class llm_graph_input_i {
public:
    virtual ~llm_graph_input_i() = default;

    virtual void set_input(const llama_ubatch * ubatch) = 0;

    // can the graph that holds this input serve the new parameters too?
    virtual bool can_reuse(const llm_graph_params & params) {
        GGML_UNUSED(params);
        return false;
    }
};

using llm_graph_input_ptr = std::unique_ptr<llm_graph_input_i>;

class llm_graph_input_embd : public llm_graph_input_i {
public:
    llm_graph_input_embd(int64_t n_embd) : n_embd(n_embd) {}
    virtual ~llm_graph_input_embd() = default;

    void set_input(const llama_ubatch * ubatch) override;

    bool can_reuse(const llm_graph_params & params) override;

    ggml_tensor * tokens = nullptr; // I32 [n_tokens]
    ggml_tensor * embd   = nullptr; // F32 [n_embd, n_tokens]

    const int64_t n_embd = 0;
};

class llm_graph_input_pos : public llm_graph_input_i {
public:
    void set_input(const llama_ubatch * ubatch) override;

    ggml_tensor * pos = nullptr; // I32 [n_tokens]
};

class llm_graph_input_out_ids : public llm_graph_input_i {
public:
    llm_graph_input_out_ids(uint32_t n_outputs) : n_outputs(n_outputs) {}

    void set_input(const llama_ubatch * ubatch) override;

    ggml_tensor * out_ids = nullptr; // I32 [n_outputs]

    const uint32_t n_outputs;
};

class llm_graph_input_attn_kv : public llm_graph_input_i {
public:
    llm_graph_input_attn_kv(
            const llama_hparams & hparams,
            const llama_cparams & cparams,
            const llama_kv_cache_context * mctx) :
        hparams(hparams),
        cparams(cparams),
        mctx(mctx) {
    }

    void set_input(const llama_ubatch * ubatch) override;

    ggml_tensor * self_k_idxs  = nullptr;
    ggml_tensor * self_v_idxs  = nullptr;
    ggml_tensor * self_kq_mask = nullptr;

    const llama_hparams hparams;
    const llama_cparams cparams;

    const llama_kv_cache_context * mctx;
};

class llm_graph_input_attn_kv_iswa : public llm_graph_input_i {
public:
    llm_graph_input_attn_kv_iswa(
            const llama_hparams & hparams,
            const llama_cparams & cparams,
            const llama_kv_cache_iswa_context * mctx) :
        hparams(hparams),
        cparams(cparams),
        mctx(mctx) {
    }
    ~llm_graph_input_attn_kv_iswa() = default;

    void set_input(const llama_ubatch * ubatch) override;

    bool can_reuse(const llm_graph_params & params) override;

    ggml_tensor * self_k_idxs     = nullptr; // I64 [n_tokens]
    ggml_tensor * self_v_idxs     = nullptr;
    ggml_tensor * self_k_idxs_swa = nullptr;
    ggml_tensor * self_v_idxs_swa = nullptr;

    ggml_tensor * self_kq_mask         = nullptr; // F32 [n_kv, n_tokens]
    ggml_tensor * self_kq_mask_cnv     = nullptr; //     [n_kv, n_tokens]
    ggml_tensor * self_kq_mask_swa     = nullptr; // F32 [n_kv, n_tokens]
    ggml_tensor * self_kq_mask_swa_cnv = nullptr; //     [n_kv, n_tokens]

    const llama_hparams hparams;
    const llama_cparams cparams;

    const llama_kv_cache_iswa_context * mctx;
};

//
// llm_graph_result
//

// sees every tensor of the graph once
using llm_graph_cb = std::function<void(const llama_ubatch & ubatch, ggml_tensor * cur, const char * name, int il)>;

class llm_graph_result;

struct llm_graph_params {
    llm_arch arch = LLM_ARCH_UNKNOWN;

    llama_hparams hparams;
    llama_cparams cparams;

    llama_ubatch ubatch;

    const llama_adapter_cvec     * cvec;
    const llama_adapter_loras    * loras;
    const llama_memory_context_i * mctx;

    uint32_t n_outputs;

    llm_graph_cb cb;

    llm_graph_result * res;
};

class llm_graph_result {
public:
    ggml_cgraph  * get_gf()  const { return gf; }
    ggml_context * get_ctx() const { return ctx; }

    llm_graph_input_i * add_input(llm_graph_input_ptr input);

    ggml_tensor * t_inp_tokens = nullptr;
    ggml_tensor * t_inp_embd   = nullptr;
    ggml_tensor * t_logits     = nullptr;
    ggml_tensor * t_embd       = nullptr;
    ggml_tensor * t_h_nextn    = nullptr; // [n_embd, n_outputs] before the last norm

    std::vector<ggml_tensor *> t_layer_inp; // what each layer reads

    std::vector<llm_graph_input_ptr> inputs;

    ggml_context * ctx = nullptr;
    ggml_cgraph  * gf  = nullptr;
};

//
// llm_graph_context
//

struct llm_graph_qkv {
    ggml_tensor * q; // [n_embd_head, n_head,    n_tokens]
    ggml_tensor * k; // [n_embd_head, n_head_kv, n_tokens]
    ggml_tensor * v; // [n_embd_head, n_head_kv, n_tokens]
};

struct llm_graph_context {
    const llm_arch arch;

    const llama_hparams & hparams;
    const llama_cparams & cparams;
    const llama_ubatch  & ubatch;

    const int64_t n_embd;
    const int64_t n_layer;
    const int64_t n_layer_nextn;
    const int64_t n_rot;
    const int64_t n_head;
    const int64_t n_head_kv;
    const int64_t n_embd_head_k;
    const int64_t n_embd_head_v;
    const int64_t n_expert;
    const int64_t n_expert_used;

    const float freq_base;
    const float freq_scale;
    const float ext_factor;
    const float attn_factor;
    const float beta_fast;
    const float beta_slow;
    const float norm_rms_eps;

    const int64_t n_tokens;
    const int64_t n_outputs;
    const int32_t n_ctx_orig;

    const enum llama_rope_type rope_type;

    const llama_adapter_cvec     * cvec;
    const llama_adapter_loras    * loras;
    const llama_memory_context_i * mctx;

    const llm_graph_cb & cb_func;

    llm_graph_result * res;

    ggml_context * ctx0 = nullptr;
    ggml_cgraph  * gf   = nullptr;

    llm_graph_context(const llm_graph_params & params);
    virtual ~llm_graph_context() = default;

    void cb(ggml_tensor * cur, const char * name, int il) const;

    //
    // common
    //

    ggml_tensor * build_cvec(
             ggml_tensor * cur,
                     int   il) const;

    ggml_tensor * build_lora_mm(
              ggml_tensor * w,
              ggml_tensor * cur,
              ggml_tensor * w_s = nullptr) const; // a factor for all of w

    ggml_tensor * build_lora_mm_id(
              ggml_tensor * w,   // [n_in, n_out, n_expert]
              ggml_tensor * cur,
              ggml_tensor * ids,
              ggml_tensor * w_s = nullptr) const; // one factor per expert

    ggml_tensor * build_norm(
             ggml_tensor * cur,
             ggml_tensor * mw,
             ggml_tensor * mb,
           llm_norm_type   type,
                     int   il) const;

    // project, add biases, split into heads; one merged weight or three
    llm_graph_qkv build_qkv(
        const llama_layer & layer,
              ggml_tensor * cur,
                  int64_t   n_embd_head,
                  int64_t   n_head,
                  int64_t   n_head_kv,
                      int   il) const;

    ggml_tensor * build_ffn(
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
                     int   il) const;

    // experts without biases
    ggml_tensor * build_moe_ffn(
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
             ggml_tensor * probs_in = nullptr,
             ggml_tensor * gate_up_exps = nullptr,
             ggml_tensor * up_exps_s = nullptr,
             ggml_tensor * gate_exps_s = nullptr,
             ggml_tensor * down_exps_s = nullptr,
             ggml_tensor * selected_experts_in = nullptr) const;

    ggml_tensor * build_moe_ffn(
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
             ggml_tensor * probs_in = nullptr,
             ggml_tensor * gate_up_exps = nullptr,
             ggml_tensor * gate_up_exps_b = nullptr,
             ggml_tensor * up_exps_s = nullptr,
             ggml_tensor * gate_exps_s = nullptr,
             ggml_tensor * down_exps_s = nullptr,
             ggml_tensor * selected_experts_in = nullptr) const;

    //
    // inputs
    //

    ggml_tensor * build_inp_embd(ggml_tensor * tok_embd) const;
    ggml_tensor * build_inp_pos() const;
    ggml_tensor * build_inp_out_ids() const;

    //
    // attention
    //

    ggml_tensor * build_attn_mha(
            ggml_tensor * q,
            ggml_tensor * k,
            ggml_tensor * v,
            ggml_tensor * kq_b,
            ggml_tensor * kq_mask,
            ggml_tensor * sinks,
            ggml_tensor * v_mla,
                  float   kq_scale,
                    int   il) const;

    llm_graph_input_attn_kv * build_attn_inp_kv() const;

    ggml_tensor * build_attn(
            llm_graph_input_attn_kv * inp,
            ggml_tensor * wo,
            ggml_tensor * wo_b,
            ggml_tensor * wo_s,
            ggml_tensor * q_cur, // [n_embd_head_k, n_head, n_tokens]
            ggml_tensor * k_cur, // [n_embd_head_k, n_head_kv, n_tokens]
            ggml_tensor * v_cur, // [n_embd_head_v, n_head_kv, n_tokens]
            ggml_tensor * kq_b,
            ggml_tensor * sinks,
            ggml_tensor * v_mla,
                  float   kq_scale,
                    int   il) const;

    llm_graph_input_attn_kv_iswa * build_attn_inp_kv_iswa() const;

    // without k_cur and v_cur, the layer reads what another layer has stored
    ggml_tensor * build_attn(
            llm_graph_input_attn_kv_iswa * inp,
            ggml_tensor * wo,
            ggml_tensor * wo_b,
            ggml_tensor * wo_s,
            ggml_tensor * q_cur, // [n_embd_head_k, n_head, n_tokens]
            ggml_tensor * k_cur, // [n_embd_head_k, n_head_kv, n_tokens] optional
            ggml_tensor * v_cur, // [n_embd_head_v, n_head_kv, n_tokens] optional
            ggml_tensor * kq_b,
            ggml_tensor * sinks,
            ggml_tensor * v_mla,
                  float   kq_scale,
                    int   il) const;
};
