/* Walks over a graph, and the sweep that carries adjoints through it: the native side of value.py. */

/* One sweep writes gradients at a time; leaves are not given numbers meanwhile by other threads. It
 * matters where a sweep lets other threads run: in a rule written in Python, or in a signal's handler. */

static PyThread_type_lock sweep_lock;
static unsigned long sweeping_thread; /* 0 for none */

static int wait_for_lock(void)
{
    PyLockStatus status = PyThread_acquire_lock_timed(sweep_lock, 0, 0);
    while (status != PY_LOCK_ACQUIRED) {
        Py_BEGIN_ALLOW_THREADS
        status = PyThread_acquire_lock_timed(sweep_lock, -1, 1);
        Py_END_ALLOW_THREADS
        if (status == PY_LOCK_INTR && PyErr_CheckSignals() < 0)
            return -1;
    }
    return 0;
}

static int begin_sweep(void)
{
    if (wait_for_lock() < 0)
        return -1;
    sweeping_thread = PyThread_get_thread_ident();
    return 0;
}

static void end_sweep(void)
{
    sweeping_thread = 0;
    PyThread_release_lock(sweep_lock);
}

static int wait_for_sweeps(void)
{
    if (sweeping_thread == 0 || sweeping_thread == PyThread_get_thread_ident())
        return 0;
    if (wait_for_lock() < 0)
        return -1;
    PyThread_release_lock(sweep_lock);
    return 0;
}

/* Arrays of nodes, which they do not own */

typedef struct {
    Value **nodes;
    Py_ssize_t count, room;
} Array;

static int make_room(Array *array, Py_ssize_t more)
{
    Py_ssize_t room = array->room ? array->room : 64;
    while (room < array->count + more)
        room += room / 2;
    Value **nodes = PyMem_RawRealloc(array->nodes, room * sizeof(Value *));
    if (!nodes) {
        PyErr_NoMemory();
        return -1;
    }
    array->nodes = nodes;
    array->room = room;
    return 0;
}

ALWAYS_INLINE int has_room(Array *array, Py_ssize_t more)
{
    return !RARELY(array->count + more > array->room) || make_room(array, more) == 0;
}

/* Walks */

typedef struct {
    Array stack, order, leaves;
    uint64_t number; /* marks what has been placed, or is left out */
    uint64_t oldest; /* tick of the nodes in `order` */
} Walk;

static void begin_walk(Walk *walk)
{
    *walk = (Walk){.number = ++walks, .oldest = UINT64_MAX};
}

static void end_walk(Walk *walk)
{
    PyMem_RawFree(walk->stack.nodes);
    PyMem_RawFree(walk->order.nodes);
    PyMem_RawFree(walk->leaves.nodes);
}

ALWAYS_INLINE void push_operand(Walk *walk, Value *operand)
{
    if (operand->seen != walk->number)
        walk->stack.nodes[walk->stack.count++] = operand;
}

static int push_operands(Walk *walk, PyObject *tuple) /* the last first, so that the first is on top */
{
    for (Py_ssize_t i = PyTuple_GET_SIZE(tuple); i-- > 0;) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        if (!has_room(&walk->stack, 1))
            return -1;
        if (IS_VALUE(item))
            push_operand(walk, (Value *)item);
        else if (PyTuple_CheckExact(item) && push_operands(walk, item) < 0)
            return -1;
    }
    return 0;
}

/* Put the nodes behind those on the stack into `order`, operands before users, and the leaves apart. With
 * `clear` the inner nodes have no gradient afterwards.
 *
 * On the stack a node whose operands are all above it is told by a set last bit.
 */
