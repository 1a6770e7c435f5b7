// rows MODEL IDS WANTED OUT SEQUENCES STEPS KIND LAYERS SETTING...
//
// Feeds prompts of several sequences, token by token in turns, as one batch that the library cuts into micro-batches,
// and asks for the logits of some tokens only; then decodes STEPS tokens of each sequence, one of each in a batch. IDS
// holds the int32 ids of one sequence after the other, WANTED an int32 flag for each token of the prompt batch. With
// the KIND "raw" the prompt is fed as embeddings, made of the ids. LAYERS says how many are on a second device. OUT
// receives the float32 logits, setting after setting: those asked for of the prompt in the order of the batch, then
// those of all steps. Prints a line for each setting: how many rows left each layer of the model, prompt and steps
// together. Ends where a node computes tokens or positions: they are inputs of the graph.

#include "common.h"
#include "device.h"

#include <cmath>

static std::vector<int64_t> rows_of_layer;
static int n_away = 0;

// asked before a node is computed
static bool count(ggml_tensor * t, bool ask, void *) {
    int il = 0;
    if (ask && t->type == GGML_TYPE_I32) die("integers are computed, which not every backend can");
    if (ask && sscanf(t->name, "l_out-%d", &il) == 1) {
        rows_of_layer.resize(std::max<size_t>(rows_of_layer.size(), il + 1));
        rows_of_layer[il] += t->ne[1];
        n_away += t->buffer && !ggml_backend_buffer_is_host(t->buffer);
    }
    return false;
}

struct task {
    std::vector<int32_t> ids, wanted;
    int  sequences, steps;
    bool raw;

    int length() const { return ids.size()/sequences; }
    int prompt() const { return length() - steps; }
};

static void put(llama_batch & batch, const task & t, int seq, int pos, bool wanted) {
    const int i = batch.n_tokens++;
    if (batch.token) batch.token[i] = t.ids[seq*t.length() + pos];
    batch.pos[i]       = pos;
    batch.n_seq_id[i]  = 1;
    batch.seq_id[i][0] = seq;
    batch.logits[i]    = wanted;
}

static void decode(session & s, const llama_batch & batch, std::vector<float> & rows) {
    if (llama_decode(s.ctx, batch) != 0) die("decode failed");
    for (int i = 0; i < batch.n_tokens; ++i) {
        if (batch.logits[i]) s.append(rows, i);
    }
}

static std::vector<float> run(llama_model * model, const setting & how, const task & t) {
    session s(model, how);
    std::vector<float> rows;
    const int n_embd = llama_model_n_embd(model);
    llama_batch prompt = llama_batch_init(t.wanted.size(), t.raw ? n_embd : 0, 1);
    for (size_t i = 0; i < t.wanted.size(); ++i) {
        const int seq = i % t.sequences, pos = i/t.sequences;
        put(prompt, t, seq, pos, t.wanted[i]);
        for (int k = 0; t.raw && k < n_embd; ++k) {
            prompt.embd[i*n_embd + k] = sinf(t.ids[seq*t.length() + pos]*(k + 1.0f));
        }
    }
    decode(s, prompt, rows);
    llama_batch_free(prompt);

    llama_batch step = llama_batch_init(t.sequences, 0, 1);
    for (int pos = t.prompt(); pos < t.length(); ++pos) {
        step.n_tokens = 0;
        for (int seq = 0; seq < t.sequences; ++seq) put(step, t, seq, pos, true);
        decode(s, step, rows);
    }
    llama_batch_free(step);
    return rows;
}

int main(int argc, char ** argv) {
    if (argc < 10) die("usage: rows MODEL IDS WANTED OUT SEQUENCES STEPS KIND LAYERS SETTING...");
    offloaded = atoi(argv[8]);
    if (offloaded > 0) start_device();
    llama_model * model = load(argv[1]);
    const task t { read<int32_t>(argv[2]), read<int32_t>(argv[3]), atoi(argv[5]), atoi(argv[6]), std::string(argv[7]) == "raw" };
    if (static_cast<int>(t.wanted.size()) != t.prompt()*t.sequences) die("a flag for each token of the prompt is needed");
    FILE * out = fopen(argv[4], "wb");
    if (!out) die("cannot write output");
    prepare = [](llama_context_params & params) { params.cb_eval = count; };
    for (int i = 9; i < argc; ++i) {
        rows_of_layer.clear();
        write(out, run(model, parse(argv[i]), t));
        for (const int64_t rows : rows_of_layer) printf("%lld ", (long long) rows);
        printf("\n");
    }
    if (offloaded > 0 && n_away == 0) die("no layer was on the device");
    fclose(out);
    llama_model_free(model);
}
