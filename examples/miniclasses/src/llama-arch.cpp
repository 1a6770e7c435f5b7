#include "llama-arch.h"

#include "llama-impl.h"

#include <map>

static const std::map<llm_arch, const char *> LLM_ARCH_NAMES = {
    { LLM_ARCH_CLIP,            "clip"            }, // has no tensors of its own
    { LLM_ARCH_LLAMA,           "llama"           },
    { LLM_ARCH_BERT,            "bert"            },
    { LLM_ARCH_GPT2,            "gpt2"            },
    { LLM_ARCH_QWEN2,           "qwen2"           },
    { LLM_ARCH_PHI3,            "phi3"            },
    { LLM_ARCH_GEMMA,           "gemma"           },
    { LLM_ARCH_GEMMA2,          "gemma2"          },
    { LLM_ARCH_GEMMA3,          "gemma3"          },
    { LLM_ARCH_GEMMA3N,         "gemma3n"         },
    { LLM_ARCH_GEMMA_EMBEDDING, "gemma-embedding" },
    { LLM_ARCH_STARCODER2,      "starcoder2"      },
    { LLM_ARCH_MAMBA,           "mamba"           },
    { LLM_ARCH_JAMBA,           "jamba"           },
    { LLM_ARCH_QWEN35,          "qwen35"          },
    { LLM_ARCH_DREAM,           "dream"           },
    { LLM_ARCH_LLAMA_EMBED,     "llama-embed"     },
    { LLM_ARCH_UNKNOWN,         "(unknown)"       },
};

