#include "llama-vocab.h"

#include "ggml.h"
#include "gguf.h"
#include "llama-impl.h"
#include "llama-model-loader.h"

#include "unicode.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>
#include <stdexcept>
#include <unordered_map>

//
// tokenizers
//

struct llm_tokenizer {
    llm_tokenizer() {}
    virtual ~llm_tokenizer() = default;
};

// a node in a list of neighbours
struct llm_symbol {
    using index = int;
    index prev;
    index next;
    const char * text;
    size_t n;
};

struct llm_tokenizer_spm : llm_tokenizer {
    llm_tokenizer_spm(const llama_vocab & /*vocab*/) {}
};

struct llm_tokenizer_spm_session {
    llm_tokenizer_spm_session(const llama_vocab & vocab) : vocab(vocab) {}

    // longest match first; the scores of the vocabulary play no part in this miniature
    void tokenize(const std::string & text, std::vector<llama_token> & output) {
        for (size_t i = 0, n = 0; i < text.size(); i += n) {
            for (n = text.size() - i; n > 1 && vocab.text_to_token(text.substr(i, n)) == LLAMA_TOKEN_NULL; --n) {}

            output.push_back(vocab.text_to_token(text.substr(i, n)));
        }
    }

private:
    const llama_vocab & vocab;
};

struct llm_tokenizer_bpe : llm_tokenizer {
    llm_tokenizer_bpe(const llama_vocab & vocab) {
        GGML_ASSERT(vocab.get_type() == LLAMA_VOCAB_TYPE_BPE);
        switch (vocab.get_pre_type()) {
            case LLAMA_VOCAB_PRE_TYPE_LLAMA3:
            case LLAMA_VOCAB_PRE_TYPE_GPT4O: // without its rule for capitals
                regex_exprs = {
                    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                };
                break;
            case LLAMA_VOCAB_PRE_TYPE_REFACT:
                regex_exprs = {
                    "\\p{N}",
                    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
                };
                break;
            case LLAMA_VOCAB_PRE_TYPE_GPT2:
            case LLAMA_VOCAB_PRE_TYPE_QWEN2:
                regex_exprs = {
                    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
                };
                break;
            case LLAMA_VOCAB_PRE_TYPE_WHITESPACE:
                regex_exprs = {
                    "\\S+|\\s+",
                };
                byte_encode = false;
                break;
            default:
                regex_exprs = {
                    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
                    "[0-9][0-9][0-9]",
                };
                break;
        }
    }

    std::vector<std::string> regex_exprs;

    bool byte_encode = true; // as GPT-2 does: bytes as printable characters
};

struct llm_tokenizer_bpe_session {
    llm_tokenizer_bpe_session(const llama_vocab & vocab, const llm_tokenizer_bpe & tokenizer) : vocab(vocab), tokenizer(tokenizer) {}

    void tokenize(const std::string & text, std::vector<llama_token> & output) {
        const auto word_collection = unicode_regex_split(text, tokenizer.regex_exprs, tokenizer.byte_encode);

        for (const auto & word : word_collection) {
            symbols.clear();

            int index = 0;
            size_t offset = 0;

            // some vocabularies hold whole words that no merge leads to
            if (vocab.get_ignore_merges() && vocab.text_to_token(word) != LLAMA_TOKEN_NULL) {
                symbols.emplace_back(llm_symbol{-1, -1, word.c_str(), word.size()});
                offset = word.size();
            }

            while (offset < word.size()) {
                const size_t n = std::min(word.size() - offset, unicode_len_utf8(word[offset]));
                symbols.emplace_back(llm_symbol{index - 1, offset + n < word.size() ? index + 1 : -1, word.c_str() + offset, n});
                offset += n;
                index++;
            }

            while (merge_best_pair()) {}

            for (int i = symbols.empty() ? -1 : 0; i != -1; i = symbols[i].next) {
                const std::string str = std::string(symbols[i].text, symbols[i].n);
                const auto token = vocab.text_to_token(str);

                if (token != LLAMA_TOKEN_NULL) {
                    output.push_back(token);
                    continue;
                }

                // not a token: one token for each of its bytes
                for (auto j = str.begin(); j != str.end(); ++j) {
                    std::string byte_str(1, *j);
                    auto token_multibyte = vocab.text_to_token(byte_str);
                    if (token_multibyte != LLAMA_TOKEN_NULL) {
                        output.push_back(token_multibyte);
                    }
                }
            }
        }
    }

private:
    // join the two neighbours that come first in the list of merges
    bool merge_best_pair() {
        int rank_best = INT_MAX;
        int left_best = -1;

        for (int i = symbols.empty() ? -1 : 0; i != -1 && symbols[i].next != -1; i = symbols[i].next) {
            const auto & left  = symbols[i];
            const auto & right = symbols[left.next];

            const int rank = vocab.find_bpe_rank(std::string(left.text, left.n), std::string(right.text, right.n));
            if (rank >= 0 && rank < rank_best) {
                rank_best = rank;
                left_best = i;
            }
        }

        if (left_best == -1) {
            return false;
        }

        auto & left = symbols[left_best];

        left.n   += symbols[left.next].n;
        left.next = symbols[left.next].next;
        if (left.next != -1) {
            symbols[left.next].prev = left_best;
        }

        return true;
    }

