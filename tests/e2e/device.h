// A second device for part of a model: the CPU again, behind ggml's RPC backend in a process of its own. The graph is
// then cut into pieces and tensors travel between them, as with a GPU.

#pragma once

#include "common.h"

#include "ggml-backend.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

// Functions of the RPC backend are asked of the registry, so that no other library has to be linked. A server lends one
// device, or in later trees several.
using add_device = ggml_backend_dev_t (*)(const char * endpoint);
using add_server = ggml_backend_reg_t (*)(const char * endpoint);
using lend_device  = void (*)(ggml_backend_t, const char * endpoint, const char * cache, size_t free, size_t total);
using lend_devices = void (*)(const char * endpoint, const char * cache, size_t threads, size_t count, ggml_backend_dev_t *);

template <class F> F rpc(const std::string & name) {
    ggml_backend_reg_t reg = ggml_backend_reg_by_name("RPC");
    if (!reg) die("built without RPC");
    return reinterpret_cast<F>(ggml_backend_reg_get_proc_address(reg, ("ggml_backend_rpc_" + name).c_str()));
}

inline void serve(const char * endpoint) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (rpc<add_server>("add_server")) {
        rpc<lend_devices>("start_server")(endpoint, nullptr, 1, 1, &cpu);
    } else {
        const size_t memory = 1 << 30;
        rpc<lend_device>("start_server")(ggml_backend_dev_init(cpu, nullptr), endpoint, nullptr, memory, memory);
    }
}

inline ggml_backend_dev_t served(const char * endpoint) {
    const add_server several = rpc<add_server>("add_server");
    return several ? ggml_backend_reg_dev_get(several(endpoint), 0) : rpc<add_device>("add_device")(endpoint);
}

inline sockaddr_in local(int port) {
    sockaddr_in address = {};
    address.sin_family      = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port        = htons(port);
    return address;
}

inline int free_port() {
    sockaddr_in address = local(0);
    socklen_t size = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (sockaddr *) &address, size) != 0 || getsockname(fd, (sockaddr *) &address, &size) != 0) die("no port");
    close(fd);
    return ntohs(address.sin_port);
}

inline bool listening(int port) {
    const sockaddr_in address = local(port);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const bool found = connect(fd, (const sockaddr *) &address, sizeof(address)) == 0;
    close(fd);
    return found;
}

// To be called before anything else. The server ends with this process, however that ends.
inline void start_device() {
    const int port = free_port();
    const std::string endpoint = "127.0.0.1:" + std::to_string(port);
    int alive[2];
    if (pipe(alive) != 0) die("no pipe");
    const pid_t server = fork();
    if (server < 0) die("no process");
    if (server == 0) {
        close(alive[1]);
        std::thread([end = alive[0]] {
            char nothing;
            _exit(::read(end, &nothing, 1) == 0 ? 0 : 1);
        }).detach();
        if (!freopen("/dev/null", "w", stdout)) _exit(1);
        serve(endpoint.c_str());
        _exit(1);
    }
    close(alive[0]);
    for (int tries = 0; !listening(port); ++tries) {
        if (tries == 1000) die("the device does not answer");
        usleep(10000);
    }
    ggml_backend_device_register(served(endpoint.c_str()));
}
