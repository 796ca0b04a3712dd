/* Analysis: what lines need, which lines vary from lane to lane, which are strict, and which may go together. */

/* Whether a line may hide a nan: a power of which one operand is a constant does not, but 1**y and x**0. */
static int may_hide(const Lines *lines, int line)
{
    const int op = lines->ops[line];
    const int32_t *args = lines->operands + lines->starts[line];
    if (op == OP_pow && args[0] < 0)
        return lines->constants[-1 - args[0]] == 1.0;
    if (op == OP_pow && args[1] < 0)
        return lines->constants[-1 - args[1]] == 0.0;
    return op >= 0 ? masks[op] : op == OP_CALL && lines->hides[args[0]];
}

/* Which places the outputs and guards need, how often each is used, and which have to be strict from the start,
 * since they reach an op that may hide a nan; see strong_zero.py. */
static void mark(const Lines *lines, const int32_t *outputs, int output_count, const Guard *guards, int guard_count,
                 unsigned char *needed, unsigned char *strict, int32_t *uses)
{
    const int32_t *xs;
    int n;
    for (int k = 0; k < output_count; k++)
        if (outputs[k] >= 0) {
            needed[outputs[k]] = 1;
            uses[outputs[k]]++;
        }
    for (int i = 0; i < guard_count; i++) {
        needed[guards[i].place] = strict[guards[i].place] = 1;
        uses[guards[i].place]++;
    }
    for (int line = lines->count - 1; line >= 0; line--) {
        const int place = lines->inputs + line;
        if (!needed[place])
            continue;
        const int hides = may_hide(lines, line);
        places_of(lines, line, &xs, &n);
        for (int i = 0; i < n; i++)
            if (xs[i] >= 0) {
                needed[xs[i]] = 1;
                uses[xs[i]]++;
                strict[xs[i]] |= hides | strict[place];
            }
    }
}

static void analyse(Lowering *l, const Guard *guards, int guard_count, int output_count, int strict)
{
    const int inputs = l->lines->inputs, count = l->lines->count;
    const int32_t *xs;
    int n;
    for (int i = 0; i < inputs; i++)
        l->varies[i] = i >= l->uniform;
    mark(l->lines, l->outputs, output_count, guards, guard_count, l->needed, l->strict, l->uses);
    for (int line = 0; line < count; line++) {
        const int place = inputs + line;
        if (strict)
            l->strict[place] = 1;
        if (!l->needed[place])
            continue;
        places_of(l->lines, line, &xs, &n);
        int level = 0, any = 0;
        for (int i = 0; i < n; i++)
            if (xs[i] >= 0) {
                any |= l->varies[xs[i]];
                if (l->level[xs[i]] > level)
                    level = l->level[xs[i]];
            }
        l->varies[place] = any;
        l->level[place] = level + 1;
    }
}

/* Sums over lanes whose terms are products of lane numbers: these are computed where they are added. */
static void find_sums(Lowering *l, int output_count)
{
    for (int k = 0; k < output_count; k++) {
        const int32_t x = l->outputs[k];
        if (!l->summed[k] || x < l->lines->inputs || l->uses[x] != 1)
            continue;
        const int line = x - l->lines->inputs, op = l->lines->ops[line] < 0 ? -1 : op_of(l, line);
        const int32_t *args = OPERANDS(l, line);
        if ((op == OP_mul || op == OP_PLAIN_CHAIN) && varies(l, args[0]) && varies(l, args[1]))
            l->skipped[x] = IN_SUM;
    }
}

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

/* The operands of a dot of lane numbers and uniform ones: the data, and the weights; 0 if both vary in a pair. */
static int data_and_weight(const Lowering *l, int line, int i, int32_t *data, int32_t *weight)
{
    const int n = COUNT(l, line) / 2;
    const int32_t x = OPERANDS(l, line)[i], y = OPERANDS(l, line)[n + i];
    if (varies(l, x) && varies(l, y))
        return 0;
    const int y_first = varies(l, y) || (!varies(l, x) && y < 0);
    *data = y_first ? y : x;
    *weight = y_first ? x : y;
    return 1;
}