    const llama_vocab & vocab;
    const llm_tokenizer_bpe & tokenizer;

    std::vector<llm_symbol> symbols;
};

//
// impl
//

enum fragment_buffer_variant_type {
    FRAGMENT_BUFFER_VARIANT_TYPE_TOKEN,
    FRAGMENT_BUFFER_VARIANT_TYPE_RAW_TEXT,
};

// a special token, or the text between two of them
struct fragment_buffer_variant {
    const fragment_buffer_variant_type type;
    const llama_token token;
    const std::string & raw_text;
    const uint64_t offset;
    const uint64_t length;
};

struct llama_vocab::impl {
    std::string tokenizer_model;
    std::string tokenizer_pre;

    enum llama_vocab_type     type     = LLAMA_VOCAB_TYPE_SPM;
    enum llama_vocab_pre_type pre_type = LLAMA_VOCAB_PRE_TYPE_DEFAULT;

    llama_token special_bos_id  = 1;
    llama_token special_eos_id  = 2;
    llama_token special_eot_id  = LLAMA_TOKEN_NULL;
    llama_token special_unk_id  = 0;
    llama_token special_sep_id  = LLAMA_TOKEN_NULL;
    llama_token special_pad_id  = LLAMA_TOKEN_NULL;
    llama_token special_mask_id = LLAMA_TOKEN_NULL;

    bool add_space_prefix   = false;
    bool add_bos            = false;
    bool add_eos            = false;
    bool ignore_merges      = false;
    bool clean_spaces       = false;
    bool escape_whitespaces = true;

    std::unordered_map<std::string, llama_token> token_to_id;
    std::vector<token_data>                      id_to_token;

    std::map<std::pair<std::string, std::string>, int> bpe_ranks;

    // the tokens after which generation stops
    std::set<llama_token> special_eog_ids;

    std::unique_ptr<llm_tokenizer> tokenizer;

    impl(const llama_vocab & vocab) : vocab(vocab) {
    }

    ~impl() = default;

    void load(llama_model_loader & ml, const LLM_KV & kv);

    enum llama_vocab_type get_type() const { return type; }

    bool is_byte(llama_token id) const;

    uint8_t token_to_byte(llama_token id) const;

    void init_tokenizer(enum llama_vocab_type type);

    // the control token that begins at offset i of the text
    llama_token special_token_at(const std::string & text, size_t i) const;

    void tokenizer_st_partition(std::vector<fragment_buffer_variant> & buffer, const std::string & text) const;

    std::vector<llama_token> tokenize(const std::string & raw_text, bool add_special, bool parse_special = false) const;

    int32_t token_to_piece(llama_token token, char * buf, int32_t length, int32_t lstrip, bool special) const;

    int32_t detokenize(const llama_token * tokens, int32_t n_tokens, char * text, int32_t text_len_max, bool remove_special, bool unparse_special) const;

private:
    const llama_vocab & vocab;
};

