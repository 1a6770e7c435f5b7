#include "llama-context.h"

#include "llama-impl.h"
#include "llama-model.h"

#include <algorithm>
#include <stdexcept>

llama_context::llama_context(const llama_model & model, llama_context_params params) : model(model) {
    cparams.n_ctx      = params.n_ctx > 0 ? params.n_ctx : model.hparams.n_ctx_train;
    cparams.n_ctx_seq  = cparams.n_ctx;
    cparams.n_ubatch   = params.n_ubatch;
    cparams.n_seq_max  = 1;
    cparams.flash_attn = params.flash_attn_type != LLAMA_FLASH_ATTN_TYPE_DISABLED;
}

uint32_t llama_context::graph_max_nodes(uint32_t n_tokens) const {
    // these loop over the tokens
    if (model.arch == LLM_ARCH_MAMBA ||
        model.arch == LLM_ARCH_QWEN35) {
        return std::max<uint32_t>(n_tokens * 40, 32u * model.n_tensors());
    }

    return std::max<uint32_t>(1024u, 8u * model.n_tensors());
}

llama_context * llama_init_from_model(
                 llama_model * model,
        llama_context_params   params) {
    if (!model) {
        LLAMA_LOG_ERROR("%s: no model given\n", __func__);
        return nullptr;
    }

    if (params.flash_attn_type != LLAMA_FLASH_ATTN_TYPE_DISABLED && ggml_is_quantized(params.type_k)) {
        const uint32_t blck_size = ggml_blck_size(params.type_k);
        for (uint32_t il = 0; il < model->hparams.n_layer(); ++il) {
            if (model->hparams.n_embd_head_k(il) % blck_size != 0) {
                LLAMA_LOG_ERROR("%s: K cache type %s has blocks of %u, which do not fit n_embd_head_k = %u\n",
                    __func__, ggml_type_name(params.type_k), blck_size, model->hparams.n_embd_head_k(il));
                return nullptr;
            }
        }
    }

    if (params.flash_attn_type != LLAMA_FLASH_ATTN_TYPE_DISABLED && ggml_is_quantized(params.type_v)) {
        const uint32_t blck_size = ggml_blck_size(params.type_v);
        for (uint32_t il = 0; il < model->hparams.n_layer(); ++il) {
            if (model->hparams.n_embd_head_v(il) % blck_size != 0) {
                LLAMA_LOG_ERROR("%s: V cache type %s has blocks of %u, which do not fit n_embd_head_v = %u\n",
                    __func__, ggml_type_name(params.type_v), blck_size, model->hparams.n_embd_head_v(il));
                return nullptr;
            }
        }
    }

    try {
        return new llama_context(*model, params);
    } catch (const std::exception & err) {
        LLAMA_LOG_ERROR("%s: %s\n", __func__, err.what());
    }

    return nullptr;
}
