// buffer MODEL IDS OUT SETTING
//
// As logits, for a fork that loads a model from memory: OUT receives the float32 logits of every position, with the
// model loaded from a file, then the same with the model loaded from a buffer.

#include "common.h"
#include "llama-cpp.h"

static void run(llama_model * model, const std::vector<int32_t> & ids, const char * setting, FILE * out) {
    if (!model) die("does not load");
    {
        session s(model, parse(setting));
        std::vector<float> rows;
        s.feed(ids.data(), ids.size(), 0, &rows);
        write(out, rows);
    }
    llama_model_free(model);
}

int main(int argc, char ** argv) {
    if (argc != 5) die("usage: buffer MODEL IDS OUT SETTING");
    const auto ids = read<int32_t>(argv[2]);
    FILE * out = fopen(argv[3], "wb");
    if (!out) die("cannot write output");
    run(load(argv[1]), ids, argv[4], out);

    llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = 0;
    run(llama_model_load_from_buffer(read<uint8_t>(argv[1]), params), ids, argv[4], out);
    fclose(out);
}