void llama_vocab::impl::load(llama_model_loader & ml, const LLM_KV & kv) {
    struct gguf_context * ctx = ml.metadata;

    // determine vocab type
    {
        ml.get_key(LLM_KV_TOKENIZER_MODEL, tokenizer_model);
        ml.get_key(LLM_KV_TOKENIZER_PRE,   tokenizer_pre, false);

        if (tokenizer_model == "no_vocab" || tokenizer_model == "none") {
            type = LLAMA_VOCAB_TYPE_NONE;

            special_bos_id = LLAMA_TOKEN_NULL;
            special_eos_id = LLAMA_TOKEN_NULL;
            special_unk_id = LLAMA_TOKEN_NULL;

            return;
        }

        if (tokenizer_model == "llama") {
            type = LLAMA_VOCAB_TYPE_SPM;

            special_bos_id  = 1;
            special_eos_id  = 2;
            special_unk_id  = 0;
            special_sep_id  = LLAMA_TOKEN_NULL;
            special_pad_id  = LLAMA_TOKEN_NULL;
            special_mask_id = LLAMA_TOKEN_NULL;
        } else if (tokenizer_model == "bert") {
            type = LLAMA_VOCAB_TYPE_WPM;

            special_bos_id  = 101;
            special_eos_id  = LLAMA_TOKEN_NULL;
            special_unk_id  = 100;
            special_sep_id  = 102;
            special_pad_id  = 0;
            special_mask_id = 103;
        } else if (tokenizer_model == "gpt2" || tokenizer_model == "hybriddna" || tokenizer_model == "whitespace") {
            type = LLAMA_VOCAB_TYPE_BPE;

            // a merge is "left right"
            const int merges_keyidx = gguf_find_key(ctx, kv(LLM_KV_TOKENIZER_MERGES).c_str());
            if (merges_keyidx == -1) {
                throw std::runtime_error("the model file holds no merges\n");
            }

            const int n_merges = gguf_get_arr_n(ctx, merges_keyidx);
            for (int i = 0; i < n_merges; i++) {
                const std::string word = gguf_get_arr_str(ctx, merges_keyidx, i);
                const size_t pos = word.find(' ', 1);

                bpe_ranks.emplace(std::make_pair(word.substr(0, pos), word.substr(pos + 1)), i);
            }

            special_bos_id  = 11;
            special_eos_id  = 11;
            special_unk_id  = LLAMA_TOKEN_NULL;
            special_sep_id  = LLAMA_TOKEN_NULL;
            special_pad_id  = LLAMA_TOKEN_NULL;
            special_mask_id = LLAMA_TOKEN_NULL;
        } else {
            throw std::runtime_error(format("unknown tokenizer: '%s'", tokenizer_model.c_str()));
        }

        // only BPE cuts the text first
        if (type == LLAMA_VOCAB_TYPE_BPE) {
            add_space_prefix = false;
            clean_spaces = true;
            if (tokenizer_pre.empty()) {
                LLAMA_LOG_WARN("%s: the model file names no pre-tokenizer, using: 'default'\n", __func__);
                pre_type = LLAMA_VOCAB_PRE_TYPE_DEFAULT;
            } else if (tokenizer_pre == "default") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_DEFAULT;
            } else if (
                    tokenizer_pre == "llama3"   ||
                    tokenizer_pre == "llama-v3" ||
                    tokenizer_pre == "llama-bpe") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_LLAMA3;
                ignore_merges = true;
                add_bos = true;
            } else if (
                    tokenizer_pre == "gpt-2") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_GPT2;
            } else if (
                    tokenizer_pre == "refact") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_REFACT;
            } else if (
                    tokenizer_pre == "gpt-4o") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_GPT4O;
                clean_spaces = false;
            } else if (
                    tokenizer_pre == "qwen2") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_QWEN2;
                clean_spaces = false;
            } else if (
                    tokenizer_pre == "jais-2") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_JAIS2;
            } else if (
                    tokenizer_pre == "whitespace") {
                pre_type = LLAMA_VOCAB_PRE_TYPE_WHITESPACE;
            } else {
                throw std::runtime_error(format("unknown pre-tokenizer type: '%s'", tokenizer_pre.c_str()));
            }
        } else if (type == LLAMA_VOCAB_TYPE_SPM) {
            pre_type = LLAMA_VOCAB_PRE_TYPE_DEFAULT;
            add_space_prefix = true;
            clean_spaces = false;
            add_bos = true;
            add_eos = false;
        } else if (type == LLAMA_VOCAB_TYPE_WPM) {
            pre_type = LLAMA_VOCAB_PRE_TYPE_DEFAULT;
            add_space_prefix = false;
            clean_spaces = true;
            add_bos = true;
            add_eos = false;
        }

        ml.get_key(LLM_KV_TOKENIZER_ADD_PREFIX, add_space_prefix, false);
    }

    const int token_idx   = gguf_find_key(ctx, kv(LLM_KV_TOKENIZER_LIST).c_str());
    const int toktype_idx = gguf_find_key(ctx, kv(LLM_KV_TOKENIZER_TOKEN_TYPE).c_str());

    // the types of a file, 0 to 6
    static const llama_token_attr attrs[] = {
        LLAMA_TOKEN_ATTR_UNDEFINED,
        LLAMA_TOKEN_ATTR_NORMAL,
        LLAMA_TOKEN_ATTR_UNKNOWN,
        LLAMA_TOKEN_ATTR_CONTROL,
        LLAMA_TOKEN_ATTR_USER_DEFINED,
        LLAMA_TOKEN_ATTR_UNUSED,
        LLAMA_TOKEN_ATTR_BYTE,
    };

    const int * toktypes = toktype_idx == -1 ? nullptr : (const int *) gguf_get_arr_data(ctx, toktype_idx);

    id_to_token.resize(gguf_get_arr_n(ctx, token_idx));

    for (size_t i = 0; i < id_to_token.size(); i++) {
        const std::string word = gguf_get_arr_str(ctx, token_idx, i);

        token_to_id[word] = i;
        id_to_token[i]    = { word, 0.0f, toktypes ? attrs[toktypes[i]] : LLAMA_TOKEN_ATTR_NORMAL };
    }

    init_tokenizer(type);

    // special tokens
    {
        const std::vector<std::pair<enum llm_kv, int32_t &>> special_token_types = {
            { LLM_KV_TOKENIZER_BOS_ID, special_bos_id },
            { LLM_KV_TOKENIZER_EOS_ID, special_eos_id },
            { LLM_KV_TOKENIZER_EOT_ID, special_eot_id },
            { LLM_KV_TOKENIZER_UNK_ID, special_unk_id },
            { LLM_KV_TOKENIZER_PAD_ID, special_pad_id },
        };

        for (const auto & [key, id] : special_token_types) {
            uint32_t new_id;
            if (ml.get_key(key, new_id, false) && new_id < id_to_token.size()) {
                id = new_id;
            }
        }

        // the file has the last word
        {
            bool temp = true;

            if (ml.get_key(LLM_KV_TOKENIZER_ADD_BOS, temp, false)) {
                add_bos = temp;
            }
            if (ml.get_key(LLM_KV_TOKENIZER_ADD_EOS, temp, false)) {
                add_eos = temp;
            }
        }

        // what the file does not say, the text of the tokens does
        for (const auto & t : token_to_id) {
            auto & attr = id_to_token[t.second].attr;

            if (special_eot_id == LLAMA_TOKEN_NULL) {
                if (false
                        || t.first == "<|eot_id|>"
                        || t.first == "<|im_end|>"
                        || t.first == "<end_of_turn>"
                        || t.first == "<|endoftext|>"
                        || t.first == "<end_of_utterance>"
                   ) {
                    special_eot_id = t.second;
                    attr = LLAMA_TOKEN_ATTR_CONTROL;
                }
            }
        }

        special_eog_ids.clear();

        for (const auto & t : token_to_id) {
            auto & attr = id_to_token[t.second].attr;

            if (false
                    || t.first == "<|eot_id|>"
                    || t.first == "<|im_end|>"
                    || t.first == "<|end|>"
                    || t.first == "<|return|>" // o200k_harmony
                    || t.first == "<|call|>"   // o200k_harmony
                    || t.first == "<end_of_turn>"
                    || t.first == "<|endoftext|>"
                    || t.first == "</s>"
                    || t.first == "<end_of_utterance>"
               ) {
                special_eog_ids.insert(t.second);
                if ((attr & LLAMA_TOKEN_ATTR_CONTROL) == 0) {
                    LLAMA_LOG_WARN("%s: token %d '%s' ends generation, so it becomes a control token\n", __func__, t.second, t.first.c_str());
                    attr = LLAMA_TOKEN_ATTR_CONTROL;
                }
            }
        }

        // what the file names as an end is one
        if (special_eos_id != LLAMA_TOKEN_NULL && special_eog_ids.count(special_eos_id) == 0) {
            special_eog_ids.insert(special_eos_id);
        }

        if (special_eot_id != LLAMA_TOKEN_NULL && special_eog_ids.count(special_eot_id) == 0) {
            special_eog_ids.insert(special_eot_id);
        }

        // where a message and the answer have different ends, the end of a message is not an end of generation
        {
            bool has_return = false;
            bool has_call   = false;

            llama_token end_id = LLAMA_TOKEN_NULL;

            for (auto tid : special_eog_ids) {
                auto & text = id_to_token[tid].text;

                if (text == "<|return|>") {
                    has_return = true;
                } else if (text == "<|call|>") {
                    has_call = true;
                } else if (text == "<|end|>") {
                    end_id = tid;
                }
            }

            if (has_return && has_call && end_id != LLAMA_TOKEN_NULL) {
                special_eog_ids.erase(end_id);

                auto & attr = id_to_token[end_id].attr;
                attr = LLAMA_TOKEN_ATTR_USER_DEFINED;
            }
        }
    }
}

