/* The executor for the vector instructions that every processor of this kind has: SSE2, NEON. */

#define WIDTH(name) name##_base
#define WIDTH_NAME "base"
#define NUMBERS 2
#include "executor.h"
