/* Instructions of uniform lines: columns, sums, lanes, and runs for the interpreter. */

/* The op of a line in a run of OP_ARITHMETIC, or -1. */
static int arithmetic(int op)
{
    switch (op) {
    case OP_add: return PLUS;
    case OP_sub:
    case OP_neg: return MINUS;
    case OP_mul:
    case OP_SQUARE: return TIMES;
    case OP_PLAIN_CHAIN: return TIMES_PLAIN_CHAIN;
    default: return -1;
    }
}

static void flush_scalars(Lowering *l)
{
    if (!l->scalar_count)
        return;
    const int32_t *const end = l->scalars.words + l->scalars.count;
    int32_t lines = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass) {
            put(&l->uniform_words, I_SCALARS);
            put(&l->uniform_words, lines);
            put(&l->uniform_words, l->first_scalar);
            put(&l->uniform_words, 3 + 4 * lines + (int32_t)l->lists.count);
        }
        for (const int32_t *line = l->scalars.words; line != end;) {
            int run = 0;
            while (line + 4 * run != end && arithmetic(line[4 * run]) >= 0)
                run++;
            const int header = run >= FEWEST_IN_RUN, rest = header ? run : 1;
            if (!pass) {
                lines += rest + header;
                line += 4 * rest;
                continue;
            }
            if (header) {
                put(&l->uniform_words, OP_ARITHMETIC);
                put(&l->uniform_words, run);
                put(&l->uniform_words, 0);
                put(&l->uniform_words, 0);
            }
            for (int i = 0; i < rest; i++, line += 4) {
                int32_t *words = grow(&l->uniform_words, 4);
                if (!words)
                    return;
                const int is_neg = header && line[0] == OP_neg, is_square = header && line[0] == OP_SQUARE;
                words[0] = header ? arithmetic(line[0]) : line[0];
                words[1] = is_sum(line[0]) ? line[1] + 3 + 4 * lines : is_neg ? at(l, NEGATIVE_ZERO) : line[1];
                words[2] = is_neg || is_square ? line[1] : line[2];
                words[3] = line[3];
            }
        }
    }
    int32_t *lists = grow(&l->uniform_words, l->lists.count);
    if (lists && l->lists.count)
        memcpy(lists, l->lists.words, l->lists.count * sizeof(int32_t));
    l->scalar_count = 0;
    l->scalars.count = l->lists.count = 0;
}

static void put_scalar(Lowering *l, int line)
{
    const int op = op_of(l, line), n = COUNT(l, line), shape = shape_of[op];
    const int32_t *args = OPERANDS(l, line);
    if (!l->scalar_count++)
        l->first_scalar = l->code->uniforms;
    l->at[l->lines->inputs + line] = l->code->uniforms++;
    int32_t *words = grow(&l->scalars, 4);
    if (!words)
        return;
    words[0] = op;
    if (shape == SEQUENCE || shape == TWO_SEQUENCES) {
        words[1] = (int32_t)l->lists.count;
        words[2] = shape == SEQUENCE ? n : n / 2;
        words[3] = 0;
        for (int i = 0; i < n; i++)
            put(&l->lists, at(l, args[i]));
    }
    else
        for (int i = 0; i < 3; i++)
            words[1 + i] = i < n ? at(l, args[i]) : 0;
}

/* Whether an op takes longer than a few additions, so that even a short column is worth its vectors. */
static int is_costly(int op)
{
    switch (op) {
    case OP_neg:
    case OP_add:
    case OP_sub:
    case OP_mul:
    case OP_SQUARE:
    case OP_chain:
    case OP_PLAIN_CHAIN:
    case OP_dot:
    case OP_chain_dot:
    case OP_PLAIN_CHAIN_DOT:
    case OP_sum_of:
    case OP_abs:
    case OP_lt:
    case OP_le:
    case OP_eq:
    case OP_ne:
    case OP_where:
    case OP_maximum:
    case OP_minimum:
    case OP_relu:
    case OP_sign:
    case OP_identity:
    case OP_stop_gradient: return 0;
    default: return 1;
    }
}