bool llama_vocab::impl::is_byte(llama_token id) const {
    return id_to_token.at(id).attr & LLAMA_TOKEN_ATTR_BYTE;
}

uint8_t llama_vocab::impl::token_to_byte(llama_token id) const {
    GGML_ASSERT(is_byte(id));
    const auto & token_data = id_to_token.at(id);
    switch (get_type()) {
        case LLAMA_VOCAB_TYPE_SPM: {
            // <0x0A>
            auto buf = token_data.text.substr(3, 2);
            return strtol(buf.c_str(), NULL, 16);
        }
        case LLAMA_VOCAB_TYPE_BPE: {
            GGML_ABORT("bytes are no tokens here");
        }
        default:
            GGML_ABORT("unknown vocab type");
    }
}

void llama_vocab::impl::init_tokenizer(enum llama_vocab_type type) {
    switch (type) {
        case LLAMA_VOCAB_TYPE_SPM:
            tokenizer = std::make_unique<llm_tokenizer_spm>(vocab);
            break;
        case LLAMA_VOCAB_TYPE_BPE:
            tokenizer = std::make_unique<llm_tokenizer_bpe>(vocab);
            break;
        default:
            GGML_ABORT("no tokenizer of this type in the miniature");
    }
}

//
// (de-) tokenize
//

