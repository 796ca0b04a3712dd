/* The lines that lowering reads, the words that it writes, and its state. */

#ifndef AUTOGRAD_LINES_H
#define AUTOGRAD_LINES_H

#include <stdlib.h>

#include "ops.h"

enum { OP_OUTPUT = -1, OP_CALL = -2 }; /* beside the ops of the table */

#define MASK(op) [OP_##op] = 1,
static const unsigned char masks[TABLE_SIZE + 2] = {MASKING_OPS(MASK)};
#undef MASK

enum { FEWEST_IN_COLUMN = 16, FEWEST_COSTLY = 3, FEWEST_IN_RUN = 2, WIDE = 48, FEWEST_IN_GEMV = 2, BLOCK_BYTES = 3 << 16 };

/* Lanes in a block, for tests; 0 for a number that suits the caches. */
static int set_block;

/* Lines, flat: the operands of line i are operands[starts[i]] ... A place counts through the inputs, then the
 * lines; -1 - k is constant k. Those of OP_OUTPUT are the place of a call and which result it is; those of
 * OP_CALL begin with the place of its Lanes in `lanes`. */
typedef struct {
    int inputs, count, constant_count, lanes_count;
    int32_t *ops, *starts, *operands;
    double *constants;
    Lanes **lanes;
    unsigned char *hides; /* of each of the Lanes: whether they may hide a nan */
} Lines;

typedef struct {
    int32_t *words;
    size_t count, room;
    int failed; /* for want of memory */
} Words;

static int32_t *grow(Words *words, size_t more)
{
    if (words->count + more > words->room) {
        const size_t room = 2 * (words->count + more) + 64;
        int32_t *bigger = realloc(words->words, room * sizeof(int32_t));
        if (!bigger) {
            words->failed = 1;
            words->count = 0;
            if (more > words->room)
                return NULL;
        }
        else {
            words->words = bigger;
            words->room = room;
        }
    }
    int32_t *start = words->words + words->count;
    words->count += more;
    return start;
}

/* Room for so many more words at once. */
static void reserve(Words *words, size_t more)
{
    if (grow(words, more))
        words->count -= more;
}

static void put(Words *words, int32_t word)
{
    int32_t *place = grow(words, 1);
    if (place)
        *place = word;
}

typedef struct {
    uint64_t key;
    int32_t line, order;
} Item;

static int by_key(const void *a, const void *b)
{
    const Item *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->order > y->order) - (x->order < y->order);
}

enum { IN_SUM = 1, WITH_DOT }; /* a product that is only summed over the lanes; an addition to a dot */

/* What lowering knows of the lines. */
typedef struct {
    const Lines *lines;
    Code *code;
    int uniform;            /* inputs that are the same in all lanes */
    const unsigned char *summed;
    const int32_t *outputs;
    unsigned char *needed, *varies, *strict; /* by place */
    unsigned char *skipped; /* by place: whether another instruction computes the line */
    int32_t *level, *uses, *at; /* by place; `at` is the register */
    int32_t *added;         /* by place of a dot: the line that adds a uniform number to it, and nothing else uses
                             * it; or 0, since line 0 adds to no dot */
    Words uniform_words, lane_words;
    Words scalars, lists;   /* the lines for the interpreter that wait, and the operands of their sequences */
    int first_scalar, scalar_count;
    Item *items;
} Lowering;

#define OPERANDS(lowering, i) ((lowering)->lines->operands + (lowering)->lines->starts[i])
#define COUNT(lowering, i) ((lowering)->lines->starts[(i) + 1] - (lowering)->lines->starts[i])

static int varies(const Lowering *l, int32_t x)
{
    return x >= 0 && l->varies[x];
}

/* Constants of the code beside those of the lines, which come last. */
enum { ZERO = INT32_MIN, UNIT, NEGATIVE_ZERO };

/* The register of an operand. */
static int32_t at(const Lowering *l, int32_t x)
{
    if (x <= NEGATIVE_ZERO)
        return l->uniform + l->lines->constant_count + (x - ZERO);
    if (x < 0)
        return l->uniform + (-1 - x);
    if (x >= l->lines->inputs && l->lines->ops[x - l->lines->inputs] == OP_OUTPUT) {
        const int32_t *args = OPERANDS(l, x - l->lines->inputs);
        return l->at[args[0]] + args[1];
    }
    return l->at[x];
}

static int32_t encoded(const Lowering *l, int32_t x)
{
    return varies(l, x) ? at(l, x) : UNIFORM_OPERAND(at(l, x));
}

/* The op of a line in this run: a product that need not ask for 0 is a plain one. */
static int op_of(const Lowering *l, int line)
{
    const int op = l->lines->ops[line];
    if (op == OP_chain && !l->strict[l->lines->inputs + line])
        return OP_PLAIN_CHAIN;
    if (op == OP_chain_dot && !l->strict[l->lines->inputs + line])
        return OP_PLAIN_CHAIN_DOT;
    if (op == OP_pow) {
        const int32_t exponent = OPERANDS(l, line)[1];
        const double power = exponent < 0 ? l->lines->constants[-1 - exponent] : 0.0;
        return power == 2.0 ? OP_SQUARE : power == 0.5 ? OP_ROOT : op;
    }
    return op;
}

static int is_dot(int op)
{
    return op == OP_dot || op == OP_PLAIN_CHAIN_DOT;
}

static int is_sum(int op)
{
    return op == OP_sum_of || op == OP_chain_dot || is_dot(op);
}

/* Which operands of a line are places (an Output's second and a call's first are not). */
static void places_of(const Lines *lines, int line, const int32_t **first, int *count)
{
    const int op = lines->ops[line], start = lines->starts[line] + (op == OP_CALL);
    *first = lines->operands + start;
    *count = op == OP_OUTPUT ? 1 : lines->starts[line + 1] - start;
}

#endif