static const std::map<llm_kv, const char *> LLM_KV_NAMES = {
    { LLM_KV_GENERAL_ARCHITECTURE,             "general.architecture"                  },
    { LLM_KV_GENERAL_NAME,                     "general.name"                          },

    { LLM_KV_VOCAB_SIZE,                       "%s.vocab_size"                         },
    { LLM_KV_CONTEXT_LENGTH,                   "%s.context_length"                     },
    { LLM_KV_EMBEDDING_LENGTH,                 "%s.embedding_length"                   },
    { LLM_KV_EMBEDDING_LENGTH_OUT,             "%s.embedding_length_out"               },
    { LLM_KV_BLOCK_COUNT,                      "%s.block_count"                        },
    { LLM_KV_FEED_FORWARD_LENGTH,              "%s.feed_forward_length"                },
    { LLM_KV_EXPERT_FEED_FORWARD_LENGTH,       "%s.expert_feed_forward_length"         },
    { LLM_KV_EXPERT_COUNT,                     "%s.expert_count"                       },
    { LLM_KV_EXPERT_USED_COUNT,                "%s.expert_used_count"                  },
    { LLM_KV_NEXTN_PREDICT_LAYERS,             "%s.nextn_predict_layers"              },
    { LLM_KV_ATTN_LOGIT_SOFTCAPPING,           "%s.attn_logit_softcapping"             },
    { LLM_KV_FINAL_LOGIT_SOFTCAPPING,          "%s.final_logit_softcapping"            },

    { LLM_KV_ATTENTION_HEAD_COUNT,             "%s.attention.head_count"               },
    { LLM_KV_ATTENTION_HEAD_COUNT_KV,          "%s.attention.head_count_kv"            },
    { LLM_KV_ATTENTION_KEY_LENGTH,             "%s.attention.key_length"               },
    { LLM_KV_ATTENTION_VALUE_LENGTH,           "%s.attention.value_length"             },
    { LLM_KV_ATTENTION_KEY_LENGTH_SWA,         "%s.attention.key_length_swa"          },
    { LLM_KV_ATTENTION_VALUE_LENGTH_SWA,       "%s.attention.value_length_swa"        },
    { LLM_KV_ATTENTION_LAYERNORM_EPS,          "%s.attention.layer_norm_epsilon"       },
    { LLM_KV_ATTENTION_LAYERNORM_RMS_EPS,      "%s.attention.layer_norm_rms_epsilon"   },
    { LLM_KV_ATTENTION_SLIDING_WINDOW,         "%s.attention.sliding_window"           },
    { LLM_KV_ATTENTION_SLIDING_WINDOW_PATTERN, "%s.attention.sliding_window_pattern"   },
    { LLM_KV_ATTENTION_SCALE,                  "%s.attention.scale"                    },

    { LLM_KV_ROPE_DIMENSION_COUNT,             "%s.rope.dimension_count"               },
    { LLM_KV_ROPE_DIMENSION_COUNT_SWA,         "%s.rope.dimension_count_swa"          },
    { LLM_KV_ROPE_FREQ_BASE,                   "%s.rope.freq_base"                     },
    { LLM_KV_ROPE_FREQ_BASE_SWA,               "%s.rope.freq_base_swa"                 },
    { LLM_KV_ROPE_SCALING_FACTOR,              "%s.rope.scaling.factor"                },

    { LLM_KV_TOKENIZER_MODEL,                  "tokenizer.ggml.model"                  },
    { LLM_KV_TOKENIZER_PRE,                    "tokenizer.ggml.pre"                    },
    { LLM_KV_TOKENIZER_LIST,                   "tokenizer.ggml.tokens"                 },
    { LLM_KV_TOKENIZER_TOKEN_TYPE,             "tokenizer.ggml.token_type"             },
    { LLM_KV_TOKENIZER_SCORES,                 "tokenizer.ggml.scores"                 },
    { LLM_KV_TOKENIZER_MERGES,                 "tokenizer.ggml.merges"                 },
    { LLM_KV_TOKENIZER_BOS_ID,                 "tokenizer.ggml.bos_token_id"           },
    { LLM_KV_TOKENIZER_EOS_ID,                 "tokenizer.ggml.eos_token_id"           },
    { LLM_KV_TOKENIZER_EOT_ID,                 "tokenizer.ggml.eot_token_id"           },
    { LLM_KV_TOKENIZER_UNK_ID,                 "tokenizer.ggml.unknown_token_id"       },
    { LLM_KV_TOKENIZER_PAD_ID,                 "tokenizer.ggml.padding_token_id"       },
    { LLM_KV_TOKENIZER_ADD_BOS,                "tokenizer.ggml.add_bos_token"          },
    { LLM_KV_TOKENIZER_ADD_EOS,                "tokenizer.ggml.add_eos_token"          },
    { LLM_KV_TOKENIZER_ADD_PREFIX,             "tokenizer.ggml.add_space_prefix"       },
};

