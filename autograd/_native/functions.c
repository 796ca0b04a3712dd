/* The functions of the module, besides the type Value: graph/engine.py imports them. */

static PyObject *as_list(const Array *array)
{
    PyObject *list = PyList_New(array->count);
    for (Py_ssize_t i = 0; list && i < array->count; i++)
        PyList_SET_ITEM(list, i, Py_NewRef(array->nodes[i]));
    return list;
}

/* Read the Values of an iterable into an array. `*owner` holds the references; a list that is given does, so nobody
 * may change it meanwhile. */
static int read_values(PyObject *objects, Array *array, PyObject **owner)
{
    *owner = PySequence_Fast(objects, "expected an iterable of Values");
    const Py_ssize_t count = *owner ? PySequence_Fast_GET_SIZE(*owner) : 0;
    if (!*owner || !has_room(array, count))
        return -1;
    PyObject **objects_read = PySequence_Fast_ITEMS(*owner);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *object = objects_read[i];
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
        list = kept.count == nodes.count && PyList_CheckExact(order) ? Py_NewRef(order) : as_list(&kept);
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

/* Read a number or a Value. */
static int read_term(PyObject *object, Term *term)
{
    *term = (Term){NULL, 0.0};
    if (IS_VALUE(object))
        *term = term_of(object);
    else if (PyFloat_CheckExact(object))
        term->number = PyFloat_AS_DOUBLE(object);
    else
        return to_double(object, "a weight", &term->number);
    return 0;
}

/* Values with a weight each, a number or another Value. */
typedef struct {
    Array nodes;
    Term *weights;
    PyObject *owners[2];
} Seeds;

/* Read seeds from an iterable of Values and one of weights; or from one of pairs, if `weights` is NULL. */
static int read_seeds(PyObject *nodes, PyObject *weights, Seeds *seeds)
{
    if (weights && read_values(nodes, &seeds->nodes, &seeds->owners[0]) < 0)
        return -1;
    PyObject *read = seeds->owners[1] = PySequence_Fast(weights ? weights : nodes, "expected an iterable");
    const Py_ssize_t count = read ? PySequence_Fast_GET_SIZE(read) : 0;
    if (!read || !has_room(&seeds->nodes, count))
        return -1;
    if (weights && count != seeds->nodes.count) {
        PyErr_SetString(PyExc_ValueError, "a seed is a Value with one weight");
        return -1;
    }
    seeds->weights = PyMem_RawMalloc((count + 1) * sizeof(Term));
    if (!seeds->weights) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(read, i);
        if (!weights) {
            if (!PyTuple_CheckExact(item) || PyTuple_GET_SIZE(item) != 2 || !IS_VALUE(PyTuple_GET_ITEM(item, 0))) {
                PyErr_Format(PyExc_TypeError, "a seed is a tuple of a Value and its weight, not a %s",
                             Py_TYPE(item)->tp_name);
                return -1;
            }
            seeds->nodes.nodes[seeds->nodes.count++] = (Value *)PyTuple_GET_ITEM(item, 0);
            item = PyTuple_GET_ITEM(item, 1);
        }
        if (read_term(item, &seeds->weights[i]) < 0)
            return -1;
    }
    return 0;
}

static void drop_seeds(Seeds *seeds)
{
    PyMem_RawFree(seeds->weights);
    drop_values(&seeds->nodes, seeds->owners[0]);
    Py_XDECREF(seeds->owners[1]);
}

