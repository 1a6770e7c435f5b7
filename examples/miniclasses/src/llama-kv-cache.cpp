#include "llama-kv-cache.h"

#include "llama-context.h"
#include "llama-model.h"

#include <cassert>

bool llama_kv_cache::get_can_shift() const {
    // positions that are not rotated cannot be shifted
    if (model.arch == LLM_ARCH_GPT2) {
        return false;
    }
    return true;
}

uint32_t llama_kv_cache::get_size() const {
    return cell_shift.size() / n_stream;
}

ggml_tensor * llama_kv_cache::get_k(ggml_context * ctx, int32_t il, uint32_t n_kv, const slot_info & sinfo) const {
    auto * k = layers[map_layer_ids.at(il)].k;

    assert(k->ne[0] == (int64_t) hparams.n_embd_k_gqa(il));

    const size_t nb_cell   = ggml_row_size(k->type, k->ne[0]);
    const size_t nb_stream = nb_cell*get_size();

    return ggml_view_4d(ctx, k,
            hparams.n_embd_head_k(il), hparams.n_head_kv(il), n_kv, sinfo.s1 - sinfo.s0 + 1,
            ggml_row_size(k->type, hparams.n_embd_head_k(il)),
            nb_cell,
            nb_stream,
            nb_stream*sinfo.s0);
}

ggml_tensor * llama_kv_cache::get_v(ggml_context * ctx, int32_t il, uint32_t n_kv, const slot_info & sinfo) const {
    auto * v = layers[map_layer_ids.at(il)].v;

    assert(v->ne[0] >= (int64_t) hparams.n_embd_v_gqa(il));

    const uint32_t ns        = sinfo.s1 - sinfo.s0 + 1;
    const size_t   nb_stream = ggml_row_size(v->type, v->ne[0]*get_size());

    if (!v_trans) {
        return ggml_view_4d(ctx, v,
                hparams.n_embd_head_v(il), hparams.n_head_kv(il), n_kv, ns,
                ggml_row_size(v->type, hparams.n_embd_head_v(il)),
                ggml_row_size(v->type, v->ne[0]),
                nb_stream,
                nb_stream*sinfo.s0);
    }

    // one row per channel
    const size_t nb_row = ggml_row_size(v->type, get_size());

    return ggml_view_4d(ctx, v,
            n_kv, hparams.n_head_kv(il), hparams.n_embd_head_v(il), ns,
            nb_row*hparams.n_embd_head_v(il),
            nb_row,
            nb_stream,
            nb_stream*sinfo.s0);
}

void llama_kv_cache::set_input_k_shift(ggml_tensor * dst) const {
    ggml_backend_tensor_set(dst, cell_shift.data(), 0, ggml_nbytes(dst));
}

ggml_tensor * llama_kv_cache::build_rope_shift(
        const llama_cparams & cparams,
               ggml_context * ctx,
                ggml_tensor * cur,
                ggml_tensor * shift,
                ggml_tensor * factors,
                      float   freq_base,
                      float   freq_scale,
                   uint32_t   il) const {
    const auto & n_ctx_orig = cparams.n_ctx_orig_yarn;

    const auto & n_rot     = hparams.n_rot(il);
    const auto & rope_type = hparams.rope_type;

    const bool is_quantized = ggml_is_quantized(cur->type);

    // quantized keys are rotated as a copy in full precision
    ggml_tensor * src = is_quantized ? ggml_cast(ctx, cur, GGML_TYPE_F32) : cur;

    auto * rope = is_quantized ? ggml_rope_ext : ggml_rope_ext_inplace;

    ggml_tensor * dst = rope(ctx, src,
            shift, factors, n_rot, rope_type, n_ctx_orig, freq_base, freq_scale,
            cparams.yarn_ext_factor, cparams.yarn_attn_factor, cparams.yarn_beta_fast, cparams.yarn_beta_slow);

    return is_quantized ? ggml_cpy(ctx, dst, cur) : dst;
}

class llm_graph_input_k_shift : public llm_graph_input_i {
public:
    llm_graph_input_k_shift(const llama_kv_cache * kv_self) : kv_self(kv_self) {}
    virtual ~llm_graph_input_k_shift() = default;

    void set_input(const llama_ubatch * ubatch) override;

    ggml_tensor * k_shift; // I32 [n_cells]

    const llama_kv_cache * kv_self;
};

void llm_graph_input_k_shift::set_input(const llama_ubatch * /*ubatch*/) {
    kv_self->set_input_k_shift(k_shift);
}

ggml_cgraph * llama_kv_cache::build_graph_shift(llm_graph_result * res, llama_context * lctx) const {
    auto * ctx = res->get_ctx();
    auto * gf  = res->get_gf();

    auto inp = std::make_unique<llm_graph_input_k_shift>(this);

    const int64_t n_cells = (int64_t) get_size()*n_stream;

    inp->k_shift = ggml_new_tensor_1d(ctx, GGML_TYPE_I32, n_cells);
    ggml_set_input(inp->k_shift);

    const auto & cparams = lctx->get_cparams();

    for (const auto & layer : layers) {
        const uint32_t il = layer.il;

        const auto n_rot         = hparams.n_rot(il);
        const auto n_embd_head_k = hparams.n_embd_head_k(il);

        const auto n_embd_nope = hparams.n_lora_kv > 0 ? n_embd_head_k - n_rot : 0;

        ggml_tensor * k =
            ggml_view_3d(ctx, layer.k,
                n_rot, hparams.n_head_kv(il), n_cells,
                ggml_row_size(layer.k->type, n_embd_head_k),
                ggml_row_size(layer.k->type, hparams.n_embd_k_gqa(il)),
                ggml_row_size(layer.k->type, n_embd_nope));

        ggml_tensor * cur = build_rope_shift(cparams, ctx, k, inp->k_shift, model.get_rope_factors(cparams, il),
                model.get_rope_freq_base(cparams, il), model.get_rope_freq_scale(cparams, il), il);

        ggml_build_forward_expand(gf, cur);
    }

    res->add_input(std::move(inp));

    return gf;
}