static const std::map<llm_tensor, const char *> LLM_TENSOR_NAMES = {
    { LLM_TENSOR_TOKEN_EMBD,           "token_embd" },
    { LLM_TENSOR_OUTPUT,               "output" },
    { LLM_TENSOR_OUTPUT_NORM,          "output_norm" },
    { LLM_TENSOR_ROPE_FREQS,           "rope_freqs" },
    { LLM_TENSOR_ATTN_QKV,             "blk.%d.attn_qkv" },
    { LLM_TENSOR_ATTN_Q,               "blk.%d.attn_q" },
    { LLM_TENSOR_ATTN_K,               "blk.%d.attn_k" },
    { LLM_TENSOR_ATTN_V,               "blk.%d.attn_v" },
    { LLM_TENSOR_ATTN_OUT,             "blk.%d.attn_output" },
    { LLM_TENSOR_ATTN_NORM,            "blk.%d.attn_norm" },
    { LLM_TENSOR_ATTN_POST_NORM,       "blk.%d.post_attention_norm" },
    { LLM_TENSOR_FFN_GATE_INP,         "blk.%d.ffn_gate_inp" },
    { LLM_TENSOR_FFN_NORM,             "blk.%d.ffn_norm" },
    { LLM_TENSOR_FFN_POST_NORM,        "blk.%d.post_ffw_norm" },
    { LLM_TENSOR_FFN_GATE,             "blk.%d.ffn_gate" },
    { LLM_TENSOR_FFN_DOWN,             "blk.%d.ffn_down" },
    { LLM_TENSOR_FFN_UP,               "blk.%d.ffn_up" },
    { LLM_TENSOR_FFN_DOWN_EXPS,        "blk.%d.ffn_down_exps" },
    { LLM_TENSOR_FFN_GATE_EXPS,        "blk.%d.ffn_gate_exps" },
    { LLM_TENSOR_FFN_UP_EXPS,          "blk.%d.ffn_up_exps" },
    { LLM_TENSOR_FFN_GATE_UP_EXPS,     "blk.%d.ffn_gate_up_exps" },
    { LLM_TENSOR_ATTN_Q_NORM,          "blk.%d.attn_q_norm" },
    { LLM_TENSOR_ATTN_K_NORM,          "blk.%d.attn_k_norm" },
    { LLM_TENSOR_LAYER_OUT_NORM,       "blk.%d.layer_output_norm" },
    { LLM_TENSOR_PER_LAYER_TOKEN_EMBD, "per_layer_token_embd" },
    { LLM_TENSOR_PER_LAYER_MODEL_PROJ, "per_layer_model_proj" },
    { LLM_TENSOR_PER_LAYER_INP_GATE,   "blk.%d.inp_gate" },
    { LLM_TENSOR_PER_LAYER_PROJ,       "blk.%d.proj" },
    { LLM_TENSOR_PER_LAYER_PROJ_NORM,  "per_layer_proj_norm" },
    { LLM_TENSOR_PER_LAYER_POST_NORM,  "blk.%d.post_norm" },
    { LLM_TENSOR_ALTUP_PROJ,           "altup_proj" },
    { LLM_TENSOR_ALTUP_UNEMBD_PROJ,    "altup_unembd_proj" },
    { LLM_TENSOR_ALTUP_CORRECT_COEF,   "blk.%d.altup_correct_coef" },
    { LLM_TENSOR_ALTUP_CORRECT_SCALE,  "blk.%d.altup_correct_scale" },
    { LLM_TENSOR_ALTUP_PREDICT_COEF,   "blk.%d.altup_predict_coef" },
    { LLM_TENSOR_ALTUP_ROUTER,         "blk.%d.altup_router" },
    { LLM_TENSOR_ALTUP_ROUTER_NORM,    "blk.%d.altup_router_norm" },
    { LLM_TENSOR_LAUREL_L,             "blk.%d.laurel_l" },
    { LLM_TENSOR_LAUREL_R,             "blk.%d.laurel_r" },
    { LLM_TENSOR_LAUREL_POST_NORM,     "blk.%d.laurel_post_norm" },
};

