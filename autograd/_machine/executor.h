/* The executor: runs instructions for a block of lanes, or for uniform lines as a block of one lane.
 *
 * Included once for each set of vector instructions, under its target, with WIDTH(name) and NUMBERS (doubles in
 * a vector). Results have the same bits at every width: a lane's numbers never meet those of another but in
 * sums over lanes, which are added from the first lane to the last.
 */

#include "machine.h"

#if defined(GNU_C)
typedef double Vector __attribute__((vector_size(8 * NUMBERS), aligned(8), may_alias));
#define INLINE static inline __attribute__((always_inline))
#define RESTRICT __restrict__
#else
#undef NUMBERS
#define NUMBERS 1
typedef double Vector;
#define RESTRICT __restrict
#if defined(_MSC_VER)
#define INLINE static __forceinline
#else
#define INLINE static inline
#endif
#endif
typedef double Number;
#define AUTOGRAD_INLINE INLINE
#include "ops.h"

#define LOAD(V, place) (*(const V *)(place))
#define STORE(V, place, x) (*(V *)(place) = (x))

#include "columns.h"
#include "terms.h"
#include "matrices.h"

/* Sums over lanes, eight at a time, so that an addition need not wait for the one before. */
#define SUM_LANES(COUNT, SOURCE)                                                                             \
    {                                                                                                        \
        const double *numbers[COUNT];                                                                        \
        double totals[COUNT];                                                                                \
        for (int i = 0; i < COUNT; i++) {                                                                    \
            numbers[i] = SOURCE;                                                                             \
            totals[i] = sums[i];                                                                             \
        }                                                                                                    \
        for (int l = 0; l < w; l++)                                                                          \
            for (int i = 0; i < COUNT; i++)                                                                  \
                totals[i] += numbers[i][l];                                                                  \
        for (int i = 0; i < COUNT; i++)                                                                      \
            sums[i] = totals[i];                                                                             \
    }

static const int32_t *run_sum(const int32_t *at, const double *R, int w, double *sums)
{
    int k = at[0];
    sums += at[1];
    at += 2;
    for (; k >= 8; k -= 8, at += 8, sums += 8)
        SUM_LANES(8, R + (size_t)at[i] * w)
    for (; k > 0; k--, at++, sums++)
        SUM_LANES(1, R + (size_t)at[i] * w)
    return at;
}

static void sum_columns(int w, int count, const double *table, double *sums)
{
    memset(sums, 0, count * sizeof(double));
    for (; count >= 8; count -= 8, table += (size_t)8 * w, sums += 8)
        SUM_LANES(8, table + (size_t)i * w)
    for (; count > 0; count--, table += w, sums++)
        SUM_LANES(1, table + (size_t)i * w)
}

static int run(const Executor *executor, const Code *code, const int32_t *at, double *U, double *R, int w,
               double *sums, double *scratch, double *lanes_frame)
{
    for (;;) {
        switch (*at++) {
        case I_END: return 0;
        case I_COLUMN: at = run_column(at, U, R, w); break;
        case I_SCALARS:
            run_scalars(at, U);
            at += at[2];
            break;
        case I_SUMS: at = run_sums(at, U); break;
        case I_TERMS: at = run_terms(at, U, R, w, scratch); break;
        case I_GEMV: at = run_gemv(at, U, R, w); break;
        case I_MATRIX: at = run_matrix(at, U); break;
        case I_PACK: {
            const int n = at[0];
            double *out = U + at[1];
            at += 2;
            for (int i = 0; i < n; i++)
                out[i] = U[at[i]];
            at += n;
            break;
        }
        case I_FILL: {
            double *out = R + (size_t)at[0] * w;
            for (int l = 0; l < w; l++)
                out[l] = U[at[1]];
            at += 2;
            break;
        }
        case I_OUTER: at = run_outer(at, R, w, sums, scratch); break;
        case I_SUM: at = run_sum(at, R, w, sums); break;
        case I_PRODUCT: {
            const double *x = R + (size_t)at[1] * w, *y = R + (size_t)at[2] * w;
            double total = sums[at[0]];
            for (int l = 0; l < w; l++)
                total += x[l] * y[l];
            sums[at[0]] = total;
            at += 3;
            break;
        }
        case I_REPEAT: {
            double total = sums[at[0]];
            for (int l = 0; l < w; l++)
                total += U[at[1]];
            sums[at[0]] = total;
            at += 2;
            break;
        }
        case I_LANES: {
            const int length = at[2];
            if (run_lanes(executor, code->lanes[at[0]], lanes_frame, U, at + 3, U + at[1]))
                return 1;
            at += 3 + length;
            break;
        }
        case I_NESTED: {
            const int count = at[2];
            if (run_nested(executor, code->lanes[at[0]], lanes_frame, U, R, w, count, at + 3, R + (size_t)at[1] * w))
                return 1;
            at += 3 + count;
            break;
        }
        }
    }
}

const Executor WIDTH(executor) = {WIDTH_NAME, run, sum_columns, load_rows};
