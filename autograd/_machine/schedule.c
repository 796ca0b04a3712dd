/* The order of the uniform lines: groups of lines of one kind whose operands are known. */

/* The uniform lines. Those of a wide program go in rounds: all lines whose operands are known, group by group, then
 * those that they make ready. In other programs the largest group always goes next: the interpreter then meets long
 * runs of one op, whose jumps the processor predicts. */
typedef struct {
    int32_t *kind;       /* by line; -1 for a line that is not scheduled */
    int32_t *waits;      /* by line: how many of its operands are not known yet */
    int32_t *next;       /* by line: the next of its kind that is ready, or -1 */
    int32_t *users, *first_user; /* the lines that use line i: users[first_user[i]] .. */
    int32_t *first, *last, *ready; /* by kind: the lines that are ready, and how many */
    int32_t *active;     /* kinds of which lines are ready; in rounds a queue, into which a line puts one at most */
    int active_count;
    int in_rounds;
} Schedule;

static void make_ready(Schedule *schedule, int32_t line)
{
    const int32_t kind = schedule->kind[line];
    schedule->next[line] = -1;
    if (schedule->ready[kind]++)
        schedule->next[schedule->last[kind]] = line;
    else {
        schedule->first[kind] = line;
        schedule->active[schedule->active_count++] = kind;
    }
    schedule->last[kind] = line;
}

/* The line that computes an operand, if it is a uniform one; else -1. */
static int32_t source_of(const Lowering *l, const Schedule *schedule, int32_t x)
{
    if (x < l->lines->inputs)
        return -1;
    int32_t line = x - l->lines->inputs;
    if (l->lines->ops[line] == OP_OUTPUT)
        line = OPERANDS(l, line)[0] - l->lines->inputs;
    return schedule->kind[line] < 0 ? -1 : line;
}

/* The kinds of the uniform lines: those of one key have one number, and all that stand alone another. */
static int number_kinds(Lowering *l, Schedule *schedule)
{
    const int inputs = l->lines->inputs, count = l->lines->count;
    int chosen = 0, kinds = 0;
    for (int line = 0; line < count; line++) {
        const int place = inputs + line;
        schedule->kind[line] = -1;
        if (!l->needed[place] || l->varies[place] || l->lines->ops[line] == OP_OUTPUT)
            continue;
        l->items[chosen].key = key_of(l, line);
        if (l->items[chosen].key >> 63)
            l->items[chosen].key = (uint64_t)1 << 63;
        if (!schedule->in_rounds && l->items[chosen].key < 256 && arithmetic((int)l->items[chosen].key) >= 0)
            l->items[chosen].key = OP_ARITHMETIC;
        l->items[chosen].line = l->items[chosen].order = line;
        chosen++;
    }
    int room = 64;
    while (room < 2 * chosen)
        room *= 2;
    Item *slots = calloc(room, sizeof(Item)); /* a hash table; `order` is the kind, counted from 1 */
    if (!slots)
        return -1;
    for (int i = 0; i < chosen; i++) {
        size_t slot = mixed(1, l->items[i].key) & (room - 1);
        while (slots[slot].order && slots[slot].key != l->items[i].key)
            slot = (slot + 1) & (room - 1);
        if (!slots[slot].order)
            slots[slot] = (Item){l->items[i].key, 0, ++kinds};
        schedule->kind[l->items[i].line] = slots[slot].order - 1;
    }
    free(slots);
    return kinds;
}

static int is_wide(const Lowering *l)
{
    int levels = 0, lines = 0;
    for (int place = l->lines->inputs; place < l->lines->inputs + l->lines->count; place++)
        if (l->needed[place] && !l->varies[place]) {
            lines++;
            if (l->level[place] > levels)
                levels = l->level[place];
        }
    return lines >= WIDE * levels;
}

/* The next kind: in rounds the one that became ready first, else the one with the most lines that are ready. */
static int32_t take_kind(Schedule *schedule)
{
    int best = 0;
    for (int i = 1; !schedule->in_rounds && i < schedule->active_count; i++)
        if (schedule->ready[schedule->active[i]] > schedule->ready[schedule->active[best]])
            best = i;
    const int32_t kind = schedule->active[best];
    schedule->active_count--;
    if (schedule->in_rounds)
        schedule->active++;
    else
        schedule->active[best] = schedule->active[schedule->active_count];
    return kind;
}

