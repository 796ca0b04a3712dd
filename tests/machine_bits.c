/* Random programs for the machine, without Python: the bits that each executor gives, as a hash.
 *
 * other_processors.py compiles this file for several processors, with several compilers, and compares what it prints:
 * the name of each executor and a hash of all results, in which all nans are the same. The status is 1 if results
 * differ between executors or between blocks of lanes; a line then tells of which program. The arguments are how many
 * programs, and the seed of the first. TESTED_OPS(X) lists the ops whose C text has the same bits everywhere.
 */

#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "kernels.h"
#include "lowering.c"
#include "widths.c"

/* Random numbers, the same on all processors. */

static uint64_t state;

static uint64_t next_word(void) /* splitmix64 of S. Vigna */
{
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static int below(int n)
{
    return (int)(next_word() >> 33) % n;
}

static int chance(int percent)
{
    return below(100) < percent;
}

static double random_number(void)
{
    static const double special[] = {
        0.0,    -0.0,  1.0,    -1.0,  0.5,   2.0,    INFINITY, -INFINITY, 5e-324, -5e-324, 1e-310, 1e-17,
        1e-9,   1e-300, 1e300, 1e308, -1e308, 709.7, 710.0,    -745.1,    -750.0, 1e6,     -1e6,   1e22,
        -3e7,   0.75,  20.0,   -37.0, 1e16,  3.0,    0.3125,   36.7,      1.5707963267948966,
        2.2250738585072014e-308, 4503599627370497.0};
    const int kind = below(40);
    if (kind == 0)
        return NAN;
    if (kind == 1)
        return autograd_double(next_word());
    if (kind < 6)
        return special[below((int)(sizeof(special) / sizeof(*special)))];
    if (kind < 10)
        return below(9) - 4;
    const double fraction = (double)((int64_t)next_word() >> 11) * 0x1p-52; /* -1 to 1 */
    return kind < 14 ? 100.0 * fraction : kind < 18 ? fraction * fraction * 1e-3 : 3.0 * fraction;
}

/* Programs */

#define TESTED(op) OP_##op,
static const int tested_ops[] = {TESTED_OPS(TESTED)};
#undef TESTED

enum { MOST_PLACES = 6000, MOST_CONSTANTS = 200, MOST_CALLS = 4, MOST_OUTPUTS = 6000 };

typedef struct {
    Lines lines;
    Words ops, starts, operands;
    int uniform, usable_count, output_count, guard_count;
    int32_t usable[MOST_PLACES], outputs[MOST_OUTPUTS]; /* places that operands and outputs may be */
    unsigned char summed[MOST_OUTPUTS], hides[MOST_CALLS];
    double constants[MOST_CONSTANTS];
    Lanes *lanes[MOST_CALLS];
    Guard guards[1];
} Text;

static void need(int holds)
{
    if (!holds) {
        puts("out of memory");
        exit(2);
    }
}

static int places(const Text *text)
{
    return text->lines.inputs + text->lines.count;
}

static int32_t new_line(Text *text, int op, int n, const int32_t *xs)
{
    need(places(text) < MOST_PLACES);
    put(&text->ops, op);
    put(&text->starts, (int32_t)text->operands.count);
    for (int i = 0; i < n; i++)
        put(&text->operands, xs[i]);
    return text->lines.inputs + text->lines.count++;
}

static int32_t operand(Text *text)
{
    if (text->usable_count && !chance(15))
        return text->usable[below(text->usable_count)];
    if (text->lines.constant_count < MOST_CONSTANTS)
        text->constants[text->lines.constant_count++] = random_number();
    return -1 - below(text->lines.constant_count);
}

/* A number that is the same in all lanes. */
static int32_t uniform_operand(Text *text)
{
    return text->uniform && chance(85) ? below(text->uniform) : -1 - below(text->lines.constant_count);
}

static void use(Text *text, int32_t place)
{
    text->usable[text->usable_count++] = place;
}

/* Lines of one op, with operands that are one number, lie side by side, or lie anywhere. */
static void add_column(Text *text, int op, int k)
{
    static const int arity_of[] = {[UNARY] = 1, [BINARY] = 2, [TERNARY] = 3};
    const int arity = arity_of[shape_of[op]];
    int kinds[3];
    int32_t first[3], xs[3];
    for (int i = 0; i < arity; i++) {
        kinds[i] = below(4);
        first[i] = operand(text);
        if (kinds[i] == 1 && text->usable_count >= k)
            first[i] = below(text->usable_count - k + 1);
        else if (kinds[i] == 1)
            kinds[i] = 2;
    }
    const int usable = text->usable_count;
    for (int line = 0; line < k; line++) {
        for (int i = 0; i < arity; i++) {
            if (kinds[i] == 0)
                xs[i] = first[i];
            else if (kinds[i] == 1)
                xs[i] = text->usable[first[i] + line];
            else
                xs[i] = chance(80) && usable ? text->usable[below(usable)] : operand(text);
        }
        use(text, new_line(text, op, arity, xs));
    }
}

static void add_sums(Text *text, int k)
{
    static const int ops[] = {OP_dot, OP_chain_dot, OP_sum_of, OP_logsumexp};
    const int op = ops[below(4)], n = below(9), count = shape_of[op] == SEQUENCE ? n : 2 * n;
    int32_t xs[16];
    for (int line = 0; line < k; line++) {
        for (int i = 0; i < count; i++)
            xs[i] = operand(text);
        use(text, new_line(text, op, count, xs));
    }
}

/* A layer: dots that share their data, each with weights of its own; biases; an activation. */
static void add_layer(Text *text, int m)
{
    const int n = 1 + below(12), op = chance(50) ? OP_dot : OP_chain_dot, biases = chance(60);
    const int weights_first = chance(50), activation = chance(50) ? OP_tanh : OP_relu;
    int32_t data[12], xs[24];
    for (int i = 0; i < n; i++)
        data[i] = operand(text);
    for (int row = 0; row < m; row++) {
        for (int i = 0; i < n; i++) {
            xs[weights_first ? n + i : i] = data[i];
            xs[weights_first ? i : n + i] = uniform_operand(text);
        }
        int32_t place = new_line(text, op, 2 * n, xs);
        if (biases) {
            const int before = chance(50);
            xs[before] = place;
            xs[!before] = uniform_operand(text);
            place = new_line(text, OP_add, 2, xs);
        }
        else if (chance(30))
            use(text, place);
        use(text, new_line(text, activation, 1, &place));
    }
}

static void new_output(Text *text, int32_t place, int summed)
{
    if (text->output_count == MOST_OUTPUTS)
        return;
    text->summed[text->output_count] = (unsigned char)summed;
    text->outputs[text->output_count++] = place;
}

/* Products of m and n numbers, each summed over lanes, and sums of the m. */
static void add_table(Text *text, int m, int n)
{
    int32_t rows[8], columns[20], xs[2];
    const int op = chance(50) ? OP_mul : OP_chain, biases = chance(50);
    for (int i = 0; i < m; i++)
        rows[i] = operand(text);
    for (int j = 0; j < n; j++)
        columns[j] = operand(text);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
            xs[0] = rows[i];
            xs[1] = columns[j];
            new_output(text, new_line(text, op, 2, xs), 1);
        }
        if (biases)
            new_output(text, rows[i], 1);
    }
}

