#include "llama-model.h"

#include "llama-impl.h"
#include "llama-cparams.h"
#include "llama-model-loader.h"

#include "llama-kv-cache.h"
#include "llama-kv-cache-iswa.h"

#include "ggml.h"

#include "models/models.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

static llama_model * llama_model_mapping(llm_arch arch, const llama_model_params & params) {
    switch (arch) {
        case LLM_ARCH_LLAMA:
            return new llama_model_llama(params);
#ifndef LLAMA_MINI_NO_EMBED
        case LLM_ARCH_LLAMA_EMBED:
            return new llama_model_llama_embed(params);
#endif
        case LLM_ARCH_QWEN2:
            return new llama_model_qwen2(params);
        case LLM_ARCH_GEMMA3:
            return new llama_model_gemma3(params);
        case LLM_ARCH_GEMMA3N:
            return new llama_model_gemma3n(params);
        default:
            throw std::runtime_error(std::string("unsupported model architecture: '") + llm_arch_name(arch) + "'");
    }
}

llama_model * llama_model_create(llm_arch arch, const llama_model_params & params) {
    llama_model * model = llama_model_mapping(arch, params);

    model->arch = arch;

    if (params.split_mode == LLAMA_SPLIT_MODE_TENSOR && !llm_arch_supports_sm_tensor(arch)) {
        throw std::runtime_error(format("models of architecture '%s' cannot be split by tensor", llm_arch_name(arch)));
    }

    return model;
}

llama_model * llama_model_create(llama_model_loader & ml, const llama_model_params & params) {
    return llama_model_create(ml.get_arch(), params);
}

const char * llm_type_name(llm_type type) {
    switch (type) {
        case LLM_TYPE_1B:  return "1B";
        case LLM_TYPE_2B:  return "2B";
        case LLM_TYPE_4B:  return "4B";
        case LLM_TYPE_7B:  return "7B";
        case LLM_TYPE_9B:  return "9B";
        case LLM_TYPE_12B: return "12B";
        case LLM_TYPE_27B: return "27B";
        case LLM_TYPE_30B: return "30B";
        case LLM_TYPE_E2B: return "E2B";
        case LLM_TYPE_E4B: return "E4B";
        default:           return "?B";
    }
}

std::string llama_model::arch_name() const {
    return llm_arch_name(arch);
}

std::string llama_model::type_name() const {
    return llm_type_name(type);
}

llama_model::llama_model(const llama_model_params & params) : params(params) {}

size_t llama_model::n_tensors() const {
    return 3 + layers.size() * 12; // about as many
}

void llama_model_base::load_vocab(llama_model_loader & ml) {
    vocab.load(ml, LLM_KV(arch));
}