// where a weight is used (which decides its device) and by which operation
static const std::map<llm_tensor, llm_tensor_info> LLM_TENSOR_INFOS = {
    {LLM_TENSOR_TOKEN_EMBD,           {LLM_TENSOR_LAYER_INPUT, GGML_OP_GET_ROWS}},
    {LLM_TENSOR_OUTPUT,               {LLM_TENSOR_LAYER_OUTPUT, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_OUTPUT_NORM,          {LLM_TENSOR_LAYER_OUTPUT, GGML_OP_MUL}},
    {LLM_TENSOR_ROPE_FREQS,           {LLM_TENSOR_LAYER_REPEATING, GGML_OP_ROPE}},
    {LLM_TENSOR_ATTN_QKV,             {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ATTN_Q,               {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ATTN_K,               {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ATTN_V,               {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ATTN_OUT,             {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ATTN_NORM,            {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_ATTN_POST_NORM,       {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_FFN_GATE_INP,         {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_FFN_NORM,             {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_FFN_POST_NORM,        {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_FFN_GATE,             {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_FFN_DOWN,             {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_FFN_UP,               {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_FFN_DOWN_EXPS,        {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT_ID}},
    {LLM_TENSOR_FFN_GATE_EXPS,        {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT_ID}},
    {LLM_TENSOR_FFN_UP_EXPS,          {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT_ID}},
    {LLM_TENSOR_FFN_GATE_UP_EXPS,     {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT_ID}},
    {LLM_TENSOR_ATTN_Q_NORM,          {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_ATTN_K_NORM,          {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_LAYER_OUT_NORM,       {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    // per-layer embeddings, altup, laurel
    {LLM_TENSOR_PER_LAYER_TOKEN_EMBD, {LLM_TENSOR_LAYER_INPUT, GGML_OP_GET_ROWS}},
    {LLM_TENSOR_PER_LAYER_MODEL_PROJ, {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_PER_LAYER_INP_GATE,   {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_PER_LAYER_PROJ,       {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_PER_LAYER_PROJ_NORM,  {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_PER_LAYER_POST_NORM,  {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_ALTUP_PROJ,           {LLM_TENSOR_LAYER_OUTPUT, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ALTUP_UNEMBD_PROJ,    {LLM_TENSOR_LAYER_OUTPUT, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ALTUP_CORRECT_COEF,   {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ALTUP_CORRECT_SCALE,  {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ALTUP_PREDICT_COEF,   {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ALTUP_ROUTER,         {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_ALTUP_ROUTER_NORM,    {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
    {LLM_TENSOR_LAUREL_L,             {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_LAUREL_R,             {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL_MAT}},
    {LLM_TENSOR_LAUREL_POST_NORM,     {LLM_TENSOR_LAYER_REPEATING, GGML_OP_MUL}},
};

LLM_KV::LLM_KV(llm_arch arch) : arch(arch) {}

std::string LLM_KV::operator()(llm_kv kv) const {
    std::string key = LLM_KV_NAMES.at(kv);
    replace_all(key, "%s", LLM_ARCH_NAMES.at(arch));
    return key;
}

LLM_TN_IMPL::LLM_TN_IMPL(llm_arch arch, llm_tensor tensor, const char * suffix, int bid, int xid)
    : arch(arch), tensor(tensor), suffix(suffix), bid(bid), xid(xid) {}

std::string LLM_TN_IMPL::str() const {
    std::string res = LLM_TENSOR_NAMES.at(tensor);

    replace_all(res, "%d", std::to_string(bid));

    return suffix ? res + "." + suffix : res;
}

const char * llm_arch_name(llm_arch arch) {
    return LLM_ARCH_NAMES.at(arch);
}

llm_arch llm_arch_from_string(const std::string & name) {
    for (const auto & [arch, arch_name] : LLM_ARCH_NAMES) {
        if (name == arch_name) {
            return arch;
        }
    }

    return LLM_ARCH_UNKNOWN;
}

const llm_tensor_info & llm_tensor_info_for(llm_tensor tensor) {
    return LLM_TENSOR_INFOS.at(tensor);
}

bool llm_arch_is_recurrent(const llm_arch & arch) {
    switch (arch) {
        case LLM_ARCH_MAMBA:
            return true;
        default:
            return false;
    }
}

bool llm_arch_is_hybrid(const llm_arch & arch) {
    switch (arch) {
        case LLM_ARCH_JAMBA:
        case LLM_ARCH_QWEN35:
            return true;
        default:
            return false;
    }
}

bool llm_arch_is_diffusion(const llm_arch & arch) {
    switch (arch) {
        case LLM_ARCH_DREAM:
            return true;
        default:
            return false;
    }
}

bool llm_arch_supports_rs_rollback(const llm_arch & arch) {
    switch (arch) {
        case LLM_ARCH_QWEN35:
            return true;
        default:
            return false;
    }
}

// here the default is the other way round: whoever cannot be split has to say so
bool llm_arch_supports_sm_tensor(const llm_arch & arch) {
    switch (arch) {
        case LLM_ARCH_GEMMA3N:
        case LLM_ARCH_MAMBA:
        case LLM_ARCH_JAMBA:
            return false;
        default:
            return true;
    }
}
