/* The ops of the table, as kernels.h numbers them: their codes, shapes, and how many operands each shape has. */

#ifndef AUTOGRAD_OPS_H
#define AUTOGRAD_OPS_H

#include "machine.h"
#include "kernels.h"

#define CODE(op, shape, slopes) OP_##op,
enum { ALL_OPS(CODE) };
#undef CODE
#define SHAPE(op, shape, slopes) shape,
static const unsigned char shape_of[] = {ALL_OPS(SHAPE) BINARY, TWO_SEQUENCES, UNARY, UNARY}; /* and of OP_PLAIN_CHAIN .. */
#undef SHAPE

static const int arity_of[] = {[UNARY] = 1, [BINARY] = 2, [TERNARY] = 3, [SEQUENCE] = 1, [TWO_SEQUENCES] = 2};

#endif