void llama_model_base::load_hparams(llama_model_loader & ml) {
    ml.get_key(LLM_KV_GENERAL_NAME, name, false);

    if (hparams.vocab_only || ml.get_arch() == LLM_ARCH_CLIP) {
        return;
    }

    ml.get_key(LLM_KV_CONTEXT_LENGTH,    hparams.n_ctx_train);
    ml.get_key(LLM_KV_EMBEDDING_LENGTH,  hparams.n_embd);
    ml.get_key(LLM_KV_BLOCK_COUNT,       hparams.n_layer_all);
    ml.get_key(LLM_KV_EXPERT_COUNT,      hparams.n_expert,      false);
    ml.get_key(LLM_KV_EXPERT_USED_COUNT, hparams.n_expert_used, false);

    GGML_ASSERT(hparams.n_expert <= LLAMA_MAX_EXPERTS);
    GGML_ASSERT(hparams.n_expert_used <= hparams.n_expert);

    std::fill(hparams.n_head_arr.begin(),   hparams.n_head_arr.end(),   0);
    std::fill(hparams.n_ff_arr.begin(),     hparams.n_ff_arr.end(),     0);
    std::fill(hparams.is_swa_impl.begin(),  hparams.is_swa_impl.end(),  0);
    std::fill(hparams.is_recr_impl.begin(), hparams.is_recr_impl.end(), llm_arch_is_recurrent(ml.get_arch()) ? 1 : 0);

    ml.get_key_or_arr(LLM_KV_FEED_FORWARD_LENGTH,  hparams.n_ff_arr,   hparams.n_layer(), false);
    ml.get_key_or_arr(LLM_KV_ATTENTION_HEAD_COUNT, hparams.n_head_arr, hparams.n_layer(), false);

    // without grouped queries there are as many kv heads as heads
    hparams.n_head_kv_arr = hparams.n_head_arr;

    ml.get_key_or_arr(LLM_KV_ATTENTION_HEAD_COUNT_KV, hparams.n_head_kv_arr, hparams.n_layer(), false);

    hparams.rope_freq_base_train = 10000.0f;
    ml.get_key(LLM_KV_ROPE_FREQ_BASE, hparams.rope_freq_base_train, false);

    float ropescale = 0.0f;
    ml.get_key(LLM_KV_ROPE_SCALING_FACTOR, ropescale, false);
    hparams.rope_freq_scale_train = ropescale == 0.0f ? 1.0f : 1.0f/ropescale;

    if (hparams.n_head() > 0) {
        hparams.n_embd_head_k_full = hparams.n_embd / hparams.n_head();
        ml.get_key(LLM_KV_ATTENTION_KEY_LENGTH, hparams.n_embd_head_k_full, false);

        hparams.n_embd_head_v_full = hparams.n_embd / hparams.n_head();
        ml.get_key(LLM_KV_ATTENTION_VALUE_LENGTH, hparams.n_embd_head_v_full, false);

        // the whole head is rotated, unless the file says less
        hparams.n_rot_full = hparams.n_embd_head_k_full;

        ml.get_key(LLM_KV_ROPE_DIMENSION_COUNT, hparams.n_rot_full, false);

        if (arch == LLM_ARCH_LLAMA && hparams.n_rot_full != hparams.n_embd_head_k_full) {
            throw std::runtime_error(format("invalid n_rot: %u, expected %u", hparams.n_rot_full, hparams.n_embd_head_k_full));
        }
    } else {
        hparams.n_rot_full = 0;
        hparams.n_embd_head_k_full = 0;
        hparams.n_embd_head_v_full = 0;
    }

    // layers with a window are like the others, unless the file says otherwise
    {
        hparams.n_embd_head_k_swa = hparams.n_embd_head_k_full;
        hparams.n_embd_head_v_swa = hparams.n_embd_head_v_full;
        ml.get_key(LLM_KV_ATTENTION_KEY_LENGTH_SWA,   hparams.n_embd_head_k_swa, false);
        ml.get_key(LLM_KV_ATTENTION_VALUE_LENGTH_SWA, hparams.n_embd_head_v_swa, false);

        hparams.n_rot_swa = hparams.n_rot_full;
        ml.get_key(LLM_KV_ROPE_DIMENSION_COUNT_SWA, hparams.n_rot_swa, false);
    }

    // what only this architecture needs
    load_arch_hparams(ml);

    hparams.rope_type = llama_model_rope_type(this);
}

bool llama_model_base::load_tensors(llama_model_loader & ml) {
    const int n_layer_all = hparams.n_layer_all;

    this->ml = &ml;

    const auto TENSOR_NOT_REQUIRED = llama_model_loader::TENSOR_NOT_REQUIRED;

    // create tensors for the weights
    {
        const auto tn = LLM_TN(arch);

        const int64_t n_expert = hparams.n_expert;

        layers.resize(n_layer_all);

        load_arch_tensors(ml);

        // any weight may come with a factor
        for (int i = 0; i < n_layer_all; ++i) {
            auto & layer = layers[i];

            if (!layer.wq_s && layer.wq) {
                layer.wq_s = create_tensor(tn(LLM_TENSOR_ATTN_Q, "scale", i), {1}, TENSOR_NOT_REQUIRED);
            }
            if (!layer.wk_s && layer.wk) {
                layer.wk_s = create_tensor(tn(LLM_TENSOR_ATTN_K, "scale", i), {1}, TENSOR_NOT_REQUIRED);
            }
            if (!layer.wv_s && layer.wv) {
                layer.wv_s = create_tensor(tn(LLM_TENSOR_ATTN_V, "scale", i), {1}, TENSOR_NOT_REQUIRED);
            }
            if (!layer.wo_s && layer.wo) {
                layer.wo_s = create_tensor(tn(LLM_TENSOR_ATTN_OUT, "scale", i), {1}, TENSOR_NOT_REQUIRED);
            }
            if (!layer.wqkv_s && layer.wqkv) {
                layer.wqkv_s = create_tensor(tn(LLM_TENSOR_ATTN_QKV, "scale", i), {1}, TENSOR_NOT_REQUIRED);
            }
            if (!layer.ffn_gate_exps_s && layer.ffn_gate_exps) {
                layer.ffn_gate_exps_s = create_tensor(tn(LLM_TENSOR_FFN_GATE_EXPS, "scale", i), {n_expert}, TENSOR_NOT_REQUIRED);
            }
            if (!layer.ffn_down_exps_s && layer.ffn_down_exps) {
                layer.ffn_down_exps_s = create_tensor(tn(LLM_TENSOR_FFN_DOWN_EXPS, "scale", i), {n_expert}, TENSOR_NOT_REQUIRED);
            }
            if (!layer.ffn_up_exps_s && layer.ffn_up_exps) {
                layer.ffn_up_exps_s = create_tensor(tn(LLM_TENSOR_FFN_UP_EXPS, "scale", i), {n_expert}, TENSOR_NOT_REQUIRED);
            }
        }

        if (output && !output_s) {
            output_s = create_tensor(tn(LLM_TENSOR_OUTPUT, "scale"), {1}, TENSOR_NOT_REQUIRED);
        }
    }

    ml.done_getting_tensors();

    return true;
}

