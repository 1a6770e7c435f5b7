#pragma once

#include "llama.h"

#include <memory>
#include <string>
#include <vector>

// how text is cut before the merges
enum llama_vocab_pre_type {
    LLAMA_VOCAB_PRE_TYPE_DEFAULT = 0,
    LLAMA_VOCAB_PRE_TYPE_LLAMA3  = 1,
    LLAMA_VOCAB_PRE_TYPE_GPT2    = 7,
    LLAMA_VOCAB_PRE_TYPE_REFACT  = 8,
    LLAMA_VOCAB_PRE_TYPE_QWEN2   = 11,
    LLAMA_VOCAB_PRE_TYPE_GPT4O   = 29,
    LLAMA_VOCAB_PRE_TYPE_JAIS2   = 49,
};

struct LLM_KV;
struct llama_model_loader;

struct llama_vocab {
    struct token_data {
        std::string      text;
        float            score;
        llama_token_attr attr;
    };

    llama_vocab();
    ~llama_vocab();

    void load(llama_model_loader & ml, const LLM_KV & kv);

    std::string get_tokenizer_model() const;
    std::string get_tokenizer_pre() const;

    enum llama_vocab_type     get_type()     const;
    enum llama_vocab_pre_type get_pre_type() const;

    uint32_t n_tokens() const;

    llama_token text_to_token(const std::string & text) const;

    llama_token token_bos() const;
    llama_token token_eos() const;

    bool get_add_bos           () const;
    bool get_ignore_merges     () const;
    bool get_escape_whitespaces() const;

    int find_bpe_rank(const std::string & token_left, const std::string & token_right) const;

    std::vector<llama_token> tokenize(
            const std::string & raw_text,
                         bool   add_special,
                         bool   parse_special = false) const;

    // does not end buf with a zero byte
    int32_t token_to_piece(
                  llama_token   token,
                         char * buf,
                      int32_t   length,
                      int32_t   lstrip,
                         bool   special) const;

    std::string detokenize(
            const std::vector<llama_token> & tokens,
                                      bool   special) const;

private:
    struct impl;
    std::unique_ptr<impl> pimpl;
};
