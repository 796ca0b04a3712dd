/* The reverse sweep, from users to operands, and backward(), which adds adjoints to the `grad` of leaves; the
 * forward sweep, from operands to users.
 *
 * A sweep has an array of adjoints of its own until it ends. It holds no lock: while a rule in Python runs,
 * other threads may sweep over the same nodes, and fork.
 */

typedef struct {
    Value *node;
    size_t place;
} Entry;

typedef struct {
    double *adjoints; /* by the places of nodes; in a forward sweep their tangents */
    size_t count, room;
    uint64_t first;         /* the place of a node is its number `seen` minus `first`, */
    uint64_t last;          /* as long as no other walk has given numbers above `last`; */
    Entry *entries;         /* afterwards this hash table tells the place */
    size_t mask;            /* the size of the hash table, minus 1 */
    const Array *nodes[2];  /* all nodes that have a place */
    Value *root;            /* where the walk started that gave the numbers; NULL if number_nodes() did */
    PyObject *collected;    /* the adjoints of the results of calls, a dict, or NULL */
} Sweep;

/* Number the nodes as they stand in the arrays. */
static void number_nodes(Sweep *sweep)
{
    sweep->first = walks + 1;
    for (int i = 0; i < 2; i++)
        for (Py_ssize_t k = 0; k < sweep->nodes[i]->count; k++)
            sweep->nodes[i]->nodes[k]->seen = ++walks;
    sweep->last = walks;
}

/* The largest array of adjoints so far, up to 8 MB, kept for the next sweep: asking the system for memory takes
 * as long as a sweep. */
enum { SPARE_ROOM = 1 << 20 };
static struct {
    double *adjoints;
    size_t room;
} spare;

static int begin_sweep(Sweep *sweep)
{
    sweep->count = sweep->nodes[0]->count + sweep->nodes[1]->count;
    if (spare.adjoints && sweep->count <= spare.room) {
        sweep->adjoints = spare.adjoints;
        sweep->room = spare.room;
        spare.adjoints = NULL;
        spare.room = 0;
        memset(sweep->adjoints, 0, sweep->count * sizeof(double));
        return 0;
    }
    sweep->adjoints = PyMem_RawCalloc(sweep->count, sizeof(double));
    if (!sweep->adjoints) {
        PyErr_NoMemory();
        return -1;
    }
    sweep->room = sweep->count;
    return 0;
}

static void end_sweep(Sweep *sweep)
{
    PyMem_RawFree(sweep->entries);
    Py_XDECREF(sweep->collected);
    if (sweep->room > spare.room && sweep->room <= SPARE_ROOM) {
        PyMem_RawFree(spare.adjoints);
        spare.adjoints = sweep->adjoints;
        spare.room = sweep->room;
    }
    else
        PyMem_RawFree(sweep->adjoints);
}

static size_t slot_of(const Sweep *sweep, const Value *node)
{
    size_t slot = ((uintptr_t)node >> 4) * (size_t)0x9E3779B97F4A7C15u >> 16 & sweep->mask;
    while (sweep->entries[slot].node && sweep->entries[slot].node != node)
        slot = (slot + 1) & sweep->mask;
    return slot;
}

/* The place of a node; `count` or more if it has none. */
ALWAYS_INLINE size_t place_of(const Sweep *sweep, const Value *node)
{
    if (RARELY(sweep->entries != NULL)) {
        const Entry *entry = &sweep->entries[slot_of(sweep, node)];
        return entry->node ? entry->place : sweep->count;
    }
    return node->seen - sweep->first;
}

/* To be called after Python code has run. If the code has walked over graphs, nodes may have other numbers now.
 * The same walk gives the same numbers again, and from then on a hash table keeps the places. */
