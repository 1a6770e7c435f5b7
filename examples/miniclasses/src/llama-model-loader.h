#pragma once

#include "llama.h"

#include "llama-impl.h"
#include "llama-arch.h"

#include "gguf.h"

#include <array>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct gguf_context_deleter { void operator()(gguf_context * ctx) { gguf_free(ctx); } };

using gguf_context_ptr = std::unique_ptr<gguf_context, gguf_context_deleter>;

struct llama_model_loader {
    static const int TENSOR_NOT_REQUIRED = 1 << 0;
    static const int TENSOR_DUPLICATED   = 1 << 1;
    static const int TENSOR_SKIP         = 1 << 2;
    static const int TENSOR_SKIP_IF_VIRTUAL = 1 << 3; // where the file only says what it would hold

    gguf_context_ptr      metadata_ptr;
    struct gguf_context * metadata = nullptr; // that of the pointer, or one from outside

    LLM_KV llm_kv = LLM_KV(LLM_ARCH_UNKNOWN);

    template<typename T>
    bool get_arr_n(enum llm_kv kid, T & result, bool required = true);

    template<typename T, size_t N_MAX>
    bool get_arr(const std::string & key, std::array<T, N_MAX> & result, bool required = true);

    template<typename T>
    bool get_arr(enum llm_kv kid, T & result, bool required = true);

    template<typename T>
    bool get_key(const std::string & key, T & result, bool required = true);

    template<typename T>
    bool get_key(enum llm_kv kid, T & result, bool required = true);

    template<typename T, size_t N_MAX>
    bool get_key_or_arr(const std::string & key, std::array<T, N_MAX> & result, uint32_t n, bool required = true);

    template<typename T>
    bool get_key_or_arr(enum llm_kv kid, T & result, uint32_t n, bool required = true);

    bool get_key_or_arr(enum llm_kv kid, uint32_t & result, bool required = true);

    enum llm_arch get_arch() const;

    struct ggml_tensor * create_tensor(struct ggml_context * ctx, const std::string & name, const std::initializer_list<int64_t> & ne, int flags = 0);

    void done_getting_tensors() const;
};