llama_token llama_vocab::impl::special_token_at(const std::string & text, size_t i) const {
    for (size_t id = 0; id < id_to_token.size(); ++id) {
        const auto & data = id_to_token[id];
        if ((data.attr & LLAMA_TOKEN_ATTR_CONTROL) && text.compare(i, data.text.size(), data.text) == 0) {
            return id;
        }
    }
    return LLAMA_TOKEN_NULL;
}

void llama_vocab::impl::tokenizer_st_partition(std::vector<fragment_buffer_variant> & buffer, const std::string & text) const {
    size_t start = 0;
    for (size_t i = 0; i <= text.size(); ) {
        const llama_token id = i < text.size() ? special_token_at(text, i) : LLAMA_TOKEN_NULL;

        if (i > start && (id != LLAMA_TOKEN_NULL || i == text.size())) {
            buffer.push_back({ FRAGMENT_BUFFER_VARIANT_TYPE_RAW_TEXT, LLAMA_TOKEN_NULL, text, start, i - start });
        }
        if (id == LLAMA_TOKEN_NULL) {
            ++i;
        } else {
            buffer.push_back({ FRAGMENT_BUFFER_VARIANT_TYPE_TOKEN, id, text, 0, 0 });
            start = i += id_to_token[id].text.size();
        }
    }
}

