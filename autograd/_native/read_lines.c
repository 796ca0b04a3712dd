/* Making Lines: from the nodes of a trace, or from a list of lines in Python. */

/* These functions return 1 if the operands are none that lines have. */

typedef int Reader(Lines *lines, const void *context, PyObject *object, int32_t *operand);

static int read_items(Lines *lines, PyObject *tuple, int32_t *to, Reader *read, const void *context)
{
    int done = 0;
    for (Py_ssize_t i = 0; done == 0 && i < PyTuple_GET_SIZE(tuple); i++)
        done = read(lines, context, PyTuple_GET_ITEM(tuple, i), &to[i]);
    return done;
}

/* Add the line of an op, given its operands as a tuple of single ones or of sequences. */
static int read_line(Lines *lines, PyObject *op, PyObject *args, Reader *read, const void *context)
{
    Py_ssize_t arity;
    int32_t number, *to;
    const int sequences = op_sequences(op, &arity);
    if (sequences < 0 || op_number(lines, op, &number) < 0)
        return -1;
    if (PyTuple_GET_SIZE(args) != arity)
        return 1;
    if (!sequences) {
        to = line_room(lines, arity);
        const int done = to ? read_items(lines, args, to, read, context) : -1;
        if (done == 0)
            end_line(lines, number, arity);
        return done;
    }
    Py_ssize_t size = -1;
    for (int i = 0; i < sequences; i++) {
        PyObject *sequence = PyTuple_GET_ITEM(args, i);
        if (!PyTuple_CheckExact(sequence) || (size >= 0 && PyTuple_GET_SIZE(sequence) != size))
            return 1;
        size = PyTuple_GET_SIZE(sequence);
    }
    to = line_room(lines, sequences * size);
    int done = to ? 0 : -1;
    for (int i = 0; done == 0 && i < sequences; i++)
        done = read_items(lines, PyTuple_GET_ITEM(args, i), to + i * size, read, context);
    if (done == 0)
        end_line(lines, number, sequences * size);
    return done;
}

/* An operand of a node: a Value or a float. */
static int read_node_operand(Lines *lines, const void *context, PyObject *object, int32_t *operand)
{
    const Sweep *places = context;
    if (PyFloat_CheckExact(object))
        return constant_operand(lines, PyFloat_AS_DOUBLE(object), operand);
    if (!IS_VALUE(object))
        return 1;
    const size_t place = place_of(places, (Value *)object);
    if (place >= places->count) /* a leaf made in the trace */
        return constant_operand(lines, ((Value *)object)->data, operand);
    *operand = (int32_t)place;
    return (Py_ssize_t)place < lines->inputs + lines->count ? 0 : 1;
}

static int read_number_or_value(Lines *lines, const Sweep *places, Operand x, int is_number, int32_t *operand)
{
    return is_number ? constant_operand(lines, x.number, operand)
                     : read_node_operand(lines, places, x.object, operand);
}

static int read_node(Lines *lines, const Sweep *places, const Value *node)
{
    const int shape = shapes[node->code];
    if (node->code == CUSTOM)
        return read_line(lines, node->y.object, node->x.object, read_node_operand, places);
    if (node->code == LEAF)
        return 1;
    const Py_ssize_t size = shape <= BINARY ? 1 : PyTuple_GET_SIZE(node->x.object);
    const Py_ssize_t count = shape == BINARY || shape == TWO_SEQUENCES ? 2 * size : size;
    int32_t *to = line_room(lines, count);
    int done = to ? 0 : -1;
    if (done == 0 && shape <= BINARY) {
        done = read_number_or_value(lines, places, node->x, node->flags & X_IS_NUMBER, &to[0]);
        if (done == 0 && shape == BINARY)
            done = read_number_or_value(lines, places, node->y, node->flags & Y_IS_NUMBER, &to[1]);
    }
    else if (done == 0) {
        done = read_items(lines, node->x.object, to, read_node_operand, places);
        if (done == 0 && shape == TWO_SEQUENCES)
            done = read_items(lines, node->y.object, to + size, read_node_operand, places);
    }
    if (done == 0)
        end_line(lines, node->code, count);
    return done;
}

