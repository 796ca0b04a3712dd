/* Attributes of many Values at once. */

enum { DATA, GRAD, REQUIRES_GRAD, UNKNOWN };

static int attribute(PyObject *name)
{
    static const char *const names[] = {"data", "grad", "requires_grad"};
    int which = 0;
    while (which < UNKNOWN && !(PyUnicode_Check(name) && !PyUnicode_CompareWithASCIIString(name, names[which])))
        which++;
    return which;
}

/* Whether the object is a list of Values; of leaves if their numbers or wishes are meant. */
static int are_values(PyObject *list, int leaves)
{
    if (!PyList_CheckExact(list))
        return 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *item = PyList_GET_ITEM(list, i);
        if (!IS_VALUE(item) || (leaves && ((Value *)item)->code != LEAF))
            return 0;
    }
    return 1;
}

/* See connection.h. */
static int read_leaves(PyObject *leaves, double *numbers, const double *flags)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(leaves); i++) {
        const Value *leaf = (Value *)PyTuple_GET_ITEM(leaves, i);
        if (!IS_VALUE(leaf) || leaf->code != LEAF || (flags && wants_gradients(leaf) != (flags[i] != 0.0)))
            return 0;
        numbers[i] = leaf->data;
    }
    return 1;
}

/* gather(values, name): an array of doubles as a bytearray; None if Python has to look at the operands */
static PyObject *engine_gather(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    const int which = count == 2 && !traced_program() ? attribute(args[1]) : UNKNOWN;
    if (which == UNKNOWN || !is_connected() || !are_values(args[0], which == REQUIRES_GRAD)) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    const Py_ssize_t size = PyList_GET_SIZE(args[0]);
    PyObject *array = PyByteArray_FromStringAndSize(NULL, size * (Py_ssize_t)sizeof(double));
    double *numbers = array ? (double *)PyByteArray_AS_STRING(array) : NULL;
    for (Py_ssize_t i = 0; array && i < size; i++) {
        const Value *value = (Value *)PyList_GET_ITEM(args[0], i);
        numbers[i] = which == DATA ? value->data : which == GRAD ? value->grad : wants_gradients(value);
    }
    return array;
}

/* scatter(values, name, numbers): True; None if Python has to look at the operands */
static PyObject *engine_scatter(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    const int which = count == 3 && !traced_program() ? attribute(args[1]) : UNKNOWN;
    Py_buffer buffer;
    if (which > GRAD || !is_connected() || !are_values(args[0], which == DATA)
        || PyObject_GetBuffer(args[2], &buffer, PyBUF_FORMAT | PyBUF_ND) < 0) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    const Py_ssize_t size = PyList_GET_SIZE(args[0]);
    const int fits = buffer.format && !strcmp(buffer.format, "d") && buffer.ndim == 1 && buffer.shape[0] == size;
    const double *numbers = buffer.buf;
    const uint64_t now = fits && which == DATA && size ? ++tick : tick;
    for (Py_ssize_t i = 0; fits && i < size; i++) {
        Value *value = (Value *)PyList_GET_ITEM(args[0], i);
        if (which == GRAD)
            value->grad = numbers[i];
        else {
            value->data = numbers[i];
            value->tick = now;
        }
    }
    PyBuffer_Release(&buffer);
    if (fits)
        Py_RETURN_TRUE;
    Py_RETURN_NONE;
}
