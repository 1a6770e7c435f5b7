// kernel THREADS
//
// What the matrix kernel alone reaches: products of Q4_0 weights, in the layout that the CPU backend prefers, with a
// batch of 512 columns (arithmetic) and with single columns (bandwidth). Prints one line of JSON.

#include "ggml.h"
#include "ggml-alloc.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

static const int64_t IN = 1536, OUT = 12288, COUNT = 16, BATCH = 512;

static double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec*1e-9;
}

// where the loader would put the weights: the first extra buffer type there is, else plain memory
static ggml_backend_buffer_type_t preferred() {
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    auto extra = (ggml_backend_dev_get_extra_bufts_t) ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    ggml_backend_buffer_type_t * types = extra ? extra(device) : nullptr;
    return types && types[0] ? types[0] : ggml_backend_cpu_buffer_type();
}

// seconds for one product with each of the matrices
static double products(ggml_backend_t backend, const std::vector<ggml_tensor *> & weights, int64_t columns, int repeat) {
    ggml_context * ctx = ggml_init({ 1 << 20, nullptr, true });
    ggml_tensor * input = ggml_new_tensor_2d(ctx, GGML_TYPE_F32, IN, columns);
    ggml_cgraph * graph = ggml_new_graph(ctx);
    for (ggml_tensor * each : weights) ggml_build_forward_expand(graph, ggml_mul_mat(ctx, each, input));
    ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors(ctx, backend);
    std::vector<float> values(ggml_nelements(input));
    for (size_t i = 0; i < values.size(); ++i) values[i] = (i*7919%1000)/500.0f - 1.0f;
    ggml_backend_tensor_set(input, values.data(), 0, ggml_nbytes(input));
    std::vector<double> found;
    for (int i = 0; i <= repeat; ++i) {
        const double began = now();
        ggml_backend_graph_compute(backend, graph);
        found.push_back(now() - began);
    }
    ggml_backend_buffer_free(buffer);
    ggml_free(ctx);
    found.erase(found.begin()); // warm-up
    std::sort(found.begin(), found.end());
    return found[found.size()/2];
}

int main(int argc, char ** argv) {
    if (argc != 2) return fprintf(stderr, "usage: kernel THREADS\n"), 1;
    ggml_backend_t backend = ggml_backend_cpu_init();
    ggml_backend_cpu_set_n_threads(backend, atoi(argv[1]));

    ggml_context * ctx = ggml_init({ 1 << 20, nullptr, true });
    std::vector<ggml_tensor *> weights;
    for (int i = 0; i < COUNT; ++i) weights.push_back(ggml_new_tensor_2d(ctx, GGML_TYPE_Q4_0, IN, OUT));
    ggml_backend_buffer_t buffer = ggml_backend_alloc_ctx_tensors_from_buft(ctx, preferred());
    std::vector<char> zeros(ggml_nbytes(weights[0]));
    for (ggml_tensor * each : weights) ggml_backend_tensor_set(each, zeros.data(), 0, zeros.size());

    const double many = products(backend, weights, BATCH, 5), one = products(backend, weights, 1, 15);
    const double operations = 2.0*IN*OUT*COUNT*BATCH, bytes = 1.0*zeros.size()*COUNT;
    printf("{\"gflops\": %.2f, \"gbytes\": %.3f}\n", operations/many*1e-9, bytes/one*1e-9);
    ggml_backend_buffer_free(buffer);
    ggml_free(ctx);
    ggml_backend_free(backend);
}