float llama_model::get_rope_freq_base (const llama_cparams & cparams, int il) const {
    return hparams.is_swa(il) ? hparams.rope_freq_base_train_swa : cparams.rope_freq_base;
}

float llama_model::get_rope_freq_scale(const llama_cparams & cparams, int il) const {
    return hparams.is_swa(il) ? hparams.rope_freq_scale_train_swa : cparams.rope_freq_scale;
}

ggml_tensor * llama_model::get_rope_factors(const llama_cparams & /*cparams*/, int il) const {
    return layers[il].rope_freqs;
}

llama_memory_i * llama_model::create_memory(const llama_memory_params & params, const llama_cparams & cparams) const {
    llama_memory_i * res;

    switch (arch) {
        // nothing to remember: these see their whole input at once
        case LLM_ARCH_BERT:
        case LLM_ARCH_GEMMA_EMBEDDING:
        case LLM_ARCH_DREAM:
            {
                res = nullptr;
            } break;
        default:
            {
                llama_memory_i::layer_filter_cb filter = nullptr;
                llama_memory_i::layer_reuse_cb  reuse  = nullptr;
                llama_memory_i::layer_share_cb  share  = nullptr;

                if (llm_arch_is_recurrent(arch) || llm_arch_is_hybrid(arch)) {
                    GGML_ABORT("no memory for states in this miniature");
                }

                if (arch == LLM_ARCH_GEMMA3N) {
                    reuse = [&](uint32_t il) {
                        // a layer without keys of its own reads those of the last owner of its kind
                        const int32_t n_own = hparams.n_layer_kv_from_start;

                        return (int32_t) il < n_own ? -1 : n_own - (hparams.is_swa(il) ? 2 : 1);
                    };
                }

                if (hparams.n_layer_nextn > 0) {
                    filter = [&](uint32_t il) { return il < hparams.n_layer(); };
                }

                if (hparams.swa_type != LLAMA_SWA_TYPE_NONE) {
                    GGML_ASSERT(hparams.is_swa_any());

                    res = new llama_kv_cache_iswa(
                            *this,
                            params.type_k,
                            params.type_v,
                            !cparams.flash_attn,
                            cparams.offload_kqv,
                            params.swa_full,
                            cparams.kv_unified,
                            cparams.n_ctx_seq,
                            cparams.n_seq_max,
                            cparams.n_ubatch,
                            1,
                            nullptr,
                            filter,
                            reuse,
                            share);
                } else {
                    res = new llama_kv_cache(
                            *this,
                            hparams,
                            params.type_k,
                            params.type_v,
                            !cparams.flash_attn,
                            cparams.offload_kqv,
                            cparams.kv_unified,
                            cparams.n_ctx_seq,
                            cparams.n_seq_max,
                            1,
                            hparams.n_swa,
                            hparams.swa_type,
                            nullptr,
                            filter,
                            nullptr,
                            nullptr);
                }
            }
    }

    return res;
}

ggml_cgraph * llama_model::build_graph(const llm_graph_params & params) const {
    std::unique_ptr<llm_graph_context> llm = build_arch_graph(params);

    return llm->res->get_gf();
}

//
// llama_model_base
//

llama_model_base::llama_model_base(const llama_model_params & params) : llama_model(params), tn(arch),
    TENSOR_DUPLICATED     (llama_model_loader::TENSOR_DUPLICATED),
    TENSOR_NOT_REQUIRED   (llama_model_loader::TENSOR_NOT_REQUIRED),
    TENSOR_SKIP           (llama_model_loader::TENSOR_SKIP),
    TENSOR_SKIP_IF_VIRTUAL(llama_model_loader::TENSOR_SKIP_IF_VIRTUAL) {}

ggml_tensor * llama_model_base::create_tensor(llama_model_loader & ml, const LLM_TN_IMPL & tn, const std::initializer_list<int64_t> & ne, int flags) {
    // one weight may have two names, e.g. the embeddings as output
    if (flags & TENSOR_DUPLICATED) {
        if (ggml_tensor * t = ggml_get_tensor(ctx, tn.str().c_str())) {
            return t;
        }
    }

    const llm_tensor_info & info = llm_tensor_info_for(tn.tensor);

    if ((info.layer == LLM_TENSOR_LAYER_REPEATING) != (tn.bid != -1)) {
        GGML_ABORT("tensor %s: layer number and kind do not match", tn.str().c_str());
    }

    return flags & TENSOR_SKIP ? nullptr : ml.create_tensor(ctx, tn, ne, flags);
}

