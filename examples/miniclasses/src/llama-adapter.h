#pragma once

#include "llama.h"

#include <unordered_map>

struct llama_adapter_lora_weight {
    ggml_tensor * a = nullptr;
    ggml_tensor * b = nullptr;
};

struct llama_adapter_lora {
    llama_adapter_lora_weight * get_weight(ggml_tensor * w);
};

// adapter -> scale
using llama_adapter_loras = std::unordered_map<llama_adapter_lora *, float>;

struct llama_adapter_cvec {
    ggml_tensor * apply_to(ggml_context * ctx, ggml_tensor * cur, int il) const;
};
