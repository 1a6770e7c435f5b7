// logits MODEL IDS OUT STEPS SETTING...
//
// Feeds the ids to a model, once for each setting: the prompt in batches, then the last STEPS ids one by one. IDS holds
// int32. OUT receives the float32 logits of every position, setting after setting.

#include "common.h"

int main(int argc, char ** argv) {
    if (argc < 6) die("usage: logits MODEL IDS OUT STEPS SETTING...");
    llama_model * model = load(argv[1]);
    const auto ids = read<int32_t>(argv[2]);
    const int steps = atoi(argv[4]), prompt = static_cast<int>(ids.size()) - steps;
    FILE * out = fopen(argv[3], "wb");
    if (!out) die("cannot write output");
    for (int i = 5; i < argc; ++i) {
        const setting how = parse(argv[i]);
        session s(model, how);
        std::vector<float> rows;
        s.feed(ids.data(), prompt, 0, &rows);
        if (how.shift) s.shift(how.shift);
        for (int at = prompt; at < prompt + steps; ++at) s.feed(ids.data() + at, 1, at - how.shift, &rows);
        write(out, rows);
    }
    fclose(out);
    llama_model_free(model);
}