static int put_lanes(Lowering *l, int line)
{
    const int32_t *args = OPERANDS(l, line);
    const Lanes *lanes = l->lines->lanes[args[0]];
    Words *words = &l->uniform_words;
    const int out = l->code->uniforms;
    l->at[l->lines->inputs + line] = out;
    l->code->uniforms += lanes->result_count;
    put(words, I_LANES);
    put(words, args[0]);
    put(words, out);
    const size_t length_at = words->count;
    put(words, 0);
    args++;
    const size_t runs_at = words->count;
    int32_t runs = 0;
    put(words, 0);
    for (int i = 0, end; i < lanes->uniform; i = end, runs++) {
        const int32_t first = at(l, args[i]);
        const int32_t step = i + 1 < lanes->uniform ? at(l, args[i + 1]) - first : 1;
        for (end = i + 1; end < lanes->uniform && at(l, args[end]) == first + (end - i) * step; end++)
            ;
        put(words, first);
        put(words, step);
        put(words, end - i);
    }
    if (!words->failed)
        words->words[runs_at] = runs;
    for (args += lanes->uniform; args < OPERANDS(l, line + 1); args += lanes->size) {
        const int32_t first = at(l, args[0]);
        const int32_t step = lanes->size > 1 ? at(l, args[1]) - first : 1;
        int regular = 1;
        for (int b = 1; b < lanes->size && regular; b++)
            regular = at(l, args[b]) == first + b * step;
        put(words, regular ? STRIDE1 : INDEX);
        if (regular) {
            put(words, first);
            put(words, step);
        }
        else
            for (int b = 0; b < lanes->size; b++)
                put(words, at(l, args[b]));
    }
    if (!words->failed)
        words->words[length_at] = (int32_t)(words->count - length_at - 1);
    return 0;
}

static void put_terms(const Lowering *l, Words *words, int line, int out)
{
    const int op = op_of(l, line), n = COUNT(l, line);
    put(words, I_TERMS);
    put(words, op);
    put(words, out);
    put(words, shape_of[op] == SEQUENCE ? n : n / 2);
    for (int i = 0; i < n; i++)
        put(words, encoded(l, OPERANDS(l, line)[i]));
    if ((size_t)n > l->code->scratch)
        l->code->scratch = n;
}

static void put_uniform_group(Lowering *l, Item *group, int k)
{
    const int line = group->line, op = l->lines->ops[line];
    if (op == OP_CALL) {
        flush_scalars(l);
        put_lanes(l, line);
        return;
    }
    const int used = op_of(l, line), shape = shape_of[used];
    const int is_sequence = shape == SEQUENCE || shape == TWO_SEQUENCES;
    if (is_sequence && !is_sum(used)) {
        flush_scalars(l);
        l->at[l->lines->inputs + line] = l->code->uniforms;
        put_terms(l, &l->uniform_words, line, l->code->uniforms++);
        return;
    }
    if (k < (is_costly(used) ? FEWEST_COSTLY : FEWEST_IN_COLUMN)) {
        for (int i = 0; i < k; i++)
            put_scalar(l, group[i].line);
        return;
    }
    flush_scalars(l);
    order_group(l, group, k);
    const int n = COUNT(l, line), out = l->code->uniforms;
    put(&l->uniform_words, is_sequence ? I_SUMS : I_COLUMN);
    put(&l->uniform_words, used);
    put(&l->uniform_words, k);
    put(&l->uniform_words, out);
    if (is_sequence) {
        const int terms = shape == SEQUENCE ? n : n / 2;
        put(&l->uniform_words, terms);
        for (int i = 0; i < terms; i++) {
            put_column(l, &l->uniform_words, group, k, i);
            if (shape == TWO_SEQUENCES)
                put_column(l, &l->uniform_words, group, k, terms + i);
        }
    }
    else
        for (int i = 0; i < arity_of[shape]; i++)
            put_column(l, &l->uniform_words, group, k, i);
    for (int i = 0; i < k; i++)
        l->at[l->lines->inputs + group[i].line] = out + i;
    l->code->uniforms += k;
}
