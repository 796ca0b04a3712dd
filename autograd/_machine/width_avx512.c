/* The executor for AVX512. */

#include "machine.h"

#ifdef HAS_X86_WIDTHS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512vl")
#endif
#define WIDTH(name) name##_avx512
#define WIDTH_NAME "avx512"
#define NUMBERS 8
#include "executor.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