static int keep_places(Sweep *sweep)
{
    if (walks == sweep->last || sweep->entries)
        return 0;
    if (!sweep->root)
        number_nodes(sweep);
    else {
        Walk walk;
        const int done = walk_from(&walk, sweep->root);
        sweep->first = walk.first;
        sweep->last = walks;
        end_walk(&walk);
        if (done < 0)
            return -1;
    }
    size_t room = 16;
    while (room < 2 * sweep->count)
        room *= 2;
    Entry *entries = PyMem_RawCalloc(room, sizeof(Entry));
    if (!entries) {
        PyErr_NoMemory();
        return -1;
    }
    sweep->entries = entries;
    sweep->mask = room - 1;
    for (int i = 0; i < 2; i++)
        for (Py_ssize_t k = 0; k < sweep->nodes[i]->count; k++) {
            Value *node = sweep->nodes[i]->nodes[k];
            sweep->entries[slot_of(sweep, node)] = (Entry){node, node->seen - sweep->first};
        }
    return 0;
}

/* The adjoint of a node, or NULL if it has none. */
ALWAYS_INLINE double *adjoint_of(const Sweep *sweep, const Value *node)
{
    const size_t place = place_of(sweep, node);
    return RARELY(place >= sweep->count) ? NULL : &sweep->adjoints[place];
}

ALWAYS_INLINE void carry(const Sweep *sweep, const Value *x, double carried, double slope)
{
    if (slope != 0.0) { /* strong zero: an infinite adjoint times 0 is nan */
        double *adjoint = adjoint_of(sweep, x);
        if (adjoint)
            *adjoint += carried * slope;
    }
}

/* The slopes of a node by the rules of its op: a list of pairs (operand, float). NULL with an exception. */
static PyObject *slopes_by_rules(Sweep *sweep, const Value *node)
{
    PyObject *pairs = PyObject_CallOneArg(python.number_slopes, (PyObject *)node);
    if (pairs && keep_places(sweep) < 0)
        Py_CLEAR(pairs);
    return pairs;
}

/* What a node of a Call or an Output passes back, see table/call.py: a list of pairs (operand, Value or float), to be
 * added to their adjoints. NULL with an exception. */
static PyObject *passed_back(Sweep *sweep, const Value *node, PyObject *carried, PyObject *graph)
{
    if (!carried || (!sweep->collected && !(sweep->collected = PyDict_New()))) {
        Py_XDECREF(carried);
        return NULL;
    }
    PyObject *pairs = PyObject_CallFunctionObjArgs(python.carried_back, (PyObject *)node, carried, sweep->collected,
                                                   graph, NULL);
    Py_DECREF(carried);
    if (pairs && !PyList_CheckExact(pairs))
        Py_SETREF(pairs, PySequence_List(pairs));
    if (pairs && keep_places(sweep) < 0)
        Py_CLEAR(pairs);
    return pairs;
}

ALWAYS_INLINE int collects(const Value *node)
{
    return node->code == CUSTOM && ((Callable *)node->y.object)->collects;
}

/* The slopes that a node of a Call keeps, one for each of its operands; NULL if it keeps none. */
static const double *known_slopes(const Value *node)
{
    if (node->code != CUSTOM || PyTuple_GET_SIZE(node->x.object) != 1)
        return NULL;
    PyObject *operands = PyTuple_GET_ITEM(node->x.object, 0), *known = ((Callable *)node->y.object)->known;
    const int fit = known && PyBytes_CheckExact(known) && PyTuple_CheckExact(operands)
                    && PyBytes_GET_SIZE(known) == PyTuple_GET_SIZE(operands) * (Py_ssize_t)sizeof(double);
    return fit ? (const double *)PyBytes_AS_STRING(known) : NULL;
}