ALWAYS_INLINE int place(Walk *walk, int clear)
{
    Array *stack = &walk->stack, *order = &walk->order, *leaves = &walk->leaves;
    while (stack->count) {
        if (!has_room(order, 1) || !has_room(leaves, 1) || !has_room(stack, 2))
            return -1;
        const uintptr_t top = (uintptr_t)stack->nodes[--stack->count];
        Value *node = (Value *)(top & ~(uintptr_t)1);
        if (top & 1) {
            order->nodes[order->count++] = node;
            continue;
        }
        if (node->seen == walk->number)
            continue;
        node->seen = walk->number;
        if (node->code == LEAF) {
            leaves->nodes[leaves->count++] = node;
            continue;
        }
        if (node->tick < walk->oldest)
            walk->oldest = node->tick;
        if (clear)
            node->grad = 0.0;
        stack->nodes[stack->count++] = (Value *)(top | 1);
        switch (shapes[node->code]) {
        case BINARY:
            if (!(node->flags & Y_IS_NUMBER))
                push_operand(walk, node->y.value);
            if (!(node->flags & X_IS_NUMBER))
                push_operand(walk, node->x.value);
            break;
        case UNARY:
            push_operand(walk, node->x.value);
            break;
        case TWO_SEQUENCES:
            if (push_operands(walk, node->y.object) < 0)
                return -1; /* fall through */
        default:
            if (push_operands(walk, node->x.object) < 0)
                return -1;
        }
    }
    return 0;
}

static int walk_from(Walk *walk, Value *root, int clear)
{
    begin_walk(walk);
    if (!has_room(&walk->stack, 1))
        return -1;
    walk->stack.nodes[walk->stack.count++] = root;
    return clear ? place(walk, 1) : place(walk, 0);
}

static int wants_gradients(const Value *leaf)
{
    return !(leaf->flags & CONSTANT);
}

/* Whether a leaf behind the node wants gradients; -1 with MemoryError. */
static int depends_on_wanting(Value *node)
{
    if (node->code == LEAF)
        return wants_gradients(node);
    Walk walk;
    int found = walk_from(&walk, node, 0);
    for (Py_ssize_t i = 0; i < walk.leaves.count && found == 0; i++)
        found = wants_gradients(walk.leaves.nodes[i]);
    end_walk(&walk);
    return found;
}

/* Operands */

ALWAYS_INLINE int is_seen(PyObject *operand, uint64_t walk)
{
    return IS_VALUE(operand) && ((Value *)operand)->seen == walk;
}

static int any_seen(PyObject *operands, uint64_t walk)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(operands); i++)
        if (is_seen(PyTuple_GET_ITEM(operands, i), walk))
            return 1;
    return 0;
}

static const unsigned char has_slopes[] = {
#define SLOPES(op, shape, slopes) slopes,
    ALL_OPS(SLOPES)
#undef SLOPES
};

static uint64_t custom_slopes(const Value *node);

/* Whether an inner node has slopes by one that the walk has seen. */
static int any_sloped_operand_seen(const Value *node, uint64_t walk)
{
    const int code = node->code;
    if (code == CUSTOM) {
        const uint64_t slopes = custom_slopes(node);
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(node->x.object); i++) {
            PyObject *operand = PyTuple_GET_ITEM(node->x.object, i);
            if (slopes >> (i < 63 ? i : 63) & 1
                && (PyTuple_CheckExact(operand) ? any_seen(operand, walk) : is_seen(operand, walk)))
                return 1;
        }
        return 0;
    }
    const int slopes = has_slopes[code];
    switch (shapes[code]) {
    case UNARY:
        return slopes & 1 && node->x.value->seen == walk;
    case BINARY:
        return (slopes & 1 && !(node->flags & X_IS_NUMBER) && node->x.value->seen == walk)
               || (slopes & 2 && !(node->flags & Y_IS_NUMBER) && node->y.value->seen == walk);
    case TERNARY:
        for (int i = 0; i < 3; i++)
            if (slopes >> i & 1 && is_seen(PyTuple_GET_ITEM(node->x.object, i), walk))
                return 1;
        return 0;
    case TWO_SEQUENCES:
        if (slopes & 2 && any_seen(node->y.object, walk))
            return 1; /* fall through */
    default:
        return slopes & 1 && any_seen(node->x.object, walk);
    }
}

