// tokens MODEL CASES SPECIAL PARSE
//
// Tokenizes texts and puts them together again. CASES holds, for each text, its length as uint32 and its bytes. SPECIAL
// adds the begin token, PARSE reads control tokens in the text. Prints a line per text: the ids, the detokenized text, and
// the pieces put together, the texts in hexadecimal; then what the vocabulary says of itself.

#include "common.h"

static void hex(const std::string & text) {
    printf(" .");
    for (unsigned char c : text) printf("%02x", c);
}

int main(int argc, char ** argv) {
    if (argc != 5) die("usage: tokens MODEL CASES SPECIAL PARSE");
    llama_model * model = load(argv[1], true);
    const llama_vocab * vocab = llama_model_get_vocab(model);
    const bool special = argv[3][0] == '1', parse = argv[4][0] == '1';

    auto piece = [&](llama_token id) {
        char buffer[512];
        const int n = llama_token_to_piece(vocab, id, buffer, sizeof buffer, 0, true);
        return std::string(buffer, std::max(n, 0));
    };

    const std::string cases = slurp(argv[2]);
    for (size_t at = 0; at < cases.size();) {
        uint32_t size;
        memcpy(&size, cases.data() + at, sizeof size);
        const char * text = cases.data() + at + sizeof size;
        at += sizeof size + size;

        std::vector<llama_token> ids(size + 8);
        const int n = llama_tokenize(vocab, text, size, ids.data(), ids.size(), special, parse);
        if (n < 0) die("more tokens than bytes");
        ids.resize(n);
        std::string whole(8 * size + 64, '\0'), pieces;
        const int length = llama_detokenize(vocab, ids.data(), n, &whole[0], whole.size(), false, true);
        whole.resize(std::max(length, 0));
        for (llama_token id : ids) {
            printf("%d ", id);
            pieces += piece(id);
        }
        hex(whole);
        hex(pieces);
        printf("\n");
    }

    const int n_vocab = llama_vocab_n_tokens(vocab);
    printf("eog");
    for (int id = 0; id < n_vocab; ++id) if (llama_vocab_is_eog(vocab, id)) printf(" %d", id);
    printf("\nbos %d\nadd_bos %d\nadd_eos %d\nbytes", llama_vocab_bos(vocab), (int) llama_vocab_get_add_bos(vocab),
           (int) llama_vocab_get_add_eos(vocab));
    for (int id = 0; id < n_vocab; ++id) if (llama_vocab_get_attr(vocab, id) & LLAMA_TOKEN_ATTR_BYTE) hex(piece(id));
    printf("\n");
    llama_model_free(model);
}