/* Carry the adjoint of a Call with known slopes, or of its Output: 1, or 0 for other nodes. */
static int carry_known(const Sweep *sweep, const Value *node, double carried)
{
    if (!collects(node) || PyTuple_GET_SIZE(node->x.object) != 1)
        return 0;
    PyObject *const operand = PyTuple_GET_ITEM(node->x.object, 0);
    if (IS_VALUE(operand)) {
        if (!known_slopes((Value *)operand))
            return 0;
        carry(sweep, (Value *)operand, carried, 1.0);
        return 1;
    }
    const double *slopes = known_slopes(node);
    for (Py_ssize_t k = 0; slopes && k < PyTuple_GET_SIZE(operand); k++)
        if (IS_VALUE(PyTuple_GET_ITEM(operand, k)))
            carry(sweep, (Value *)PyTuple_GET_ITEM(operand, k), carried, slopes[k]);
    return slopes != NULL;
}

enum { FEW = 64 };

/* The slopes of an op by the operands of its sequence, all of which they depend on, in `few` if that has room for
 * two numbers for each; otherwise the caller frees them. NULL with MemoryError. */
static double *slopes_of_sequence(const Value *node, double *few,
                                  void (*write_slopes)(int, const double *, double, double *))
{
    const Py_ssize_t n = PyTuple_GET_SIZE(node->x.object);
    double *slopes = n <= FEW ? few : PyMem_RawMalloc(2 * n * sizeof(double));
    if (!slopes) {
        PyErr_NoMemory();
        return NULL;
    }
    double *numbers = slopes + n;
    for (Py_ssize_t k = 0; k < n; k++)
        numbers[k] = operand_number(PyTuple_GET_ITEM(node->x.object, k));
    if (n > 0)
        write_slopes((int)n, numbers, node->data, slopes);
    return slopes;
}

/* Exchange the gradient that a node shows for its adjoint, which is returned. */
ALWAYS_INLINE double exchange(Sweep *sweep, Value *node)
{
    double *adjoint = adjoint_of(sweep, node);
    if (!adjoint)
        return 0.0;
    const double carried = *adjoint;
    *adjoint = node->grad;
    node->grad = carried;
    return carried;
}

/* Let signal handlers run; an exception of a handler ends the sweep. */
static int check_signals(Sweep *sweep)
{
    const int done = PyErr_CheckSignals();
    return keep_places(sweep) < 0 ? -1 : done;
}

/* The same for a sweep of numbers: `*carried` becomes 1. */
static PyObject *passed_back_once(Sweep *sweep, const Value *node, double *carried)
{
    PyObject *number = PyFloat_FromDouble(*carried);
    *carried = 1.0;
    return passed_back(sweep, node, number, Py_False);
}

/* Carry adjoints from users to operands; -1 with an exception. `shows` says whether the `grad` of each node is
 * exchanged for its adjoint, which is final when the node's turn comes; an exception undoes the exchanges.
 */
static int reverse(Sweep *sweep, const Array *order, int shows)
{
    for (Py_ssize_t i = order->count; i-- > 0;) {
        if (RARELY((i & 0xffff) == 0xffff) && check_signals(sweep) < 0) {
            while (shows && ++i < order->count)
                exchange(sweep, order->nodes[i]);
            return -1;
        }
        if (i >= 8)
            PREFETCH(&order->nodes[i - 8]->data);
        Value *node = order->nodes[i];
        const double *adjoint = adjoint_of(sweep, node);
        double carried = shows ? exchange(sweep, node) : adjoint ? *adjoint : 0.0;
        if (carried == 0.0 || (node->code == CUSTOM && carry_known(sweep, node, carried)))
            continue;
        const double out = node->data;
        switch (node->code) {
#define CARRY(operand, slope) carry(sweep, operand, carried, slope)
#define PAIRS collects(node) ? passed_back_once(sweep, node, &carried) : slopes_by_rules(sweep, node)
#include "slope_cases.h"
        }
    }
    return 0;
}

