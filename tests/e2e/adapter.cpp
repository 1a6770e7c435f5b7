// adapter MODEL ADAPTER IDS OUT SETTING SCALE...
//
// Loads a LoRA adapter and feeds the ids once per scale, in one context that is cleared in between; scale 0 takes the
// adapter off. OUT receives the float32 logits of every position, scale after scale.

#include "common.h"

// one call names all adapters; before, each was set by itself
template <class C> auto set_adapter(C * ctx, llama_adapter_lora * lora, float scale, int)
        -> decltype(llama_set_adapters_lora(ctx, &lora, 1, &scale)) {
    return llama_set_adapters_lora(ctx, &lora, scale == 0.0f ? 0 : 1, &scale);
}
template <class C> int32_t set_adapter(C * ctx, llama_adapter_lora * lora, float scale, long) {
    llama_clear_adapter_lora(ctx);
    return scale == 0.0f ? 0 : llama_set_adapter_lora(ctx, lora, scale);
}

int main(int argc, char ** argv) {
    if (argc < 7) die("usage: adapter MODEL ADAPTER IDS OUT SETTING SCALE...");
    llama_model * model = load(argv[1]);
    llama_adapter_lora * lora = llama_adapter_lora_init(model, argv[2]);
    if (!lora) die("the adapter does not load");
    const auto ids = read<int32_t>(argv[3]);
    FILE * out = fopen(argv[4], "wb");
    if (!out) die("cannot write output");
    {
        session s(model, parse(argv[5]));
        for (int i = 6; i < argc; ++i) {
            if (set_adapter(s.ctx, lora, atof(argv[i]), 0) != 0) die("cannot set the adapter");
            llama_memory_clear(llama_get_memory(s.ctx), true);
            std::vector<float> rows;
            s.feed(ids.data(), ids.size(), 0, &rows);
            write(out, rows);
        }
    }
    fclose(out);
    llama_model_free(model);
}
