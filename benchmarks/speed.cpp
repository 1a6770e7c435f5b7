// speed MODEL THREADS PART...
//
// Times prompts and generation of one model, in the order given; a line of JSON for each, and one for the context.
//
//   prompt-N     N tokens, one output at the end, in micro-batches of 512
//   generate-D   64 single tokens behind D others
//
// `seconds` is the wall clock, `busy` the processor time of all threads: what other processes take is not in it.

#include "common.h"

#include <sys/resource.h>
#include <ctime>

static const int UBATCH = 512, STEPS = 64, CONTEXT = 2304;

static std::string said;

static double now(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec + t.tv_nsec*1e-9;
}

// the first number behind each occurrence of the words in the log, added up
static double sum_of(const std::string & words, bool only_first = false) {
    double sum = 0;
    for (size_t at = said.find(words); at != std::string::npos; at = said.find(words, at + 1)) {
        sum += atof(said.c_str() + at + words.size());
        if (only_first) break;
    }
    return sum;
}

struct speed {
    llama_model *   model;
    llama_context * ctx;
    int             depth = 0;

    void feed(int count, bool output) {
        const int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
        llama_batch batch = llama_batch_init(count, 0, 1);
        batch.n_tokens = count;
        for (int i = 0; i < count; ++i) {
            batch.token[i]     = 5 + (depth*7919 + 31)%(n_vocab - 5);
            batch.pos[i]       = depth++;
            batch.n_seq_id[i]  = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i]    = output && i == count - 1;
        }
        if (llama_decode(ctx, batch) != 0) die("decode failed");
        llama_synchronize(ctx);
        llama_batch_free(batch);
    }

    void run(const std::string & part) {
        const bool prompt = part.rfind("prompt-", 0) == 0;
        const int  number = atoi(part.c_str() + part.find('-') + 1);
        llama_memory_clear(llama_get_memory(ctx), true);
        depth = 0;
        if (!prompt && number) feed(number, false);
        const double wall = now(CLOCK_MONOTONIC), busy = now(CLOCK_PROCESS_CPUTIME_ID);
        if (prompt) feed(number, true);
        for (int i = 0; !prompt && i < STEPS; ++i) feed(1, true);
        printf("{\"part\": \"%s\", \"tokens\": %d, \"seconds\": %.4f, \"busy\": %.4f}\n", part.c_str(),
            prompt ? number : STEPS, now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - busy);
        fflush(stdout);
    }
};

int main(int argc, char ** argv) {
    if (argc < 4) die("usage: speed MODEL THREADS PART...");
    llama_model * model = load(argv[1]);
    llama_log_set([](ggml_log_level, const char * text, void *) { said += text; }, nullptr);
    llama_context_params params = llama_context_default_params();
    params.n_ctx     = CONTEXT;
    params.n_batch   = CONTEXT;
    params.n_ubatch  = UBATCH;
    params.n_threads = params.n_threads_batch = atoi(argv[2]);
    speed s { model, llama_init_from_model(model, params) };
    if (!s.ctx) die("no context");
    s.feed(2, true); // warm-up
    for (int i = 3; i < argc; ++i) s.run(argv[i]);
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"nodes\": %.0f, \"cache\": %.2f, \"compute\": %.2f, \"peak\": %.1f}\n", sum_of("graph nodes  =", true),
        sum_of("KV buffer size ="), sum_of("compute buffer size =", true), used.ru_maxrss/1024.0);
    llama_free(s.ctx);
    llama_model_free(model);
}
