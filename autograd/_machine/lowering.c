/* Lowering: lines of a program become instructions.
 *
 * Lines of one op whose operands are ready at the same time form a group, whose results lie side by side. Of lane
 * lines, dots that share their lane operands become one I_GEMV; products that are only summed over the lanes, in
 * the shape of a table, one I_OUTER. Uniform lines with few companions go to the interpreter. All steps are linear
 * in the lines, but for the sorting of groups, and for sums of many lengths: the choice of the next group looks at
 * each length.
 */

#include "lines.h"

#include "analysis.c"
#include "uniform_lines.c"
#include "schedule.c"
#include "lane_lines.c"
#include "lane_sums.c"

/* Where the next instruction starts. */
static const int32_t *after(const int32_t *at)
{
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
    const size_t table = (size_t)code->transposed * code->block;
    if (code->scratch < table)
        code->scratch = table;
    const size_t lane_numbers = (size_t)code->lane_registers * code->block;
    code->lanes_frame = aligned(aligned(code->uniforms) + lane_numbers + code->sums + code->scratch);
    code->frame = code->lanes_frame;
    code->work = lines->starts[lines->count];
    for (int i = 0; i < code->lanes_count; i++) {
        Lanes *lanes = code->lanes[i];
        lanes->offset = code->frame - code->lanes_frame;
        code->frame += aligned(lanes->frame + lanes->uniform + (size_t)lanes->columns * lanes->size + lanes->result_count);
        code->work += lanes->work;
    }
    code->work *= most_lanes;
}

enum { FEWEST_ROWS = 4, WIDEST_ROW = 256 }; /* of a table of outputs */

/* How many rows of this width the outputs from k on have, if each column goes on by one place with each row, or is
 * the same number in all. */
static int rows_of_width(const Code *code, int k, int width)
{
    const int32_t *outputs = code->outputs + k;
    const int count = (code->output_count - k) / width;
    int rows = 1;
    for (; rows < count; rows++)
        for (int i = 0; i < width; i++) {
            const int32_t *at = outputs + rows * width + i;
            const int step = UNIFORM_OPERAND(at[0]) - UNIFORM_OPERAND(at[-width]);
            if (rows == 1 ? step != 0 && step != 1
                          : step != UNIFORM_OPERAND(at[-width]) - UNIFORM_OPERAND(at[-2 * width]))
                return rows;
        }
    return rows;
}

/* The outputs of a program without lanes as tables, such as a Jacobian: a list of widths and numbers of rows, each
 * with the place and the step of each column. It ends with 0. */
static int find_tables(Code *code)
{
    Words words = {0};
    for (int k = 0; k < code->output_count;) {
        int width = 1, rows = rows_of_width(code, k, 1);
        for (int w = 2; rows < FEWEST_ROWS && w <= WIDEST_ROW && k + w * FEWEST_ROWS <= code->output_count; w++) {
            const int found = rows_of_width(code, k, w);
            if (found >= FEWEST_ROWS) {
                width = w;
                rows = found;
            }
        }
        put(&words, width);
        put(&words, rows);
        for (int i = 0; i < width; i++) {
            const int32_t first = UNIFORM_OPERAND(code->outputs[k + i]);
            put(&words, first);
            put(&words, rows > 1 ? UNIFORM_OPERAND(code->outputs[k + width + i]) - first : 1);
        }
        k += width * rows;
    }
    put(&words, 0);
    if (words.failed) {
        free(words.words);
        return -1;
    }
    code->output_tables = words.words;
    return 0;
}

static void free_lanes(Lanes *lanes);

static void free_code(Code *code)
{
    free(code->constants);
    free(code->uniform_code);
    free(code->lane_code);
    free(code->outputs);
    free(code->output_tables);
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
    free(lanes->summed_runs);
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
    lanes->in_order = malloc((4 + (size_t)3 * lanes->columns) * sizeof(int32_t));
    lanes->summed_runs = malloc(((size_t)lanes->output_count + 4) * sizeof(int));
    if (!lanes->in_order || !lanes->summed_runs)
        return -1;
    int *run = lanes->summed_runs;
    for (int k = 0; k < lanes->output_count; run += 2) {
        run[0] = run[1] = 0;
        for (; k < lanes->output_count && lanes->summed[k]; k++)
            run[0]++;
        for (; k < lanes->output_count && !lanes->summed[k]; k++)
            run[1]++;
    }
    *run = -1;
    int32_t *at = lanes->in_order;
    *at++ = lanes->uniform > 0;
    if (lanes->uniform) {
        *at++ = 0;
        *at++ = 1;
        *at++ = lanes->uniform;
    }
    for (int c = 0; c < lanes->columns; c++) {
        *at++ = STRIDE1;
        *at++ = lanes->uniform + c * lanes->size;
        *at++ = 1;
    }
    if (lanes->path_count > 1) /* a table of the outputs, and two lists of lanes */
        lanes->results = aligned((size_t)lanes->output_count * lanes->size + lanes->size + 1);
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
