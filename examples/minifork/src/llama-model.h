#pragma once

#include "llama.h"
#include "llama-arch.h"
#include "llama-graph.h"
#include "llama-hparams.h"
#include "llama-memory.h"
#include "llama-vocab.h"

#include <string>
#include <vector>

struct llama_cparams;
struct llama_model_loader;

// known sizes
enum llm_type {
    LLM_TYPE_UNKNOWN,
    LLM_TYPE_1B,
    LLM_TYPE_2B,
    LLM_TYPE_4B,
    LLM_TYPE_7B,
    LLM_TYPE_9B,
    LLM_TYPE_12B,
    LLM_TYPE_27B,
    LLM_TYPE_30B,
    LLM_TYPE_E2B,
    LLM_TYPE_E4B,
};

// note: tensor pointers only, see llama-context.cpp
struct llama_layer {
    // normalization
    struct ggml_tensor * attn_norm      = nullptr;
    struct ggml_tensor * attn_q_norm    = nullptr;
    struct ggml_tensor * attn_k_norm    = nullptr;
    struct ggml_tensor * attn_post_norm = nullptr;

    // attention
    struct ggml_tensor * wq = nullptr;
    struct ggml_tensor * wk = nullptr;
    struct ggml_tensor * wv = nullptr;
    struct ggml_tensor * wo = nullptr;

    // feed-forward
    struct ggml_tensor * ffn_norm      = nullptr;
    struct ggml_tensor * ffn_post_norm = nullptr;
    struct ggml_tensor * ffn_gate      = nullptr;
    struct ggml_tensor * ffn_down      = nullptr;
    struct ggml_tensor * ffn_up        = nullptr;

    // feed-forward, experts
    struct ggml_tensor * ffn_gate_inp     = nullptr;
    struct ggml_tensor * ffn_gate_exps    = nullptr;
    struct ggml_tensor * ffn_down_exps    = nullptr;
    struct ggml_tensor * ffn_up_exps      = nullptr;
    struct ggml_tensor * ffn_gate_up_exps = nullptr;

    // rope factors
    struct ggml_tensor * rope_freqs = nullptr;

    // altup & laurel
    struct ggml_tensor * per_layer_inp_gate  = nullptr;
    struct ggml_tensor * per_layer_proj      = nullptr;
    struct ggml_tensor * per_layer_post_norm = nullptr;
    struct ggml_tensor * altup_correct_coef  = nullptr;
    struct ggml_tensor * altup_correct_scale = nullptr;
    struct ggml_tensor * altup_predict_coef  = nullptr;
    struct ggml_tensor * altup_router        = nullptr;
    struct ggml_tensor * altup_router_norm   = nullptr;
    struct ggml_tensor * laurel_l            = nullptr;
    struct ggml_tensor * laurel_r            = nullptr;
    struct ggml_tensor * laurel_post_norm    = nullptr;
};

struct llama_model {
    llm_type type = LLM_TYPE_UNKNOWN;
    llm_arch arch = LLM_ARCH_UNKNOWN;

    std::string name = "n/a";

    llama_hparams hparams = {};
    llama_vocab   vocab;

    struct ggml_tensor * tok_embd    = nullptr;
    struct ggml_tensor * output_norm = nullptr;
    struct ggml_tensor * output      = nullptr;

    // gemma3n altup
    struct ggml_tensor * tok_embd_per_layer   = nullptr;
    struct ggml_tensor * altup_proj           = nullptr;
    struct ggml_tensor * altup_unembd_proj    = nullptr;
    struct ggml_tensor * per_layer_model_proj = nullptr;
    struct ggml_tensor * per_layer_proj_norm  = nullptr;

    std::vector<llama_layer> layers;

    ggml_context * ctx = nullptr; // holds the weights

    void load_hparams(llama_model_loader & ml);
    void load_vocab  (llama_model_loader & ml);
    bool load_tensors(llama_model_loader & ml);

    std::string arch_name() const;
    std::string type_name() const;

    float get_rope_freq_base (const llama_cparams & cparams, int il) const;
    float get_rope_freq_scale(const llama_cparams & cparams, int il) const;

    ggml_tensor * get_rope_factors(const llama_cparams & cparams, int il) const;

    llama_memory_i * create_memory(const llama_memory_params & params, const llama_cparams & cparams) const;

    ggml_cgraph * build_graph(const llm_graph_params & params) const;
};

const char * llm_type_name(llm_type type);