/* The lines of a kind: of arithmetic, those of an op that has many are a column, the others a run. */
static void put_kind(Lowering *l, Item *items, int k)
{
    for (int i = 0; i < k; i++) {
        items[i].order = items[i].line;
        items[i].key = (uint64_t)(unsigned)(l->lines->ops[items[i].line] < 0 ? -1 : op_of(l, items[i].line));
    }
    if (key_of(l, items[0].line) >> 63) {
        for (int i = 0; i < k; i++)
            put_uniform_group(l, items + i, 1);
        return;
    }
    int several = 0;
    for (int i = 1; i < k; i++)
        several |= items[i].key != items[0].key;
    if (!several || k < FEWEST_IN_COLUMN) {
        if (several)
            for (int i = 0; i < k; i++)
                put_scalar(l, items[i].line);
        else
            put_uniform_group(l, items, k);
        return;
    }
    qsort(items, k, sizeof(Item), by_key);
    for (int start = 0, stop; start < k; start = stop) {
        const uint64_t key = items[start].key;
        for (stop = start + 1; stop < k && items[stop].key == key; stop++)
            ;
        put_uniform_group(l, items + start, stop - start);
    }
}

static int put_uniform_lines(Lowering *l)
{
    const int count = l->lines->count;
    const size_t operands = l->lines->starts[count];
    Schedule schedule = {.in_rounds = is_wide(l)};
    int32_t *memory = calloc(9 * ((size_t)count + 1) + operands + 1, sizeof(int32_t));
    if (!memory)
        return -1;
    int32_t **const parts[] = {&schedule.kind, &schedule.waits, &schedule.next, &schedule.first_user,
                               &schedule.first, &schedule.last, &schedule.ready, &schedule.active};
    for (int i = 0; i < 8; i++)
        *parts[i] = memory + i * ((size_t)count + 1);
    schedule.users = memory + 9 * ((size_t)count + 1);
    if (number_kinds(l, &schedule) < 0) {
        free(memory);
        return -1;
    }
    const int32_t *xs;
    int n;
    for (int pass = 0; pass < 2; pass++) {
        for (int line = 0; line < count; line++) {
            if (schedule.kind[line] < 0)
                continue;
            places_of(l->lines, line, &xs, &n);
            for (int i = 0; i < n; i++) {
                const int32_t source = source_of(l, &schedule, xs[i]);
                if (source >= 0 && pass == 0)
                    schedule.first_user[source + 1]++;
                else if (source >= 0) {
                    schedule.users[schedule.first_user[source]++] = line;
                    schedule.waits[line]++;
                }
            }
        }
        for (int line = 0; pass == 0 && line < count; line++)
            schedule.first_user[line + 1] += schedule.first_user[line];
    }
    for (int line = count; line > 0; line--) /* the second pass has moved each start to the next */
        schedule.first_user[line] = schedule.first_user[line - 1];
    schedule.first_user[0] = 0;
    for (int line = 0; line < count; line++)
        if (schedule.kind[line] >= 0 && !schedule.waits[line])
            make_ready(&schedule, line);
    while (schedule.active_count) {
        int end = 0;
        for (int groups = schedule.in_rounds ? schedule.active_count : 1; groups; groups--) {
            const int start = end;
            const int32_t kind = take_kind(&schedule);
            for (int32_t line = schedule.first[kind]; line >= 0; line = schedule.next[line])
                l->items[end++] = (Item){0, line, line};
            schedule.ready[kind] = 0;
            put_kind(l, l->items + start, end - start);
        }
        for (int i = 0; i < end; i++) {
            const int32_t line = l->items[i].order;
            for (int32_t user = schedule.first_user[line]; user < schedule.first_user[line + 1]; user++)
                if (!--schedule.waits[schedule.users[user]])
                    make_ready(&schedule, schedule.users[user]);
        }
    }
    free(memory);
    return 0;
}
