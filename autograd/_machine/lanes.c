/* Lanes: the code of a lane, run for blocks of lanes, and partitioned by the ways through conditions.
 *
 * The operands of Lanes in I_LANES: the uniform ones in runs of registers, their count, then a start, a step and a
 * length for each; then for each column STRIDE1 start step, or INDEX and a register for each lane.
 */

#include "machine.h"

static void load_column(const double *M, const int32_t *column, const int32_t *lanes, int first, int w, double *out)
{
    if (column[0] == INDEX) {
        for (int l = 0; l < w; l++)
            out[l] = M[column[1 + (lanes ? lanes[first + l] : first + l)]];
        return;
    }
    const double *numbers = M + column[1];
    const ptrdiff_t step = column[2];
    if (lanes)
        for (int l = 0; l < w; l++)
            out[l] = numbers[step * lanes[first + l]];
    else if (step == 1)
        memcpy(out, numbers + first, w * sizeof(double));
    else
        for (int l = 0; l < w; l++)
            out[l] = numbers[step * (first + l)];
}

static void load_block(const Executor *executor, const Lanes *lanes, const double *M, const int32_t *operands,
                       const int32_t *left, int first, int w, double *R)
{
    for (int c = 0, count; c < lanes->columns; c += count, R += (size_t)count * w) {
        const int32_t *column = operands;
        count = 1;
        operands += *operands == INDEX ? 1 + lanes->size : 3;
        if (column[0] != STRIDE1 || column[2] == 1 || left) {
            load_column(M, column, left, first, w, R);
            continue;
        }
        while (c + count < lanes->columns && operands[0] == STRIDE1 && operands[1] == column[1] + count
               && operands[2] == column[2]) {
            count++;
            operands += 3;
        }
        executor->load_rows(M + column[1] + (ptrdiff_t)column[2] * first, column[2], count, w, R);
    }
}

/* Numbers of an output in a block. */
static void store_block(const double *U, const double *R, int32_t place, int w, double *out)
{
    if (place >= 0)
        memcpy(out, R + (size_t)place * w, w * sizeof(double));
    else
        for (int l = 0; l < w; l++)
            out[l] = U[UNIFORM_OPERAND(place)];
}

typedef struct {
    double *U, *R, *sums, *scratch, *inside;
} Frame;

static Frame frame_of(const Code *code, double *frame)
{
    Frame found = {frame, frame + aligned(code->uniforms)};
    found.sums = found.R + (size_t)code->lane_registers * code->block;
    found.scratch = found.sums + code->sums;
    found.inside = frame + code->lanes_frame;
    return found;
}

/* Start a run for lanes: the uniform lines, and sums of 0. */
static int begin(const Executor *executor, const Code *code, const Frame *frame, const double *M,
                 const int32_t *operands)
{
    double *U = frame->U;
    for (int run = 0; run < operands[0]; run++) {
        const int32_t start = operands[1 + 3 * run], step = operands[2 + 3 * run], length = operands[3 + 3 * run];
        if (step == 1)
            copy_numbers(U, M + start, length);
        else
            for (ptrdiff_t i = 0; i < length; i++)
                U[i] = M[start + i * step];
        U += length;
    }
    memset(frame->sums, 0, code->sums * sizeof(double));
    return executor->run(executor, code, code->uniform_code, frame->U, frame->U, 1, frame->sums, frame->scratch,
                         frame->inside);
}

/* Run lane code for the lanes first .. first + w - 1, or for those that a list of lanes has there. */
static int run_block(const Executor *executor, const Lanes *lanes, const Code *code, const Frame *frame,
                     const double *M, const int32_t *columns, const int32_t *list, int first, int w)
{
    load_block(executor, lanes, M, columns, list, first, w, frame->R);
    return executor->run(executor, code, code->lane_code, frame->U, frame->R, w, frame->sums, frame->scratch,
                         frame->inside);
}

/* A number in lane l of a block of w lanes; a uniform one has place < 0. */
static double number_in(const Frame *frame, int32_t place, int w, int l)
{
    return place < 0 ? frame->U[UNIFORM_OPERAND(place)] : frame->R[(size_t)place * w + l];
}

/* Whether the guards hold in a lane. */
static int guards_hold(const Code *code, const Frame *frame, int w, int l)
{
    for (int i = 0; i < code->guard_count; i++) {
        const Guard *guard = &code->guards[i];
        if ((number_in(frame, guard->place, w, l) != 0.0) != guard->truth)
            return 0;
    }
    return 1;
}

