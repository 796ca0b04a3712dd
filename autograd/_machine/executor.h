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
#include "kernels.h"

#define LOAD(V, place) (*(const V *)(place))
#define STORE(V, place, x) (*(V *)(place) = (x))

/* Kernels of columns: n numbers of an op; an operand that `is one` is the same for all. */
typedef void (*Kernel)(ptrdiff_t n, double *RESTRICT out, const double *x, const double *y, const double *z);

/* quick_op is right but where rare_op says otherwise; see kernels.py. */
#define KERNEL(name, op, before, operands)                                                                   \
    static void name(ptrdiff_t n, double *RESTRICT out, const double *x, const double *y, const double *z)   \
    {                                                                                                        \
        before;                                                                                              \
        int rare = 0;                                                                                        \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                  \
            out[i] = quick_##op operands;                                                                    \
            rare |= rare_##op operands;                                                                      \
        }                                                                                                    \
        for (ptrdiff_t i = 0; rare && i < n; i++)                                                            \
            if (rare_##op operands)                                                                          \
                out[i] = forward_##op operands;                                                              \
    }

#define UNARY_KERNEL(op) KERNEL(column_##op, op, (void)0, (x[i]))
#define BINARY_KERNELS(op)                                                                                   \
    KERNEL(column_##op, op, (void)0, (x[i], y[i]))                                                           \
    KERNEL(column_##op##_x, op, const double one = *x, (one, y[i]))                                          \
    KERNEL(column_##op##_y, op, const double one = *y, (x[i], one))
#define TERNARY_KERNEL(op) KERNEL(column_##op, op, (void)0, (x[i], y[i], z[i]))

#define forward_plain_chain(x, y) ((x) * (y) + 0.0)
#define quick_plain_chain forward_plain_chain
#define rare_plain_chain(x, y) 0
UNARY_OPS(UNARY_KERNEL)
BINARY_OPS(BINARY_KERNELS)
BINARY_KERNELS(plain_chain)
TERNARY_OPS(TERNARY_KERNEL)

#define CODE(op, shape, slopes) OP_##op,
enum { ALL_OPS(CODE) };
#undef CODE
#define SHAPE(op, shape, slopes) shape,
static const unsigned char op_shapes[] = {ALL_OPS(SHAPE) BINARY, TWO_SEQUENCES};
#undef SHAPE

/* By op: the kernel for operands that are all columns, and those where x or y is one number. */
static const Kernel kernels[TABLE_SIZE + 2][3] = {
#define ENTRY(op) [OP_##op] = {column_##op},
    UNARY_OPS(ENTRY) TERNARY_OPS(ENTRY)
#undef ENTRY
#define ENTRY(op) [OP_##op] = {column_##op, column_##op##_x, column_##op##_y},
    BINARY_OPS(ENTRY)
#undef ENTRY
    [OP_PLAIN_CHAIN] = {column_plain_chain, column_plain_chain_x, column_plain_chain_y},
};

static const int arities[] = {[UNARY] = 1, [BINARY] = 2, [TERNARY] = 3, [SEQUENCE] = 1, [TWO_SEQUENCES] = 2};

typedef struct {
    int kind, place;
    const int32_t *list;
} Column;

INLINE const int32_t *read_column(const int32_t *at, int k, Column *column)
{
    column->kind = *at++;
    column->place = *at;
    column->list = at;
    return at + (column->kind == STRIDE1 || column->kind == ONE ? 1 : k);
}

/* Numbers first .. first + count - 1 of a column of uniform registers, in place or gathered into `room`. */
INLINE const double *uniform_numbers(const double *M, const Column *column, int first, int count, double *room)
{
    if (column->kind == STRIDE1)
        return M + column->place + first;
    if (column->kind == ONE)
        for (int i = 0; i < count; i++)
            room[i] = M[column->place];
    else
        for (int i = 0; i < count; i++)
            room[i] = M[column->list[first + i]];
    return room;
}

/* Where the operand of line j is; *is_one if it is one number for all lanes. */
INLINE const double *line_numbers(const double *U, const double *R, int w, const Column *column, int j, int *is_one)
{
    *is_one = column->kind == ONE || column->kind == EACH;
    switch (column->kind) {
    case STRIDE1: return R + (size_t)(column->place + j) * w;
    case INDEX: return R + (size_t)column->list[j] * w;
    case ONE: return U + column->place;
    default: return U + column->list[j];
    }
}

static const int32_t *run_column(const int32_t *at, double *U, double *R, int w)
{
    const int op = at[0], k = at[1], arity = arities[op_shapes[op]];
    double *out = R + (size_t)at[2] * w;
    Column columns[3];
    const double *operands[3] = {NULL, NULL, NULL};
    int ones = 0, plain = 1;
    at += 3;
    for (int i = 0; i < arity; i++) {
        at = read_column(at, k, &columns[i]);
        if (columns[i].kind == STRIDE1)
            operands[i] = R + (size_t)columns[i].place * w;
        else if (columns[i].kind == ONE) {
            operands[i] = U + columns[i].place;
            ones |= 1 << i;
        }
        else
            plain = 0;
    }
    if (plain && ones < 3 && kernels[op][ones]) {
        kernels[op][ones]((ptrdiff_t)k * w, out, operands[0], operands[1], operands[2]);
        return at;
    }
    double room[3][MOST_LANES];
    if (w == 1 && R == U) {
        for (int first = 0; first < k; first += TILE) {
            const int count = k - first < TILE ? k - first : TILE;
            int variant = 0;
            for (int i = 0; i < arity; i++) {
                if (columns[i].kind == ONE && !variant && i < 2 && kernels[op][i + 1]) {
                    operands[i] = U + columns[i].place;
                    variant = i + 1;
                }
                else
                    operands[i] = uniform_numbers(U, &columns[i], first, count, room[i]);
            }
            kernels[op][variant](count, out + first, operands[0], operands[1], operands[2]);
        }
        return at;
    }
    for (int j = 0; j < k; j++, out += w) {
        int variant = 0, is_one;
        for (int i = 0; i < arity; i++) {
            operands[i] = line_numbers(U, R, w, &columns[i], j, &is_one);
            if (is_one && !variant && i < 2 && kernels[op][i + 1])
                variant = i + 1;
            else if (is_one) {
                for (int l = 0; l < w; l++)
                    room[i][l] = *operands[i];
                operands[i] = room[i];
            }
        }
        kernels[op][variant](w, out, operands[0], operands[1], operands[2]);
    }
    return at;
}

/* k uniform sums of n terms each, term after term. */
static const int32_t *run_sums(const int32_t *at, double *M)
{
    const int op = at[0], k = at[1], n = at[3], arity = arities[op_shapes[op]];
    double *out = M + at[2];
    const int32_t *terms = at + 4;
    double room[2][TILE];
    Column columns[2];
    for (int first = 0; first < k; first += TILE) {
        const int count = k - first < TILE ? k - first : TILE;
        double sums[TILE] = {0};
        at = terms;
        for (int term = 0; term < n; term++) {
            const double *x = NULL, *y = NULL;
            for (int i = 0; i < arity; i++) {
                at = read_column(at, k, &columns[i]);
                const double *numbers = uniform_numbers(M, &columns[i], first, count, room[i]);
                if (i)
                    y = numbers;
                else
                    x = numbers;
            }
            if (arity == 1)
                for (int i = 0; i < count; i++)
                    sums[i] += x[i];
            else if (op == OP_chain_dot)
                for (int i = 0; i < count; i++)
                    sums[i] += x[i] != 0.0 && y[i] != 0.0 ? x[i] * y[i] : 0.0;
            else
                for (int i = 0; i < count; i++)
                    sums[i] += x[i] * y[i];
        }
        memcpy(out + first, sums, count * sizeof(double));
    }
    return at;
}

/* One result of sequences in each lane. */
INLINE const double *operand_numbers(const double *U, const double *R, int w, int32_t operand, int *is_one)
{
    *is_one = operand < 0;
    return operand < 0 ? U + UNIFORM_OPERAND(operand) : R + (size_t)operand * w;
}

static void logsumexp_of_lanes(int n, const int32_t *xs, const double *U, const double *R, int w, double *RESTRICT out)
{
    double peak[MOST_LANES], top[MOST_LANES], rest[MOST_LANES] = {0}, bad[MOST_LANES] = {0};
    int is_one;
    const double *x = operand_numbers(U, R, w, xs[0], &is_one);
    for (int l = 0; l < w; l++) {
        peak[l] = x[is_one ? 0 : l];
        bad[l] = peak[l] != peak[l] ? 1.0 : 0.0;
        top[l] = 0.0;
    }
    for (int i = 1; i < n; i++) {
        double room[MOST_LANES];
        x = operand_numbers(U, R, w, xs[i], &is_one);
        if (is_one) {
            for (int l = 0; l < w; l++)
                room[l] = *x;
            x = room;
        }
        for (int l = 0; l < w; l++) {
            bad[l] = x[l] != x[l] ? 1.0 : bad[l];
            top[l] = x[l] > peak[l] ? (double)i : top[l];
            peak[l] = x[l] > peak[l] ? x[l] : peak[l];
        }
    }
    for (int i = 0; i < n; i++) {
        x = operand_numbers(U, R, w, xs[i], &is_one);
        double terms[MOST_LANES];
        if (is_one)
            column_sub_x(w, terms, x, peak, NULL);
        else
            column_sub(w, terms, x, peak, NULL);
        double powers[MOST_LANES];
        column_exp(w, powers, terms, NULL, NULL);
        for (int l = 0; l < w; l++)
            rest[l] += top[l] == (double)i ? 0.0 : powers[l];
    }
    column_log1p(w, out, rest, NULL, NULL);
    for (int l = 0; l < w; l++) {
        const double found = peak[l] - peak[l] == 0.0 ? peak[l] + out[l] : peak[l];
        out[l] = bad[l] != 0.0 ? NAN : found;
    }
}

/* An op of sequences that has no loop over lanes, lane by lane; `room` has two numbers for each operand. */
static void lane_by_lane(int op, int n, const int32_t *xs, const double *U, const double *R, int w,
                         double *RESTRICT out, double *room)
{
    for (int l = 0; l < w; l++) {
        for (int i = 0; i < n * arities[op_shapes[op]]; i++) {
            int is_one;
            const double *x = operand_numbers(U, R, w, xs[i], &is_one);
            room[i] = x[is_one ? 0 : l];
        }
        switch (op) {
#define CASE(op)                                                                                             \
    case OP_##op: out[l] = forward_##op(n, room); break;
            SEQUENCE_OPS(CASE)
#undef CASE
#define CASE(op)                                                                                             \
    case OP_##op: out[l] = forward_##op(n, room, room + n); break;
            TWO_SEQUENCES_OPS(CASE)
#undef CASE
        }
    }
}

/* A sum of terms for COUNT vectors of lanes. A product is strict where op asks for 0; vectors choose by masks, which
 * multiply what is chosen. */
#define STRICT_Vector(x, y) WITHOUT_ZEROS(x, y)
#define STRICT_Number(x, y) ((x) == 0.0 || (y) == 0.0 ? 0.0 : (x) * (y))
#if defined(GNU_C)
typedef int64_t Places __attribute__((vector_size(8 * NUMBERS)));
INLINE Vector WITHOUT_ZEROS(Vector x, Vector y)
{
    const Vector product = x * y;
    return (Vector)((Places)product & (Places)(x != 0.0) & (Places)(y != 0.0));
}
#else
#define WITHOUT_ZEROS(x, y) STRICT_Number(x, y)
#endif
#define OPERAND(V, COUNT, numbers, operand)                                                                  \
    V numbers[COUNT];                                                                                        \
    if (operand < 0)                                                                                         \
        for (int v = 0; v < COUNT; v++)                                                                      \
            numbers[v] = (V){0} + U[UNIFORM_OPERAND(operand)];                                               \
    else                                                                                                     \
        for (int v = 0; v < COUNT; v++)                                                                      \
            numbers[v] = LOAD(V, R + (size_t)operand * w + v * (sizeof(V) / sizeof(double)));
#define TERMS_TILE(V, COUNT)                                                                                 \
    INLINE void terms_##V##_##COUNT(int op, int n, const int32_t *xs, const int32_t *ys, const double *U,    \
                                    const double *R, int w, double *out)                                     \
    {                                                                                                        \
        V sums[COUNT];                                                                                       \
        for (int v = 0; v < COUNT; v++)                                                                      \
            sums[v] = (V){0};                                                                                \
        for (int i = 0; i < n; i++) {                                                                        \
            OPERAND(V, COUNT, x, xs[i])                                                                      \
            if (op == OP_sum_of) {                                                                           \
                for (int v = 0; v < COUNT; v++)                                                              \
                    sums[v] += x[v];                                                                         \
                continue;                                                                                    \
            }                                                                                                \
            OPERAND(V, COUNT, y, ys[i])                                                                      \
            for (int v = 0; v < COUNT; v++)                                                                  \
                if (op == OP_chain_dot)                                                                      \
                    sums[v] += STRICT_##V(x[v], y[v]);                                                       \
                else                                                                                         \
                    sums[v] += x[v] * y[v];                                                                  \
        }                                                                                                    \
        for (int v = 0; v < COUNT; v++)                                                                      \
            STORE(V, out + v * (sizeof(V) / sizeof(double)), sums[v]);                                       \
    }
TERMS_TILE(Vector, 4) TERMS_TILE(Vector, 1) TERMS_TILE(Number, 1)

INLINE void all_terms(int op, int n, const int32_t *xs, const int32_t *ys, const double *U, const double *R, int w,
                      double *RESTRICT out)
{
    int l = 0;
    for (; l + 4 * NUMBERS <= w; l += 4 * NUMBERS)
        terms_Vector_4(op, n, xs, ys, U, R + l, w, out + l);
    for (; l + NUMBERS <= w; l += NUMBERS)
        terms_Vector_1(op, n, xs, ys, U, R + l, w, out + l);
    for (; l < w; l++)
        terms_Number_1(op, n, xs, ys, U, R + l, w, out + l);
}

static const int32_t *run_terms(const int32_t *at, double *U, double *R, int w, double *scratch)
{
    const int op = at[0], n = at[2];
    double *RESTRICT out = R + (size_t)at[1] * w;
    const int32_t *xs = at + 3, *ys = xs + n;
    at = xs + (size_t)n * arities[op_shapes[op]];
    const int is_dot = op == OP_dot || op == OP_PLAIN_CHAIN_DOT || op == OP_chain_dot;
    if (!is_dot && op != OP_sum_of) {
        if (op == OP_logsumexp && n > 0)
            logsumexp_of_lanes(n, xs, U, R, w, out);
        else
            lane_by_lane(op, n, xs, U, R, w, out, scratch);
        return at;
    }
    if (op == OP_sum_of)
        all_terms(OP_sum_of, n, xs, ys, U, R, w, out);
    else if (op == OP_chain_dot)
        all_terms(OP_chain_dot, n, xs, ys, U, R, w, out);
    else
        all_terms(OP_dot, n, xs, ys, U, R, w, out);
    return at;
}

/* Products with packed weights: ROWS results for COUNT vectors of lanes. Weights lie in groups of up to four
 * results, term after term. */
#define GEMV_TILE(ROWS, V, COUNT)                                                                            \
    INLINE void gemv_##ROWS##_##V##_##COUNT(int w, int n, const double *weights, const double *added,        \
                                            const double *R, const int32_t *xs, double *out)                 \
    {                                                                                                        \
        enum { STEP = sizeof(V) / sizeof(double) };                                                          \
        V sums[ROWS][COUNT];                                                                                 \
        for (int row = 0; row < ROWS; row++)                                                                 \
            for (int v = 0; v < COUNT; v++)                                                                  \
                sums[row][v] = (V){0};                                                                       \
        for (int i = 0; i < n; i++, weights += ROWS) {                                                       \
            const double *x = R + (size_t)xs[i] * w;                                                         \
            V numbers[COUNT];                                                                                \
            for (int v = 0; v < COUNT; v++)                                                                  \
                numbers[v] = LOAD(V, x + v * STEP);                                                          \
            for (int row = 0; row < ROWS; row++)                                                             \
                for (int v = 0; v < COUNT; v++)                                                              \
                    sums[row][v] += weights[row] * numbers[v];                                               \
        }                                                                                                    \
        for (int row = 0; row < ROWS; row++)                                                                 \
            for (int v = 0; v < COUNT; v++)                                                                  \
                STORE(V, out + (size_t)row * w + v * STEP, sums[row][v] + (added ? added[row] : 0.0));     \
    }
#define GEMV_ROWS(ROWS)                                                                                      \
    GEMV_TILE(ROWS, Vector, 2) GEMV_TILE(ROWS, Vector, 1) GEMV_TILE(ROWS, Number, 1)                         \
    static void gemv_##ROWS(int w, int n, const double *weights, const double *added, const double *R,       \
                            const int32_t *xs, double *out)                                                  \
    {                                                                                                        \
        int l = 0;                                                                                           \
        for (; l + 2 * NUMBERS <= w; l += 2 * NUMBERS)                                                       \
            gemv_##ROWS##_Vector_2(w, n, weights, added, R + l, xs, out + l);                                       \
        for (; l + NUMBERS <= w; l += NUMBERS)                                                               \
            gemv_##ROWS##_Vector_1(w, n, weights, added, R + l, xs, out + l);                                       \
        for (; l < w; l++)                                                                                   \
            gemv_##ROWS##_Number_1(w, n, weights, added, R + l, xs, out + l);                                       \
    }
