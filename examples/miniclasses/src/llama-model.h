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

// a struct of its own: llama_layer holds more than pointers in this era
struct llama_layer_nextn {
    struct ggml_tensor * eh_proj = nullptr;
    struct ggml_tensor * wq      = nullptr; // not the one of the layer
};

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

    struct ggml_tensor * wqkv = nullptr;

    struct ggml_tensor * wq_b   = nullptr;
    struct ggml_tensor * wk_b   = nullptr;
    struct ggml_tensor * wv_b   = nullptr;
    struct ggml_tensor * wo_b   = nullptr;
    struct ggml_tensor * wqkv_b = nullptr;

    // one factor for a whole weight, or one per expert
    struct ggml_tensor * wq_s            = nullptr;
    struct ggml_tensor * wk_s            = nullptr;
    struct ggml_tensor * wv_s            = nullptr;
    struct ggml_tensor * wo_s            = nullptr;
    struct ggml_tensor * wqkv_s          = nullptr;
    struct ggml_tensor * ffn_gate_exps_s = nullptr;
    struct ggml_tensor * ffn_down_exps_s = nullptr;
    struct ggml_tensor * ffn_up_exps_s   = nullptr;

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

    struct llama_layer_nextn nextn;
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
    struct ggml_tensor * output_s    = nullptr;

    // gemma3n altup
    struct ggml_tensor * altup_proj           = nullptr;
    struct ggml_tensor * altup_unembd_proj    = nullptr;
    struct ggml_tensor * per_layer_tok_embd   = nullptr;
    struct ggml_tensor * per_layer_model_proj = nullptr;
    struct ggml_tensor * per_layer_proj_norm  = nullptr;

    std::vector<llama_layer> layers;

    ggml_context * ctx = nullptr; // holds the weights

    explicit llama_model(const llama_model_params & params);
    virtual ~llama_model() = default;

    std::string arch_name() const;
    std::string type_name() const;

    size_t n_tensors() const;

    float get_rope_freq_base (const llama_cparams & cparams, int il) const;
    float get_rope_freq_scale(const llama_cparams & cparams, int il) const;

    ggml_tensor * get_rope_factors(const llama_cparams & cparams, int il) const;

    llama_memory_i * create_memory(const llama_memory_params & params, const llama_cparams & cparams) const;

    ggml_cgraph * build_graph(const llm_graph_params & params) const;

    virtual void load_hparams(llama_model_loader & ml) = 0;
    virtual void load_vocab  (llama_model_loader & ml) = 0;
    virtual bool load_tensors(llama_model_loader & ml) = 0;

    // what each architecture has of its own
    virtual void load_arch_hparams(llama_model_loader & ml) = 0;
    virtual void load_arch_tensors(llama_model_loader & ml) = 0;
    virtual std::unique_ptr<llm_graph_context> build_arch_graph(const llm_graph_params & params) const = 0;

protected:
    llama_model_params params;
};

// the model of an architecture, still empty
llama_model * llama_model_create(llm_arch arch, const llama_model_params & params);
llama_model * llama_model_create(llama_model_loader & ml, const llama_model_params & params);

// what the classes of all architectures share
struct llama_model_base : public llama_model {
    friend struct llama_model;

    llama_model_loader * ml = nullptr; // while tensors are loaded

    // here no name of a tensor depends on the architecture
    const LLM_TN tn;

    const int TENSOR_DUPLICATED;
    const int TENSOR_NOT_REQUIRED;
    const int TENSOR_SKIP;
    const int TENSOR_SKIP_IF_VIRTUAL;

    explicit llama_model_base(const llama_model_params & params);
    virtual ~llama_model_base() = default;

    ggml_tensor * create_tensor(llama_model_loader & ml, const LLM_TN_IMPL & tn, const std::initializer_list<int64_t> & ne, int flags);

    // the same with the loader at hand
    ggml_tensor * create_tensor(const LLM_TN_IMPL & tn, const std::initializer_list<int64_t> & ne, int flags);

    // files hold the experts' gate and up either as one tensor or as two
    void create_tensor_gate_up_exps(llama_layer & layer, int bid, int64_t n_embd_,
                int64_t n_ff_, int64_t n_expert_, int flags);

    // and queries, keys and values as one or as three
    void create_tensor_qkv(llama_layer & layer, int bid,
                int64_t n_embd_, int64_t n_embd_q_, int64_t n_embd_k_, int64_t n_embd_v_,
                int flags);

    void load_hparams(llama_model_loader & ml) override;
    void load_vocab  (llama_model_loader & ml) override;
    bool load_tensors(llama_model_loader & ml) override;

    void load_arch_hparams(llama_model_loader & ml) override = 0;
    void load_arch_tensors(llama_model_loader & ml) override = 0;
    std::unique_ptr<llm_graph_context> build_arch_graph(const llm_graph_params & params) const override = 0;
};

const char * llm_type_name(llm_type type);

// the sizes that load_arch_tensors needs, under their usual names
#define LLAMA_LOAD_LOCALS \
    const int     n_layer       = hparams.n_layer();       GGML_UNUSED(n_layer); \
    const int     n_layer_all   = hparams.n_layer_all;     GGML_UNUSED(n_layer_all); \
    const int     n_layer_nextn = hparams.n_layer_nextn;   GGML_UNUSED(n_layer_nextn); \
    const int64_t n_head        = hparams.n_head();        GGML_UNUSED(n_head); \
    const int64_t n_head_kv     = hparams.n_head_kv();     GGML_UNUSED(n_head_kv); \
    const int64_t n_embd        = hparams.n_embd;          GGML_UNUSED(n_embd); \
    const int64_t n_embd_k_gqa  = hparams.n_embd_k_gqa();  GGML_UNUSED(n_embd_k_gqa); \
    const int64_t n_embd_v_gqa  = hparams.n_embd_v_gqa();  GGML_UNUSED(n_embd_v_gqa); \
    const int64_t n_embd_head_k = hparams.n_embd_head_k(); GGML_UNUSED(n_embd_head_k); \
    const int64_t n_embd_head_v = hparams.n_embd_head_v(); GGML_UNUSED(n_embd_head_v); \
    const int64_t n_ff          = hparams.n_ff();          GGML_UNUSED(n_ff); \
    const int64_t n_embd_gqa    = n_embd_v_gqa;            GGML_UNUSED(n_embd_gqa); \
    const int64_t n_vocab       = vocab.n_tokens();        GGML_UNUSED(n_vocab); \
    const int64_t n_token_types = vocab.n_token_types();   GGML_UNUSED(n_token_types); \
    const int64_t n_rot         = hparams.n_rot();         GGML_UNUSED(n_rot); \
    const int64_t n_expert      = hparams.n_expert;        GGML_UNUSED(n_expert); \
    const int64_t n_expert_used = hparams.n_expert_used;   GGML_UNUSED(n_expert_used); \
    const int64_t n_ctx_train   = hparams.n_ctx_train;     GGML_UNUSED(n_ctx_train);