static PyObject *as_floats(const Sweep *sweep, const Array *nodes)
{
    PyObject *list = PyList_New(nodes->count);
    for (Py_ssize_t i = 0; list && i < nodes->count; i++) {
        const double *number = adjoint_of(sweep, nodes->nodes[i]);
        PyObject *object = PyFloat_FromDouble(number ? *number : 0.0);
        if (object)
            PyList_SET_ITEM(list, i, object);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* A reverse sweep over `order` from the seeds to the ends, or a forward sweep from the seeds. */
static PyObject *sweep_numbers(PyObject *nodes, PyObject *to, PyObject *from, PyObject *weights, int is_forward)
{
    PyObject *found = NULL, *owners[2] = {NULL};
    Array order = {0}, ends = {0};
    Seeds seeds = {0};
    Sweep sweep = {.nodes = {&order, is_forward ? &seeds.nodes : &ends}};
    if (read_values(nodes, &order, &owners[0]) == 0 && read_values(to, &ends, &owners[1]) == 0
        && read_seeds(from, weights, &seeds) == 0 && begin_sweep(&sweep) == 0) {
        number_nodes(&sweep);
        for (Py_ssize_t i = 0; i < seeds.nodes.count; i++)
            carry(&sweep, seeds.nodes.nodes[i], 1.0, seeds.weights[i].number);
        if ((is_forward ? forward(&sweep, &order) : reverse(&sweep, &order, 0)) == 0)
            found = as_floats(&sweep, &ends);
    }
    end_sweep(&sweep);
    drop_seeds(&seeds);
    drop_values(&order, owners[0]);
    drop_values(&ends, owners[1]);
    return found;
}

/* pull(order, reached, inputs, seeds), the seeds pairs of a result and its weight */
static PyObject *engine_pull(PyObject *module, PyObject *args)
{
    PyObject *order, *reached, *inputs, *seeds;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOOO", &order, &reached, &inputs, &seeds))
        return NULL;
    return sweep_numbers(order, inputs, seeds, NULL, 0);
}

/* push(order, outs, inputs, tangents) */
static PyObject *engine_push(PyObject *module, PyObject *args)
{
    PyObject *order, *outs, *inputs, *tangents;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOOO", &order, &outs, &inputs, &tangents))
        return NULL;
    return sweep_numbers(order, outs, inputs, tangents, 1);
}

static PyObject *as_terms(const GraphSweep *sweep, const Array *nodes)
{
    PyObject *list = PyList_New(nodes->count);
    for (Py_ssize_t i = 0; list && i < nodes->count; i++) {
        const size_t place = place_of(&sweep->places, nodes->nodes[i]);
        PyObject *object = place < sweep->places.count ? term_object(sweep->terms[place]) : PyFloat_FromDouble(0.0);
        if (object)
            PyList_SET_ITEM(list, i, object);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* The same with Values for numbers; `gathers` says whether it makes one node of what is passed on to a node. */
static PyObject *sweep_terms(PyObject *nodes, PyObject *to, PyObject *from, PyObject *weights, int is_forward,
                             int gathers)
{
    PyObject *found = NULL, *owners[2] = {NULL};
    const int collects_garbage = PyGC_Disable(); /* there is none among the new tuples */
    Array order = {0}, ends = {0};
    Seeds seeds = {0};
    GraphSweep sweep = {.places = {.nodes = {&order, is_forward ? &seeds.nodes : &ends}},
                        .is_forward = is_forward,
                        .free_passed = -1};
    if (read_values(nodes, &order, &owners[0]) == 0 && read_values(to, &ends, &owners[1]) == 0
        && read_seeds(from, weights, &seeds) == 0) {
        number_nodes(&sweep.places);
        sweep.places.count = order.count + sweep.places.nodes[1]->count;
        sweep.terms = PyMem_RawCalloc(sweep.places.count + 1, sizeof(Term));
        sweep.passed_to = gathers ? PyMem_RawCalloc(sweep.places.count + 1, sizeof(PassedTo)) : NULL;
        if (!sweep.terms || (gathers && !sweep.passed_to))
            PyErr_NoMemory();
    }
    if (sweep.terms && (!gathers || sweep.passed_to)) {
        int done = 0;
        for (Py_ssize_t i = 0; done == 0 && i < seeds.nodes.count; i++) {
            const size_t place = place_of(&sweep.places, seeds.nodes.nodes[i]);
            if (place < sweep.places.count)
                done = gathers && !is_forward ? pass_on(&sweep, place, seeds.weights[i], (Term){NULL, 1.0})
                                              : add_term(&sweep.terms[place], kept(seeds.weights[i]));
        }
        if (done == 0)
            done = sweep_graph(&sweep, &order);
        for (Py_ssize_t i = 0; done == 0 && gathers && !is_forward && i < ends.count; i++) {
            const size_t place = place_of(&sweep.places, ends.nodes[i]);
            if (place < sweep.places.count && sweep.passed_to[place].count) {
                Py_XSETREF(sweep.terms[place].value, NULL);
                done = gather(&sweep, place, &sweep.terms[place]);
            }
        }
        if (done == 0)
            found = as_terms(&sweep, &ends);
        for (size_t i = 0; i < sweep.places.count; i++) {
            Py_XDECREF(sweep.terms[i].value);
            if (gathers)
                forget_passed(&sweep, i);
        }
    }
    PyMem_RawFree(sweep.places.entries);
    Py_XDECREF(sweep.places.collected);
    PyMem_RawFree(sweep.terms);
    PyMem_RawFree(sweep.passed_to);
    PyMem_RawFree(sweep.passed);
    if (collects_garbage)
        PyGC_Enable();
    drop_seeds(&seeds);
    drop_values(&order, owners[0]);
    drop_values(&ends, owners[1]);
    return found;
}

/* pull_graph(order, inputs, seeds) */
static PyObject *engine_pull_graph(PyObject *module, PyObject *args)
{
    PyObject *order, *inputs, *seeds;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOO", &order, &inputs, &seeds))
        return NULL;
    return sweep_terms(order, inputs, seeds, NULL, 0, 0);
}

/* pull_gathered(order, inputs, seeds) */
static PyObject *engine_pull_gathered(PyObject *module, PyObject *args)
{
    PyObject *order, *inputs, *seeds;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOO", &order, &inputs, &seeds))
        return NULL;
    return sweep_terms(order, inputs, seeds, NULL, 0, 1);
}

/* push_gathered(order, outs, inputs, tangents) */
static PyObject *engine_push_gathered(PyObject *module, PyObject *args)
{
    PyObject *order, *outs, *inputs, *tangents;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOOO", &order, &outs, &inputs, &tangents))
        return NULL;
    return sweep_terms(order, outs, inputs, tangents, 1, 1);
}

/* push_graph(order, outs, inputs, tangents) */
static PyObject *engine_push_graph(PyObject *module, PyObject *args)
{
    PyObject *order, *outs, *inputs, *tangents;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOOO", &order, &outs, &inputs, &tangents))
        return NULL;
    return sweep_terms(order, outs, inputs, tangents, 1, 0);
}

/* Thousands of new lists would let the garbage collector run again and again, and there is no garbage among them. */
static PyObject *as_rows(const double *numbers, Py_ssize_t rows, Py_ssize_t columns)
{
    const int collects = PyGC_Disable();
    PyObject *list = PyList_New(rows);
    for (Py_ssize_t i = 0; list && i < rows; i++) {
        PyObject *row = PyList_New(columns);
        for (Py_ssize_t j = 0; row && j < columns; j++) {
            PyObject *number = PyFloat_FromDouble(numbers[i * columns + j]);
            if (number)
                PyList_SET_ITEM(row, j, number);
            else
                Py_CLEAR(row);
        }
        if (row)
            PyList_SET_ITEM(list, i, row);
        else
            Py_CLEAR(list);
    }
    if (collects)
        PyGC_Enable();
    return list;
}

/* jacobian(order, inputs, outs, mode): a list with a row for each out */
static PyObject *engine_jacobian(PyObject *module, PyObject *args)
{
    PyObject *given[3], *rows = NULL, *owners[3] = {NULL};
    const char *mode;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOOs", &given[0], &given[1], &given[2], &mode))
        return NULL;
    Array order = {0}, inputs = {0}, outs = {0};
    Sweep sweep = {.nodes = {&order, &inputs}};
    Slopes slopes = {0};
    size_t *results = NULL;
    double *jacobian = NULL;
    if (read_values(given[0], &order, &owners[0]) < 0 || read_values(given[1], &inputs, &owners[1]) < 0
        || read_values(given[2], &outs, &owners[2]) < 0)
        goto end;
    number_nodes(&sweep);
    sweep.count = order.count + inputs.count;
    slopes.nodes = order.count;
    slopes.inputs = inputs.count;
    if (take_slopes(&slopes, &sweep, &order) < 0)
        goto end;
    results = PyMem_RawMalloc((outs.count + 1) * sizeof(size_t));
    jacobian = PyMem_RawCalloc((size_t)outs.count * inputs.count + 1, sizeof(double));
    if (!results || !jacobian) {
        PyErr_NoMemory();
        goto end;
    }
    for (Py_ssize_t i = 0; i < outs.count; i++)
        results[i] = place_of(&sweep, outs.nodes[i]);
    if (fill_jacobian(&slopes, results, outs.count, mode, jacobian) == 0)
        rows = as_rows(jacobian, outs.count, inputs.count);
end:
    PyMem_RawFree(sweep.entries);
    PyMem_RawFree(slopes.edges);
    PyMem_RawFree(slopes.starts);
    PyMem_RawFree(results);
    PyMem_RawFree(jacobian);
    drop_values(&order, owners[0]);
    drop_values(&inputs, owners[1]);
    drop_values(&outs, owners[2]);
    return rows;
}

/* settled(results): a list with the numbers of Values that depend on no leaf that wants gradients; other objects stay */
static PyObject *engine_settled(PyObject *module, PyObject *results)
{
    PyObject *list = PySequence_List(results);
    const Py_ssize_t count = list ? PyList_GET_SIZE(list) : 0;
    Walk walk;
    begin_walk(&walk);
    if (!list || !has_room(&walk.stack, count))
        goto end;
    for (Py_ssize_t i = count; i-- > 0;)
        if (IS_VALUE(PyList_GET_ITEM(list, i)))
            walk.stack.nodes[walk.stack.count++] = (Value *)PyList_GET_ITEM(list, i);
    if (walk.stack.count && place(&walk) < 0)
        goto failed;
    const uint64_t wants = ++walks;
    for (Py_ssize_t i = 0; i < walk.leaves.count; i++)
        if (wants_gradients(walk.leaves.nodes[i]))
            walk.leaves.nodes[i]->seen = wants;
    for (Py_ssize_t i = 0; i < walk.order.count; i++)
        if (any_operand_seen(walk.order.nodes[i], wants))
            walk.order.nodes[i]->seen = wants;
    end_walk(&walk);
    begin_walk(&walk); /* nothing of the graph is needed below, where nodes may be freed */
    for (Py_ssize_t i = 0; i < count; i++) {
        Value *node = (Value *)PyList_GET_ITEM(list, i);
        if (!IS_VALUE(node) || node->seen == wants)
            continue;
        PyObject *number = PyFloat_FromDouble(node->data);
        if (!number)
            goto failed;
        PyList_SET_ITEM(list, i, number);
        Py_DECREF(node);
    }
    goto end;
failed:
    Py_CLEAR(list);
end:
    end_walk(&walk);
    return list;
}

/* own(results, start): a list in which Values older than the tick are replaced by new nodes */
static PyObject *engine_own(PyObject *module, PyObject *args)
{
    PyObject *results;
    unsigned long long start;
    if (!is_connected() || !PyArg_ParseTuple(args, "OK", &results, &start))
        return NULL;
    PyObject *list = PySequence_List(results);
    for (Py_ssize_t i = 0; list && i < PyList_GET_SIZE(list); i++) {
        Value *node = (Value *)PyList_GET_ITEM(list, i);
        if (!IS_VALUE(node) || (node->code == LEAF ? node->x.birth : node->tick) >= start)
            continue;
        PyObject *new = record_unary(OP_identity, node->data, node);
        if (new && PyList_SetItem(list, i, new) == 0)
            continue;
        Py_CLEAR(list);
    }
    return list;
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

static PyObject *engine_clock(PyObject *module, PyObject *unused)
{
    return PyLong_FromUnsignedLongLong(tick);
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