static void free_text(Text *text, int with_lanes)
{
    for (int i = 0; with_lanes && i < text->lines.lanes_count; i++)
        free_lanes(text->lines.lanes[i]);
    free(text->ops.words);
    free(text->starts.words);
    free(text->operands.words);
    free(text);
}

static Lanes *random_lanes(int depth, int strict);

/* Lanes, and outputs of them. */
static void add_call(Text *text, int depth, int strict)
{
    Lanes *lanes = random_lanes(depth, strict);
    const int count = lanes->uniform + lanes->columns * lanes->size;
    int32_t *xs = malloc(((size_t)count + 1) * sizeof(int32_t));
    need(xs != NULL);
    xs[0] = text->lines.lanes_count;
    for (int i = 0; i < lanes->uniform; i++)
        xs[1 + i] = operand(text);
    for (int c = 0; c < lanes->columns; c++) {
        const int side_by_side = text->usable_count > lanes->size && chance(50);
        const int first = side_by_side ? below(text->usable_count - lanes->size) : 0;
        for (int l = 0; l < lanes->size; l++)
            xs[1 + lanes->uniform + c * lanes->size + l] = side_by_side ? text->usable[first + l] : operand(text);
    }
    text->hides[text->lines.lanes_count] = 1;
    text->lanes[text->lines.lanes_count++] = lanes;
    const int32_t call = new_line(text, OP_CALL, 1 + count, xs);
    free(xs);
    for (int k = 0; k < lanes->result_count && places(text) < MOST_PLACES / 2; k++) {
        const int32_t which[2] = {call, k};
        use(text, new_line(text, OP_OUTPUT, 2, which));
    }
}

