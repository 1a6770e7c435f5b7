#pragma once

#include "llama.h"

#include <functional>
#include <memory>

struct llama_ubatch;

struct llama_memory_params {
    ggml_type type_k;
    ggml_type type_v;

    // give the windowed layers a cache of full size
    bool swa_full;
};

// the memory as one batch sees it
struct llama_memory_context_i {
    virtual ~llama_memory_context_i() = default;

    virtual bool next() = 0;
};

struct llama_memory_i {
    // which layers this memory holds
    using layer_filter_cb = std::function<bool(int32_t il)>;

    // the layer whose memory layer il reads, negative: its own
    using layer_reuse_cb = std::function<int32_t(int32_t il)>;

    // the layer of the other memory that layer il reads, negative: none
    using layer_share_cb = std::function<int32_t(int32_t il)>;

    virtual ~llama_memory_i() = default;

    virtual bool get_can_shift() const = 0;
};
