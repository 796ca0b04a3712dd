/* The sweep that carries adjoints from users to operands, and backward(), which adds them to the leaves. */

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

ALWAYS_INLINE void carry(Value *x, double carried, double slope)
{
    if (slope != 0.0) /* strong zero: what is infinite may not make it nan */
        x->grad += carried * slope;
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

enum { FEW = 64 };

/* For an op whose slopes depend on all operands of its sequence; -1 with an exception. */
static int carry_to_sequence(const Value *node, double carried,
                             void (*write_slopes)(int, const double *, double, double *))
{
    const Py_ssize_t n = PyTuple_GET_SIZE(node->x.object);
    PyObject *const *operands = &PyTuple_GET_ITEM(node->x.object, 0);
    double few[2 * FEW], *numbers = few;
    if (n > FEW && !(numbers = PyMem_RawMalloc(2 * n * sizeof(double)))) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t k = 0; k < n; k++)
        numbers[k] = operand_number(operands[k]);
    double *slopes = numbers + n;
    write_slopes((int)n, numbers, node->data, slopes);
    for (Py_ssize_t k = 0; k < n; k++)
        if (IS_VALUE(operands[k]))
            carry((Value *)operands[k], carried, slopes[k]);
    if (numbers != few)
        PyMem_RawFree(numbers);
    return 0;
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
            SEQUENCE_OPS_SLOPE_BY_SLOPE(SWEEP)
#undef SWEEP
#define SWEEP(op)                                                                                            \
    case OP_##op:                                                                                            \
        if (carry_to_sequence(node, carried, slopes_##op) < 0)                                               \
            return -1;                                                                                       \
        break;
            SEQUENCE_OPS_ALL_SLOPES_AT_ONCE(SWEEP)
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
