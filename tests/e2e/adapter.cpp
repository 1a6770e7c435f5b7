// adapter MODEL ADAPTER IDS OUT SETTING SCALE...
//
// Loads a LoRA adapter and feeds the ids once per scale, in one context that is cleared in between; scale 0 takes the
// adapter off. OUT receives the float32 logits of every position, scale after scale.

#include "common.h"

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
            float scale = atof(argv[i]);
            if (llama_set_adapters_lora(s.ctx, &lora, scale == 0.0f ? 0 : 1, &scale) != 0) die("cannot set the adapter");
            llama_memory_clear(llama_get_memory(s.ctx), true);
            std::vector<float> rows;
            s.feed(ids.data(), ids.size(), 0, &rows);
            write(out, rows);
        }
    }
    fclose(out);
    llama_model_free(model);
}