/* The lines of a group have one key. */
static uint64_t key_of(const Lowering *l, int line)
{
    const int op = l->lines->ops[line];
    const uint64_t alone = (uint64_t)1 << 63 | (uint64_t)line;
    if (op < 0)
        return alone;
    const int used = op_of(l, line), n = COUNT(l, line);
    const int shape = shape_of[op];
    const int is_sequence = shape == SEQUENCE || shape == TWO_SEQUENCES;
    if (!l->varies[l->lines->inputs + line]) {
        if (!is_sequence)
            return (uint64_t)used;
        return is_sum(used) ? (uint64_t)used | (uint64_t)n << 8 : alone;
    }
    const int32_t *args = OPERANDS(l, line);
    if (!is_sequence) {
        uint64_t key = (uint64_t)used;
        for (int i = 0; i < n; i++)
            key |= (uint64_t)varies(l, args[i]) << (8 + i);
        return key;
    }
    if (!is_dot(used))
        return alone;
    uint64_t hash = n;
    for (int i = 0; i < n / 2; i++) {
        int32_t data, weight;
        if (!data_and_weight(l, line, i, &data, &weight))
            return alone;
        hash = mixed(hash, (uint32_t)data);
    }
    return (uint64_t)1 << 62 | hash >> 2;
}

/* Find dots whose only use is an addition of a uniform number: one instruction computes both. In it other dots add
 * 0.0, which changes no bit, since a dot is never -0.0. */
static void find_additions(Lowering *l)
{
    const int inputs = l->lines->inputs;
    for (int line = 0; line < l->lines->count; line++) {
        if (l->lines->ops[line] != OP_add || !l->needed[inputs + line] || !l->varies[inputs + line])
            continue;
        const int32_t *args = OPERANDS(l, line);
        const int32_t x = varies(l, args[0]) ? args[0] : args[1], y = varies(l, args[0]) ? args[1] : args[0];
        if (x < inputs || varies(l, y) || l->uses[x] != 1 || key_of(l, x - inputs) >> 62 != 1)
            continue;
        l->added[x] = line;
        l->skipped[inputs + line] = WITH_DOT;
    }
}

static int shares_data(const Lowering *l, int line, int other)
{
    if (COUNT(l, line) != COUNT(l, other))
        return 0;
    for (int i = 0; i < COUNT(l, line) / 2; i++) {
        int32_t data, weight, data_2, weight_2;
        if (!data_and_weight(l, line, i, &data, &weight) || !data_and_weight(l, other, i, &data_2, &weight_2)
            || data != data_2)
            return 0;
    }
    return 1;
}

/* Where an operand of each line of a group is, as a column. */
static void put_column(const Lowering *l, Words *words, const Item *group, int k, int operand)
{
    const int32_t first_operand = OPERANDS(l, group->line)[operand];
    const int lanes = varies(l, first_operand);
    const int32_t first = at(l, first_operand);
    int equal = 1, side_by_side = 1;
    for (int i = 1; i < k; i++) {
        const int32_t r = at(l, OPERANDS(l, group[i].line)[operand]);
        equal &= r == first;
        side_by_side &= r == first + i;
    }
    const int in_lanes = l->varies[l->lines->inputs + group->line];
    if (side_by_side && (lanes || !in_lanes)) {
        put(words, STRIDE1);
        put(words, first);
    }
    else if (equal && !lanes) {
        put(words, ONE);
        put(words, first);
    }
    else {
        put(words, in_lanes && !lanes ? EACH : INDEX);
        for (int i = 0; i < k; i++)
            put(words, at(l, OPERANDS(l, group[i].line)[operand]));
    }
}

/* Lines of a group in the order of their operands, so that columns lie side by side. */
static void order_group(const Lowering *l, Item *group, int k)
{
    if (k < 2)
        return;
    const int n = COUNT(l, group->line);
    for (int operand = 0; operand < n; operand++) {
        int differ = 0, sorted = 1;
        int32_t last = 0;
        for (int i = 0; i < k; i++) {
            const int32_t x = OPERANDS(l, group[i].line)[operand], r = at(l, x);
            group[i].key = (uint32_t)r;
            differ |= i && r != last;
            sorted &= !i || r >= last;
            last = r;
        }
        if (differ && (varies(l, OPERANDS(l, group->line)[operand]) || !l->varies[l->lines->inputs + group->line])) {
            if (!sorted)
                qsort(group, k, sizeof(Item), by_key);
            return;
        }
    }
}
