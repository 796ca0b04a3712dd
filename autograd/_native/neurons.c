/* A layer of neurons in one call: the nodes that dot, + and the activation would make, one after the other. */

/* A neuron: what an item of `rows` has, borrowed. */
typedef struct {
    PyObject *weights; /* a tuple of Values and floats */
    PyObject *bias;    /* a Value or float, or None */
    int activation;    /* the code of an op of one operand, or -1 */
    PyObject *block;   /* of the neuron's path, or None */
} Row;

/* The items of a list as a tuple, in `*kept` already if they are the same; borrowed, or NULL with MemoryError. */
static PyObject *tuple_of(PyObject *list, PyObject **kept)
{
    const Py_ssize_t size = PyList_GET_SIZE(list);
    if (!PyTuple_CheckExact(*kept) || PyTuple_GET_SIZE(*kept) != size
        || memcmp(&PyTuple_GET_ITEM(*kept, 0), &PyList_GET_ITEM(list, 0), size * sizeof(PyObject *))) {
        PyObject *tuple = PyList_AsTuple(list);
        if (!tuple)
            return NULL;
        Py_SETREF(*kept, tuple);
    }
    return *kept;
}

/* Read a row: 1, or 0 if Python has to look at it, -1 with an exception. */
static int read_row(PyObject *item, Row *row, PyObject **kept)
{
    if (!PyTuple_CheckExact(item) || PyTuple_GET_SIZE(item) != 4)
        return 0;
    PyObject *weights = PyTuple_GET_ITEM(item, 0), *activation = PyTuple_GET_ITEM(item, 2);
    row->bias = PyTuple_GET_ITEM(item, 1);
    row->block = PyTuple_GET_ITEM(item, 3);
    row->activation = -1;
    if (activation != Py_None) {
        if (!PyObject_TypeCheck(activation, &callable_type))
            return 0;
        row->activation = ((Callable *)activation)->code;
        if (row->activation < 0 || shapes[row->activation] != UNARY)
            return 0;
    }
    if ((row->bias != Py_None && !IS_VALUE(row->bias) && !PyFloat_CheckExact(row->bias))
        || (row->block != Py_None && !PyObject_TypeCheck(row->block, &block_type)))
        return 0;
    row->weights = weights;
    if (PyList_CheckExact(weights) && !(row->weights = tuple_of(weights, kept)))
        return -1;
    return PyTuple_CheckExact(row->weights) && is_plain(row->weights);
}

/* The output of a neuron for n inputs with these numbers. */
static PyObject *neuron(const Row *row, PyObject *inputs, const double *numbers, int values)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(inputs);
    double few[FEW], *weights = few;
    if (n > FEW && !(weights = PyMem_RawMalloc(n * sizeof(double))))
        return PyErr_NoMemory();
    values |= read_tuple(row->weights, weights);
    const double net = forward_dot((int)n, weights, numbers);
    if (weights != few)
        PyMem_RawFree(weights);
    PyObject *out = values ? record_objects(OP_dot, net, Py_NewRef(row->weights), Py_NewRef(inputs))
                           : PyFloat_FromDouble(net);
    if (out && row->bias != Py_None)
        Py_SETREF(out, call_binary(OP_add, out, row->bias));
    if (out && row->activation >= 0)
        Py_SETREF(out, call_unary(row->activation, out));
    return out;
}

/* neurons(rows, inputs, kept): a list; None if Python has to look at the operands. `kept` is a list with a tuple of
 * the weights of each row, or None. */
static PyObject *engine_neurons(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 3 || !PyList_CheckExact(args[0]) || !PyTuple_CheckExact(args[1]) || !is_plain(args[1])
        || !PyList_CheckExact(args[2]) || PyList_GET_SIZE(args[2]) != PyList_GET_SIZE(args[0]))
        Py_RETURN_NONE;
    PyObject *rows = args[0], *inputs = args[1], *kept = args[2];
    const Py_ssize_t n = PyTuple_GET_SIZE(inputs), size = PyList_GET_SIZE(rows);
    double few[FEW], *numbers = few;
    if (n > FEW && !(numbers = PyMem_RawMalloc(n * sizeof(double))))
        return PyErr_NoMemory();
    const int values = read_tuple(inputs, numbers);
    const State *outer = current_state();
    PyObject *outs = PyList_New(size);
    int done = outs ? 1 : -1;
    for (Py_ssize_t i = 0; done == 1 && i < size; i++) {
        Row row;
        PyObject *origin = outer ? outer->origin : NULL;
        done = read_row(PyList_GET_ITEM(rows, i), &row, &PyList_GET_ITEM(kept, i));
        if (done == 1 && PyTuple_GET_SIZE(row.weights) != n)
            done = 0;
        if (done == 1 && row.block != Py_None && !(origin = origin_inside((Block *)row.block, origin)))
            done = -1;
        if (done != 1)
            break;
        hold(&(State){.recording = outer ? outer->recording : 1, .origin = origin,
                       .program = outer ? outer->program : NULL});
        PyObject *out = neuron(&row, inputs, numbers, values);
        let_go();
        PyList_SET_ITEM(outs, i, out);
        done = out ? 1 : -1;
    }
    if (numbers != few)
        PyMem_RawFree(numbers);
    if (done == 1)
        return outs;
    Py_XDECREF(outs);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}