/* One path: sums over lanes are added while the blocks run. */
static int run_one_path(const Executor *executor, const Lanes *lanes, double *memory, const double *M,
                        const int32_t *operands, double *out)
{
    const Code *code = lanes->paths;
    const Frame frame = frame_of(code, memory);
    if (begin(executor, code, &frame, M, operands))
        return 1;
    operands += 1 + 3 * operands[0];
    for (int first = 0, w; first < lanes->size; first += w) {
        w = lanes->size - first < code->block ? lanes->size - first : code->block;
        if (run_block(executor, lanes, code, &frame, M, operands, NULL, first, w))
            return 1;
        for (int l = 0; code->guard_count && l < w; l++)
            if (!guards_hold(code, &frame, w, l))
                return 1;
        double *column = out;
        const int32_t *place = code->outputs;
        for (const int *run = lanes->summed_runs; *run >= 0; run += 2) {
            column += run[0];
            place += run[0];
            for (const int32_t *stop = place + run[1]; place < stop; column += lanes->size)
                store_block(frame.U, frame.R, *place++, w, column + first);
        }
    }
    const int32_t *place = code->outputs;
    for (const int *run = lanes->summed_runs; *run >= 0; run += 2, out += (size_t)run[-1] * lanes->size) {
        const double *sums = frame.sums;
        const int count = run[0];
        for (int k = 0; k < count; k++)
            out[k] = sums[place[k]];
        out += count;
        place += count + run[1];
    }
    return 0;
}

/* Several paths: each takes the lanes in which its guards hold and no path before it has. Sums are added last,
 * in the order of the lanes. */
static int run_paths(const Executor *executor, const Lanes *lanes, double *memory, const double *M,
                     const int32_t *operands, double *out)
{
    const int size = lanes->size;
    double *table = memory;
    int32_t *left = (int32_t *)(table + (size_t)lanes->output_count * size), *taken = left + size;
    double *frames = memory + lanes->results;
    const int32_t *columns = operands + 1 + 3 * operands[0];
    int left_count = size;
    for (int l = 0; l < size; l++)
        left[l] = l;
    for (int i = 0; i < lanes->path_count && left_count; i++) {
        const Code *code = &lanes->guard_codes[i];
        Frame frame = frame_of(code, frames);
        int taken_count = 0, rest = 0;
        if (begin(executor, code, &frame, M, operands))
            return 1;
        for (int first = 0, w; first < left_count; first += w) {
            w = left_count - first < code->block ? left_count - first : code->block;
            if (run_block(executor, lanes, code, &frame, M, columns, left, first, w))
                return 1;
            for (int l = 0; l < w; l++) {
                if (guards_hold(code, &frame, w, l))
                    taken[taken_count++] = left[first + l];
                else
                    left[rest++] = left[first + l];
            }
        }
        left_count = rest;
        frames += code->frame;
        code = &lanes->paths[i];
        frame = frame_of(code, frames);
        frames += code->frame;
        if (!taken_count)
            continue;
        if (begin(executor, code, &frame, M, operands))
            return 1;
        for (int first = 0, w; first < taken_count; first += w) {
            w = taken_count - first < code->block ? taken_count - first : code->block;
            if (run_block(executor, lanes, code, &frame, M, columns, taken, first, w))
                return 1;
            for (int k = 0; k < lanes->output_count; k++) {
                const int32_t place = code->outputs[k];
                double *column = table + (size_t)k * size;
                for (int l = 0; l < w; l++)
                    column[taken[first + l]] = number_in(&frame, place, w, l);
            }
        }
    }
    if (left_count)
        return 1;
    for (int k = 0; k < lanes->output_count; k++, table += size) {
        if (lanes->summed[k])
            executor->sum_columns(size, 1, table, out++);
        else {
            memcpy(out, table, size * sizeof(double));
            out += size;
        }
    }
    return 0;
}

/* Run Lanes: 0, or 1 if a lane takes no path. */
int run_lanes(const Executor *executor, const Lanes *lanes, double *frame, const double *M,
              const int32_t *operands, double *out)
{
    frame += lanes->offset;
    if (!lanes->size) {
        memset(out, 0, lanes->result_count * sizeof(double));
        return 0;
    }
    return lanes->path_count == 1 ? run_one_path(executor, lanes, frame, M, operands, out)
                                  : run_paths(executor, lanes, frame, M, operands, out);
}

/* Run Lanes in each of w lanes, one after the other, and put the results into registers. */
int run_nested(const Executor *executor, const Lanes *lanes, double *frame, const double *U, const double *R,
               int w, int count, const int32_t *operands, double *out)
{
    double *numbers = frame + lanes->offset + lanes->frame, *results = numbers + count;
    for (int l = 0; l < w; l++) {
        for (int i = 0; i < count; i++)
            numbers[i] = operands[i] < 0 ? U[UNIFORM_OPERAND(operands[i])] : R[(size_t)operands[i] * w + l];
        if (run_lanes(executor, lanes, frame, numbers, lanes->in_order, results))
            return 1;
        for (int i = 0; i < lanes->result_count; i++)
            out[(size_t)i * w + l] = results[i];
    }
    return 0;
}

/* Run a program of no lanes, whose inputs are in the frame: 0, or the number of the guard that failed, from 1;
 * one more than there are where lanes inside take no path. */
int run_code(const Executor *executor, const Code *code, double *memory)
{
    const Frame frame = frame_of(code, memory);
    const int failed = executor->run(executor, code, code->uniform_code, frame.U, frame.U, 1, frame.sums,
                                     frame.scratch, frame.inside);
    if (failed) /* the numbers of guards behind these lanes are then those of an earlier run */
        return 1 + code->guard_count;
    for (int i = 0; i < code->guard_count; i++)
        if ((frame.U[UNIFORM_OPERAND(code->guards[i].place)] != 0.0) != code->guards[i].truth)
            return 1 + i;
    return 0;
}
