"""What upstream brings to the example fork one day: Gemma 4 in its own words, small and by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from command import replace

if TYPE_CHECKING:
    from pathlib import Path

LOADER = """\
        case LLM_ARCH_GEMMA4:
            {
                hparams.swa_type = LLAMA_SWA_TYPE_STANDARD;
                hparams.set_swa_pattern(6);

                ml.get_key(LLM_KV_ATTENTION_SLIDING_WINDOW,    hparams.n_swa);
                ml.get_key(LLM_KV_ATTENTION_LAYERNORM_RMS_EPS, hparams.f_norm_rms_eps);

                type = hparams.n_layer == 35 ? LLM_TYPE_E2B : LLM_TYPE_UNKNOWN;
            } break;
"""
TENSORS = """\
            case LLM_ARCH_GEMMA4:
                {
                    tok_embd    = create_tensor(tn(LLM_TENSOR_TOKEN_EMBD,  "weight"), {n_embd, n_vocab}, 0);
                    output_norm = create_tensor(tn(LLM_TENSOR_OUTPUT_NORM, "weight"), {n_embd}, 0);

                    for (int i = 0; i < n_layer; ++i) {
                        layers[i].attn_norm = create_tensor(tn(LLM_TENSOR_ATTN_NORM, "weight", i), {n_embd}, 0);
                    }
                } break;
"""
BUILT = """\
        case LLM_ARCH_GEMMA4:
            {
                llm = std::make_unique<llm_build_gemma4_iswa>(*this, params);
            } break;
"""
NAMES = """\
        case LLM_ARCH_GEMMA4:
            return {
                LLM_TENSOR_TOKEN_EMBD,
                LLM_TENSOR_OUTPUT_NORM,
                LLM_TENSOR_ATTN_NORM,
            };
"""
BUILDER = """\
#include "models.h"

llm_build_gemma4_iswa::llm_build_gemma4_iswa(const llama_model & model, const llm_graph_params & params) : llm_graph_context(params) {
    ggml_tensor * cur = build_norm(build_inp_embd(model.tok_embd), model.output_norm, NULL, LLM_NORM_RMS, -1);

    res->t_embd = cur;
    ggml_build_forward_expand(gf, cur);
}
"""
DECLARED = """\
struct llm_build_gemma4_iswa : public llm_graph_context {
    llm_build_gemma4_iswa(const llama_model & model, const llm_graph_params & params);
};

"""


def native(tree: Path) -> None:
    """Upstream's own support, beside the relatives of the architecture, where a port comes as well."""
    src = tree / "src"
    replace(src / "llama-arch.h", "    LLM_ARCH_GEMMA3N,\n", "    LLM_ARCH_GEMMA3N,\n    LLM_ARCH_GEMMA4,\n")
    names = next(line for line in (src / "llama-arch.cpp").read_text().splitlines(keepends=True) if '"gemma3n"' in line)
    row = names.replace("GEMMA3N, ", "GEMMA4,  ").replace('"gemma3n"', '"gemma4" ')
    replace(src / "llama-arch.cpp", names, names + row)
    label = "        case LLM_ARCH_GEMMA3N:\n"
    replace(src / "llama-arch.cpp", label, NAMES + label)
    model = src / "llama-model.cpp"
    replace(model, "        default: throw std::runtime_error", LOADER + "        default: throw std::runtime_error")
    replace(model, "    " + label + "                {\n", TENSORS + "    " + label + "                {\n")
    aborts = '        default:\n            GGML_ABORT("no graph for this architecture");\n'
    replace(model, aborts, BUILT + aborts)
    replace(model, label + "        case LLM_ARCH_GEMMA_EMBEDDING:\n", label + "        case LLM_ARCH_GEMMA4:\n        case LLM_ARCH_GEMMA_EMBEDDING:\n")
    (src / "models" / "gemma4-iswa.cpp").write_text(BUILDER)
    replace(src / "models" / "models.h", "struct llm_build_llama ", DECLARED + "struct llm_build_llama ")
    build = src / "CMakeLists.txt"
    replace(build, "            models/gemma3n-iswa.cpp\n", "            models/gemma3n-iswa.cpp\n            models/gemma4-iswa.cpp\n")