/* Lines of every kind. `outputs` of them are results, or all that may be if it is < 0. */
static Text *random_text(int inputs, int uniform, int depth, int may_sum, int outputs, int strict)
{
    Text *text = calloc(1, sizeof(Text));
    need(text != NULL);
    text->lines.inputs = inputs;
    text->uniform = uniform;
    text->constants[text->lines.constant_count++] = random_number();
    for (int i = 0; i < inputs; i++)
        use(text, i);
    for (int parts = 1 + below(8); parts; parts--) {
        const int k = chance(30) ? 1 + below(50) : 1 + below(6), kind = below(10);
        if (kind < 2)
            add_layer(text, k);
        else if (kind < 4)
            add_sums(text, k);
        else if (kind < 5 && depth && text->lines.lanes_count < MOST_CALLS)
            add_call(text, depth - 1, strict);
        else
            add_column(text, tested_ops[below((int)(sizeof(tested_ops) / sizeof(*tested_ops)))], k);
    }
    if (depth == 2 && !text->lines.lanes_count)
        add_call(text, depth - 1, strict);
    if (outputs < 0 && may_sum && chance(70)) {
        const int m = 1 + below(8), n = 1 + below(20);
        add_table(text, m, n);
    }
    if (outputs < 0)
        for (int i = 0; i < text->usable_count; i++)
            new_output(text, text->usable[i], may_sum && chance(50));
    for (int k = 0; k < outputs; k++)
        new_output(text, text->usable_count ? text->usable[below(text->usable_count)] : -1, 0);
    put(&text->starts, (int32_t)text->operands.count);
    need(!text->ops.failed && !text->starts.failed && !text->operands.failed);
    text->lines.ops = text->ops.words;
    text->lines.starts = text->starts.words;
    text->lines.operands = text->operands.words;
    text->lines.constants = text->constants;
    text->lines.lanes = text->lanes;
    text->lines.hides = text->hides;
    return text;
}

static void lower_text(Code *code, Text *text, int lanes, const unsigned char *summed, int guards, int outputs,
                       int strict)
{
    const int failed = lower(code, &text->lines, text->uniform, lanes, text->outputs, outputs, summed, text->guards,
                             guards, strict);
    need(!failed);
}

static Lanes *random_lanes(int depth, int strict)
{
    static const int sizes[] = {0, 1, 2, 3, 5, 8, 9, 17, 33, 70, 131};
    Lanes *lanes = calloc(1, sizeof(Lanes));
    need(lanes != NULL);
    const int inputs = 1 + below(12), several = chance(25);
    lanes->size = sizes[below(depth ? 11 : 7)];
    lanes->uniform = below(inputs + 1);
    lanes->columns = inputs - lanes->uniform;
    lanes->path_count = several ? 2 + below(2) : 1;
    lanes->paths = calloc(lanes->path_count, sizeof(Code));
    lanes->guard_codes = several ? calloc(lanes->path_count, sizeof(Code)) : NULL;
    lanes->summed = calloc(MOST_OUTPUTS, 1);
    need(lanes->paths && lanes->summed && (lanes->guard_codes || !several));
    if (several)
        lanes->output_count = 1 + below(20);
    for (int i = 0; i < lanes->path_count; i++) {
        const int outputs = several ? lanes->output_count : -1;
        Text *text = random_text(inputs, lanes->uniform, several ? 0 : depth, !several, outputs, strict);
        if (!several) {
            lanes->output_count = text->output_count;
            memcpy(lanes->summed, text->summed, text->output_count);
        }
        const int last = i == lanes->path_count - 1, guards = several && !last;
        if (guards) {
            text->guards[0].place = text->usable[below(text->usable_count)];
            text->guards[0].truth = below(2);
        }
        const unsigned char *summed = several ? NULL : lanes->summed;
        lower_text(&lanes->paths[i], text, lanes->size, summed, 0, lanes->output_count, strict);
        lanes->paths[i].owns_lanes = 1;
        if (several)
            lower_text(&lanes->guard_codes[i], text, lanes->size, NULL, guards, 0, strict);
        free_text(text, 0);
    }
    for (int k = 0; several && k < lanes->output_count; k++)
        lanes->summed[k] = (unsigned char)below(2);
    need(finish_lanes(lanes) == 0);
    return lanes;
}

