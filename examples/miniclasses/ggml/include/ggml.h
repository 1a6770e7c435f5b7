#pragma once

// the part of ggml that this miniature names; declarations only

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GGML_API extern

#define GGML_MAX_DIMS 4
#define GGML_MAX_SRC  10
#define GGML_MAX_NAME 64

#define GGML_UNUSED(x)  (void) (x)
#define GGML_ABORT(...) ggml_abort(__FILE__, __LINE__, __VA_ARGS__)
#define GGML_ASSERT(x)  do { if (!(x)) { GGML_ABORT("GGML_ASSERT(%s) failed", #x); } } while (0)

#ifdef __cplusplus
extern "C" {
#endif

    enum ggml_type {
        GGML_TYPE_F32  = 0,
        GGML_TYPE_F16  = 1,
        GGML_TYPE_Q8_0 = 8,
        GGML_TYPE_I32  = 26,
        GGML_TYPE_I64  = 27,
    };

    enum ggml_op {
        GGML_OP_NONE,
        GGML_OP_ADD,
        GGML_OP_MUL,
        GGML_OP_MUL_MAT,
        GGML_OP_MUL_MAT_ID,
        GGML_OP_GET_ROWS,
        GGML_OP_ROPE,
    };

    struct ggml_context;
    struct ggml_cgraph;
    struct ggml_backend_buffer;

    struct ggml_tensor {
        enum ggml_type type;

        struct ggml_backend_buffer * buffer;

        int64_t ne[GGML_MAX_DIMS]; // number of elements
        size_t  nb[GGML_MAX_DIMS]; // stride in bytes

        enum ggml_op op;

        struct ggml_tensor * src[GGML_MAX_SRC];

        char name[GGML_MAX_NAME];
    };

    __attribute__((noreturn, format(printf, 3, 4)))
    GGML_API void ggml_abort(const char * file, int line, const char * fmt, ...);

    GGML_API const char * ggml_type_name   (enum ggml_type type);
    GGML_API int64_t      ggml_blck_size   (enum ggml_type type);
    GGML_API bool         ggml_is_quantized(enum ggml_type type);
    GGML_API size_t       ggml_row_size    (enum ggml_type type, int64_t ne);
    GGML_API size_t       ggml_element_size(const struct ggml_tensor * tensor);
    GGML_API size_t       ggml_nbytes      (const struct ggml_tensor * tensor);

    GGML_API struct ggml_tensor * ggml_set_name  (struct ggml_tensor * tensor, const char * name);
    GGML_API void                 ggml_set_input (struct ggml_tensor * tensor);
    GGML_API struct ggml_tensor * ggml_get_tensor(struct ggml_context * ctx, const char * name);
    GGML_API bool                 ggml_backend_buffer_is_host(struct ggml_backend_buffer * buffer);
    GGML_API void                 ggml_backend_tensor_set(struct ggml_tensor * tensor, const void * data, size_t offset, size_t size);

    GGML_API struct ggml_tensor * ggml_new_tensor_1d(struct ggml_context * ctx, enum ggml_type type, int64_t ne0);
    GGML_API struct ggml_tensor * ggml_new_tensor_2d(struct ggml_context * ctx, enum ggml_type type, int64_t ne0, int64_t ne1);
    GGML_API struct ggml_tensor * ggml_new_tensor_3d(struct ggml_context * ctx, enum ggml_type type, int64_t ne0, int64_t ne1, int64_t ne2);
    GGML_API struct ggml_tensor * ggml_new_tensor_4d(struct ggml_context * ctx, enum ggml_type type, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3);

    GGML_API struct ggml_tensor * ggml_add     (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_sub     (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_mul     (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_div     (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_scale   (struct ggml_context * ctx, struct ggml_tensor * a, float s);
    GGML_API struct ggml_tensor * ggml_tanh    (struct ggml_context * ctx, struct ggml_tensor * a);
    GGML_API struct ggml_tensor * ggml_silu    (struct ggml_context * ctx, struct ggml_tensor * a);
    GGML_API struct ggml_tensor * ggml_gelu    (struct ggml_context * ctx, struct ggml_tensor * a);
    GGML_API struct ggml_tensor * ggml_sigmoid (struct ggml_context * ctx, struct ggml_tensor * a);
    GGML_API struct ggml_tensor * ggml_sum_rows(struct ggml_context * ctx, struct ggml_tensor * a);
    GGML_API struct ggml_tensor * ggml_cont    (struct ggml_context * ctx, struct ggml_tensor * a);
    GGML_API struct ggml_tensor * ggml_norm    (struct ggml_context * ctx, struct ggml_tensor * a, float eps);
    GGML_API struct ggml_tensor * ggml_rms_norm(struct ggml_context * ctx, struct ggml_tensor * a, float eps);
    GGML_API struct ggml_tensor * ggml_clamp   (struct ggml_context * ctx, struct ggml_tensor * a, float min, float max);
    GGML_API struct ggml_tensor * ggml_soft_max(struct ggml_context * ctx, struct ggml_tensor * a);
    GGML_API struct ggml_tensor * ggml_mul_mat (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_get_rows(struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_cpy     (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_cast    (struct ggml_context * ctx, struct ggml_tensor * a, enum ggml_type type);

    GGML_API struct ggml_tensor * ggml_mul_mat_id    (struct ggml_context * ctx, struct ggml_tensor * as, struct ggml_tensor * b, struct ggml_tensor * ids);
    GGML_API struct ggml_tensor * ggml_add_id        (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b, struct ggml_tensor * ids);
    GGML_API struct ggml_tensor * ggml_swiglu_split  (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_geglu_split   (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b);
    GGML_API struct ggml_tensor * ggml_argsort_top_k (struct ggml_context * ctx, struct ggml_tensor * a, int k);
    GGML_API struct ggml_tensor * ggml_soft_max_ext  (struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * mask, float scale, float max_bias);
    GGML_API struct ggml_tensor * ggml_permute       (struct ggml_context * ctx, struct ggml_tensor * a, int axis0, int axis1, int axis2, int axis3);
    GGML_API struct ggml_tensor * ggml_repeat_4d     (struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3);

    GGML_API struct ggml_tensor * ggml_reshape_1d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0);
    GGML_API struct ggml_tensor * ggml_reshape_2d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, int64_t ne1);
    GGML_API struct ggml_tensor * ggml_reshape_3d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, int64_t ne1, int64_t ne2);
    GGML_API struct ggml_tensor * ggml_reshape_4d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3);
    GGML_API struct ggml_tensor * ggml_view_1d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, size_t offset);
    GGML_API struct ggml_tensor * ggml_view_2d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, int64_t ne1, size_t nb1, size_t offset);
    GGML_API struct ggml_tensor * ggml_view_3d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, int64_t ne1, int64_t ne2,
            size_t nb1, size_t nb2, size_t offset);
    GGML_API struct ggml_tensor * ggml_view_4d(struct ggml_context * ctx, struct ggml_tensor * a, int64_t ne0, int64_t ne1, int64_t ne2, int64_t ne3,
            size_t nb1, size_t nb2, size_t nb3, size_t offset);

    GGML_API struct ggml_tensor * ggml_rope_ext(struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b, struct ggml_tensor * c,
            int n_dims, int mode, int n_ctx_orig, float freq_base, float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow);
    GGML_API struct ggml_tensor * ggml_rope_ext_inplace(struct ggml_context * ctx, struct ggml_tensor * a, struct ggml_tensor * b, struct ggml_tensor * c,
            int n_dims, int mode, int n_ctx_orig, float freq_base, float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow);

    GGML_API void ggml_build_forward_expand(struct ggml_cgraph * cgraph, struct ggml_tensor * tensor);

#ifdef __cplusplus
}
#endif