/* The nodes of `order` that depend on one of the sources, or are one, in `kept`. */
static int between(const Array *order, const Array *sources, Array *kept)
{
    const uint64_t walk = ++walks;
    for (Py_ssize_t i = 0; i < sources->count; i++)
        sources->nodes[i]->seen = walk;
    for (Py_ssize_t i = 0; i < order->count; i++) {
        Value *node = order->nodes[i];
        int depends = node->seen == walk;
        if (!depends && node->code != LEAF)
            depends = any_sloped_operand_seen(node, walk);
        if (depends) {
            if (!has_room(kept, 1))
                return -1;
            node->seen = walk;
            kept->nodes[kept->count++] = node;
        }
    }
    return 0;
}

/* Staleness */

static Value *newer_leaf(PyObject *operand, uint64_t made)
{
    if (PyTuple_CheckExact(operand)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(operand); i++) {
            Value *leaf = newer_leaf(PyTuple_GET_ITEM(operand, i), made);
            if (leaf)
                return leaf;
        }
        return NULL;
    }
    Value *value = (Value *)operand;
    return IS_VALUE(operand) && value->code == LEAF && value->tick > made ? value : NULL;
}

/* A leaf among the operands that has been given a number since the node was made; borrowed, or NULL. */
static Value *newer_leaf_of(const Value *node)
{
    Value *leaf = x_is_object(node) ? newer_leaf(node->x.object, node->tick) : NULL;
    if (!leaf && y_is_object(node) && node->code != CUSTOM)
        leaf = newer_leaf(node->y.object, node->tick);
    return leaf;
}

/* A refusal is worded by Python, which may run any code: after a sweep has ended. */
typedef struct {
    const char *what; /* a function of refusals.py, or NULL */
    Value *a, *b;     /* borrowed from the graph that is refused */
} Refusal;

/* Refuse if a leaf has been given a number since a node of `order` used it; `oldest` is their least tick. */
static int check_fresh(const Array *order, const Array *leaves, uint64_t oldest, Refusal *refusal)
{
    uint64_t newest = 0;
    for (Py_ssize_t i = 0; i < leaves->count; i++)
        if (leaves->nodes[i]->tick > newest)
            newest = leaves->nodes[i]->tick;
    for (Py_ssize_t i = 0; i < order->count && newest > oldest; i++) {
        Value *leaf = newer_leaf_of(order->nodes[i]);
        if (leaf) {
            *refusal = (Refusal){"stale", leaf, order->nodes[i]};
            return -1;
        }
    }
    return 0;
}

/* The sweep */

ALWAYS_INLINE void carry(Value *x, double carried, double slope)
{
    if (slope != 0.0) /* strong zero: what is infinite may not make it nan */
        x->grad += carried * slope;
}

ALWAYS_INLINE double operand_number(PyObject *operand)
{
    return IS_VALUE(operand) ? ((Value *)operand)->data : PyFloat_AS_DOUBLE(operand);
}

static int carry_custom(const Value *node, double carried)
{
    PyObject *slopes = PyObject_CallOneArg(python.node_slopes, (PyObject *)node);
    if (!slopes)
        return -1;
    int done = 0;
    for (Py_ssize_t i = 0; done == 0 && i < PyList_GET_SIZE(slopes); i++) {
        PyObject *pair = PyList_GET_ITEM(slopes, i);
        const double slope = PyFloat_AsDouble(PyTuple_GET_ITEM(pair, 1));
        carry((Value *)PyTuple_GET_ITEM(pair, 0), carried, slope);
        if (slope == -1.0 && PyErr_Occurred())
            done = -1;
    }
    Py_DECREF(slopes);
    return done;
}

/* Carry adjoints from users to operands, in the `grad` of the nodes; -1 with an exception.
 *
 * The caller has cleared them all, but for those where the sweep starts.
 */
