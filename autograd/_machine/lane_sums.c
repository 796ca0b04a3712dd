/* Sums over lanes: products of matrices where the terms are products, else sums one by one. */

typedef struct {
    int32_t row, column, output, length; /* operands of a product; `length` products have this row */
    uint64_t hash;                       /* of their columns */
} Product;

static int by_row(const void *a, const void *b)
{
    const Product *x = a, *y = b;
    return x->row != y->row ? (x->row > y->row) - (x->row < y->row) : (x->output > y->output) - (x->output < y->output);
}

static int by_columns(const void *a, const void *b)
{
    const Product *x = *(const Product *const *)a, *y = *(const Product *const *)b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : (x->output > y->output) - (x->output < y->output);
}

/* A table of sums of products: `rows` and `columns` are registers, those of the columns go into vectors. Its sums
 * lie in rows of `padded` numbers. */
static int put_outer(Lowering *l, const int32_t *rows, int m, const int32_t *columns, int n)
{
    Words *words = &l->lane_words;
    const int sums = l->code->sums, padded = (n + 7) / 8 * 8;
    put(words, I_OUTER);
    put(words, m);
    put(words, n);
    put(words, sums);
    for (int i = 0; i < m; i++)
        put(words, rows[i]);
    for (int i = 0; i < n; i++)
        put(words, columns[i]);
    if (padded > l->code->transposed)
        l->code->transposed = padded;
    l->code->sums += m * padded;
    return padded;
}

/* Rows of products with the same columns. If the rows themselves are summed, too (biases), their sums are those
 * of products with 1, one row more, where that is less work. */
static int put_table(Lowering *l, Product **rows, int m, int *sum_of_place)
{
    const int n = rows[0]->length;
    if (m == 1 && n == 1) {
        put(&l->lane_words, I_PRODUCT);
        put(&l->lane_words, l->code->sums);
        put(&l->lane_words, at(l, rows[0]->row));
        put(&l->lane_words, at(l, rows[0]->column));
        l->code->outputs[rows[0]->output] = l->code->sums++;
        return 0;
    }
    int32_t *registers = malloc(((size_t)m + n + 1) * sizeof(int32_t)), *columns = registers ? registers + m : NULL;
    int summed = 0;
    if (!registers)
        return -1;
    for (int i = 0; i < m; i++) {
        registers[i] = at(l, rows[i]->row);
        summed += sum_of_place[rows[i]->row] != 0;
    }
    for (int j = 0; j < n; j++)
        columns[j] = at(l, rows[0][j].column);
    const int with_sums = (n + (summed > 0)) * ((m + 7) / 8), without = m * ((n + 7) / 8) + summed / 2;
    const int first = l->code->sums;
    if (with_sums > without) {
        const int padded = put_outer(l, registers, m, columns, n);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
                l->code->outputs[rows[i][j].output] = first + i * padded + j;
        free(registers);
        return 0;
    }
    if (summed) {
        columns[n] = l->code->lane_registers++;
        put(&l->lane_words, I_FILL);
        put(&l->lane_words, columns[n]);
        put(&l->lane_words, at(l, UNIT));
    }
    const int padded = put_outer(l, columns, n + (summed > 0), registers, m);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++)
            l->code->outputs[rows[i][j].output] = first + j * padded + i;
        if (sum_of_place[rows[i]->row] > 0)
            l->code->outputs[sum_of_place[rows[i]->row] - 1] = first + n * padded + i;
        if (summed)
            sum_of_place[rows[i]->row] = -sum_of_place[rows[i]->row];
    }
    free(registers);
    return 0;
}

static int put_sums(Lowering *l, int output_count)
{
    Words *words = &l->lane_words;
    int count = 0, others = 0;
    Product *products = malloc((size_t)(output_count + 1) * sizeof(Product));
    Product **rows = malloc((size_t)(output_count + 1) * sizeof(Product *));
    /* by place: the output that is its sum over lanes, counted from 1; negative once that is computed */
    int *sum_of_place = calloc((size_t)l->lines->inputs + l->lines->count + 1, sizeof(int));
    int result = -1;
    if (!products || !rows || !sum_of_place)
        goto done;
    for (int k = 0; k < output_count; k++) {
        const int32_t x = l->outputs[k];
        if (!l->summed[k])
            l->code->outputs[k] = encoded(l, x);
        else if (x >= l->lines->inputs && l->skipped[x] == IN_SUM) {
            const int32_t *args = OPERANDS(l, x - l->lines->inputs);
            products[count++] = (Product){args[0], args[1], k};
        }
        else if (varies(l, x)) {
            if (!sum_of_place[x])
                sum_of_place[x] = k + 1;
        }
        else {
            put(words, I_REPEAT);
            put(words, l->code->sums);
            put(words, at(l, x));
            l->code->outputs[k] = l->code->sums++;
        }
    }
    qsort(products, count, sizeof(Product), by_row);
    int row_count = 0;
    for (int i = 0, end; i < count; i = end) {
        uint64_t hash = 0;
        for (end = i; end < count && products[end].row == products[i].row; end++)
            hash = mixed(hash, (uint32_t)products[end].column);
        products[i].length = end - i;
        products[i].hash = hash;
        rows[row_count++] = &products[i];
    }
    qsort(rows, row_count, sizeof(Product *), by_columns);
    for (int i = 0, end; i < row_count; i = end) {
        for (end = i + 1; end < row_count && rows[end]->length == rows[i]->length; end++) {
            int same = 1;
            for (int j = 0; j < rows[i]->length && same; j++)
                same = rows[end][j].column == rows[i][j].column;
            if (!same)
                break;
        }
        if (put_table(l, rows + i, end - i, sum_of_place) < 0)
            goto done;
    }
#define IS_LEFT(k)                                                                                           \
    (l->summed[k] && varies(l, l->outputs[k]) && l->skipped[l->outputs[k]] != IN_SUM                                 \
     && sum_of_place[l->outputs[k]] != -1 - (k))
    for (int k = 0; k < output_count; k++)
        others += IS_LEFT(k);
    if (others) {
        put(words, I_SUM);
        put(words, others);
        put(words, l->code->sums);
        for (int k = 0; k < output_count; k++)
            if (IS_LEFT(k)) {
                put(words, at(l, l->outputs[k]));
                l->code->outputs[k] = l->code->sums++;
            }
    }
#undef IS_LEFT
    result = 0;
done:
    free(products);
    free(rows);
    free(sum_of_place);
    return result;
}
