#pragma once

#include "llama.h"

struct llama_cparams {
    uint32_t n_ctx;
    uint32_t n_ctx_seq;
    uint32_t n_ubatch;
    uint32_t n_seq_max;

    float rope_freq_base;
    float rope_freq_scale;

    uint32_t n_ctx_orig_yarn;

    float yarn_ext_factor;
    float yarn_attn_factor;
    float yarn_beta_fast;
    float yarn_beta_slow;

    bool causal_attn;
    bool offload_kqv;
    bool flash_attn;
    bool kv_unified;
};
