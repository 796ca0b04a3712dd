/* Lowering: lines of a program become instructions.
 *
 * Lines of one op whose operands are ready at the same time form a group, whose results lie side by side. Of lane
 * lines, dots that share their lane operands become one I_GEMV; products that
 * are only summed over the lanes, in the shape of a table, one I_OUTER. Uniform lines with few companions go to
 * the interpreter. All steps are linear in the lines, but for the sorting of groups.
 */

#include "kernels.h"

#define CODE(op, shape, slopes) OP_##op,
enum { ALL_OPS(CODE) OP_OUTPUT = -1, OP_CALL = -2 };
#undef CODE
#define SHAPE(op, shape, slopes) shape,
static const unsigned char shape_of[] = {ALL_OPS(SHAPE) BINARY, TWO_SEQUENCES};
#undef SHAPE
#define MASK(op) [OP_##op] = 1,
static const unsigned char masks[TABLE_SIZE + 2] = {MASKING_OPS(MASK)};
#undef MASK

enum { FEWEST_IN_COLUMN = 16, FEWEST_COSTLY = 3, FEWEST_IN_RUN = 2, WIDE = 48, FEWEST_IN_GEMV = 2, BLOCK_BYTES = 3 << 16 };

/* Lanes in a block, for tests; 0 for a number that suits the caches. */
static int set_block;

/* Lines, flat: the operands of line i are operands[starts[i]] ... A place counts through the inputs, then the
 * lines; -1 - k is constant k. Those of OP_OUTPUT are the place of a call and which result it is; those of
 * OP_CALL begin with the place of its Lanes in `lanes`. */
typedef struct {
    int inputs, count, constant_count, lanes_count;
    int32_t *ops, *starts, *operands;
    double *constants;
    Lanes **lanes;
    unsigned char *hides; /* of each of the Lanes: whether they may hide a nan */
} Lines;

typedef struct {
    int32_t *words;
    size_t count, room;
    int failed; /* for want of memory */
} Words;

static int32_t *grow(Words *words, size_t more)
{
    if (words->count + more > words->room) {
        const size_t room = 2 * (words->count + more) + 64;
        int32_t *bigger = realloc(words->words, room * sizeof(int32_t));
        if (!bigger) {
            words->failed = 1;
            words->count = 0;
            if (more > words->room)
                return NULL;
        }
        else {
            words->words = bigger;
            words->room = room;
        }
    }
    int32_t *start = words->words + words->count;
    words->count += more;
    return start;
}

static void put(Words *words, int32_t word)
{
    int32_t *place = grow(words, 1);
    if (place)
        *place = word;
}

typedef struct {
    uint64_t key;
    int32_t line, order;
} Item;

static int by_key(const void *a, const void *b)
{
    const Item *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->order > y->order) - (x->order < y->order);
}

/* What lowering knows of the lines. */
typedef struct {
    const Lines *lines;
    Code *code;
    int uniform;            /* inputs that are the same in all lanes */
    const unsigned char *summed;
    const int32_t *outputs;
    unsigned char *needed, *varies, *strict; /* by place */
    unsigned char *skipped; /* by place: a line that another instruction computes: a product that is only summed
                             * over the lanes, or an addition to a dot */
    int32_t *level, *uses, *at; /* by place; `at` is the register */
    int32_t *added;         /* by place of a dot: the line that adds a uniform number to it, and nothing else uses
                             * it; or 0, since line 0 adds to no dot */
    Words uniform_words, lane_words;
    Words scalars, lists;   /* the lines for the interpreter that wait, and the operands of their sequences */
    int first_scalar, scalar_count;
    Item *items;
} Lowering;

#define OPERANDS(lowering, i) ((lowering)->lines->operands + (lowering)->lines->starts[i])
#define COUNT(lowering, i) ((lowering)->lines->starts[(i) + 1] - (lowering)->lines->starts[i])

static int varies(const Lowering *l, int32_t x)
{
    return x >= 0 && l->varies[x];
}

/* Constants of the code beside those of the lines, which come last. */
enum { ZERO = INT32_MIN, UNIT, NEGATIVE_ZERO };

/* The register of an operand. */
static int32_t at(const Lowering *l, int32_t x)
{
    if (x <= NEGATIVE_ZERO)
        return l->uniform + l->lines->constant_count + (x - ZERO);
    if (x < 0)
        return l->uniform + (-1 - x);
    if (x >= l->lines->inputs && l->lines->ops[x - l->lines->inputs] == OP_OUTPUT) {
        const int32_t *args = OPERANDS(l, x - l->lines->inputs);
        return l->at[args[0]] + args[1];
    }
    return l->at[x];
}

static int32_t encoded(const Lowering *l, int32_t x)
{
    return varies(l, x) ? at(l, x) : UNIFORM_OPERAND(at(l, x));
}

