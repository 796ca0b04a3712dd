/* Replaying Lines on other operands, Values or numbers or Symbols: with Values it makes a graph of the same form. */

/* The result of line i, a new reference. Its operands stand in `found`. */
static PyObject *replay_line(Objects *found, Py_ssize_t i)
{
    const Lines *lines = found->lines;
    PyObject *op = op_object(lines, lines->ops[i]), *few[3] = {NULL}, *result = NULL;
    Py_ssize_t count;
    const int32_t *operands = operands_of(lines, i, &count);
    if (lines->ops[i] < 0 || sequence_counts[shapes[lines->ops[i]]]) {
        PyObject *args = args_of(found, i);
        if (args)
            result = call_op(op, &PyTuple_GET_ITEM(args, 0), PyTuple_GET_SIZE(args));
        Py_XDECREF(args);
        return result;
    }
    int done = 1;
    for (Py_ssize_t k = 0; k < count; k++)
        done &= (few[k] = object_of(found, operands[k])) != NULL;
    if (done)
        result = call_op(op, few, count);
    for (int k = 0; k < 3; k++)
        Py_XDECREF(few[k]);
    return result;
}

/* lines.replayed(operands): a list of the operands, one for each input, and of the results of all lines */
static PyObject *lines_replayed(PyObject *self, PyObject *given)
{
    const Lines *lines = (Lines *)self;
    PyObject *list = NULL, *read = PySequence_Fast(given, "operands are a sequence");
    Objects found;
    int done = begin_objects(&found, lines) < 0 || !read ? -1 : 0;
    if (done == 0 && PySequence_Fast_GET_SIZE(read) != lines->inputs) {
        PyErr_Format(PyExc_ValueError, "these lines have %zd inputs, not %zd", lines->inputs,
                     PySequence_Fast_GET_SIZE(read));
        done = -1;
    }
    for (Py_ssize_t i = 0; done == 0 && i < lines->inputs; i++)
        found.places[i] = Py_NewRef(PySequence_Fast_GET_ITEM(read, i));
    for (Py_ssize_t i = 0; done == 0 && i < lines->count; i++) {
        if (RARELY((i & 0xffff) == 0xffff) && PyErr_CheckSignals() < 0)
            done = -1;
        else
            done = (found.places[lines->inputs + i] = replay_line(&found, i)) ? 0 : -1;
    }
    if (done == 0 && (list = PyList_New(lines->inputs + lines->count)))
        for (Py_ssize_t i = 0; i < lines->inputs + lines->count; i++)
            PyList_SET_ITEM(list, i, Py_NewRef(found.places[i]));
    end_objects(&found);
    Py_XDECREF(read);
    return list;
}
