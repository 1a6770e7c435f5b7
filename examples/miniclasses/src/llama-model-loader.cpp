#include "llama-model-loader.h"

#include "llama-hparams.h"
#include "llama-impl.h"

#include <algorithm>
#include <stdexcept>

// the id of a key, -1 if it is absent and need not be there
static int find_key(const gguf_context * ctx, const std::string & key, bool required) {
    const int kid = gguf_find_key(ctx, key.c_str());
    if (kid < 0 && required) {
        throw std::runtime_error(format("key not found in model: %s", key.c_str()));
    }
    return kid;
}

static void get_val(const gguf_context * ctx, int kid, bool        & result) { result = gguf_get_val_bool(ctx, kid); }
static void get_val(const gguf_context * ctx, int kid, float       & result) { result = gguf_get_val_f32 (ctx, kid); }
static void get_val(const gguf_context * ctx, int kid, uint32_t    & result) { result = gguf_get_val_u32 (ctx, kid); }
static void get_val(const gguf_context * ctx, int kid, std::string & result) { result = gguf_get_val_str (ctx, kid); }

template<typename T>
bool llama_model_loader::get_arr_n(enum llm_kv kid, T & result, bool required) {
    const int id = find_key(metadata, llm_kv(kid), required);
    if (id >= 0) {
        result = gguf_get_arr_n(metadata, id);
    }
    return id >= 0;
}

template bool llama_model_loader::get_arr_n(enum llm_kv kid, uint32_t & result, bool required);

template<typename T, size_t N_MAX>
bool llama_model_loader::get_arr(const std::string & key, std::array<T, N_MAX> & result, bool required) {
    const gguf_context * ctx = metadata;
    const int kid = find_key(ctx, key, required);
    if (kid < 0) {
        return false;
    }

    const size_t n    = gguf_get_arr_n(ctx, kid);
    const void * data = gguf_get_arr_data(ctx, kid);

    if (n > N_MAX) {
        throw std::runtime_error(format("key %s: %zu values, at most %zu fit", key.c_str(), n, N_MAX));
    }

    switch (gguf_get_arr_type(ctx, kid)) {
        case GGUF_TYPE_BOOL:    std::copy_n((const bool     *) data, n, result.begin()); break;
        case GGUF_TYPE_UINT32:  std::copy_n((const uint32_t *) data, n, result.begin()); break;
        case GGUF_TYPE_INT32:   std::copy_n((const int32_t  *) data, n, result.begin()); break;
        case GGUF_TYPE_FLOAT32: std::copy_n((const float    *) data, n, result.begin()); break;
        default:
            throw std::runtime_error(format("key %s is not an array of numbers", key.c_str()));
    }

    return true;
}

template<typename T>
bool llama_model_loader::get_arr(enum llm_kv kid, T & result, bool required) {
    return get_arr(llm_kv(kid), result, required);
}

template<typename T>
bool llama_model_loader::get_key(const std::string & key, T & result, bool required) {
    const int kid = find_key(metadata, key, required);
    if (kid >= 0) {
        get_val(metadata, kid, result);
    }
    return kid >= 0;
}

template<typename T>
bool llama_model_loader::get_key(enum llm_kv kid, T & result, bool required) {
    return get_key(llm_kv(kid), result, required);
}

template bool llama_model_loader::get_key<bool>       (enum llm_kv kid, bool & result,        bool required);
template bool llama_model_loader::get_key<float>      (enum llm_kv kid, float & result,       bool required);
template bool llama_model_loader::get_key<uint32_t>   (enum llm_kv kid, uint32_t & result,    bool required);
template bool llama_model_loader::get_key<std::string>(enum llm_kv kid, std::string & result, bool required);

// n values, or one value for all n
template<typename T, size_t N_MAX>
bool llama_model_loader::get_key_or_arr(const std::string & key, std::array<T, N_MAX> & result, uint32_t n, bool required) {
    const int kid = find_key(metadata, key, required);
    if (kid < 0) {
        return false;
    }

    if (gguf_get_kv_type(metadata, kid) == GGUF_TYPE_ARRAY) {
        return get_arr(key, result, required);
    }

    T value;
    get_key(key, value, required);
    std::fill_n(result.begin(), std::min<size_t>(n, N_MAX), value);

    return true;
}

template<typename T>
bool llama_model_loader::get_key_or_arr(enum llm_kv kid, T & result, uint32_t n, bool required) {
    return get_key_or_arr(llm_kv(kid), result, n, required);
}

// one value; of an array, the first
bool llama_model_loader::get_key_or_arr(enum llm_kv kid, uint32_t & result, bool required) {
    std::array<uint32_t, LLAMA_MAX_LAYERS> values;

    const bool found = get_key_or_arr(kid, values, 1, required);
    if (found) {
        result = values[0];
    }

    return found;
}

enum llm_arch llama_model_loader::get_arch() const {
    return llm_kv.arch;
}

template bool llama_model_loader::get_arr       <std::array<uint32_t, LLAMA_MAX_LAYERS>>(enum llm_kv kid, std::array<uint32_t, LLAMA_MAX_LAYERS> & result, bool required);
template bool llama_model_loader::get_key_or_arr<std::array<uint32_t, LLAMA_MAX_LAYERS>>(enum llm_kv kid, std::array<uint32_t, LLAMA_MAX_LAYERS> & result, uint32_t n, bool required);