/* The op of a line in this run: a product that need not ask for 0 is a plain one. */
static int op_of(const Lowering *l, int line)
{
    const int op = l->lines->ops[line];
    if (op == OP_chain && !l->strict[l->lines->inputs + line])
        return OP_PLAIN_CHAIN;
    if (op == OP_chain_dot && !l->strict[l->lines->inputs + line])
        return OP_PLAIN_CHAIN_DOT;
    return op;
}

static int is_dot(int op)
{
    return op == OP_dot || op == OP_PLAIN_CHAIN_DOT;
}

static int is_sum(int op)
{
    return op == OP_sum_of || op == OP_chain_dot || is_dot(op);
}

/* Which operands of a line are places (an Output's second and a call's first are not). */
static void places_of(const Lines *lines, int line, const int32_t **first, int *count)
{
    const int op = lines->ops[line], start = lines->starts[line] + (op == OP_CALL);
    *first = lines->operands + start;
    *count = op == OP_OUTPUT ? 1 : lines->starts[line + 1] - start;
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
        const int place = lines->inputs + line, op = lines->ops[line];
        if (!needed[place])
            continue;
        const int hides = op >= 0 ? masks[op] : op == OP_CALL && lines->hides[lines->operands[lines->starts[line]]];
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
            l->skipped[x] = 1;
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

/* A dot that is only used by an addition of a uniform number: the two are one. The sum is never -0.0. */
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
        l->skipped[inputs + line] = 1;
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

/* Uniform lines */

/* The op of a line in a run of OP_ARITHMETIC, or -1. */
static int arithmetic(int op)
{
    switch (op) {
    case OP_add: return PLUS;
    case OP_sub:
    case OP_neg: return MINUS;
    case OP_mul: return TIMES;
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
                const int is_neg = header && line[0] == OP_neg;
                put(&l->uniform_words, header ? arithmetic(line[0]) : line[0]);
                put(&l->uniform_words, is_sum(line[0]) ? line[1] + 3 + 4 * lines
                                       : is_neg        ? at(l, NEGATIVE_ZERO)
                                                       : line[1]);
                put(&l->uniform_words, is_neg ? line[1] : line[2]);
                put(&l->uniform_words, line[3]);
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
        for (end = i + 1; end < lanes->uniform && at(l, args[end]) == first + end - i; end++)
            ;
        put(words, first);
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
    if (n > l->code->scratch)
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
        for (int i = 0; i < n; i++)
            put_column(l, &l->uniform_words, group, k, i);
    for (int i = 0; i < k; i++)
        l->at[l->lines->inputs + group[i].line] = out + i;
    l->code->uniforms += k;
}

/* Lane lines */

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
    for (int i = 0; i < COUNT(l, line); i++)
        put_column(l, &l->lane_words, group, k, i);
    for (int i = 0; i < k; i++)
        l->at[l->lines->inputs + group[i].line] = l->code->lane_registers++;
}

/* Lines in the order of their groups */

/* The uniform lines. Those of a wide program go in rounds: all lines whose operands are known, group by group, then
 * those that they make ready. Of others always the largest group goes next, so that the interpreter meets long runs
 * of one kind, which processors foresee. */
typedef struct {
    int32_t *kind;       /* by line; -1 for a line that is not scheduled */
    int32_t *waits;      /* by line: how many of its operands are not known yet */
    int32_t *next;       /* by line: the next of its kind that is ready, or -1 */
    int32_t *users, *first_user; /* the lines that use line i: users[first_user[i]] .. */
    int32_t *first, *last, *ready; /* by kind: the lines that are ready, and how many */
    int32_t *active;     /* kinds of which lines are ready */
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

/* The kinds of the uniform lines: those of one key have one number, and each line that stands alone has its own. */
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

/* The kind whose turn it is: the one that became ready first, or the one of which the most lines are. */
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
        items[i].key = (uint64_t)(unsigned)l->lines->ops[items[i].line];
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
    schedule.users = memory + 9 * ((size_t)count + 1); /* `active` is a queue of up to two entries for each kind */
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

/* Sums over lanes */

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
        else if (x >= l->lines->inputs && l->skipped[x]) {
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
    (l->summed[k] && varies(l, l->outputs[k]) && !l->skipped[l->outputs[k]]                                  \
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

/* Where the next instruction starts. */
static const int32_t *after(const int32_t *at)
{
    static const int arity_of[] = {[UNARY] = 1, [BINARY] = 2, [TERNARY] = 3, [SEQUENCE] = 1, [TWO_SEQUENCES] = 2};
    const int instruction = *at++;
    int columns = 0, k = 0;
    switch (instruction) {
    case I_COLUMN:
        columns = arity_of[shape_of[at[0]]];
        k = at[1];
        at += 3;
        break;
    case I_SUMS:
        columns = arity_of[shape_of[at[0]]] * at[3];
        k = at[1];
        at += 4;
        break;
    case I_SCALARS: at += at[2]; break;
    case I_TERMS: at += 3 + (size_t)at[2] * arity_of[shape_of[at[0]]]; break;
    case I_GEMV: at += 5 + at[2]; break;
    case I_PACK: at += 2 + at[0]; break;
    case I_FILL: at += 2; break;
    case I_OUTER: at += 3 + at[0] + at[1]; break;
    case I_SUM: at += 2 + at[0]; break;
    case I_PRODUCT: at += 3; break;
    case I_REPEAT: at += 2; break;
    case I_LANES: at += 3 + at[2]; break;
    case I_NESTED: at += 3 + at[2]; break;
    }
    for (int i = 0; i < columns; i++)
        at += *at == STRIDE1 || *at == ONE ? 2 : 1 + k;
    return at;
}

static void measure(Code *code, const Lines *lines, int most_lanes)
{
    const int registers = code->lane_registers > 0 ? code->lane_registers : 1;
    int block = (int)(BLOCK_BYTES / sizeof(double) / registers) / 8 * 8;
    block = block < 16 ? 16 : block > MOST_LANES / 2 ? MOST_LANES / 2 : block;
    const int blocks = (most_lanes + block - 1) / block; /* of about equal size */
    block = blocks ? (most_lanes + blocks - 1) / blocks : 0;
    code->block = (block + 7) / 8 * 8 < most_lanes ? (block + 7) / 8 * 8 : most_lanes;
    if (set_block)
        code->block = set_block < most_lanes ? set_block : most_lanes;
    if (code->scratch < code->transposed * code->block)
        code->scratch = code->transposed * code->block;
    code->lanes_frame = (size_t)code->uniforms + (size_t)code->lane_registers * code->block + code->sums + code->scratch;
    code->frame = code->lanes_frame;
    code->work = lines->starts[lines->count];
    for (int i = 0; i < code->lanes_count; i++) {
        Lanes *lanes = code->lanes[i];
        lanes->offset = code->frame - code->lanes_frame;
        code->frame += lanes->frame + lanes->uniform + (size_t)lanes->columns * lanes->size + lanes->result_count;
        code->work += lanes->work;
    }
    code->work *= most_lanes;
}

/* Outputs that lie side by side, of a program without lanes: a list of starts and lengths, which ends with 0 0. */
static int find_runs(Code *code)
{
    Words words = {0};
    for (int k = 0, end; k < code->output_count; k = end) {
        const int32_t first = UNIFORM_OPERAND(code->outputs[k]);
        for (end = k + 1; end < code->output_count && UNIFORM_OPERAND(code->outputs[end]) == first + end - k; end++)
            ;
        put(&words, first);
        put(&words, end - k);
    }
    put(&words, 0);
    put(&words, 0);
    if (words.failed) {
        free(words.words);
        return -1;
    }
    code->output_runs = words.words;
    return 0;
}

static void free_lanes(Lanes *lanes);

static void free_code(Code *code)
{
    free(code->constants);
    free(code->uniform_code);
    free(code->lane_code);
    free(code->outputs);
    free(code->output_runs);
    free(code->guards);
    if (code->owns_lanes)
        for (int i = 0; i < code->lanes_count; i++)
            free_lanes(code->lanes[i]);
    free(code->lanes);
    memset(code, 0, sizeof(Code));
}

static void free_lanes(Lanes *lanes)
{
    if (!lanes)
        return;
    for (int i = 0; i < lanes->path_count; i++) {
        if (lanes->paths)
            free_code(&lanes->paths[i]);
        if (lanes->guard_codes)
            free_code(&lanes->guard_codes[i]);
    }
    free(lanes->paths);
    free(lanes->guard_codes);
    free(lanes->summed);
    free(lanes->in_order);
    free(lanes);
}

/* Code for lines: 0, or -1 for want of memory.
 *
 * `uniform` inputs are the same in all lanes, the others have a number for each lane; of a program without lanes,
 * all are uniform. Outputs are summed over lanes where `summed`, which is NULL where none is.
 */
static int lower(Code *code, const Lines *lines, int uniform, int most_lanes, const int32_t *outputs, int output_count,
          const unsigned char *summed, const Guard *guards, int guard_count, int strict)
{
    const size_t places = (size_t)lines->inputs + lines->count + 1;
    Lowering l = {.lines = lines, .code = code, .uniform = uniform, .outputs = outputs};
    unsigned char *flags = calloc(4 * places + output_count, 1);
    int32_t *numbers = calloc(4 * places, sizeof(int32_t));
    memset(code, 0, sizeof(Code));
    l.items = malloc(places * sizeof(Item));
    code->outputs = calloc((size_t)output_count + 1, sizeof(int32_t));
    code->guards = calloc((size_t)guard_count + 1, sizeof(Guard));
    code->constants = calloc((size_t)lines->constant_count + 3, sizeof(double));
    code->lanes = calloc((size_t)lines->lanes_count + 1, sizeof(Lanes *));
    int result = -1;
    if (!flags || !numbers || !l.items || !code->outputs || !code->guards || !code->constants || !code->lanes)
        goto done;
    l.needed = flags;
    l.varies = flags + places;
    l.strict = flags + 2 * places;
    l.skipped = flags + 3 * places;
    l.summed = summed ? summed : flags + 4 * places;
    l.level = numbers;
    l.uses = numbers + places;
    l.at = numbers + 2 * places;
    l.added = numbers + 3 * places;
    code->inputs = uniform;
    code->constant_count = lines->constant_count + 3;
    if (lines->constant_count)
        memcpy(code->constants, lines->constants, lines->constant_count * sizeof(double));
    code->constants[lines->constant_count + 1] = 1.0;
    code->constants[lines->constant_count + 2] = -0.0;
    code->uniforms = uniform + code->constant_count;
    code->lane_inputs = code->lane_registers = lines->inputs - uniform;
    code->lanes_count = lines->lanes_count;
    for (int i = 0; i < lines->lanes_count; i++)
        code->lanes[i] = lines->lanes[i];
    for (int i = 0; i < lines->inputs; i++)
        l.at[i] = i < uniform ? i : i - uniform;
    analyse(&l, guards, guard_count, output_count, strict);
    if (summed)
        find_sums(&l, output_count);
    find_additions(&l);
    if (put_uniform_lines(&l) < 0)
        goto done;
    flush_scalars(&l);
    if (put_lane_lines(&l) < 0 || put_sums(&l, output_count) < 0)
        goto done;
    put(&l.uniform_words, I_END);
    put(&l.lane_words, I_END);
    code->output_count = output_count;
    code->guard_count = guard_count;
    for (int i = 0; i < guard_count; i++)
        code->guards[i] = (Guard){encoded(&l, guards[i].place), guards[i].truth};
    if (l.uniform_words.failed || l.lane_words.failed || l.scalars.failed || l.lists.failed)
        goto done;
    code->uniform_code = l.uniform_words.words;
    code->lane_code = l.lane_words.words;
    l.uniform_words.words = l.lane_words.words = NULL;
    measure(code, lines, most_lanes);
    result = 0;
done:
    free(flags);
    free(numbers);
    free(l.items);
    free(l.uniform_words.words);
    free(l.lane_words.words);
    free(l.scalars.words);
    free(l.lists.words);
    if (result < 0)
        free_code(code);
    return result;
}

/* The rest of Lanes whose paths are lowered: 0, or -1 for want of memory. */
static int finish_lanes(Lanes *lanes)
{
    lanes->result_count = 0;
    for (int k = 0; k < lanes->output_count; k++)
        lanes->result_count += lanes->summed[k] ? 1 : lanes->size;
    lanes->in_order = malloc((3 + (size_t)3 * lanes->columns) * sizeof(int32_t));
    if (!lanes->in_order)
        return -1;
    int32_t *at = lanes->in_order;
    *at++ = lanes->uniform > 0;
    if (lanes->uniform) {
        *at++ = 0;
        *at++ = lanes->uniform;
    }
    for (int c = 0; c < lanes->columns; c++) {
        *at++ = STRIDE1;
        *at++ = lanes->uniform + c * lanes->size;
        *at++ = 1;
    }
    if (lanes->path_count > 1) /* a table of the outputs, and two lists of lanes */
        lanes->results = (size_t)lanes->output_count * lanes->size + lanes->size + 1;
    lanes->frame = lanes->results;
    for (int i = 0; i < lanes->path_count; i++) {
        lanes->frame += lanes->paths[i].frame + (lanes->guard_codes ? lanes->guard_codes[i].frame : 0);
        lanes->work += lanes->paths[i].work;
    }
    return 0;
}

/* Put the constants of code, and of all Lanes inside, into a frame. */
static void fill_constants(const Code *code, double *frame)
{
    memcpy(frame + code->inputs, code->constants, code->constant_count * sizeof(double));
    for (int i = 0; i < code->lanes_count; i++) {
        const Lanes *lanes = code->lanes[i];
        double *inside = frame + code->lanes_frame + lanes->offset + lanes->results;
        for (int path = 0; path < lanes->path_count; path++) {
            if (lanes->guard_codes) {
                fill_constants(&lanes->guard_codes[path], inside);
                inside += lanes->guard_codes[path].frame;
            }
            fill_constants(&lanes->paths[path], inside);
            inside += lanes->paths[path].frame;
        }
    }
}
