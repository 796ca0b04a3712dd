/* Products of matrices: layers of neurons, and sums over lanes of tables of products. */

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

static void gemv(int m, int w, int n, const double *weights, const double *added, const double *R, const int32_t *xs,
                 double *out)
{
    for (; m >= 4; m -= 4, weights += (size_t)4 * n, added = added ? added + 4 : NULL, out += (size_t)4 * w)
        gemv_4(w, n, weights, added, R, xs, out);
    if (m == 3)
        gemv_3(w, n, weights, added, R, xs, out);
    else if (m == 2)
        gemv_2(w, n, weights, added, R, xs, out);
    else if (m == 1)
        gemv_1(w, n, weights, added, R, xs, out);
}

static const int32_t *run_gemv(const int32_t *at, double *U, double *R, int w)
{
    gemv(at[0], w, at[2], U + at[3], at[4] < 0 ? NULL : U + at[4], R, at + 5, R + (size_t)at[1] * w);
    return at + 5 + at[2];
}

static const int32_t *run_matrix(const int32_t *at, double *U)
{
    const double *packed = U + at[4];
    gemv(at[0], at[1], at[2], packed, NULL, packed + (size_t)at[0] * at[2], at + 5, U + at[3]);
    return at + 5 + at[2];
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