GEMV_ROWS(4) GEMV_ROWS(3) GEMV_ROWS(2) GEMV_ROWS(1)

static const int32_t *run_gemv(const int32_t *at, double *U, double *R, int w)
{
    const int n = at[2];
    int m = at[0];
    double *out = R + (size_t)at[1] * w;
    const double *weights = U + at[3], *added = at[4] < 0 ? NULL : U + at[4];
    const int32_t *xs = at + 5;
    for (; m >= 4; m -= 4, weights += (size_t)4 * n, added = added ? added + 4 : NULL, out += (size_t)4 * w)
        gemv_4(w, n, weights, added, R, xs, out);
    if (m == 3)
        gemv_3(w, n, weights, added, R, xs, out);
    else if (m == 2)
        gemv_2(w, n, weights, added, R, xs, out);
    else if (m == 1)
        gemv_1(w, n, weights, added, R, xs, out);
    return xs + n;
}

/* Sums over lanes of the products of m and n registers: the n side by side in vectors, lane after lane. */
#define OUTER_TILE(ROWS, V, COUNT)                                                                           \
    INLINE void outer_##ROWS##_##V##_##COUNT(int w, int stride, const double *table, const double *R,        \
                                             const int32_t *rows, double *sums, int n)                       \
    {                                                                                                        \
        enum { STEP = sizeof(V) / sizeof(double) };                                                          \
        V totals[ROWS][COUNT];                                                                               \
        const double *factors[ROWS];                                                                         \
        for (int row = 0; row < ROWS; row++) {                                                               \
            factors[row] = R + (size_t)rows[row] * w;                                                        \
            for (int v = 0; v < COUNT; v++)                                                                  \
                totals[row][v] = LOAD(V, sums + (size_t)row * n + v * STEP);                                 \
        }                                                                                                    \
        for (int l = 0; l < w; l++, table += stride) {                                                       \
            V numbers[COUNT];                                                                                \
            for (int v = 0; v < COUNT; v++)                                                                  \
                numbers[v] = LOAD(V, table + v * STEP);                                                      \
            for (int row = 0; row < ROWS; row++)                                                             \
                for (int v = 0; v < COUNT; v++)                                                              \
                    totals[row][v] += factors[row][l] * numbers[v];                                          \
        }                                                                                                    \
        for (int row = 0; row < ROWS; row++)                                                                 \
            for (int v = 0; v < COUNT; v++)                                                                  \
                STORE(V, sums + (size_t)row * n + v * STEP, totals[row][v]);                                 \
    }
