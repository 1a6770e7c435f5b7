// training OP < INPUT > OUTPUT
//
// Computes an activation of ggml and goes back through it. INPUT holds x, for `geglu` also the factors, and the gradient of
// the result, all of one size; OUTPUT the gradient of x, and of the factors.

#include "common.h"

#include "ggml-backend.h"

#include <iostream>

int main(int argc, char ** argv) {
    if (argc != 2) die("usage: training OP");
    const std::string op = argv[1];
    const std::string raw { std::istreambuf_iterator<char>(std::cin), {} };
    const int parts = op == "geglu" ? 3 : 2;
    const int64_t size = raw.size() / sizeof(float) / parts;

    ggml_context * ctx = ggml_init({ 16u << 20, nullptr, false });
    ggml_tensor * x      = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, size);
    ggml_tensor * factor = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, size);
    ggml_tensor * weight = ggml_new_tensor_1d(ctx, GGML_TYPE_F32, size);
    const float * from = reinterpret_cast<const float *>(raw.data());
    memcpy(x->data, from, ggml_nbytes(x));
    if (parts == 3) memcpy(factor->data, from + size, ggml_nbytes(x));
    memcpy(weight->data, from + (parts - 1) * size, ggml_nbytes(x));
    ggml_set_param(x);
    ggml_set_param(factor);

    ggml_tensor * y = op == "tanh" ? ggml_tanh(ctx, x) : ggml_geglu_split(ctx, x, factor);
    ggml_tensor * loss = ggml_sum(ctx, ggml_mul(ctx, y, weight));
    ggml_set_loss(loss);
    ggml_cgraph * graph = ggml_new_graph_custom(ctx, 256, true);
    ggml_build_forward_expand(graph, loss);
    ggml_build_backward_expand(ctx, graph, nullptr);
    ggml_graph_reset(graph);
    quiet();
    ggml_backend_t cpu = ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr);
    if (ggml_backend_graph_compute(cpu, graph) != GGML_STATUS_SUCCESS) die("cannot compute");
    for (ggml_tensor * each : { x, factor }) {
        if (ggml_tensor * grad = ggml_graph_get_grad(graph, each)) {
            write(stdout, std::vector<float>((float *) grad->data, (float *) grad->data + size));
        }
    }
}
