/* The interpreter of uniform lines that have few companions: one line after the other. */

#include "machine.h"
#include "kernels.h"

#define CODE(op, shape, slopes) OP_##op,
enum { ALL_OPS(CODE) };
#undef CODE

#if defined(__GNUC__)
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
#if defined(__GNUC__)
    static const void *const labels[] = {UNARY_OPS(LABEL) BINARY_OPS(LABEL) TERNARY_OPS(LABEL)
                                             [OP_dot] = &&do_dot,
                                         [OP_chain_dot] = &&do_chain_dot,
                                         [OP_sum_of] = &&do_sum_of,
                                         [OP_PLAIN_CHAIN] = &&do_PLAIN_CHAIN,
                                         [OP_PLAIN_CHAIN_DOT] = &&do_PLAIN_CHAIN_DOT};
    NEXT
#else
    while (line != end)
        switch (line[0]) {
#endif
    UNARY_OPS(UNARY_LINE)
    BINARY_OPS(BINARY_LINE)
    TERNARY_OPS(TERNARY_LINE)
    DO(PLAIN_CHAIN) RESULT(M[line[1]] * M[line[2]] + 0.0)
    OF_SEQUENCES(dot, M[xs[i]] * M[ys[i]])
    OF_SEQUENCES(PLAIN_CHAIN_DOT, M[xs[i]] * M[ys[i]])
    OF_SEQUENCES(chain_dot, M[xs[i]] != 0.0 && M[ys[i]] != 0.0 ? M[xs[i]] * M[ys[i]] : 0.0)
    OF_SEQUENCES(sum_of, M[xs[i]])
#if !defined(__GNUC__)
        }
#endif
}
