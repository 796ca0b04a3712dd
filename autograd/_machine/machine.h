/* Types and declarations that all parts of the machine share.
 *
 * The machine runs lowered programs: `lowering.c` turns lines into instructions, an executor (executor.h, once
 * for each set of vector instructions) runs them, `lanes.c` runs the instructions of a lane for blocks of
 * lanes, and `machine.c` is the Python module. It knows neither Values nor Python's Program.
 *
 * A *register* holds a number, or, in a block of lanes, a number for each of w lanes, one after the other.
 * Uniform registers (U) hold one number each, lane registers (R) hold w: register r starts at R[r * w].
 */

#ifndef AUTOGRAD_MACHINE_H
#define AUTOGRAD_MACHINE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The language of gcc and clang: vectors, and the addresses of labels. PLAIN_C, for tests, leaves both out. */
#if defined(__GNUC__) && !defined(PLAIN_C)
#define GNU_C
#endif

#if defined(GNU_C) && defined(__x86_64__)
#define HAS_X86_WIDTHS
#endif

/* Instructions, each a run of int32. `k` lines of one op write the registers out, out + 1 ... */
enum {
    I_END,
    I_COLUMN,   /* op k out, a column for each operand */
    I_SCALARS,  /* count out length, then count lines of four: op a b c; uniform lines one by one */
    I_SUMS,     /* op k out n, then n terms of a column for each sequence: k uniform sums of n terms */
    I_TERMS,    /* op out n, then the operands of each sequence (see OPERAND): one sum, or one result */
    I_GEMV,     /* m out n weights, then n lane registers: m sums of products with packed weights */
    I_PACK,     /* n out, then n uniform registers: copies them side by side */
    I_FILL,     /* out u: lane register out is the uniform number u in all lanes */
    I_OUTER,    /* m n sums, then m and n lane registers: products summed over lanes, in a table m by n */
    I_SUM,      /* k sums, then k lane registers: sums over lanes */
    I_PRODUCT,  /* sum a b: the sum over lanes of a product of lane registers */
    I_REPEAT,   /* sum u: the sum over lanes of a uniform number */
    I_LANES,    /* which out, then the operands as lanes.c reads them */
    I_NESTED,   /* which out count, then count operands (see OPERAND): lanes inside each lane */
};

/* Columns: where the operand of each of k lines is. */
enum {
    STRIDE1, /* in the registers r, r + 1 ...: followed by r */
    ONE,     /* in the uniform register r for all lines: followed by r */
    INDEX,   /* followed by k registers */
    EACH,    /* of lane lines, in k uniform registers: followed by them */
};

/* An operand of a lane line is a lane register r, or a uniform register u, written -1 - u. */
#define UNIFORM_OPERAND(u) (-1 - (u))

/* Ops of the machine beside the rows of the table: products of a plain run, which do not ask whether a factor is 0;
 * x ** 2.0, which is x * x to the last bit, and x ** 0.5, the square root. */
#define OP_PLAIN_CHAIN TABLE_SIZE
#define OP_PLAIN_CHAIN_DOT (TABLE_SIZE + 1)
#define OP_SQUARE (TABLE_SIZE + 2)
#define OP_ROOT (TABLE_SIZE + 3)
#define OP_ARITHMETIC (TABLE_SIZE + 4) /* in I_SCALARS: the header of a run; `a` is its number of lines */

/* The ops of lines in a run of OP_ARITHMETIC: whatever their order, they are computed without a jump. */
enum { PLUS, MINUS, TIMES, TIMES_PLAIN_CHAIN };

enum { MOST_LANES = 256, TILE = 128 }; /* lanes in a block; numbers that are gathered at a time */

typedef struct Lanes Lanes;
typedef struct Executor Executor;

typedef struct { /* where a guard's number is, and the truth that it must have */
    int32_t place, truth;
} Guard;

/* A lowered program: of no lanes, or of one lane of Lanes. */
typedef struct {
    int inputs;            /* uniform inputs, in the first uniform registers; then come the constants */
    int constant_count;
    double *constants;
    int uniforms;          /* uniform registers in all; R starts at the next line of the cache */
    int lane_inputs;       /* in the first lane registers */
    int lane_registers;
    int sums;              /* numbers in the table of sums over lanes */
    int transposed;        /* numbers in a lane of the longest table that I_OUTER transposes */
    size_t scratch;        /* numbers for such tables, and for the operands of a sequence */
    int32_t *uniform_code; /* what is equal in all lanes, then what runs for each block of lanes; */
    int32_t *lane_code;
    int block;             /* lanes in a block */
    int output_count;
    int32_t *outputs;      /* for each output: UNIFORM_OPERAND(u), a lane register, or a place in sums */
    int32_t *output_tables; /* of a program without lanes: see find_tables */
    int guard_count;
    Guard *guards;         /* operands */
    int lanes_count;       /* Lanes that the code runs */
    Lanes **lanes;
    int owns_lanes;
    size_t frame;          /* numbers that a run needs */
    size_t lanes_frame;    /* where the frames of the Lanes inside begin */
    size_t work;           /* about how many operations a run takes */
} Code;

/* A program that runs for each of `size` lanes; see autograd/programs/lanes.py. */
struct Lanes {
    int size, uniform, columns, output_count;
    unsigned char *summed;
    int *summed_runs;   /* the lengths of runs of outputs that are summed, that are not, that are ..., then -1 */
    int path_count;
    Code *paths;        /* the code of each path; of several paths without guards and sums, */
    Code *guard_codes;  /* whose guards have a code of their own */
    int result_count;
    int32_t *in_order;  /* its operands as I_LANES has them, where they lie side by side */
    size_t results;     /* numbers in the tables of several paths */
    size_t frame;       /* numbers that a run needs, at this place of the frame of Lanes of a code */
    size_t offset;
    size_t work;
};

struct Executor {
    const char *name;
    /* Run code for w lanes; 0, or 1 if Lanes inside fail. */
    int (*run)(const Executor *executor, const Code *code, const int32_t *at, double *U, double *R, int w,
               double *sums, double *scratch, double *lanes_frame);
    void (*sum_columns)(int size, int count, const double *table, double *sums);
    void (*load_rows)(const double *numbers, ptrdiff_t step, int count, int w, double *R);
};

/* Frames, and the lane registers in them, start at lines of the cache: vectors that lie across two are slow. */
enum { CACHE_LINE = 64, ALIGNED = CACHE_LINE / sizeof(double) };

static inline size_t aligned(size_t numbers)
{
    return (numbers + ALIGNED - 1) / ALIGNED * ALIGNED;
}

/* Copy numbers side by side: memcpy is slow for a few. */
static inline void copy_numbers(double *out, const double *from, int count)
{
    if (count < 8)
        for (int i = 0; i < count; i++)
            out[i] = from[i];
    else
        memcpy(out, from, count * sizeof(double));
}

int run_lanes(const Executor *executor, const Lanes *lanes, double *frame, const double *M,
              const int32_t *operands, double *out);
int run_nested(const Executor *executor, const Lanes *lanes, double *frame, const double *U, const double *R,
               int w, int count, const int32_t *operands, double *out);
int run_code(const Executor *executor, const Code *code, double *frame);
void run_scalars(const int32_t *at, double *M);

extern const Executor executor_base;
#ifdef HAS_X86_WIDTHS
extern const Executor executor_avx2, executor_avx512;
#endif

#endif