ggml_tensor * llama_model_base::create_tensor(const LLM_TN_IMPL & tn, const std::initializer_list<int64_t> & ne, int flags) {
    GGML_ASSERT(ml != nullptr);

    return create_tensor(*ml, tn, ne, flags);
}

void llama_model_base::create_tensor_gate_up_exps(llama_layer & layer, int bid, int64_t n_embd_, int64_t n_ff_, int64_t n_expert_, int flags) {
    layer.ffn_gate_up_exps = create_tensor(tn(LLM_TENSOR_FFN_GATE_UP_EXPS, "weight", bid), {n_embd_, n_ff_ * 2, n_expert_}, TENSOR_NOT_REQUIRED);
    if (layer.ffn_gate_up_exps != nullptr) {
        return;
    }

    layer.ffn_gate_exps = create_tensor(tn(LLM_TENSOR_FFN_GATE_EXPS, "weight", bid), {n_embd_, n_ff_, n_expert_}, flags);
    layer.ffn_up_exps   = create_tensor(tn(LLM_TENSOR_FFN_UP_EXPS,   "weight", bid), {n_embd_, n_ff_, n_expert_}, flags);
}

void llama_model_base::create_tensor_qkv(llama_layer & layer, int bid,
        int64_t n_embd_, int64_t n_embd_q_, int64_t n_embd_k_, int64_t n_embd_v_,
        int flags) {
    const int64_t n_embd_qkv = n_embd_q_ + n_embd_k_ + n_embd_v_;
    const int     optional   = TENSOR_NOT_REQUIRED | TENSOR_SKIP_IF_VIRTUAL;

    layer.wqkv = create_tensor(tn(LLM_TENSOR_ATTN_QKV, "weight", bid), {n_embd_, n_embd_qkv}, optional);
    if (layer.wqkv != nullptr) {
        layer.wqkv_b = create_tensor(tn(LLM_TENSOR_ATTN_QKV, "bias", bid), {n_embd_qkv}, optional);
        return;
    }

    layer.wq = create_tensor(tn(LLM_TENSOR_ATTN_Q, "weight", bid), {n_embd_, n_embd_q_}, flags);
    layer.wk = create_tensor(tn(LLM_TENSOR_ATTN_K, "weight", bid), {n_embd_, n_embd_k_}, flags);
    layer.wv = create_tensor(tn(LLM_TENSOR_ATTN_V, "weight", bid), {n_embd_, n_embd_v_}, flags);

    layer.wq_b = create_tensor(tn(LLM_TENSOR_ATTN_Q, "bias", bid), {n_embd_q_}, TENSOR_NOT_REQUIRED);
    layer.wk_b = create_tensor(tn(LLM_TENSOR_ATTN_K, "bias", bid), {n_embd_k_}, TENSOR_NOT_REQUIRED);
    layer.wv_b = create_tensor(tn(LLM_TENSOR_ATTN_V, "bias", bid), {n_embd_v_}, TENSOR_NOT_REQUIRED);
}

//
// interface implementation
//

llama_rope_type llama_model_rope_type(const llama_model * model) {
    switch (model->arch) {
        // no rotation
        case LLM_ARCH_CLIP:
        case LLM_ARCH_BERT:
        case LLM_ARCH_GPT2:
        case LLM_ARCH_MAMBA:
        case LLM_ARCH_JAMBA:
            return LLAMA_ROPE_TYPE_NONE;

        // neighbouring pairs
        case LLM_ARCH_LLAMA:
        case LLM_ARCH_LLAMA_EMBED:
            return LLAMA_ROPE_TYPE_NORM;

        // pairs that are half a head apart
        case LLM_ARCH_QWEN2:
        case LLM_ARCH_PHI3:
        case LLM_ARCH_GEMMA:
        case LLM_ARCH_GEMMA2:
        case LLM_ARCH_GEMMA3:
        case LLM_ARCH_GEMMA3N:
        case LLM_ARCH_GEMMA_EMBEDDING:
        case LLM_ARCH_STARCODER2:
        case LLM_ARCH_QWEN35:
        case LLM_ARCH_DREAM:
            return LLAMA_ROPE_TYPE_NEOX;

        // no default: the compiler names an architecture that is missing here
        case LLM_ARCH_UNKNOWN:
            GGML_ABORT("unknown architecture");
    }

    return LLAMA_ROPE_TYPE_NONE;
}