#define OUTER_ROWS(ROWS)                                                                                     \
    OUTER_TILE(ROWS, Vector, 2) OUTER_TILE(ROWS, Vector, 1)                                                  \
    static void outer_##ROWS(int w, int n, const double *table, const double *R, const int32_t *rows,        \
                             double *sums)                                                                   \
    {                                                                                                        \
        int i = 0;                                                                                           \
        for (; i + 2 * NUMBERS <= n; i += 2 * NUMBERS)                                                       \
            outer_##ROWS##_Vector_2(w, n, table + i, R, rows, sums + i, n);                                  \
        for (; i < n; i += NUMBERS)                                                                          \
            outer_##ROWS##_Vector_1(w, n, table + i, R, rows, sums + i, n);                                  \
    }
OUTER_ROWS(4) OUTER_ROWS(3) OUTER_ROWS(2) OUTER_ROWS(1)

/* Four numbers of each of four rows, `stride` apart, as columns. */
#if defined(GNU_C)
typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));
#if defined(__clang__) || __GNUC__ >= 12
#define CHOSEN(x, y, a, b, c, d) __builtin_shufflevector(x, y, a, b, c, d)
#else
typedef int64_t FourPlaces __attribute__((vector_size(32)));
#define CHOSEN(x, y, a, b, c, d) __builtin_shuffle(x, y, (FourPlaces){a, b, c, d})
#endif
INLINE void transpose_four(const double *const rows[4], double *out, ptrdiff_t stride)
{
    const Four a = LOAD(Four, rows[0]), b = LOAD(Four, rows[1]), c = LOAD(Four, rows[2]), d = LOAD(Four, rows[3]);
    const Four ab = CHOSEN(a, b, 0, 4, 2, 6), ab_2 = CHOSEN(a, b, 1, 5, 3, 7);
    const Four cd = CHOSEN(c, d, 0, 4, 2, 6), cd_2 = CHOSEN(c, d, 1, 5, 3, 7);
    STORE(Four, out, CHOSEN(ab, cd, 0, 1, 4, 5));
    STORE(Four, out + stride, CHOSEN(ab_2, cd_2, 0, 1, 4, 5));
    STORE(Four, out + 2 * stride, CHOSEN(ab, cd, 2, 3, 6, 7));
    STORE(Four, out + 3 * stride, CHOSEN(ab_2, cd_2, 2, 3, 6, 7));
}
#undef CHOSEN
#else
INLINE void transpose_four(const double *const rows[4], double *out, ptrdiff_t stride)
{
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            out[j * stride + i] = rows[i][j];
}
#endif

