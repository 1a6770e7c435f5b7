// nodes MODEL IDS OUT STEPS SETTING
//
// Feeds the ids to a model as `logits` does, and records every node of the graphs that has a name of its own: what the
// builder calls it. OUT gets, for each, a line with the number of the batch, the name and the four sizes (the first is
// the innermost), and then its float32 values.

#include "common.h"

#include "ggml-backend.h"

struct recorder {
    FILE * out   = nullptr;
    int    batch = 0;
};

static bool is_named(const ggml_tensor * t) {
    const std::string name = t->name;
    return t->type == GGML_TYPE_F32 && t->nb[0] == sizeof(float) && !name.empty() &&
           name.find_first_of(" (") == std::string::npos && name.compare(0, 5, "node_") != 0;
}

static bool record(ggml_tensor * t, bool ask, void * data) {
    if (ask || !is_named(t)) return ask ? is_named(t) : true;
    const auto & to = *static_cast<recorder *>(data);
    fprintf(to.out, "%d %s", to.batch, t->name);
    for (const int64_t size : t->ne) fprintf(to.out, " %lld", static_cast<long long>(size));
    fprintf(to.out, "\n");
    std::vector<float> row(t->ne[0]);
    for (int64_t l = 0; l < t->ne[3]; ++l) {
        for (int64_t k = 0; k < t->ne[2]; ++k) {
            for (int64_t j = 0; j < t->ne[1]; ++j) {
                ggml_backend_tensor_get(t, row.data(), j*t->nb[1] + k*t->nb[2] + l*t->nb[3], row.size()*sizeof(float));
                write(to.out, row);
            }
        }
    }
    return true;
}

static recorder to;

int main(int argc, char ** argv) {
    if (argc != 6) die("usage: nodes MODEL IDS OUT STEPS SETTING");
    llama_model * model = load(argv[1]);
    const auto ids = read<int32_t>(argv[2]);
    const int steps = atoi(argv[4]), prompt = static_cast<int>(ids.size()) - steps;
    const setting how = parse(argv[5]);
    to.out = fopen(argv[3], "wb");
    if (!to.out) die("cannot write output");
    prepare = [](llama_context_params & params) {
        params.cb_eval = record;
        params.cb_eval_user_data = &to;
    };
    {
        session s(model, how);
        std::vector<float> rows;
        for (int at = 0; at < static_cast<int>(ids.size()); ++to.batch) {
            const int count = at < prompt ? std::min(how.ubatch, prompt - at) : 1;
            if (at == prompt && how.shift) s.shift(how.shift);
            s.feed(ids.data() + at, count, at < prompt ? at : at - how.shift, &rows);
            at += count;
        }
    }
    fclose(to.out);
    llama_model_free(model);
}
