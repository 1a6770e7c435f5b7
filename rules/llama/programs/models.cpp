// models KEYS OUT TYPE [DROP...]
//
// Makes a model of what the library's own loader asks for. KEYS is a GGUF file that holds only keys; OUT gets these and
// all tensors that the loader creates for them, filled by name, so that the same name and shape is always the same. TYPE
// is f32, or f16 for the matrices that converters store so. Tensors whose last words are a DROP (`bias`, `attn_q.bias`)
// are left out, unless a later DROP says the opposite (`+attn_q.bias`). Prints the names of those in the file.

#include "common.h"

#include "gguf.h"

#include <cmath>
#include <set>
#include <utility>

// Declared in no public header; libraries of the time export it.
const std::vector<std::pair<std::string, ggml_tensor *>> & llama_internal_get_tensor_map(const llama_model * model);

static bool ends(const std::string & text, const std::string & with) {
    return text.size() >= with.size() && text.compare(text.size() - with.size(), with.size(), with) == 0;
}

static bool dropped(const std::string & name, char ** from, char ** to) {
    bool out = false;
    for (; from != to; ++from) {
        const bool kept = **from == '+';
        const std::string words = *from + kept;
        if (name == words || ends(name, "." + words)) out = !kept;
    }
    return out;
}

static bool holds(const std::string & text, const char * part) { return text.find(part) != std::string::npos; }

// Normal values that depend on the name alone (FNV-1a, splitmix64, Box and Muller).
struct normal {
    uint64_t state = 1469598103934665603ull;

    explicit normal(const std::string & name) {
        for (unsigned char c : name) state = (state ^ c) * 1099511628211ull;
    }
    double uniform() {
        uint64_t z = state += 0x9e3779b97f4a7c15ull;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return ((z ^ (z >> 31)) >> 11) * 0x1p-53;
    }
    double next() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform()); }
};

// Sizes with which every layer matters: matrices keep the size of what they multiply, factors are near 1.
static std::vector<float> filled(const std::string & name, const ggml_tensor * t) {
    normal from(name);
    const bool matrix = ggml_n_dims(t) > 1;
    const bool table  = holds(name, "embd") && ends(name, "embd.weight");
    std::vector<float> out(ggml_nelements(t));
    for (float & each : out) {
        const double z = from.next();
        if      (ends(name, "ssm_a"))               each = -0.2 - 0.3 * std::fabs(z);  // decays
        else if (holds(name, "rope_f"))             each = 1 + std::fabs(z);           // divides frequencies
        else if (ends(name, "bias"))                each = 0.2 * z;
        else if (holds(name, "sinks"))              each = z;
        else if (table)                             each = z;
        else if (matrix)                            each = z / std::sqrt(double(t->ne[0]));
        else                                        each = 1 + 0.2 * z;
    }
    return out;
}

// The matrices that are stored with less than 32 bits whatever the architecture.
static bool stored_short(const std::string & name, const ggml_tensor * t) {
    if (ggml_n_dims(t) < 2 || !ends(name, ".weight") || holds(name, "_inp") || holds(name, "norm")) return false;
    return holds(name, ".attn_") || holds(name, ".ffn_") || name == "token_embd.weight" || name == "output.weight";
}

int main(int argc, char ** argv) {
    if (argc < 4) die("usage: models KEYS OUT TYPE [DROP...]");
    gguf_context * keys = gguf_init_from_file(argv[1], { /*.no_alloc =*/ true, /*.ctx =*/ nullptr });
    if (!keys) die(std::string("cannot read ") + argv[1]);
    const ggml_type type = type_of(argv[3]);

    quiet();
    llama_model * model =
        llama_model_init_from_user(keys, [](ggml_tensor *, void *) {}, nullptr, llama_model_default_params());
    if (!model) die("the loader does not take these keys");

    const auto & found = llama_internal_get_tensor_map(model);
    gguf_context * out = gguf_init_empty();
    gguf_set_kv(out, keys);
    size_t size = (found.size() + 1) * ggml_tensor_overhead();
    for (const auto & each : found) size += ggml_nbytes(each.second) + 64;
    ggml_context * ctx = ggml_init({ size, nullptr, false });
    std::set<std::string> done;
    for (const auto & each : found) {
        const std::string & name = each.first;
        if (dropped(name, argv + 4, argv + argc) || !done.insert(name).second) continue;
        const ggml_tensor * t = each.second;
        ggml_tensor * copy = ggml_new_tensor(ctx, stored_short(name, t) ? type : t->type, ggml_n_dims(t), t->ne);
        ggml_set_name(copy, name.c_str());
        const auto values = filled(name, t);
        if      (copy->type == GGML_TYPE_F32) memcpy(copy->data, values.data(), ggml_nbytes(copy));
        else if (copy->type == GGML_TYPE_F16) ggml_fp32_to_fp16_row(values.data(), (ggml_fp16_t *) copy->data, values.size());
        else die("no values for " + name + " of type " + ggml_type_name(copy->type));
        gguf_add_tensor(out, copy);
        printf("%s\n", name.c_str());
    }
    if (!gguf_write_to_file(out, argv[2], false)) die(std::string("cannot write ") + argv[2]);
    gguf_free(out);
    gguf_free(keys);
    ggml_free(ctx);
    llama_model_free(model);
}
