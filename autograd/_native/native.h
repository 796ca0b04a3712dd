/* The parts of the extension, and what they know of each other.
 *
 * One C file, engine.c, includes the others, so that the compiler sees everything at once. All state is
 * guarded by the interpreter's lock (GIL).
 */

#ifndef AUTOGRAD_NATIVE_H
#define AUTOGRAD_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <math.h>
#include <stdint.h>

#include "kernels.h"

#if defined(_MSC_VER)
#define THREAD_LOCAL __declspec(thread)
#define ALWAYS_INLINE static __forceinline
#define RARELY(condition) (condition)
#define PREFETCH(address) ((void)0)
#else
#define THREAD_LOCAL __thread
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define RARELY(condition) __builtin_expect(!!(condition), 0)
#define PREFETCH(address) __builtin_prefetch(address)
#endif

/* What made a Value: a row of the table by its place in it, or one of these. */
enum {
#define CODE(op, shape, slopes) OP_##op,
    ALL_OPS(CODE)
#undef CODE
    CUSTOM, /* an op that the extension was not compiled with: its rules are called in Python */
    LEAF,
};

static const unsigned char shapes[] = {
#define SHAPE(op, shape, slopes) shape,
    ALL_OPS(SHAPE)
#undef SHAPE
    OTHER, OTHER,
};

/* The operands of a node:
 *   UNARY          x a Value
 *   BINARY         x and y, each a Value or a number
 *   TERNARY        x the tuple of all three
 *   SEQUENCE       x the tuple of them
 *   TWO_SEQUENCES  x and y, a tuple each
 *   CUSTOM         x the tuple `args`, y the Op
 * In tuples are Values and Python floats; in those of CUSTOM also tuples of them.
 */
typedef struct Value Value;
typedef union {
    Value *value;
    double number;
    PyObject *object;
    uint64_t birth; /* x of a leaf: the tick at which it was made */
} Operand;

struct Value {
    PyObject_HEAD
    uint64_t seen;      /* the number that the last walk that came here gave it */
    uint64_t tick : 48; /* of an inner node, when it was made; of a leaf, when it was last set, or 0 */
    uint64_t code : 8;
    uint64_t flags : 8;
    double data;
    union {
        double grad; /* of the last backward for an inner node, the running total for a leaf */
        Value *next; /* in a list of nodes to be freed, or of free memory */
    };
    Operand x, y;
    PyObject *note; /* NULL, the module path (a str), or the tuple (label, path, source) */
    PyObject *weakrefs;
};

enum { /* flags */
    X_IS_NUMBER = 1,
    Y_IS_NUMBER = 2,
    CONSTANT = 4,  /* a leaf that does not require gradients */
    PARAMETER = 8, /* a leaf that is a parameter of a module */
};

static PyTypeObject *value_type;
#define IS_VALUE(object) (Py_TYPE(object) == value_type)

/* A clock that advances whenever a leaf is set or a trace starts. */
static uint64_t tick = 1;

/* The last number that a walk has given: each marks the nodes that it has seen with new numbers. */
static uint64_t walks;

/* What Python gives the extension when they are connected (engine.c). */
static struct {
    PyObject *ops[TABLE_SIZE]; /* the rows by their codes */
    PyObject *number;          /* any real number as a float, or TypeError */
    PyObject *sequence;        /* the operand of a variadic op as a tuple */
    PyObject *combine;         /* a binary op of a Value and something else */
    PyObject *compared;        /* the number to compare with, or NotImplemented */
    PyObject *numbers;         /* operands with each Value replaced by its number */
    PyObject *node_slopes;     /* the operands of a node with their slopes */
    PyObject *refusals;        /* the module with the texts of errors */
} python;

/* The base of Op. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    int code;        /* -1 for an op that the extension was not compiled with, */
    uint64_t slopes; /* for which these bits tell the operands that have a slope; the last bit for the rest */
} Callable;

static int depends_on_wanting(Value *node);
static PyObject *make_note(PyObject *label, PyObject *path, PyObject *source);
static PyObject *call_op(PyObject *op, PyObject *const *args, Py_ssize_t count);
static PyObject *refuse(const char *what, PyObject *a, PyObject *b);
static int to_double(PyObject *object, const char *where, double *number);

#endif
