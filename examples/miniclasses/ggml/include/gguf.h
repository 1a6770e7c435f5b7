#pragma once

#include "ggml.h"

#ifdef __cplusplus
extern "C" {
#endif

    enum gguf_type {
        GGUF_TYPE_UINT32  = 4,
        GGUF_TYPE_INT32   = 5,
        GGUF_TYPE_FLOAT32 = 6,
        GGUF_TYPE_BOOL    = 7,
        GGUF_TYPE_STRING  = 8,
        GGUF_TYPE_ARRAY   = 9,
    };

    struct gguf_context;

    GGML_API struct gguf_context * gguf_init_empty(void);
    GGML_API void                  gguf_free(struct gguf_context * ctx);

    GGML_API int64_t        gguf_find_key    (const struct gguf_context * ctx, const char * key);
    GGML_API enum gguf_type gguf_get_kv_type (const struct gguf_context * ctx, int64_t key_id);
    GGML_API enum gguf_type gguf_get_arr_type(const struct gguf_context * ctx, int64_t key_id);
    GGML_API size_t         gguf_get_arr_n   (const struct gguf_context * ctx, int64_t key_id);
    GGML_API const void *   gguf_get_arr_data(const struct gguf_context * ctx, int64_t key_id);
    GGML_API const char *   gguf_get_arr_str (const struct gguf_context * ctx, int64_t key_id, size_t i);
    GGML_API uint32_t       gguf_get_val_u32 (const struct gguf_context * ctx, int64_t key_id);
    GGML_API float          gguf_get_val_f32 (const struct gguf_context * ctx, int64_t key_id);
    GGML_API bool           gguf_get_val_bool(const struct gguf_context * ctx, int64_t key_id);
    GGML_API const char *   gguf_get_val_str (const struct gguf_context * ctx, int64_t key_id);

    GGML_API void gguf_set_val_u32 (struct gguf_context * ctx, const char * key, uint32_t     val);
    GGML_API void gguf_set_val_f32 (struct gguf_context * ctx, const char * key, float        val);
    GGML_API void gguf_set_val_bool(struct gguf_context * ctx, const char * key, bool         val);
    GGML_API void gguf_set_val_str (struct gguf_context * ctx, const char * key, const char * val);
    GGML_API void gguf_set_arr_data(struct gguf_context * ctx, const char * key, enum gguf_type type, const void * data, size_t n);
    GGML_API void gguf_add_tensor (struct gguf_context * ctx, const struct ggml_tensor * tensor);

#ifdef __cplusplus
}
#endif
