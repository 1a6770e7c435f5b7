#pragma once

#include "llama-kv-cache.h"

//
// llama_kv_cache_iswa
//

// two caches: one for the layers that see everything, one for the layers with a window

class llama_kv_cache_iswa : public llama_memory_i {
public:
    llama_kv_cache_iswa(
            const llama_model & model,
                    ggml_type   type_k,
                    ggml_type   type_v,
                         bool   v_trans,
                         bool   offload,
                         bool   swa_full,
                         bool   unified,
                     uint32_t   kv_size,
                     uint32_t   n_seq_max,
                     uint32_t   n_ubatch,
                     uint32_t   n_pad,
           llama_memory_i * mem_other,
        const layer_filter_cb & filter,
        const  layer_reuse_cb & reuse,
        const  layer_share_cb & share);

    ~llama_kv_cache_iswa() = default;

    bool get_can_shift() const override;

private:
    std::unique_ptr<llama_kv_cache> kv_base;
    std::unique_ptr<llama_kv_cache> kv_swa;
};

class llama_kv_cache_iswa_context : public llama_memory_context_i {
public:
    bool next() override;

    const llama_kv_cache_context * get_base() const;
    const llama_kv_cache_context * get_swa()  const;
};
