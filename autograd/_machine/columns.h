/* Columns: an op of k lines, for uniform numbers or for a block of lanes. */

/* Kernels of columns: n numbers of an op; an operand that `is one` is the same for all. */
typedef void (*Kernel)(ptrdiff_t n, double *RESTRICT out, const double *x, const double *y, const double *z);

/* quick_op is right but where rare_op says otherwise; see kernels.py. */
#define KERNEL(name, op, before, operands)                                                                   \
    static void name(ptrdiff_t n, double *RESTRICT out, const double *x, const double *y, const double *z)   \
    {                                                                                                        \
        before;                                                                                              \
        double rare = 0.0; /* in a loop of its own, which compilers make vectors of */                       \
        for (ptrdiff_t i = 0; i < n; i++)                                                                    \
            out[i] = quick_##op operands;                                                                    \
        for (ptrdiff_t i = 0; i < n; i++)                                                                    \
            rare = rare_##op operands ? 1.0 : rare;                                                          \
        for (ptrdiff_t i = 0; rare != 0.0 && i < n; i++)                                                     \
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
#define quick_square(x) ((x) * (x))
#define rare_square(x) 0
#define forward_square quick_square
#define quick_root(x) autograd_root(x)
#define rare_root(x) 0
#define forward_root quick_root
UNARY_OPS(UNARY_KERNEL)
UNARY_KERNEL(square)
UNARY_KERNEL(root)
BINARY_OPS(BINARY_KERNELS)
BINARY_KERNELS(plain_chain)
TERNARY_OPS(TERNARY_KERNEL)

/* By op: the kernel for operands that are all columns, and those where x or y is one number. */
static const Kernel kernels[TABLE_SIZE + 4][3] = {
#define ENTRY(op) [OP_##op] = {column_##op},
    UNARY_OPS(ENTRY) TERNARY_OPS(ENTRY)
#undef ENTRY
#define ENTRY(op) [OP_##op] = {column_##op, column_##op##_x, column_##op##_y},
    BINARY_OPS(ENTRY)
#undef ENTRY
    [OP_SQUARE] = {column_square},
    [OP_ROOT] = {column_root},
    [OP_PLAIN_CHAIN] = {column_plain_chain, column_plain_chain_x, column_plain_chain_y},
};

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
    const int op = at[0], k = at[1], arity = arity_of[shape_of[op]];
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