/* A table with a row for each lane: n numbers, then zeros up to `padded`. */
static void transpose(int w, int n, int padded, const double *R, const int32_t *registers, double *RESTRICT table)
{
    int i = 0;
    for (; i + 4 <= n; i += 4) {
        const double *rows[4];
        for (int j = 0; j < 4; j++)
            rows[j] = R + (size_t)registers[i + j] * w;
        int l = 0;
        for (; l + 4 <= w; l += 4) {
            transpose_four(rows, table + (size_t)l * padded + i, padded);
            for (int j = 0; j < 4; j++)
                rows[j] += 4;
        }
        for (; l < w; l++)
            for (int j = 0; j < 4; j++)
                table[(size_t)l * padded + i + j] = *rows[j]++;
    }
    for (; i < n; i++) {
        const double *a = R + (size_t)registers[i] * w;
        for (int l = 0; l < w; l++)
            table[(size_t)l * padded + i] = a[l];
    }
    for (int l = 0; l < w; l++)
        for (i = n; i < padded; i++)
            table[(size_t)l * padded + i] = 0.0;
}

/* The lanes first .. first + w - 1 of `count` columns, one beside the other, with a row of `step` numbers for each
 * lane. */
static void load_rows(const double *numbers, ptrdiff_t step, int count, int w, double *R)
{
    int c = 0;
    for (; c + 4 <= count; c += 4, numbers += 4, R += (size_t)4 * w) {
        int l = 0;
        for (; l + 4 <= w; l += 4) {
            const double *const row = numbers + step * l;
            const double *const rows[4] = {row, row + step, row + 2 * step, row + 3 * step};
            transpose_four(rows, R + l, w);
        }
        for (; l < w; l++)
            for (int j = 0; j < 4; j++)
                R[(size_t)j * w + l] = numbers[step * l + j];
    }
    for (; c < count; c++, numbers++, R += w)
        for (int l = 0; l < w; l++)
            R[l] = numbers[step * l];
}

static const int32_t *run_outer(const int32_t *at, double *R, int w, double *sums, double *scratch)
{
    const int m = at[0], n = at[1], padded = (n + 7) / 8 * 8;
    const int32_t *rows = at + 3, *columns = rows + m;
    sums += at[2];
    transpose(w, n, padded, R, columns, scratch);
    int row = 0;
    for (; row + 4 <= m; row += 4)
        outer_4(w, padded, scratch, R, rows + row, sums + (size_t)row * padded);
    if (m - row == 3)
        outer_3(w, padded, scratch, R, rows + row, sums + (size_t)row * padded);
    else if (m - row == 2)
        outer_2(w, padded, scratch, R, rows + row, sums + (size_t)row * padded);
    else if (m - row == 1)
        outer_1(w, padded, scratch, R, rows + row, sums + (size_t)row * padded);
    return columns + n;
}

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