static PyObject *place_or_float(const Lines *lines, int32_t operand)
{
    return operand >= 0 ? PyLong_FromLong(operand) : PyFloat_FromDouble(lines->constants[-1 - operand]);
}

/* lines_of(sources, nodes, roots): the nodes as Lines whose inputs are the sources, and a list of the operands that
 * stand for the roots, Values and floats; None if a node has other operands than Lines have. */
static PyObject *engine_lines_of(PyObject *module, PyObject *args)
{
    PyObject *given[3], *owners[2] = {NULL}, *results = NULL, *found = NULL, *roots = NULL;
    Lines *lines = NULL;
    if (!is_connected() || !PyArg_ParseTuple(args, "OOO", &given[0], &given[1], &given[2]))
        return NULL;
    Array sources = {0}, nodes = {0};
    Sweep places = {.nodes = {&sources, &nodes}};
    int done = -1;
    if (read_values(given[0], &sources, &owners[0]) < 0 || read_values(given[1], &nodes, &owners[1]) < 0
        || !(roots = PySequence_Fast(given[2], "roots are a sequence")) || !(lines = new_lines(sources.count)))
        goto end;
    number_nodes(&places);
    places.count = sources.count + nodes.count;
    done = 0;
    for (Py_ssize_t i = 0; done == 0 && i < nodes.count; i++)
        done = read_node(lines, &places, nodes.nodes[i]);
    const Py_ssize_t count = done == 0 ? PySequence_Fast_GET_SIZE(roots) : 0;
    results = PyList_New(count);
    for (Py_ssize_t i = 0; results && done == 0 && i < count; i++) {
        int32_t operand;
        done = read_node_operand(lines, &places, PySequence_Fast_GET_ITEM(roots, i), &operand);
        PyObject *object = done == 0 ? place_or_float(lines, operand) : NULL;
        if (object)
            PyList_SET_ITEM(results, i, object);
        else if (done == 0)
            done = -1;
    }
    if (done == 0 && results)
        found = PyTuple_Pack(2, lines, results);
    else if (done == 1)
        found = Py_NewRef(Py_None);
end:
    Py_XDECREF(roots);
    Py_XDECREF(results);
    Py_XDECREF(lines);
    drop_values(&sources, owners[0]);
    drop_values(&nodes, owners[1]);
    return found;
}

/* An operand of a line in Python: a place or a float. */
static int read_place_or_float(Lines *lines, const void *context, PyObject *object, int32_t *operand)
{
    if (PyFloat_CheckExact(object))
        return constant_operand(lines, PyFloat_AS_DOUBLE(object), operand);
    if (!PyLong_CheckExact(object))
        return 1;
    const long place = PyLong_AsLong(object);
    if (place == -1 && PyErr_Occurred())
        PyErr_Clear();
    *operand = (int32_t)place;
    return place >= 0 && place < lines->inputs + lines->count ? 0 : 1;
}

/* flattened(inputs, lines): Lines for a list of lines; None if they have other operands than Lines have. */
static PyObject *engine_flattened(PyObject *module, PyObject *args)
{
    Py_ssize_t inputs;
    PyObject *given;
    if (!is_connected() || !PyArg_ParseTuple(args, "nO", &inputs, &given))
        return NULL;
    PyObject *read = PySequence_Fast(given, "lines are a sequence");
    Lines *lines = read ? new_lines(inputs) : NULL;
    int done = lines ? 0 : -1;
    for (Py_ssize_t i = 0; done == 0 && i < PySequence_Fast_GET_SIZE(read); i++) {
        PyObject *line = PySequence_Fast_GET_ITEM(read, i);
        if (!PyTuple_CheckExact(line) || PyTuple_GET_SIZE(line) != 2
            || !PyObject_TypeCheck(PyTuple_GET_ITEM(line, 0), &callable_type)
            || !PyTuple_CheckExact(PyTuple_GET_ITEM(line, 1)))
            done = 1;
        else
            done = read_line(lines, PyTuple_GET_ITEM(line, 0), PyTuple_GET_ITEM(line, 1), read_place_or_float, NULL);
    }
    Py_XDECREF(read);
    if (done == 0)
        return (PyObject *)lines;
    Py_XDECREF(lines);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

