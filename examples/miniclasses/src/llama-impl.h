#pragma once

#include "ggml.h"

#include <cstdio>
#include <string>
#include <vector>

#define LLAMA_LOG_INFO(...)  fprintf(stderr, __VA_ARGS__)
#define LLAMA_LOG_WARN(...)  fprintf(stderr, __VA_ARGS__)
#define LLAMA_LOG_ERROR(...) fprintf(stderr, __VA_ARGS__)

// printf into a string
__attribute__((format(printf, 1, 2)))
std::string format(const char * fmt, ...);

// replace every occurrence of search in s
void replace_all(std::string & s, const std::string & search, const std::string & replace);
