#pragma once

#include "llama.h"

#include <array>

#define LLAMA_MAX_LAYERS  512
#define LLAMA_MAX_EXPERTS 512

enum llama_expert_gating_func_type {
    LLAMA_EXPERT_GATING_FUNC_TYPE_NONE           = 0,
    LLAMA_EXPERT_GATING_FUNC_TYPE_SOFTMAX        = 1,
    LLAMA_EXPERT_GATING_FUNC_TYPE_SIGMOID        = 2,
    LLAMA_EXPERT_GATING_FUNC_TYPE_SOFTMAX_WEIGHT = 3,
};

enum llama_swa_type {
    LLAMA_SWA_TYPE_NONE      = 0,
    LLAMA_SWA_TYPE_STANDARD  = 1,
    LLAMA_SWA_TYPE_SYMMETRIC = 3,
};

// a small struct with a member of the same name as below
struct llama_hparams_posnet {
    uint32_t n_embd;
    uint32_t n_layer;
};

struct llama_hparams {
    bool vocab_only;

    uint32_t n_ctx_train;
    uint32_t n_embd;
    uint32_t n_layer_all;       // with the layers that only guess ahead
    uint32_t n_layer_nextn = 0; // these are the last ones
    uint32_t n_expert = 0;
    uint32_t n_expert_used = 0;

    int32_t  n_layer_kv_from_start = -1; // layers that own a KV cache, counted from the first; -1: all

    // width of one head: layers with a window may have another one
    uint32_t n_embd_head_k_full;
    uint32_t n_embd_head_v_full;
    uint32_t n_embd_head_k_swa;
    uint32_t n_embd_head_v_swa;

    uint32_t n_rot_full;
    uint32_t n_rot_swa;

    struct llama_hparams_posnet posnet;

    std::array<uint32_t, LLAMA_MAX_LAYERS> n_head_arr;
    std::array<uint32_t, LLAMA_MAX_LAYERS> n_head_kv_arr;
    std::array<uint32_t, LLAMA_MAX_LAYERS> n_ff_arr;

    uint32_t n_lora_kv = 0;
    uint32_t n_ff_exp  = 0;

    float f_norm_eps;
    float f_norm_rms_eps;

    float f_attn_logit_softcapping  = 50.0f;
    float f_final_logit_softcapping = 30.0f;

    float    rope_freq_base_train;
    float    rope_freq_base_train_swa  = 10000.0f;
    float    rope_freq_scale_train;
    float    rope_freq_scale_train_swa = 1.0f;

    // sliding window attention: 1 in is_swa_impl means that the layer has a window of n_swa tokens
    llama_swa_type swa_type = LLAMA_SWA_TYPE_NONE;
    uint32_t n_swa = 0;
    std::array<uint32_t, LLAMA_MAX_LAYERS> is_swa_impl;

    // the same for layers with a state in place of a cache
    std::array<uint32_t, LLAMA_MAX_LAYERS> is_recr_impl;

    float f_attention_scale = 0.0f;

    bool causal_attn   = true;
    bool attn_soft_cap = false;

    // gemma3n altup
    uint32_t n_altup      = 4;
    uint32_t i_altup_act  = 0;
    uint32_t laurel_rank  = 64;
    uint32_t n_embd_altup = 256;

    enum llama_rope_type rope_type = LLAMA_ROPE_TYPE_NONE;

    // the last layer of every n_pattern layers is dense, the others have a window
    void set_swa_pattern(uint32_t n_pattern, bool dense_first = false);

    void set_recr_pattern(uint32_t n_pattern, bool dense_first = false);

    bool is_swa_any() const;

    // without those of n_layer_nextn
    uint32_t n_layer() const;

    uint32_t n_head(uint32_t il = 0) const;

    uint32_t n_head_kv(uint32_t il = 0) const;

    uint32_t n_ff(uint32_t il = 0) const;

    uint32_t n_rot(uint32_t il = 0) const;

    uint32_t n_embd_head_k(uint32_t il = 0) const;
    uint32_t n_embd_head_v(uint32_t il = 0) const;

    // width of all key heads of a layer
    uint32_t n_embd_k_gqa(uint32_t il = 0) const;

    // width of all value heads of a layer
    uint32_t n_embd_v_gqa(uint32_t il = 0) const;

    bool is_swa (uint32_t il) const;
    bool is_recr(uint32_t il) const;

    bool has_kv(uint32_t il) const;
};
