/* The functions of the module, besides the type Value: graph/engine.py imports them. */

static PyObject *as_list(const Array *array)
{
    PyObject *list = PyList_New(array->count);
    for (Py_ssize_t i = 0; list && i < array->count; i++)
        PyList_SET_ITEM(list, i, Py_NewRef(array->nodes[i]));
    return list;
}

/* Read the Values of an iterable into an array. `*owner` holds the references. */
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
    PyObject *since = keywords ? PyDict_GetItemString(keywords, "since") : NULL;
    PyObject *order = NULL, *leaves = NULL, *both = NULL, *kept = NULL, *kept_too = NULL;
    Array stop = {0};
    Walk walk;
    begin_walk(&walk);
    walk.since = since ? PyLong_AsUnsignedLongLong(since) : 0;
    if (PyErr_Occurred() || read_values(roots, &walk.stack, &kept) < 0
        || (without && read_values(without, &stop, &kept_too) < 0))
        goto end;
    for (Py_ssize_t i = 0; i < stop.count; i++)
        stop.nodes[i]->seen = walk.first;
    if (place(&walk) < 0)
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

/* Read the seeds of a sweep, pairs of a result and its weight. */
static int read_seeds(PyObject *pairs, Array *outs, double **weights, PyObject **owner)
{
    *owner = PySequence_Tuple(pairs);
    const Py_ssize_t count = *owner ? PyTuple_GET_SIZE(*owner) : 0;
    if (!*owner || !has_room(outs, count))
        return -1;
    *weights = PyMem_RawMalloc((count + 1) * sizeof(double));
    if (!*weights) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *pair = PyTuple_GET_ITEM(*owner, i), *out;
        if (!PyTuple_CheckExact(pair)) {
            PyErr_Format(PyExc_TypeError, "a seed is a tuple (out, weight), not a %s", Py_TYPE(pair)->tp_name);
            return -1;
        }
        if (!PyArg_ParseTuple(pair, "O!d", value_type, &out, &(*weights)[i]))
            return -1;
        outs->nodes[outs->count++] = (Value *)out;
    }
    return 0;
}

static PyObject *as_floats(const Sweep *sweep, const Array *nodes)
{
    PyObject *list = PyList_New(nodes->count);
    for (Py_ssize_t i = 0; list && i < nodes->count; i++) {
        PyObject *adjoint = PyFloat_FromDouble(sweep->adjoints[place_of(sweep, nodes->nodes[i])]);
        if (adjoint)
            PyList_SET_ITEM(list, i, adjoint);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyObject *engine_pull(PyObject *module, PyObject *args)
{
    PyObject *order, *reached, *inputs, *seeds, *found = NULL, *owners[4] = {NULL};
    if (!is_connected() || !PyArg_ParseTuple(args, "OOOO", &order, &reached, &inputs, &seeds))
        return NULL;
    Array nodes = {0}, all = {0}, by = {0}, outs = {0};
    double *weights = NULL;
    Sweep sweep = {.nodes = {&all, &by}};
    if (read_values(order, &nodes, &owners[0]) == 0 && read_values(reached, &all, &owners[1]) == 0
        && read_values(inputs, &by, &owners[2]) == 0 && read_seeds(seeds, &outs, &weights, &owners[3]) == 0
        && begin_sweep(&sweep) == 0) {
        number_nodes(&sweep);
        for (Py_ssize_t i = 0; i < outs.count; i++)
            carry(&sweep, outs.nodes[i], 1.0, weights[i]);
        if (reverse(&sweep, &nodes, 0) == 0)
            found = as_floats(&sweep, &by);
    }
    end_sweep(&sweep);
    PyMem_RawFree(weights);
    drop_values(&nodes, owners[0]);
    drop_values(&all, owners[1]);
    drop_values(&by, owners[2]);
    drop_values(&outs, owners[3]);
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
    PyObject *path, *source;
    int stale;
    if (!is_connected() || !PyArg_ParseTuple(args, "O!UUp", value_type, &node, &path, &source, &stale))
        return NULL;
    if (node->code == LEAF)
        node->tick = stale; /* before whatever is made from now on, but after what was stale */
    else if (stale)
        node->tick = 0; /* older than a leaf that was ever set */
    PyObject *label = get_label(node, NULL);
    const int done = set_note(node, label, path, source);
    Py_XDECREF(label);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *engine_advance_clock(PyObject *module, PyObject *unused)
{
    return PyLong_FromUnsignedLongLong(++tick);
}

static PyObject *engine_birth(PyObject *module, PyObject *object)
{
    if (!IS_VALUE(object))
        return PyErr_Format(PyExc_TypeError, "expected a Value, not a %s", Py_TYPE(object)->tp_name);
    const Value *node = (Value *)object;
    return PyLong_FromUnsignedLongLong(node->code == LEAF ? node->x.birth : node->tick);
}

/* A node of any op with a known number: unpickling builds graphs with it. */
static PyObject *engine_recorded(PyObject *module, PyObject *given)
{
    PyObject *op, *args;
    double data;
    if (!is_connected())
        return NULL;
    if (!PyArg_ParseTuple(given, "O!O!d", &callable_type, &op, &PyTuple_Type, &args, &data))
        return NULL;
    const int code = ((Callable *)op)->code;
    const State *state = current_state();
    if (state && !state->recording) {
        State *inside = copy_state(state);
        if (!inside)
            return NULL;
        inside->recording = 1;
        if (begin_state(inside, state) < 0)
            return NULL;
    }
    PyObject *out;
    if (code < 0)
        out = check_operands(op, args) < 0 ? NULL : record_custom(op, args, data);
    else {
        out = call_op(op, &PyTuple_GET_ITEM(args, 0), PyTuple_GET_SIZE(args));
        if (out && IS_VALUE(out))
            ((Value *)out)->data = data;
    }
    if (state && !state->recording && set_state(state) < 0)
        Py_CLEAR(out);
    if (out && !IS_VALUE(out)) {
        Py_CLEAR(out);
        PyErr_SetString(PyExc_TypeError, "no operand is a Value");
    }
    return out;
}
