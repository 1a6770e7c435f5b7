#pragma once

#include "ggml.h"

#define LLAMA_API extern

#define LLAMA_TOKEN_NULL -1

#ifdef __cplusplus
extern "C" {
#endif

    struct llama_vocab;
    struct llama_model;
    struct llama_context;

    typedef int32_t llama_pos;
    typedef int32_t llama_token;

    enum llama_vocab_type {
        LLAMA_VOCAB_TYPE_NONE = 0,
        LLAMA_VOCAB_TYPE_SPM  = 1,
        LLAMA_VOCAB_TYPE_BPE  = 2,
        LLAMA_VOCAB_TYPE_WPM  = 3,
    };

    enum llama_rope_type {
        LLAMA_ROPE_TYPE_NONE = -1,
        LLAMA_ROPE_TYPE_NORM = 0,
        LLAMA_ROPE_TYPE_NEOX = 2,
    };

    enum llama_token_attr {
        LLAMA_TOKEN_ATTR_UNDEFINED    = 0,
        LLAMA_TOKEN_ATTR_UNKNOWN      = 1 << 0,
        LLAMA_TOKEN_ATTR_UNUSED       = 1 << 1,
        LLAMA_TOKEN_ATTR_NORMAL       = 1 << 2,
        LLAMA_TOKEN_ATTR_CONTROL      = 1 << 3,
        LLAMA_TOKEN_ATTR_USER_DEFINED = 1 << 4,
        LLAMA_TOKEN_ATTR_BYTE         = 1 << 5,
    };

    enum llama_flash_attn_type {
        LLAMA_FLASH_ATTN_TYPE_AUTO     = -1,
        LLAMA_FLASH_ATTN_TYPE_DISABLED = 0,
        LLAMA_FLASH_ATTN_TYPE_ENABLED  = 1,
    };

    struct llama_context_params {
        uint32_t n_ctx;
        uint32_t n_batch;
        uint32_t n_ubatch;

        enum llama_flash_attn_type flash_attn_type;

        enum ggml_type type_k;
        enum ggml_type type_v;

        bool swa_full;
    };

    enum llama_split_mode {
        LLAMA_SPLIT_MODE_NONE   = 0,
        LLAMA_SPLIT_MODE_LAYER  = 1,
        LLAMA_SPLIT_MODE_TENSOR = 3,
    };

    struct llama_model_params {
        enum llama_split_mode split_mode;
    };

    LLAMA_API struct llama_context * llama_init_from_model(struct llama_model * model, struct llama_context_params params);

    LLAMA_API enum llama_rope_type llama_model_rope_type(const struct llama_model * model);

#ifdef __cplusplus
}
#endif
