/* The executor for AVX2. */

#include "machine.h"

#ifdef HAS_X86_WIDTHS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif
#define WIDTH(name) name##_avx2
#define WIDTH_NAME "avx2"
#define NUMBERS 4
#include "executor.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