/* Carry tangents from operands to users; -1 with an exception. */
static int forward(Sweep *sweep, const Array *order)
{
    for (Py_ssize_t i = 0; i < order->count; i++) {
        if (RARELY((i & 0xffff) == 0xffff) && check_signals(sweep) < 0)
            return -1;
        if (i + 8 < order->count)
            PREFETCH(&order->nodes[i + 8]->data);
        Value *node = order->nodes[i];
        const double out = node->data;
        double total = 0.0;
        switch (node->code) {
#define CARRY(operand, slope)                                                                                \
    {                                                                                                        \
        const double *tangent = adjoint_of(sweep, operand);                                                  \
        const double by = tangent && *tangent != 0.0 ? slope : 0.0;                                          \
        if (by != 0.0)                                                                                       \
            total += *tangent * by;                                                                          \
    }
#include "slope_cases.h"
        }
        sweep->adjoints[place_of(sweep, node)] = total;
    }
    return 0;
}

/* A leaf that was set after the tick `moment`; borrowed, or NULL. */
static Value *set_since(const Array *leaves, uint64_t moment)
{
    for (Py_ssize_t i = 0; tick != moment && i < leaves->count; i++)
        if (leaves->nodes[i]->tick > moment)
            return leaves->nodes[i];
    return NULL;
}

/* backward(), but for raising a refusal; -1 with a refusal or an exception. */
static int sweep_from(Value *root, double seed, Refusal *refusal)
{
    Walk walk;
    Array wanting = {0}, kept = {0};
    Sweep sweep = {.root = root, .nodes = {&walk.order, &walk.leaves}};
    int done = -1;
    if (walk_from(&walk, root) < 0 || check_fresh(&walk.order, &walk.leaves, walk.oldest, refusal) < 0)
        goto end;
    sweep.first = walk.first;
    sweep.last = walks;

    const Array *leaves = &walk.leaves, *order = &walk.order;
    if (!has_room(&wanting, leaves->count))
        goto end;
    for (Py_ssize_t i = 0; i < leaves->count; i++)
        if (wants_gradients(leaves->nodes[i]))
            wanting.nodes[wanting.count++] = leaves->nodes[i];
    if (wanting.count == 0) {
        *refusal = (Refusal){"constant", root, NULL};
        goto end;
    }
    if (wanting.count < leaves->count) {
        if (between(order, &wanting, &kept) < 0)
            goto end;
        order = &kept;
        sweep.root = NULL;
        number_nodes(&sweep);
    }
    if (begin_sweep(&sweep) < 0)
        goto end;
    sweep.adjoints[place_of(&sweep, root)] = seed;

    /* Inner nodes show their adjoints at once if the sweep visits all, and no rule in Python can look. */
    const int shows = order == &walk.order && !walk.rules;
    const uint64_t started = tick;
    sweeping = 1;
    done = reverse(&sweep, order, shows);
    sweeping = 0;
    Value *leaf = done == 0 ? set_since(leaves, started) : NULL;
    if (leaf) {
        *refusal = (Refusal){"set_meanwhile", leaf, NULL};
        done = -1;
    }
    if (done < 0)
        goto end;
    for (Py_ssize_t i = 0; !shows && i < walk.order.count; i++)
        walk.order.nodes[i]->grad = sweep.adjoints[place_of(&sweep, walk.order.nodes[i])];
    for (Py_ssize_t i = 0; i < wanting.count; i++)
        wanting.nodes[i]->grad += sweep.adjoints[place_of(&sweep, wanting.nodes[i])];
end:
    end_sweep(&sweep);
    end_walk(&walk);
    PyMem_RawFree(wanting.nodes);
    PyMem_RawFree(kept.nodes);
    return done;
}

static PyObject *value_backward(Value *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"seed", NULL};
    PyObject *given = NULL;
    double seed = 1.0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O:backward", names, &given)
        || (given && to_double(given, "the seed of backward", &seed) < 0) || check_readable(self, "backward()") < 0)
        return NULL;
    if (sweeping)
        return refuse("nested_backward", NULL, NULL);
    Refusal refusal = {NULL};
    const int done = sweep_from(self, seed, &refusal);
    if (refusal.what)
        return refuse(refusal.what, (PyObject *)refusal.a, (PyObject *)refusal.b);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}
