// sessions MODEL IDS OUT SETTING SCENARIO [AT LOW HIGH]
//
// What a server does with a context beyond feeding it. OUT receives float32 logits. Scenarios:
//
//   shift     feed the ids before AT, drop the positions from LOW to HIGH, close the gap, feed the rest: logits of the rest
//   state     feed the ids before AT, save the state, restore it in a new context, feed the rest: logits of the rest
//   parallel  two sequences, the first and the second half of the ids, in the same batches: logits of one, then the other

#include "common.h"

using tokens = std::vector<int32_t>;

static std::vector<float> shift(llama_model * model, const setting & how, const tokens & ids, int at, int low, int high) {
    session s(model, how);
    s.feed(ids.data(), at, 0, nullptr);
    llama_memory_t memory = llama_get_memory(s.ctx);
    if (!llama_memory_can_shift(memory)) die("the cache cannot shift");
    if (!llama_memory_seq_rm(memory, 0, low, high)) die("cannot remove");
    llama_memory_seq_add(memory, 0, high, -1, low - high);
    std::vector<float> rows;
    s.feed(ids.data() + at, ids.size() - at, at + low - high, &rows);
    return rows;
}

static std::vector<float> state(llama_model * model, const setting & how, const tokens & ids, int at) {
    std::vector<uint8_t> saved;
    {
        session s(model, how);
        s.feed(ids.data(), at, 0, nullptr);
        saved.resize(llama_state_get_size(s.ctx));
        saved.resize(llama_state_get_data(s.ctx, saved.data(), saved.size()));
    }
    session s(model, how);
    if (llama_state_set_data(s.ctx, saved.data(), saved.size()) != saved.size()) die("the state is not restored");
    std::vector<float> rows;
    s.feed(ids.data() + at, ids.size() - at, at, &rows);
    return rows;
}

static std::vector<float> parallel(llama_model * model, const setting & how, const tokens & ids) {
    session s(model, how);
    const int length = ids.size() / 2, share = how.ubatch / 2;
    std::vector<float> rows[2];
    llama_batch batch = llama_batch_init(how.ubatch, 0, 1);
    for (int at = 0; at < length; at += share) {
        const int count = std::min(share, length - at);
        batch.n_tokens = 2 * count;
        for (int i = 0; i < 2 * count; ++i) {
            const int seq = i / count, pos = at + i % count;
            batch.token[i]     = ids[seq * length + pos];
            batch.pos[i]       = pos;
            batch.n_seq_id[i]  = 1;
            batch.seq_id[i][0] = seq;
            batch.logits[i]    = 1;
        }
        if (llama_decode(s.ctx, batch) != 0) die("decode failed");
        for (int i = 0; i < 2 * count; ++i) s.append(rows[i / count], i);
    }
    llama_batch_free(batch);
    rows[0].insert(rows[0].end(), rows[1].begin(), rows[1].end());
    return rows[0];
}

int main(int argc, char ** argv) {
    if (argc < 6) die("usage: sessions MODEL IDS OUT SETTING SCENARIO [AT LOW HIGH]");
    llama_model * model = load(argv[1]);
    const auto ids = read<int32_t>(argv[2]);
    const setting how = parse(argv[4]);
    const std::string scenario = argv[5];
    auto number = [&](int i) { return i < argc ? atoi(argv[i]) : 0; };
    FILE * out = fopen(argv[3], "wb");
    if (!out) die("cannot write output");
    if      (scenario == "shift")    write(out, shift(model, how, ids, number(6), number(7), number(8)));
    else if (scenario == "state")    write(out, state(model, how, ids, number(6)));
    else if (scenario == "parallel") write(out, parallel(model, how, ids));
    else die("no such scenario: " + scenario);
    fclose(out);
    llama_model_free(model);
}
