#pragma once

#include "llama.h"

// the part of a batch that one graph evaluates: either tokens or embeddings
struct llama_ubatch {
    uint32_t n_tokens = 0;

    llama_token * token  = nullptr; // [n_tokens]
    float       * embd   = nullptr; // [n_embd, n_tokens]
    llama_pos   * pos    = nullptr; // [n_tokens]
    int8_t      * output = nullptr; // [n_tokens]
};
