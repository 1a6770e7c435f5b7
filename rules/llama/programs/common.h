// What the programs share: loading a model, making a context, feeding tokens; on the public llama.h only.

#pragma once

#include "llama.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

[[noreturn]] inline void die(const std::string & why) {
    fprintf(stderr, "%s\n", why.c_str());
    exit(1);
}

inline std::string slurp(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) die("cannot read " + path);
    return { std::istreambuf_iterator<char>(file), {} };
}

template <class T> std::vector<T> read(const std::string & path) {
    const std::string raw = slurp(path);
    std::vector<T> out(raw.size() / sizeof(T));
    memcpy(out.data(), raw.data(), out.size() * sizeof(T));
    return out;
}

template <class T> void write(FILE * out, const std::vector<T> & values) {
    if (fwrite(values.data(), sizeof(T), values.size(), out) != values.size()) die("cannot write");
}

// How many layers, counted from the end and the output as one, go to a device that is not the CPU.
inline int offloaded = 0;

// Only errors are told.
inline void quiet() {
    llama_log_set([](ggml_log_level level, const char * text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
    }, nullptr);
    llama_backend_init();
}

inline llama_model * load(const char * path, bool vocab_only = false) {
    quiet();
    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = offloaded;
    params.vocab_only = vocab_only;
    llama_model * model = llama_model_load_from_file(path, params);
    if (!model) die(std::string("does not load: ") + path);
    return model;
}

inline ggml_type type_of(const std::string & name) {
    for (int i = 0; i < GGML_TYPE_COUNT; ++i) {
        const char * known = ggml_type_name(static_cast<ggml_type>(i));
        if (known && name == known) return static_cast<ggml_type>(i);
    }
    die("no such type: " + name);
}

// What can be set from outside; written as "ubatch=64 threads=2 fa=1 k=f16 v=f16 ctx=512 full=0 seqs=1 emb=0 shift=0". A
// batch is a micro-batch unless `batch` says how many tokens it may hold; `unified` sequences share one stream of the
// cache. With `emb` a row is the embedding of its token, and not its logits. `shift` is how many of the first tokens are
// forgotten behind the prompt, and by how much the others move up.
struct setting {
    int  ubatch  = 64;
    int  batch   = 0;
    int  ctx     = 512;
    int  seqs    = 1;
    int  threads = 1;
    int  shift   = 0;
    bool fa      = false;
    bool full    = false;
    bool unified = false;
    bool emb     = false;
    ggml_type k = GGML_TYPE_F32;
    ggml_type v = GGML_TYPE_F32;
};

inline setting parse(const std::string & line) {
    setting s;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
        const size_t eq = word.find('=');
        if (eq == std::string::npos) die("not a setting: " + word);
        const std::string key = word.substr(0, eq), value = word.substr(eq + 1);
        if      (key == "ubatch")  s.ubatch  = atoi(value.c_str());
        else if (key == "batch")   s.batch   = atoi(value.c_str());
        else if (key == "ctx")     s.ctx     = atoi(value.c_str());
        else if (key == "seqs")    s.seqs    = atoi(value.c_str());
        else if (key == "threads") s.threads = atoi(value.c_str());
        else if (key == "shift")   s.shift   = atoi(value.c_str());
        else if (key == "fa")      s.fa      = value == "1";
        else if (key == "full")    s.full    = value == "1";
        else if (key == "unified") s.unified = value == "1";
        else if (key == "emb")     s.emb     = value == "1";
        else if (key == "k")       s.k       = type_of(value);
        else if (key == "v")       s.v       = type_of(value);
        else die("no such setting: " + key);
    }
    return s;
}

// the flash-attention switch was a bool, later an enum
template <class P> auto set_fa(P & p, bool on, int) -> decltype((void) p.flash_attn_type) {
    p.flash_attn_type = static_cast<decltype(p.flash_attn_type)>(on ? 1 : 0);
}
template <class P> auto set_fa(P & p, bool on, long) -> decltype((void) p.flash_attn) { p.flash_attn = on; }

// What a program has to say of the parameters of its contexts.
inline void (*prepare)(llama_context_params &) = nullptr;

// A context with what it needs to be fed.
struct session {
    llama_model *   model;
    llama_context * ctx;
    int             width; // of a row
    int             ubatch;
    bool            emb;

    session(llama_model * model, const setting & s) : model(model), ubatch(s.ubatch), emb(s.emb) {
        llama_context_params params = llama_context_default_params();
        params.n_ctx     = s.ctx;
        params.n_batch   = s.batch ? s.batch : s.ubatch;
        params.n_ubatch  = s.ubatch;
        params.n_seq_max = s.seqs;
        params.n_threads = params.n_threads_batch = s.threads;
        params.type_k    = s.k;
        params.type_v    = s.v;
        params.swa_full  = s.full;
        if (emb) {
            params.embeddings   = true;
            params.pooling_type = LLAMA_POOLING_TYPE_NONE;
        }
        if (s.unified) params.kv_unified = true;
        set_fa(params, s.fa, 0);
        if (prepare) prepare(params);
        ctx = llama_init_from_model(model, params);
        if (!ctx) die("no context");
        width = emb ? llama_model_n_embd(model) : llama_vocab_n_tokens(llama_model_get_vocab(model));
    }
    session(const session &) = delete;
    ~session() { llama_free(ctx); }

    // Decodes the tokens at positions that start at `pos`; appends a row for each.
    void feed(const int32_t * tokens, int count, int pos, std::vector<float> * rows, int seq = 0) {
        llama_batch batch = llama_batch_init(ubatch, 0, 1);
        for (int at = 0; at < count; at += ubatch) {
            batch.n_tokens = std::min(ubatch, count - at);
            for (int i = 0; i < batch.n_tokens; ++i) {
                batch.token[i]     = tokens[at + i];
                batch.pos[i]       = pos + at + i;
                batch.n_seq_id[i]  = 1;
                batch.seq_id[i][0] = seq;
                batch.logits[i]    = 1;
            }
            if (llama_decode(ctx, batch) != 0) die("decode failed at " + std::to_string(pos + at));
            for (int i = 0; rows && i < batch.n_tokens; ++i) append(*rows, i);
        }
        llama_batch_free(batch);
    }

    // Forgets the first tokens of a sequence, and moves the others up in their place.
    void shift(int count) {
        llama_memory_t memory = llama_get_memory(ctx);
        if (!memory || !llama_memory_can_shift(memory)) die("the memory cannot shift");
        if (!llama_memory_seq_rm(memory, 0, 0, count)) die("the memory cannot forget its first tokens");
        llama_memory_seq_add(memory, 0, count, -1, -count);
    }

    void append(std::vector<float> & rows, int i) {
        const float * row = emb ? llama_get_embeddings_ith(ctx, i) : llama_get_logits_ith(ctx, i);
        if (!row) die(emb ? "no embeddings" : "no logits");
        rows.insert(rows.end(), row, row + width);
    }
};
