/* Instructions of lane lines, level by level: columns, products of matrices, terms, lanes inside lanes. */

static void put_gemv(Lowering *l, const Item *group, int m)
{
    const int line = group->line, n = COUNT(l, line) / 2;
    Words *words = &l->lane_words;
    int32_t data, weight;
    for (int i = 0; i < n; i++) { /* uniform data become lane registers */
        data_and_weight(l, line, i, &data, &weight);
        if (!varies(l, data)) {
            put(words, I_FILL);
            put(words, l->code->lane_registers++);
            put(words, at(l, data));
        }
    }
    int fills = 0;
    for (int i = 0; i < n; i++) {
        data_and_weight(l, line, i, &data, &weight);
        fills += !varies(l, data);
    }
    int fill = l->code->lane_registers - fills;
    const int out = l->code->lane_registers, inputs = l->lines->inputs;
    int additions = 0;
    for (int i = 0; i < m; i++) {
        const int added = l->added[inputs + group[i].line];
        l->at[inputs + (added ? added : group[i].line)] = out + i;
        additions |= added;
    }
    l->code->lane_registers += m;
    const int packed = l->code->uniforms, numbers = m * n + (additions ? m : 0);
    l->code->uniforms += numbers;
    put(words, I_GEMV);
    put(words, m);
    put(words, out);
    put(words, n);
    put(words, packed);
    put(words, additions ? packed + m * n : -1);
    for (int i = 0; i < n; i++) {
        data_and_weight(l, line, i, &data, &weight);
        put(words, varies(l, data) ? at(l, data) : fill++);
    }
    put(&l->uniform_words, I_PACK);
    put(&l->uniform_words, numbers);
    put(&l->uniform_words, packed);
    for (int first = 0; first < m;) {
        const int rows = m - first >= 4 ? 4 : m - first;
        for (int i = 0; i < n; i++)
            for (int row = first; row < first + rows; row++) {
                data_and_weight(l, group[row].line, i, &data, &weight);
                put(&l->uniform_words, at(l, weight));
            }
        first += rows;
    }
    for (int i = 0; additions && i < m; i++) {
        const int added = l->added[inputs + group[i].line];
        const int32_t *args = OPERANDS(l, added);
        put(&l->uniform_words, at(l, !added ? ZERO : varies(l, args[0]) ? args[1] : args[0]));
    }
}

static void put_nested(Lowering *l, int line)
{
    const int32_t *args = OPERANDS(l, line);
    const Lanes *lanes = l->lines->lanes[args[0]];
    const int count = COUNT(l, line) - 1;
    l->at[l->lines->inputs + line] = l->code->lane_registers;
    put(&l->lane_words, I_NESTED);
    put(&l->lane_words, args[0]);
    put(&l->lane_words, l->code->lane_registers);
    put(&l->lane_words, count);
    for (int i = 0; i < count; i++)
        put(&l->lane_words, encoded(l, args[1 + i]));
    l->code->lane_registers += lanes->result_count;
}

static void put_lane_group(Lowering *l, Item *group, int k)
{
    const int line = group->line, op = l->lines->ops[line];
    if (op == OP_CALL) {
        put_nested(l, line);
        return;
    }
    const int used = op_of(l, line), shape = shape_of[used];
    if (shape == SEQUENCE || shape == TWO_SEQUENCES) {
        if (group->key >> 62 == 1 && (k >= FEWEST_IN_GEMV || l->added[l->lines->inputs + line])) {
            put_gemv(l, group, k);
            return;
        }
        for (int i = 0; i < k; i++) {
            l->at[l->lines->inputs + group[i].line] = l->code->lane_registers;
            put_terms(l, &l->lane_words, group[i].line, l->code->lane_registers++);
        }
        return;
    }
    order_group(l, group, k);
    put(&l->lane_words, I_COLUMN);
    put(&l->lane_words, used);
    put(&l->lane_words, k);
    put(&l->lane_words, l->code->lane_registers);
    for (int i = 0; i < arity_of[shape]; i++)
        put_column(l, &l->lane_words, group, k, i);
    for (int i = 0; i < k; i++)
        l->at[l->lines->inputs + group[i].line] = l->code->lane_registers++;
}

/* The lane lines, level by level, group by group. */
static int put_lane_lines(Lowering *l)
{
    const int inputs = l->lines->inputs, count = l->lines->count;
    int levels = 0, chosen = 0;
    for (int line = 0; line < count; line++) {
        const int place = inputs + line;
        if (l->needed[place] && l->level[place] > levels)
            levels = l->level[place];
    }
    int32_t *starts = calloc((size_t)levels + 2, sizeof(int32_t));
    if (!starts)
        return -1;
#define CHOSEN(place)                                                                                        \
    (l->needed[place] && l->varies[place] && !l->skipped[place] && l->lines->ops[(place) - inputs] != OP_OUTPUT)
    for (int place = inputs; place < inputs + count; place++)
        if (CHOSEN(place)) {
            starts[l->level[place] + 1]++;
            chosen++;
        }
    for (int level = 1; level <= levels + 1; level++)
        starts[level] += starts[level - 1];
    for (int place = inputs; place < inputs + count; place++)
        if (CHOSEN(place)) {
            Item *item = &l->items[starts[l->level[place]]++];
            item->key = key_of(l, place - inputs);
            item->line = item->order = place - inputs;
        }
#undef CHOSEN
    free(starts);
    for (int first = 0, end; first < chosen; first = end) {
        const int32_t level = l->level[inputs + l->items[first].line];
        for (end = first + 1; end < chosen && l->level[inputs + l->items[end].line] == level; end++)
            ;
        qsort(l->items + first, end - first, sizeof(Item), by_key);
        for (int start = first, stop; start < end; start = stop) {
            const Item *group = l->items + start;
            const uint64_t key = group->key;
            for (stop = start + 1; stop < end && l->items[stop].key == key; stop++)
                if (key >> 62 == 1 && !shares_data(l, group->line, l->items[stop].line))
                    break;
            put_lane_group(l, l->items + start, stop - start);
        }
    }
    return 0;
}
