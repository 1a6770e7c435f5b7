#include "llama-hparams.h"

#include "ggml.h"

#include <algorithm>

void llama_hparams::set_swa_pattern(uint32_t n_pattern, bool dense_first) {
    const uint32_t i_dense = dense_first ? 0 : n_pattern - 1;

    for (uint32_t il = 0; il < n_layer; ++il) {
        swa_layers[il] = n_pattern == 0 || il % n_pattern != i_dense;
    }
}

bool llama_hparams::is_swa_any() const {
    return std::any_of(swa_layers.begin(), swa_layers.begin() + n_layer, [](uint32_t swa) { return swa != 0; });
}

uint32_t llama_hparams::n_head(uint32_t il) const {
    GGML_ASSERT(il < n_layer);

    return n_head_arr[il];
}

uint32_t llama_hparams::n_head_kv(uint32_t il) const {
    GGML_ASSERT(il < n_layer);

    return n_head_kv_arr[il];
}

uint32_t llama_hparams::n_ff(uint32_t il) const {
    GGML_ASSERT(il < n_layer);

    return n_ff_arr[il];
}

uint32_t llama_hparams::n_embd_k_gqa(uint32_t il) const {
    const uint32_t n_head_kv = this->n_head_kv(il);

    return n_embd_head_k * n_head_kv;
}

uint32_t llama_hparams::n_embd_v_gqa(uint32_t il) const {
    const uint32_t n_head_kv = this->n_head_kv(il);

    return n_embd_head_v * n_head_kv;
}

bool llama_hparams::is_swa(uint32_t il) const {
    GGML_ASSERT(il < n_layer);

    return swa_layers[il];
}

bool llama_hparams::has_kv(uint32_t il) const {
    return n_layer_kv_from_start < 0 || il < (uint32_t) n_layer_kv_from_start;
}