static void llama_escape_whitespace(std::string & text) {
    replace_all(text, " ", "\xe2\x96\x81");
}

static void llama_unescape_whitespace(std::string & word) {
    replace_all(word, "\xe2\x96\x81", " ");
}

static std::string llama_decode_text(const std::string & text) {
    std::string decoded_text;
    for (const auto cpt : unicode_cpts_from_utf8(text)) {
        decoded_text += unicode_utf8_to_byte(unicode_cpt_to_utf8(cpt));
    }
    return decoded_text;
}

std::vector<llama_token> llama_vocab::impl::tokenize(
        const std::string & raw_text,
        bool add_special,
        bool parse_special) const {
    std::vector<llama_token> output;
    std::vector<fragment_buffer_variant> fragment_buffer;

    if (parse_special) {
        tokenizer_st_partition(fragment_buffer, raw_text);
    } else if (!raw_text.empty()) {
        fragment_buffer.push_back({ FRAGMENT_BUFFER_VARIANT_TYPE_RAW_TEXT, LLAMA_TOKEN_NULL, raw_text, 0, raw_text.length() });
    }

    if (add_special && add_bos) {
        output.push_back(special_bos_id);
    }

    switch (get_type()) {
        case LLAMA_VOCAB_TYPE_SPM:
            {
                for (const auto & fragment : fragment_buffer) {
                    if (fragment.type == FRAGMENT_BUFFER_VARIANT_TYPE_RAW_TEXT) {
                        std::string text = add_space_prefix ? " " : "";

                        text += fragment.raw_text.substr(fragment.offset, fragment.length);

                        llama_escape_whitespace(text);
                        llm_tokenizer_spm_session session(vocab);
                        session.tokenize(text, output);
                    } else {
                        output.push_back(fragment.token);
                    }
                }
            } break;
        case LLAMA_VOCAB_TYPE_BPE:
            {
                llm_tokenizer_bpe_session session(vocab, *static_cast<const llm_tokenizer_bpe *>(tokenizer.get()));
                for (const auto & fragment : fragment_buffer) {
                    if (fragment.type == FRAGMENT_BUFFER_VARIANT_TYPE_RAW_TEXT) {
                        std::string text = fragment.raw_text.substr(fragment.offset, fragment.length);

                        session.tokenize(text, output);
                    } else {
                        output.push_back(fragment.token);
                    }
                }
            } break;
        default:
            GGML_ABORT("unknown vocab type");
    }

    if (add_special && add_eos) {
        output.push_back(special_eos_id);
    }

    return output;
}

int32_t llama_vocab::impl::token_to_piece(llama_token token, char * buf, int32_t length, int32_t lstrip, bool special) const {
    static const int attr_special = LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_CONTROL;
    const llama_token_attr attr = id_to_token.at(token).attr;
    if (!special && (attr & attr_special)) {
        return 0;
    }

    // without up to lstrip leading spaces; negative if buf is too short
    auto _try_copy = [=] (const char * piece, int32_t size) -> int32_t {
        for (int32_t i = 0; i < lstrip && size > 0 && *piece == ' '; ++i, ++piece, --size) {}
        if (length < size) {
            return -size;
        }
        memcpy(buf, piece, size);
        return size;
    };

    const std::string & token_text = id_to_token.at(token).text;

    if (attr & (attr_special | LLAMA_TOKEN_ATTR_USER_DEFINED)) {
        return _try_copy(token_text.data(), token_text.size());
    }

    switch (get_type()) {
        case LLAMA_VOCAB_TYPE_SPM: {
            if (attr & LLAMA_TOKEN_ATTR_NORMAL) {
                std::string result = token_text;
                llama_unescape_whitespace(result);
                return _try_copy(result.data(), result.size());
            }
            if (attr & LLAMA_TOKEN_ATTR_BYTE) {
                const char byte = token_to_byte(token);
                return _try_copy(&byte, 1);
            }
            break;
        }
        case LLAMA_VOCAB_TYPE_BPE: {
            if (attr & LLAMA_TOKEN_ATTR_NORMAL) {
                std::string result = llama_decode_text(token_text);
                return _try_copy(result.data(), result.size());
            }
            break;
        }
        default:
            GGML_ABORT("unknown vocab type");
    }

    return 0;
}

