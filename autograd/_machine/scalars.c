/* The interpreter of uniform lines that have few companions: one line after the other. */

#include "ops.h"

#if defined(GNU_C)
#define LABEL(op) [OP_##op] = &&do_##op,
#define DO(op) do_##op:
#define NEXT                                                                                                 \
    if (line == end)                                                                                         \
        return;                                                                                              \
    goto *labels[line[0]];
#else
#define DO(op) case OP_##op:
#define NEXT break;
#endif

static inline double with_bits(double x, uint64_t flipped)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    bits ^= flipped;
    memcpy(&x, &bits, sizeof(bits));
    return x;
}

/* x where the mask is all ones, y where it is 0. */
static inline double chosen(uint64_t mask, double x, double y)
{
    uint64_t of_x, of_y;
    memcpy(&of_x, &x, sizeof(of_x));
    memcpy(&of_y, &y, sizeof(of_y));
    of_y ^= (of_x ^ of_y) & mask;
    memcpy(&y, &of_y, sizeof(of_y));
    return y;
}

/* Sums, differences and products of `count` lines. Both are computed for each: a jump to one of them costs more,
 * since processors cannot foresee it. */
static double *run_arithmetic(const int32_t *line, int count, double *M, double *out)
{
    static const uint64_t signs[] = {[MINUS] = (uint64_t)1 << 63, [TIMES_PLAIN_CHAIN] = 0};
    static const uint64_t masks[] = {[TIMES] = ~(uint64_t)0, [TIMES_PLAIN_CHAIN] = ~(uint64_t)0};
    static const double zeros[] = {[TIMES] = -0.0, [TIMES_PLAIN_CHAIN] = 0.0}; /* x + -0.0 is x */
    for (int i = 0; i < count; i++, line += 4) {
        const double x = M[line[1]], y = M[line[2]];
        const double sum = x + with_bits(y, signs[line[0]]), product = x * y + zeros[line[0]];
        *out++ = chosen(masks[line[0]], product, sum);
    }
    return out;
}

/* Lines of four: op a b c; `at` has their count, the first register out, the length of all, then the lines. The
 * operands of a sequence stand behind the lines: a says where, from `at`, and b how many. */
void run_scalars(const int32_t *at, double *M)
{
    double *out = M + at[1];
    const int32_t *line = at + 3, *const end = line + (size_t)4 * at[0];
#define RESULT(x)                                                                                            \
    {                                                                                                        \
        *out++ = (x);                                                                                        \
        line += 4;                                                                                           \
        NEXT                                                                                                 \
    }
#define UNARY_LINE(op) DO(op) RESULT(forward_##op(M[line[1]]))
#define BINARY_LINE(op) DO(op) RESULT(forward_##op(M[line[1]], M[line[2]]))
#define TERNARY_LINE(op) DO(op) RESULT(forward_##op(M[line[1]], M[line[2]], M[line[3]]))
#define OF_SEQUENCES(op, terms)                                                                              \
    DO(op)                                                                                                   \
    {                                                                                                        \
        const int32_t *xs = at + line[1], *ys = xs + line[2];                                                \
        double total = 0.0;                                                                                  \
        for (int i = 0; i < line[2]; i++)                                                                    \
            total += terms;                                                                                  \
        (void)ys;                                                                                            \
        RESULT(total)                                                                                        \
    }
#if defined(GNU_C)
    static const void *const labels[] = {UNARY_OPS(LABEL) BINARY_OPS(LABEL) TERNARY_OPS(LABEL)
                                             [OP_dot] = &&do_dot,
                                         [OP_chain_dot] = &&do_chain_dot,
                                         [OP_sum_of] = &&do_sum_of,
                                         [OP_PLAIN_CHAIN] = &&do_PLAIN_CHAIN,
                                         [OP_PLAIN_CHAIN_DOT] = &&do_PLAIN_CHAIN_DOT,
                                         [OP_SQUARE] = &&do_SQUARE,
                                         [OP_ROOT] = &&do_ROOT,
                                         [OP_ARITHMETIC] = &&do_ARITHMETIC};
    NEXT
#else
    while (line != end)
        switch (line[0]) {
#endif
    UNARY_OPS(UNARY_LINE)
    BINARY_OPS(BINARY_LINE)
    TERNARY_OPS(TERNARY_LINE)
    DO(PLAIN_CHAIN) RESULT(M[line[1]] * M[line[2]] + 0.0)
    DO(SQUARE) RESULT(M[line[1]] * M[line[1]])
    DO(ROOT) RESULT(autograd_root(M[line[1]]))
    DO(ARITHMETIC)
    {
        const int count = line[1];
        out = run_arithmetic(line + 4, count, M, out);
        line += 4 + (size_t)4 * count;
        NEXT
    }
    OF_SEQUENCES(dot, M[xs[i]] * M[ys[i]])
    OF_SEQUENCES(PLAIN_CHAIN_DOT, M[xs[i]] * M[ys[i]])
    OF_SEQUENCES(chain_dot, M[xs[i]] != 0.0 && M[ys[i]] != 0.0 ? M[xs[i]] * M[ys[i]] : 0.0)
    OF_SEQUENCES(sum_of, M[xs[i]])
#if !defined(GNU_C)
        }
#endif
}