/* Runs */

static uint64_t with_number(uint64_t hash, double x)
{
    return mixed(hash, x != x ? 0x7ff8000000000000u : autograd_bits(x));
}

/* The hashes of the program of a seed, by executor; the memory of each run has other numbers in it at first. */
static void run_program(uint64_t seed, int strict, int block, uint64_t hashes[EXECUTORS])
{
    state = seed;
    set_block = block;
    const int inputs = 1 + below(30), guards = chance(20);
    Text *text = random_text(inputs, inputs, 2, 0, -1, strict);
    if (guards) {
        text->guards[0].place = text->usable[below(text->usable_count)];
        text->guards[0].truth = 1;
    }
    Code code;
    lower_text(&code, text, 1, NULL, guards, text->output_count, strict);
    code.owns_lanes = 1;
    double *frame = malloc(code.frame * sizeof(double));
    need(frame != NULL);
    const uint64_t numbers = state;
    for (size_t e = 0; e < EXECUTORS; e++) {
        if (!supported(executors[e]))
            continue;
        for (size_t i = 0; i < code.frame; i++)
            frame[i] = 1.0 + (double)e;
        fill_constants(&code, frame);
        state = numbers;
        for (int i = 0; i < inputs; i++)
            frame[i] = random_number();
        hashes[e] = (uint64_t)run_code(executors[e], &code, frame);
        for (int k = 0; k < code.output_count; k++)
            hashes[e] = with_number(hashes[e], frame[UNIFORM_OPERAND(code.outputs[k])]);
    }
    free(frame);
    free_code(&code);
    free_text(text, 0);
}

int main(int count, char **arguments)
{
    static const int blocks[] = {0, 1, 3, 8, 64};
    const int programs = count > 1 ? atoi(arguments[1]) : 1000, first_seed = count > 2 ? atoi(arguments[2]) : 0;
    uint64_t all[EXECUTORS] = {0};
    int failed = 0;
    for (int seed = first_seed; seed < first_seed + programs; seed++)
        for (int strict = 0; strict < 2; strict++) {
            uint64_t first = 0;
            for (int b = 0; b < (int)(sizeof(blocks) / sizeof(*blocks)); b++) {
                uint64_t hashes[EXECUTORS] = {0};
                run_program((uint64_t)seed, strict, blocks[b], hashes);
                if (!b)
                    first = hashes[0];
                for (size_t e = 0; e < EXECUTORS; e++) {
                    if (!supported(executors[e]))
                        continue;
                    all[e] = mixed(all[e], hashes[e]);
                    if (hashes[e] != first) {
                        printf("program %d: %s differs in blocks of %d\n", seed, executors[e]->name, blocks[b]);
                        failed = 1;
                    }
                }
            }
            if (count > 3)
                printf("program %d: %08x%08x\n", seed, (unsigned)(first >> 32), (unsigned)first);
        }
    for (size_t e = 0; e < EXECUTORS; e++)
        if (supported(executors[e]))
            printf("%s %08x%08x\n", executors[e]->name, (unsigned)(all[e] >> 32), (unsigned)all[e]);
    return failed;
}
