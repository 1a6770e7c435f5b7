#include "llama-hparams.h"

#include "ggml.h"

#include <algorithm>

// the layers behind the last regular one are never marked
static void set_pattern(std::array<uint32_t, LLAMA_MAX_LAYERS> & marks, uint32_t n_layer, uint32_t n_pattern, bool dense_first) {
    const uint32_t i_dense = dense_first ? 0 : n_pattern - 1;

    marks.fill(0);
    for (uint32_t il = 0; il < n_layer; ++il) {
        marks[il] = n_pattern == 0 || il % n_pattern != i_dense;
    }
}

void llama_hparams::set_swa_pattern(uint32_t n_pattern, bool dense_first) {
    set_pattern(is_swa_impl, n_layer(), n_pattern, dense_first);
}

void llama_hparams::set_recr_pattern(uint32_t n_pattern, bool dense_first) {
    set_pattern(is_recr_impl, n_layer(), n_pattern, dense_first);
}

bool llama_hparams::is_swa_any() const {
    return std::any_of(is_swa_impl.begin(), is_swa_impl.begin() + n_layer_all, [](uint32_t swa) { return swa != 0; });
}

uint32_t llama_hparams::n_layer() const {
    return n_layer_all - n_layer_nextn;
}

uint32_t llama_hparams::n_head(uint32_t il) const {
    GGML_ASSERT(il < n_layer_all);

    return n_head_arr[il];
}

uint32_t llama_hparams::n_head_kv(uint32_t il) const {
    GGML_ASSERT(il < n_layer_all);

    return n_head_kv_arr[il];
}

uint32_t llama_hparams::n_ff(uint32_t il) const {
    GGML_ASSERT(il < n_layer_all);

    return n_ff_arr[il];
}

uint32_t llama_hparams::n_rot(uint32_t il) const {
    return is_swa(il) ? n_rot_swa : n_rot_full;
}

uint32_t llama_hparams::n_embd_head_k(uint32_t il) const {
    return is_swa(il) ? n_embd_head_k_swa : n_embd_head_k_full;
}

uint32_t llama_hparams::n_embd_head_v(uint32_t il) const {
    return is_swa(il) ? n_embd_head_v_swa : n_embd_head_v_full;
}

uint32_t llama_hparams::n_embd_k_gqa(uint32_t il) const {
    const uint32_t n_head_kv = this->n_head_kv(il);

    return n_embd_head_k(il) * n_head_kv;
}

uint32_t llama_hparams::n_embd_v_gqa(uint32_t il) const {
    const uint32_t n_head_kv = this->n_head_kv(il);

    return n_embd_head_v(il) * n_head_kv;
}

bool llama_hparams::is_swa(uint32_t il) const {
    GGML_ASSERT(il < n_layer_all);

    return is_swa_impl[il];
}

bool llama_hparams::is_recr(uint32_t il) const {
    GGML_ASSERT(il < n_layer_all);

    return is_recr_impl[il];
}

bool llama_hparams::has_kv(uint32_t il) const {
    return n_layer_kv_from_start < 0 || il < (uint32_t) n_layer_kv_from_start;
}