static int reverse(const Array *order)
{
    for (Py_ssize_t i = order->count; i-- > 0;) {
        if (RARELY((i & 0xffff) == 0xffff) && PyErr_CheckSignals() < 0)
            return -1;
        if (i >= 8)
            PREFETCH(&order->nodes[i - 8]->data);
        const Value *node = order->nodes[i];
        const double carried = node->grad;
        if (carried == 0.0)
            continue;
        const double out = node->data;
        switch (node->code) {
#define SWEEP(op)                                                                                            \
    case OP_##op:                                                                                            \
        carry(node->x.value, carried, slope_##op##_0(node->x.value->data, out));                             \
        break;
            UNARY_OPS(SWEEP)
#undef SWEEP
#define SWEEP(op)                                                                                            \
    case OP_##op: {                                                                                          \
        const double x = node->flags & X_IS_NUMBER ? node->x.number : node->x.value->data;                   \
        const double y = node->flags & Y_IS_NUMBER ? node->y.number : node->y.value->data;                   \
        if (!(node->flags & X_IS_NUMBER))                                                                    \
            carry(node->x.value, carried, slope_##op##_0(x, y, out));                                        \
        if (!(node->flags & Y_IS_NUMBER))                                                                    \
            carry(node->y.value, carried, slope_##op##_1(x, y, out));                                        \
        break;                                                                                               \
    }
            BINARY_OPS(SWEEP)
#undef SWEEP
#define SWEEP(op)                                                                                            \
    case OP_##op: {                                                                                          \
        PyObject *const *args = &PyTuple_GET_ITEM(node->x.object, 0);                                        \
        const double x = operand_number(args[0]), y = operand_number(args[1]), z = operand_number(args[2]);  \
        if (IS_VALUE(args[0]))                                                                               \
            carry((Value *)args[0], carried, slope_##op##_0(x, y, z, out));                                  \
        if (IS_VALUE(args[1]))                                                                               \
            carry((Value *)args[1], carried, slope_##op##_1(x, y, z, out));                                  \
        if (IS_VALUE(args[2]))                                                                               \
            carry((Value *)args[2], carried, slope_##op##_2(x, y, z, out));                                  \
        break;                                                                                               \
    }
            TERNARY_OPS(SWEEP)
#undef SWEEP
#define SWEEP(op)                                                                                            \
    case OP_##op: {                                                                                          \
        const Py_ssize_t n = PyTuple_GET_SIZE(node->x.object);                                               \
        for (Py_ssize_t k = 0; k < n; k++) {                                                                 \
            PyObject *x = PyTuple_GET_ITEM(node->x.object, k);                                               \
            if (IS_VALUE(x))                                                                                 \
                carry((Value *)x, carried, slope_##op##_0(operand_number(x), out));                          \
        }                                                                                                    \
        break;                                                                                               \
    }
            SEQUENCE_OPS(SWEEP)
#undef SWEEP
#define SWEEP(op)                                                                                            \
    case OP_##op: {                                                                                          \
        PyObject *const *xs = &PyTuple_GET_ITEM(node->x.object, 0);                                          \
        PyObject *const *ys = &PyTuple_GET_ITEM(node->y.object, 0);                                          \
        const Py_ssize_t n = PyTuple_GET_SIZE(node->x.object);                                               \
        for (Py_ssize_t k = 0; k < n; k++)                                                                   \
            if (IS_VALUE(xs[k]))                                                                             \
                carry((Value *)xs[k], carried, slope_##op##_0(operand_number(xs[k]), operand_number(ys[k]), out)); \
        for (Py_ssize_t k = 0; k < n; k++)                                                                   \
            if (IS_VALUE(ys[k]))                                                                             \
                carry((Value *)ys[k], carried, slope_##op##_1(operand_number(xs[k]), operand_number(ys[k]), out)); \
        break;                                                                                               \
    }
            TWO_SEQUENCES_OPS(SWEEP)
#undef SWEEP
        case CUSTOM:
            if (carry_custom(node, carried) < 0)
                return -1;
            break;
        }
    }
    return 0;
}

static void clear_grads(const Array *array)
{
    for (Py_ssize_t i = 0; i < array->count; i++)
        array->nodes[i]->grad = 0.0;
}

/* The part of backward() that holds the lock; -1 with a refusal or an exception. */
static int sweep_from(Value *root, double seed, Refusal *refusal)
{
    Walk walk;
    Array wanting = {0}, kept = {0};
    double *before = NULL;
    int done = -1;
    if (walk_from(&walk, root, 1) < 0 || check_fresh(&walk.order, &walk.leaves, walk.oldest, refusal) < 0)
        goto end;

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
    }
    before = PyMem_RawMalloc(leaves->count * sizeof(double));
    if (!before) {
        PyErr_NoMemory();
        goto end;
    }
    for (Py_ssize_t i = 0; i < leaves->count; i++)
        before[i] = leaves->nodes[i]->grad;
    clear_grads(leaves);
    root->grad = seed;
    thread.sweeping = 1;
    done = reverse(order);
    thread.sweeping = 0;
    for (Py_ssize_t i = 0; i < leaves->count; i++) {
        Value *leaf = leaves->nodes[i];
        leaf->grad = done == 0 && wants_gradients(leaf) ? before[i] + leaf->grad : before[i];
    }
end:
    end_walk(&walk);
    PyMem_RawFree(wanting.nodes);
    PyMem_RawFree(kept.nodes);
    PyMem_RawFree(before);
    return done;
}

static PyObject *value_backward(Value *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"seed", NULL};
    PyObject *given = NULL;
    double seed = 1.0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|O:backward", names, &given)
        || (given && to_double(given, "the seed of backward", &seed) < 0))
        return NULL;
    if (thread.sweeping)
        return refuse("nested_backward", NULL, NULL);
    if (begin_sweep() < 0)
        return NULL;
    Refusal refusal = {NULL};
    const int done = sweep_from(self, seed, &refusal);
    end_sweep();
    if (refusal.what)
        return refuse(refusal.what, (PyObject *)refusal.a, (PyObject *)refusal.b);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* The same for Python: what transforms.py and pickling.py ask of a backend */

static PyObject *as_list(const Array *array)
{
    PyObject *list = PyList_New(array->count);
    for (Py_ssize_t i = 0; list && i < array->count; i++)
        PyList_SET_ITEM(list, i, Py_NewRef(array->nodes[i]));
    return list;
}

/* The Values of an iterable in an array, and in `*owner` what keeps them alive as long as it. */
static int read_values(PyObject *objects, Array *array, PyObject **owner)
{
    *owner = PySequence_Tuple(objects);
    const Py_ssize_t count = *owner ? PyTuple_GET_SIZE(*owner) : 0;
    if (!*owner || !has_room(array, count))
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *object = PyTuple_GET_ITEM(*owner, i);
        if (!IS_VALUE(object)) {
            PyErr_Format(PyExc_TypeError, "expected a Value, not a %s", Py_TYPE(object)->tp_name);
            return -1;
        }
        array->nodes[array->count++] = (Value *)object;
    }
    return 0;
}

static void drop_values(Array *array, PyObject *owner)
{
    PyMem_RawFree(array->nodes);
    Py_XDECREF(owner);
}

static int is_connected(void)
{
    if (!value_type)
        PyErr_SetString(PyExc_RuntimeError, "the engine is not connected: import autograd first");
    return value_type != NULL;
}

static PyObject *engine_walk(PyObject *module, PyObject *roots, PyObject *keywords)
{
    PyObject *without = keywords ? PyDict_GetItemString(keywords, "stop") : NULL;
    PyObject *order = NULL, *leaves = NULL, *both = NULL, *kept = NULL, *kept_too = NULL;
    Array stop = {0};
    Walk walk;
    begin_walk(&walk);
    if (read_values(roots, &walk.stack, &kept) < 0 || (without && read_values(without, &stop, &kept_too) < 0))
        goto end;
    for (Py_ssize_t i = 0; i < stop.count; i++)
        stop.nodes[i]->seen = walk.number;
    if (place(&walk, 0) < 0)
        goto end;
    order = as_list(&walk.order);
    leaves = as_list(&walk.leaves);
    if (order && leaves)
        both = PyTuple_Pack(2, order, leaves);
end:
    Py_XDECREF(order);
    Py_XDECREF(leaves);
    Py_XDECREF(kept);
    drop_values(&stop, kept_too);
    end_walk(&walk);
    return both;
}

static PyObject *engine_between(PyObject *module, PyObject *args)
{
    PyObject *order, *sources, *list = NULL, *owners[2] = {NULL};
    if (!PyArg_ParseTuple(args, "OO", &order, &sources))
        return NULL;
    Array nodes = {0}, from = {0}, kept = {0};
    if (read_values(order, &nodes, &owners[0]) == 0 && read_values(sources, &from, &owners[1]) == 0
        && between(&nodes, &from, &kept) == 0)
        list = as_list(&kept);
    drop_values(&nodes, owners[0]);
    drop_values(&from, owners[1]);
    drop_values(&kept, NULL);
    return list;
}

static PyObject *engine_check_fresh(PyObject *module, PyObject *args)
{
    PyObject *order, *leaves, *owners[2] = {NULL};
    if (!PyArg_ParseTuple(args, "OO", &order, &leaves))
        return NULL;
    Array nodes = {0}, ends = {0};
    int fresh = read_values(order, &nodes, &owners[0]) == 0 && read_values(leaves, &ends, &owners[1]) == 0;
    uint64_t oldest = UINT64_MAX;
    for (Py_ssize_t i = 0; i < nodes.count; i++)
        if (nodes.nodes[i]->tick < oldest)
            oldest = nodes.nodes[i]->tick;
    Refusal refusal = {NULL};
    if (fresh && check_fresh(&nodes, &ends, oldest, &refusal) < 0) {
        refuse(refusal.what, (PyObject *)refusal.a, (PyObject *)refusal.b);
        fresh = 0;
    }
    drop_values(&nodes, owners[0]);
    drop_values(&ends, owners[1]);
    if (!fresh)
        return NULL;
    Py_RETURN_NONE;
}

static int add_seeds(PyObject *seeds)
{
    PyObject *iterator = PyObject_GetIter(seeds), *pair;
    while (iterator && (pair = PyIter_Next(iterator))) {
        PyObject *out;
        double weight;
        if (PyArg_ParseTuple(pair, "O!d", value_type, &out, &weight))
            ((Value *)out)->grad += weight;
        Py_DECREF(pair);
        if (PyErr_Occurred())
            break;
    }
    Py_XDECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *engine_pull(PyObject *module, PyObject *args)
{
    PyObject *order, *reached, *inputs, *seeds, *found = NULL, *owners[3] = {NULL};
    if (!is_connected() || !PyArg_ParseTuple(args, "OOOO", &order, &reached, &inputs, &seeds))
        return NULL;
    Array nodes = {0}, all = {0}, by = {0};
    if (read_values(order, &nodes, &owners[0]) == 0 && read_values(reached, &all, &owners[1]) == 0
        && read_values(inputs, &by, &owners[2]) == 0) {
        clear_grads(&all);
        clear_grads(&by);
        if (add_seeds(seeds) == 0 && reverse(&nodes) == 0)
            found = PyList_New(by.count);
        for (Py_ssize_t i = 0; found && i < by.count; i++) {
            PyObject *grad = PyFloat_FromDouble(by.nodes[i]->grad);
            if (grad)
                PyList_SET_ITEM(found, i, grad);
            else
                Py_CLEAR(found);
        }
        clear_grads(&all);
        clear_grads(&by);
    }
    drop_values(&nodes, owners[0]);
    drop_values(&all, owners[1]);
    drop_values(&by, owners[2]);
    return found;
}

static PyObject *engine_is_stale(PyObject *module, PyObject *object)
{
    if (!IS_VALUE(object))
        return PyErr_Format(PyExc_TypeError, "expected a Value, not a %s", Py_TYPE(object)->tp_name);
    const Value *node = (Value *)object;
    return PyBool_FromLong(node->code == LEAF ? node->tick > 0 : newer_leaf_of(node) != NULL);
}

static PyObject *engine_restore(PyObject *module, PyObject *args)
{
    Value *node;
    PyObject *path;
    int stale;
    if (!is_connected() || !PyArg_ParseTuple(args, "O!Up", value_type, &node, &path, &stale))
        return NULL;
    if (node->code == LEAF)
        node->tick = stale; /* before whatever is made from now on, but after what was stale */
    else if (stale)
        node->tick = 0; /* older than a leaf that was ever set */
    PyObject *label = get_label(node, NULL);
    const int done = label ? set_note(node, label, path) : -1;
    Py_XDECREF(label);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}
