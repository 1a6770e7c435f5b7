#pragma once

#include "llama.h"
#include "llama-cparams.h"

struct llama_context {
    llama_context(const llama_model & model, llama_context_params params);

    const llama_cparams & get_cparams() const { return cparams; }

    // an upper limit for graphs over n_tokens
    uint32_t graph_max_nodes(uint32_t n_tokens) const;

private:
    const llama_model & model;

    llama_cparams cparams = {};
};
