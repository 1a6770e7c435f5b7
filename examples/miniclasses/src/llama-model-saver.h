#pragma once

#include "llama.h"
#include "llama-arch.h"

// whether all that a model of this architecture needs is written
bool llama_model_saver_supports_arch(llm_arch arch);

struct llama_model_saver {
    struct gguf_context * gguf_ctx = nullptr;
    const struct llama_model * model;
    const struct LLM_KV llm_kv;

    llama_model_saver(const struct llama_model * model);
    ~llama_model_saver();

    void add_kv(enum llm_kv key, uint32_t            value);
    void add_kv(enum llm_kv key, float               value);
    void add_kv(enum llm_kv key, bool                value);
    void add_kv(enum llm_kv key, const std::string & value);

    template <typename Container>
    void add_kv(enum llm_kv key, const Container & value, bool per_layer);

    void add_kv_from_model();

    void add_tensor(const struct ggml_tensor * tensor);

    void add_tensors_from_model();
};
