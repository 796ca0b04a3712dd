/* All derivatives of several results by several inputs, from slopes that are taken once. */

typedef struct {
    double slope; /* never 0 */
    size_t place; /* of the operand */
} Edge;

/* The nodes of a graph, operands first, then the inputs: their places. */
typedef struct {
    size_t nodes, inputs;
    Edge *edges;    /* those of a node are together */
    size_t *starts; /* where they begin; one more at the end */
    size_t count, room;
} Slopes;

static int keep_edge(Slopes *slopes, size_t place, double slope)
{
    if (slopes->count == slopes->room) {
        const size_t room = 2 * slopes->room + 64;
        Edge *edges = PyMem_RawRealloc(slopes->edges, room * sizeof(Edge));
        if (!edges) {
            PyErr_NoMemory();
            return -1;
        }
        slopes->edges = edges;
        slopes->room = room;
    }
    slopes->edges[slopes->count++] = (Edge){slope, place};
    return 0;
}

static int take_slopes(Slopes *into, Sweep *sweep, const Array *order)
{
    into->starts = PyMem_RawMalloc((order->count + 1) * sizeof(size_t));
    if (!into->starts) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < order->count; i++) {
        if (RARELY((i & 0xffff) == 0xffff) && check_signals(sweep) < 0)
            return -1;
        into->starts[i] = into->count;
        Value *node = order->nodes[i];
        const double out = node->data;
        switch (node->code) {
#define CARRY(operand, slope)                                                                                \
    {                                                                                                        \
        const size_t place = place_of(sweep, operand);                                                       \
        const double by = place < sweep->count ? slope : 0.0;                                                \
        if (by != 0.0 && keep_edge(into, place, by) < 0)                                                   \
            return -1;                                                                                       \
    }
#include "slope_cases.h"
        }
    }
    into->starts[order->count] = into->count;
    return 0;
}

/* Sweeps of several results, or along several inputs, at once: a lane for each. Strong zero: only where a slope is
 * infinite or nan can a product with 0 differ from 0. */

enum { LANES = 8 };
typedef double Lanes[LANES];

ALWAYS_INLINE void add_product(double *total, const double *factor, double slope)
{
    if (isfinite(slope))
        for (int lane = 0; lane < LANES; lane++)
            total[lane] += factor[lane] * slope;
    else
        for (int lane = 0; lane < LANES; lane++)
            total[lane] += factor[lane] == 0.0 ? 0.0 : factor[lane] * slope;
}

static void sweep_forward(const Slopes *slopes, Lanes *tangents)
{
    for (size_t i = 0; i < slopes->nodes; i++) {
        Lanes total = {0.0};
        for (size_t e = slopes->starts[i]; e < slopes->starts[i + 1]; e++)
            add_product(total, tangents[slopes->edges[e].place], slopes->edges[e].slope);
        memcpy(tangents[i], total, sizeof(Lanes));
    }
}

static void sweep_reverse(const Slopes *slopes, Lanes *adjoints)
{
    for (size_t i = slopes->nodes; i-- > 0;)
        for (size_t e = slopes->starts[i]; e < slopes->starts[i + 1]; e++)
            add_product(adjoints[slopes->edges[e].place], adjoints[i], slopes->edges[e].slope);
}

/* The Jacobian is an array of rows, one for each result. Results without a place have rows of 0. */

/* Fill the rows of the results from `done` on. */
static int by_lanes(const Slopes *slopes, const size_t *results, size_t done, size_t count, int is_forward,
                    double *jacobian)
{
    const size_t nodes = slopes->nodes, inputs = slopes->inputs, places = nodes + inputs;
    Lanes *lanes = PyMem_RawMalloc((places + 1) * sizeof(Lanes));
    if (!lanes) {
        PyErr_NoMemory();
        return -1;
    }
    const size_t end = is_forward ? inputs : count;
    for (size_t first = is_forward ? 0 : done; first < end; first += LANES) {
        const size_t some = end - first < LANES ? end - first : LANES;
        memset(lanes, 0, places * sizeof(Lanes));
        for (size_t k = 0; k < some; k++) {
            const size_t start = is_forward ? nodes + first + k : results[first + k];
            if (start < places)
                lanes[start][k] = 1.0;
        }
        if (is_forward) {
            sweep_forward(slopes, lanes);
            for (size_t r = done; r < count; r++)
                for (size_t k = 0; k < some && results[r] < places; k++)
                    jacobian[r * inputs + first + k] = lanes[results[r]][k];
        }
        else {
            sweep_reverse(slopes, lanes);
            for (size_t k = 0; k < some; k++)
                for (size_t j = 0; j < inputs; j++)
                    jacobian[(first + k) * inputs + j] = lanes[nodes + j][k];
        }
        if (PyErr_CheckSignals() < 0)
            break;
    }
    PyMem_RawFree(lanes);
    return PyErr_Occurred() ? -1 : 0;
}

