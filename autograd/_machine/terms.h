/* Terms: sums, products and other results of sequences, for uniform numbers or for a block of lanes. */

/* Where the numbers of an operand are; *is_one if it is one number for all lanes. */
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
        for (int i = 0; i < n * arity_of[shape_of[op]]; i++) {
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

enum { MOST_TERMS = 16 }; /* that are added at a time */

/* Sums of terms for COUNT vectors. A product of chain_dot is 0 where a factor is 0: vectors multiply first,
 * and then mask the product. */
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
/* Where numbers are: one for each place, or one for all. */
typedef struct {
    const double *numbers;
    int is_one;
} Source;

#define NUMBERS_OF(V, COUNT, found, source, first)                                                           \
    V found[COUNT];                                                                                          \
    if ((source).is_one)                                                                                     \
        for (int v = 0; v < COUNT; v++)                                                                      \
            found[v] = (V){0} + *(source).numbers;                                                           \
    else                                                                                                     \
        for (int v = 0; v < COUNT; v++)                                                                      \
            found[v] = LOAD(V, (source).numbers + first + v * (sizeof(V) / sizeof(double)));
#define TERMS_TILE(V, COUNT)                                                                                 \
    INLINE void terms_##V##_##COUNT(int op, int n, const Source *xs, const Source *ys, ptrdiff_t first,      \
                                    double *out)                                                             \
    {                                                                                                        \
        V sums[COUNT];                                                                                       \
        for (int v = 0; v < COUNT; v++)                                                                      \
            sums[v] = LOAD(V, out + first + v * (sizeof(V) / sizeof(double)));                               \
        for (int i = 0; i < n; i++) {                                                                        \
            NUMBERS_OF(V, COUNT, x, xs[i], first)                                                            \
            if (op == OP_sum_of) {                                                                           \
                for (int v = 0; v < COUNT; v++)                                                              \
                    sums[v] += x[v];                                                                         \
                continue;                                                                                    \
            }                                                                                                \
            NUMBERS_OF(V, COUNT, y, ys[i], first)                                                            \
            for (int v = 0; v < COUNT; v++)                                                                  \
                if (op == OP_chain_dot)                                                                      \
                    sums[v] += STRICT_##V(x[v], y[v]);                                                       \
                else                                                                                         \
                    sums[v] += x[v] * y[v];                                                                  \
        }                                                                                                    \
        for (int v = 0; v < COUNT; v++)                                                                      \
            STORE(V, out + first + v * (sizeof(V) / sizeof(double)), sums[v]);                               \
    }
TERMS_TILE(Vector, 4) TERMS_TILE(Vector, 1) TERMS_TILE(Number, 1)

INLINE void all_terms(int op, int n, const Source *xs, const Source *ys, ptrdiff_t count, double *out)
{
    ptrdiff_t first = 0;
    for (; first + 4 * NUMBERS <= count; first += 4 * NUMBERS)
        terms_Vector_4(op, n, xs, ys, first, out);
    for (; first + NUMBERS <= count; first += NUMBERS)
        terms_Vector_1(op, n, xs, ys, first, out);
    for (; first < count; first++)
        terms_Number_1(op, n, xs, ys, first, out);
}

/* Add n terms to `count` sums. */
static void add_terms(int op, int n, const Source *xs, const Source *ys, ptrdiff_t count, double *out)
{
    if (op == OP_sum_of)
        all_terms(OP_sum_of, n, xs, ys, count, out);
    else if (op == OP_chain_dot)
        all_terms(OP_chain_dot, n, xs, ys, count, out);
    else
        all_terms(OP_dot, n, xs, ys, count, out);
}

static const int32_t *run_terms(const int32_t *at, double *U, double *R, int w, double *scratch)
{
    const int op = at[0], n = at[2];
    double *RESTRICT out = R + (size_t)at[1] * w;
    const int32_t *xs = at + 3, *ys = xs + n;
    at = xs + (size_t)n * arity_of[shape_of[op]];
    const int is_dot = op == OP_dot || op == OP_PLAIN_CHAIN_DOT || op == OP_chain_dot;
    if (!is_dot && op != OP_sum_of) {
        if (op == OP_logsumexp && n > 0)
            logsumexp_of_lanes(n, xs, U, R, w, out);
        else
            lane_by_lane(op, n, xs, U, R, w, out, scratch);
        return at;
    }
    memset(out, 0, w * sizeof(double));
    Source sources[2][MOST_TERMS];
    for (int first = 0; first < n; first += MOST_TERMS) {
        const int count = n - first < MOST_TERMS ? n - first : MOST_TERMS;
        for (int i = 0; i < count; i++) {
            sources[0][i].numbers = operand_numbers(U, R, w, xs[first + i], &sources[0][i].is_one);
            if (is_dot)
                sources[1][i].numbers = operand_numbers(U, R, w, ys[first + i], &sources[1][i].is_one);
        }
        add_terms(op, count, sources[0], sources[1], w, out);
    }
    return at;
}

/* k uniform sums of n terms each, which may be added to what is there. */
static const int32_t *run_sums(const int32_t *at, double *M)
{
    const int op = at[0], k = at[1], n = at[3], arity = arity_of[shape_of[op]];
    double *out = M + at[2];
    const int32_t *const terms = at + 5;
    double rooms[2][MOST_TERMS][TILE];
    Source sources[2][MOST_TERMS];
    Column column;
    if (!at[4])
        memset(out, 0, k * sizeof(double));
    for (int first = 0; first < k; first += TILE) {
        const int count = k - first < TILE ? k - first : TILE;
        at = terms;
        for (int term = 0, more; term < n; term += more) {
            more = n - term < MOST_TERMS ? n - term : MOST_TERMS;
            for (int i = 0; i < more; i++)
                for (int side = 0; side < arity; side++) {
                    Source *source = &sources[side][i];
                    at = read_column(at, k, &column);
                    source->is_one = column.kind == ONE;
                    source->numbers = source->is_one
                                          ? M + column.place
                                          : uniform_numbers(M, &column, first, count, rooms[side][i]);
                }
            add_terms(op, more, sources[0], sources[1], count, out + first);
        }
    }
    return at;
}
