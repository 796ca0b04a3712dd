/* Types and declarations that all parts of the extension share.
 *
 * engine.c includes the other C files, so that the compiler sees everything at once. The interpreter's lock
 * (GIL) guards all state.
 */

#ifndef AUTOGRAD_NATIVE_H
#define AUTOGRAD_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <math.h>
#include <stdint.h>

#include "connection.h"
#include "kernels.h"

#if defined(_MSC_VER)
#define THREAD_LOCAL __declspec(thread)
#define ALWAYS_INLINE static __forceinline
#define RARELY(condition) (condition)
#define PREFETCH(address) ((void)0)
static inline int lowest_bit(uint64_t bits)
{
    unsigned long place;
    return _BitScanForward(&place, (unsigned long)bits) ? place
                                                         : (_BitScanForward(&place, (unsigned long)(bits >> 32)), 32 + place);
}
#else
#define THREAD_LOCAL __thread
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define RARELY(condition) __builtin_expect(!!(condition), 0)
#define PREFETCH(address) __builtin_prefetch(address)
#define lowest_bit(bits) __builtin_ctzll(bits)
#endif

/* The code of a Value: the place of its op in the table, or one of the last two. */
enum {
#define CODE(op, shape, slopes) OP_##op,
    ALL_OPS(CODE)
#undef CODE
    CUSTOM, /* an op outside the compiled table: its rules are called in Python */
    LEAF,
};

static const char *const names[] = {
#define NAME(op, shape, slopes) #op,
    ALL_OPS(NAME)
#undef NAME
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
    uint64_t seen;      /* the number given by the last walk that visited the node */
    uint64_t tick : 48; /* of an inner node, when it was made; of a leaf, when it was last set, or 0 */
    uint64_t code : 8;
    uint64_t flags : 8;
    double data;
    union {
        double grad; /* of an inner node, from the last backward; of a leaf, the running total */
        Value *next; /* in the list of nodes to free */
    };
    Operand x, y;
    PyObject *note; /* NULL, or the tuple (path, source), or the tuple (label, path, source) */
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

/* The last number given to a node: every walk numbers the nodes that it visits, from here on. */
static uint64_t walks;

/* Objects of Python that the extension uses, from connect() in engine.c. */
static struct {
    PyObject *ops[TABLE_SIZE]; /* the rows by their codes */
    PyObject *number;          /* any real number as a float, or TypeError */
    PyObject *sequence;        /* the operand of a variadic op as a tuple */
    PyObject *combine;         /* a binary op of a Value and something else */
    PyObject *compared;        /* the number to compare with, or NotImplemented */
    PyObject *condition;       /* a comparison in the trace of a program */
    PyObject *carried_back;    /* what a node of a Call passes back in a reverse sweep */
    PyObject *numbers;         /* operands with each Value replaced by its number */
    PyObject *number_slopes;   /* the operands of a node with their slopes as floats, */
    PyObject *node_slopes;     /* as Values */
    PyObject *errors;          /* the module with the texts of errors, graph/errors.py */
} python;

/* The base of Op. */
typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    int code;        /* the place in the table; -1 for an op outside the compiled table */
    uint64_t slopes; /* of such an op: a bit for each operand that has a slope; the last bit for the rest */
    char collects;   /* whether the op is a Call or an Output, see table/call.py */
    PyObject *known; /* of a Call of one result its slopes by the operands, bytes of doubles; else NULL or None */
} Callable;

static int depends_on_wanting(Value *node);
static PyObject *call_op(PyObject *op, PyObject *const *args, Py_ssize_t count);
static PyObject *refuse(const char *what, PyObject *a, PyObject *b);
static int convert(PyObject *found, double *number);
static int to_double(PyObject *object, const char *where, double *number);

#endif