int32_t llama_vocab::impl::detokenize(
               const llama_token * tokens,
                         int32_t   n_tokens,
                            char * text,
                         int32_t   text_len_max,
                            bool   remove_special,
                            bool   unparse_special) const {
    std::string res;

    bool remove_space = add_space_prefix;

    for (int32_t i = 0; i < n_tokens; ++i) {
        if (remove_special && i == 0 && tokens[i] == special_bos_id) {
            continue;
        }

        char piece[256];
        const int32_t n_chars = token_to_piece(tokens[i], piece, sizeof(piece), remove_space, unparse_special);
        remove_space = false;
        res.append(piece, std::max(n_chars, 0));
    }

    if (clean_spaces) {
        for (const auto * mark : { "?", "!", ".", "," }) {
            replace_all(res, std::string(" ") + mark, mark);
        }
    }

    const int32_t total = res.size();
    memcpy(text, res.data(), std::min(total, text_len_max));

    return total <= text_len_max ? total : -total;
}

//
// llama_vocab
//

llama_vocab::llama_vocab() : pimpl(new impl(*this)) {
}

llama_vocab::~llama_vocab() = default;

void llama_vocab::load(llama_model_loader & ml, const LLM_KV & kv) { pimpl->load(ml, kv); }
std::string llama_vocab::get_tokenizer_model() const { return pimpl->tokenizer_model; }
std::string llama_vocab::get_tokenizer_pre() const { return pimpl->tokenizer_pre; }
enum llama_vocab_type llama_vocab::get_type() const { return pimpl->type; }
enum llama_vocab_pre_type llama_vocab::get_pre_type() const { return pimpl->pre_type; }
uint32_t llama_vocab::n_token_types() const { return 0; }

uint32_t llama_vocab::n_tokens() const { return (uint32_t) pimpl->id_to_token.size(); }

llama_token llama_vocab::text_to_token(const std::string & text) const {
    const auto it = pimpl->token_to_id.find(text);
    return it == pimpl->token_to_id.end() ? LLAMA_TOKEN_NULL : it->second;
}

llama_token llama_vocab::token_bos() const { return pimpl->special_bos_id; }
llama_token llama_vocab::token_eos() const { return pimpl->special_eos_id; }
bool llama_vocab::get_add_bos() const { return pimpl->add_bos; }
bool llama_vocab::get_ignore_merges() const { return pimpl->ignore_merges; }
bool llama_vocab::get_escape_whitespaces() const { return pimpl->escape_whitespaces; }

int llama_vocab::find_bpe_rank(const std::string & token_left, const std::string & token_right) const {
    GGML_ASSERT(token_left.find(' ')   == std::string::npos);
    GGML_ASSERT(token_left.find('\n')  == std::string::npos);
    GGML_ASSERT(token_right.find(' ')  == std::string::npos);
    GGML_ASSERT(token_right.find('\n') == std::string::npos);

    const auto it = pimpl->bpe_ranks.find({ token_left, token_right });
    return it == pimpl->bpe_ranks.end() ? -1 : it->second;
}

std::vector<llama_token> llama_vocab::tokenize(
        const std::string & raw_text,
        bool add_special,
        bool parse_special) const {
    return pimpl->tokenize(raw_text, add_special, parse_special);
}

int32_t llama_vocab::token_to_piece(llama_token token, char * buf, int32_t length, int32_t lstrip, bool special) const {
    return pimpl->token_to_piece(token, buf, length, lstrip, special);
}

std::string llama_vocab::detokenize(const std::vector<llama_token> & tokens, bool special) const {
    std::string text(1024*tokens.size(), '\0');
    text.resize(pimpl->detokenize(tokens.data(), (int32_t) tokens.size(), &text[0], (int32_t) text.size(), false, special));
    return text;
}