/* Memory for sweeps over what one result depends on. */
typedef struct {
    double *adjoints;
    size_t *seen, *next, *stack, *order;
} Scratch;

static int descending(const void *a, const void *b)
{
    return *(const size_t *)a < *(const size_t *)b ? 1 : -1;
}

/* Fill the row of one result from what it depends on, users before operands; what that has cost, in nodes and
 * edges. */
static size_t by_ancestors(const Slopes *slopes, Scratch *scratch, size_t result, size_t mark, double *row)
{
    const size_t *starts = slopes->starts;
    const size_t nodes = slopes->nodes;
    double *adjoints = scratch->adjoints;
    size_t cost = 0, depth = 0, first = nodes, sorted = 1;
    if (result >= nodes + slopes->inputs)
        return 0;
    adjoints[result] = 1.0;
    if (result < nodes) {
        scratch->stack[depth++] = result;
        scratch->seen[result] = mark;
        scratch->next[result] = starts[result];
    }
    while (depth) {
        const size_t place = scratch->stack[depth - 1];
        if (scratch->next[place] == starts[place + 1]) {
            depth--;
            sorted &= first == nodes || place > scratch->order[first];
            scratch->order[--first] = place;
            cost += 1 + starts[place + 1] - starts[place];
            continue;
        }
        const size_t operand = slopes->edges[scratch->next[place]++].place;
        if (operand < nodes && scratch->seen[operand] != mark) {
            scratch->seen[operand] = mark;
            scratch->next[operand] = starts[operand];
            scratch->stack[depth++] = operand;
        }
    }
    if (!sorted) /* so that contributions are added in the order of a sweep over the whole graph */
        qsort(scratch->order + first, nodes - first, sizeof(size_t), descending);
    for (; first < nodes; first++) {
        const size_t place = scratch->order[first];
        const double carried = adjoints[place];
        adjoints[place] = 0.0;
        for (size_t e = starts[place]; carried != 0.0 && e < starts[place + 1]; e++)
            adjoints[slopes->edges[e].place] += carried * slopes->edges[e].slope;
    }
    memcpy(row, adjoints + nodes, slopes->inputs * sizeof(double));
    memset(adjoints + nodes, 0, slopes->inputs * sizeof(double));
    return cost;
}

/* So few inputs are fewer than the nodes between them and a result. */
enum { FEW_INPUTS = 4 };

/* The first eighth of the rows is filled by ancestors; what it cost tells which way is the cheapest for the rest. */
static int fill_jacobian(const Slopes *slopes, const size_t *results, size_t count, const char *mode,
                         double *jacobian)
{
    const size_t inputs = slopes->inputs, size = slopes->nodes + slopes->count;
    if (!strcmp(mode, "forward") || (!strcmp(mode, "auto") && inputs <= FEW_INPUTS && inputs < count))
        return by_lanes(slopes, results, 0, count, 1, jacobian);
    double *adjoints = PyMem_RawCalloc(slopes->nodes + inputs + 1, sizeof(double));
    size_t *memory = PyMem_RawCalloc(4 * slopes->nodes + 1, sizeof(size_t));
    if (!adjoints || !memory) {
        PyMem_RawFree(adjoints);
        PyMem_RawFree(memory);
        PyErr_NoMemory();
        return -1;
    }
    Scratch scratch = {adjoints, memory, memory + slopes->nodes, memory + 2 * slopes->nodes,
                       memory + 3 * slopes->nodes};
    const size_t eighth = (count + 7) / 8;
    size_t r = 0;
    double cost = 0.0;
    int done = 0, by_lanes_forward = 0, by_lanes_reverse = 0;
    while (r < count && done == 0 && !by_lanes_forward && !by_lanes_reverse) {
        cost += (double)by_ancestors(slopes, &scratch, results[r], r + 1, jacobian + r * inputs);
        if (++r == eighth) {
            by_lanes_forward = !strcmp(mode, "auto") && cost * count > (double)size * inputs * r;
            by_lanes_reverse = cost * count > (double)size * ((count + LANES - 1) / LANES) * r;
        }
        if ((r & 0xff) == 0)
            done = PyErr_CheckSignals();
    }
    PyMem_RawFree(adjoints);
    PyMem_RawFree(memory);
    if (done == 0 && r < count)
        done = by_lanes(slopes, results, by_lanes_forward ? 0 : r, count, by_lanes_forward, jacobian);
    return done;
}
