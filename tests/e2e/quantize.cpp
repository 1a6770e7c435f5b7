// quantize MODEL OUT TYPE
//
// Quantizes a model with the library's own quantizer; TYPE is a number of llama_ftype.

#include "common.h"

int main(int argc, char ** argv) {
    if (argc != 4) die("usage: quantize MODEL OUT TYPE");
    llama_backend_init();
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype   = static_cast<llama_ftype>(atoi(argv[3]));
    params.nthread = 2;
    if (llama_model_quantize(argv[1], argv[2], &params) != 0) die("cannot quantize");
}
