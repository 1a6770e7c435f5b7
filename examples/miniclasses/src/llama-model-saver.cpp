#include "llama-model-saver.h"

#include "gguf.h"

#include "llama-hparams.h"
#include "llama-model.h"
#include "llama-vocab.h"

bool llama_model_saver_supports_arch(llm_arch arch) {
    switch (arch) {
        // LLM_ARCH_GEMMA2 has a window too, but its pattern is in no file
        case LLM_ARCH_GEMMA3:
        case LLM_ARCH_GEMMA3N:
            return false;
        default:
            return true;
    }
}

llama_model_saver::llama_model_saver(const struct llama_model * model) : model(model), llm_kv(model->arch) {
    GGML_ASSERT(llama_model_saver_supports_arch(model->arch));

    gguf_ctx = gguf_init_empty();
}

llama_model_saver::~llama_model_saver() {
    gguf_free(gguf_ctx);
}

void llama_model_saver::add_kv(const enum llm_kv key, const uint32_t value) {
    gguf_set_val_u32(gguf_ctx, llm_kv(key).c_str(), value);
}

void llama_model_saver::add_kv(const enum llm_kv key, const float value) {
    gguf_set_val_f32(gguf_ctx, llm_kv(key).c_str(), value);
}

void llama_model_saver::add_kv(const enum llm_kv key, const bool value) {
    gguf_set_val_bool(gguf_ctx, llm_kv(key).c_str(), value);
}

void llama_model_saver::add_kv(const enum llm_kv key, const std::string & value) {
    gguf_set_val_str(gguf_ctx, llm_kv(key).c_str(), value.c_str());
}

template <typename Container>
void llama_model_saver::add_kv(const enum llm_kv key, const Container & value, const bool per_layer) {
    const size_t n = per_layer ? size_t(model->hparams.n_layer_all) : value.size();

    gguf_set_arr_data(gguf_ctx, llm_kv(key).c_str(), GGUF_TYPE_UINT32, value.data(), n);
}

void llama_model_saver::add_kv_from_model() {
    const llama_hparams & hparams = model->hparams;
    const llama_vocab   & vocab   = model->vocab;

    add_kv(LLM_KV_GENERAL_ARCHITECTURE,        model->arch_name());
    add_kv(LLM_KV_GENERAL_NAME,                model->name);

    add_kv(LLM_KV_VOCAB_SIZE,                  vocab.n_tokens());
    add_kv(LLM_KV_CONTEXT_LENGTH,              hparams.n_ctx_train);
    add_kv(LLM_KV_EMBEDDING_LENGTH,            hparams.n_embd);
    add_kv(LLM_KV_BLOCK_COUNT,                 hparams.n_layer_all);
    add_kv(LLM_KV_FEED_FORWARD_LENGTH,         hparams.n_ff_arr, true);
    add_kv(LLM_KV_EXPERT_FEED_FORWARD_LENGTH,  hparams.n_ff_exp);
    add_kv(LLM_KV_EXPERT_COUNT,                hparams.n_expert);
    add_kv(LLM_KV_EXPERT_USED_COUNT,           hparams.n_expert_used);
    add_kv(LLM_KV_ATTN_LOGIT_SOFTCAPPING,      hparams.f_attn_logit_softcapping);
    add_kv(LLM_KV_FINAL_LOGIT_SOFTCAPPING,     hparams.f_final_logit_softcapping);

    add_kv(LLM_KV_ATTENTION_HEAD_COUNT,        hparams.n_head_arr, true);
    add_kv(LLM_KV_ATTENTION_HEAD_COUNT_KV,     hparams.n_head_kv_arr, true);
    add_kv(LLM_KV_ATTENTION_KEY_LENGTH,        hparams.n_embd_head_k_full);
    add_kv(LLM_KV_ATTENTION_VALUE_LENGTH,      hparams.n_embd_head_v_full);
    add_kv(LLM_KV_ATTENTION_KEY_LENGTH_SWA,    hparams.n_embd_head_k_swa);
    add_kv(LLM_KV_ATTENTION_VALUE_LENGTH_SWA,  hparams.n_embd_head_v_swa);
    add_kv(LLM_KV_ATTENTION_LAYERNORM_EPS,     hparams.f_norm_eps);
    add_kv(LLM_KV_ATTENTION_LAYERNORM_RMS_EPS, hparams.f_norm_rms_eps);
    add_kv(LLM_KV_ATTENTION_SLIDING_WINDOW,    hparams.n_swa);
    add_kv(LLM_KV_ATTENTION_SCALE,             hparams.f_attention_scale);

    add_kv(LLM_KV_ROPE_DIMENSION_COUNT,        hparams.n_rot_full);
    add_kv(LLM_KV_ROPE_DIMENSION_COUNT_SWA,    hparams.n_rot_swa);
    add_kv(LLM_KV_ROPE_FREQ_BASE,              hparams.rope_freq_base_train);

    add_kv(LLM_KV_TOKENIZER_MODEL,             vocab.get_tokenizer_model());
    add_kv(LLM_KV_TOKENIZER_PRE,               vocab.get_tokenizer_pre());
    add_kv(LLM_KV_TOKENIZER_BOS_ID,            uint32_t(vocab.token_bos()));
    add_kv(LLM_KV_TOKENIZER_EOS_ID,            uint32_t(vocab.token_eos()));
    add_kv(LLM_KV_TOKENIZER_ADD_BOS,           vocab.get_add_bos());
}

void llama_model_saver::add_tensor(const struct ggml_tensor * tensor) {
    if (tensor) {
        gguf_add_tensor(gguf_ctx, tensor);
    }
}

void llama_model_saver::add_tensors_from_model() {
    add_tensor(model->tok_embd);
    add_tensor(model->output_norm);
    add_tensor(model->output);
    add_tensor(model->output_s);

    for (const auto & layer : model->layers) {
        add_tensor(layer.attn_norm);
        add_tensor(layer.ffn_norm);
    }
}
