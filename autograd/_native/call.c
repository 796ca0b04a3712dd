/* Calls of ops from Python: in C for rows of the table on Values and plain numbers, otherwise in Python. */

/* number_unary(code, x) and its kin: the number that a row gives for these operands. */
#define CALL(op, ...)                                                                                        \
    case OP_##op:                                                                                            \
        return forward_##op(__VA_ARGS__);
#define FORWARD(name, cases, ...)                                                                            \
    static double name(int code, __VA_ARGS__)                                                                \
    {                                                                                                        \
        switch (code) {                                                                                      \
            cases                                                                                            \
        }                                                                                                    \
        Py_UNREACHABLE();                                                                                    \
    }
#define WITH_X(op) CALL(op, x)
#define WITH_XY(op) CALL(op, x, y)
#define WITH_XYZ(op) CALL(op, x, y, z)
#define WITH_XS(op) CALL(op, n, xs)
#define WITH_XS_YS(op) CALL(op, n, xs, ys)
FORWARD(number_unary, UNARY_OPS(WITH_X), double x)
FORWARD(number_binary, BINARY_OPS(WITH_XY), double x, double y)
FORWARD(number_ternary, TERNARY_OPS(WITH_XYZ), double x, double y, double z)
FORWARD(number_sequences, SEQUENCE_OPS(WITH_XS) TWO_SEQUENCES_OPS(WITH_XS_YS), int n, const double *xs,
        const double *ys)

/* These functions return NULL without an exception if Python has to look at the operands. */

static PyObject *call_unary(int code, PyObject *x)
{
    double number;
    Operand kept;
    int flags = 0;
    if (!read_operand(x, &number, &kept, &flags, X_IS_NUMBER))
        return NULL;
    number = number_unary(code, number);
    return flags ? PyFloat_FromDouble(number) : record_unary(code, number, kept.value);
}

static PyObject *call_binary(int code, PyObject *a, PyObject *b)
{
    double x, y;
    Operand left, right;
    int flags = 0;
    if (!read_operand(a, &x, &left, &flags, X_IS_NUMBER) || !read_operand(b, &y, &right, &flags, Y_IS_NUMBER))
        return NULL;
    x = number_binary(code, x, y);
    return flags == (X_IS_NUMBER | Y_IS_NUMBER) ? PyFloat_FromDouble(x)
                                                : record_binary(code, x, left, right, flags);
}

/* The same operands with ints as floats: a new reference to a tuple. */
static PyObject *plain_operands(PyObject *const *items, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple && i < count; i++) {
        PyObject *item = items[i];
        if (IS_VALUE(item) || PyFloat_CheckExact(item))
            Py_INCREF(item);
        else if (PyLong_CheckExact(item)) {
            const double number = PyLong_AsDouble(item);
            item = number == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(number);
            PyErr_Clear();
        }
        else
            item = NULL;
        if (!item)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, i, item);
    }
    return tuple;
}

static PyObject *call_ternary(int code, PyObject *const *args)
{
    PyObject *operands = plain_operands(args, 3);
    if (!operands)
        return NULL;
    PyObject *const *items = &PyTuple_GET_ITEM(operands, 0);
    const double number =
        number_ternary(code, operand_number(items[0]), operand_number(items[1]), operand_number(items[2]));
    if (IS_VALUE(items[0]) || IS_VALUE(items[1]) || IS_VALUE(items[2]))
        return record_objects(code, number, operands, NULL);
    Py_DECREF(operands);
    return PyFloat_FromDouble(number);
}

/* Whether all items of a tuple are Values and floats, as the operands of a node are. */
static int is_plain(PyObject *tuple)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        if (!IS_VALUE(item) && !PyFloat_CheckExact(item))
            return 0;
    }
    return 1;
}

/* Read the numbers of a tuple of Values and floats; 1 if there is a Value among them. */
static int read_tuple(PyObject *tuple, double *numbers)
{
    int values = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        numbers[i] = operand_number(item);
        values |= IS_VALUE(item);
    }
    return values;
}

/* `sequences` are one or two tuples of equal length, whose references are the caller's. */
static PyObject *call_sequences(int code, PyObject **sequences, int count)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(sequences[0]);
    double few[2 * FEW], *numbers = few;
    few[0] = 0.0; /* which a sum over no number does not read, as a compiler may not see */
    if (n > INT_MAX)
        return NULL;
    for (int i = 0; i < count; i++) /* before a number is read: making a tuple may run any code */
        if (!is_plain(sequences[i])) {
            PyObject *tuple = plain_operands(&PyTuple_GET_ITEM(sequences[i], 0), n);
            if (!tuple)
                return NULL;
            Py_SETREF(sequences[i], tuple);
        }
    if (n > FEW && !(numbers = PyMem_RawMalloc(2 * n * sizeof(double))))
        return PyErr_NoMemory();
    int values = 0;
    for (int i = 0; i < count; i++)
        values |= read_tuple(sequences[i], numbers + i * n);
    const double number = number_sequences(code, (int)n, numbers, numbers + n);
    if (numbers != few)
        PyMem_RawFree(numbers);
    if (!values)
        return PyFloat_FromDouble(number);
    return record_objects(code, number, Py_NewRef(sequences[0]), count > 1 ? Py_NewRef(sequences[1]) : NULL);
}

static PyObject *call_in_python(PyObject *op, PyObject *const *args, Py_ssize_t count)
{
    PyObject *call = PyObject_GetAttrString(op, "_call");
    PyObject *out = call ? PyObject_Vectorcall(call, args, count, NULL) : NULL;
    Py_XDECREF(call);
    return out;
}

static PyObject *call_variadic(PyObject *op, PyObject *const *args, int count)
{
    PyObject *sequences[2] = {NULL, NULL}, *out = NULL;
    int equal = 1;
    for (int i = 0; i < count; i++) {
        if (PyTuple_CheckExact(args[i]))
            sequences[i] = Py_NewRef(args[i]);
        else if (PyList_CheckExact(args[i]))
            sequences[i] = PyList_AsTuple(args[i]);
        else
            sequences[i] = PyObject_CallFunctionObjArgs(python.sequence, op, args[i], NULL);
        if (!sequences[i])
            goto end;
        equal &= PyTuple_GET_SIZE(sequences[i]) == PyTuple_GET_SIZE(sequences[0]);
    }
    if (equal)
        out = call_sequences(((Callable *)op)->code, sequences, count);
    if (!out && !PyErr_Occurred())
        out = call_in_python(op, sequences, count); /* with tuples: an iterator can be read only once */
end:
    Py_XDECREF(sequences[0]);
    Py_XDECREF(sequences[1]);
    return out;
}

static PyObject *call_op(PyObject *op, PyObject *const *args, Py_ssize_t count)
{
    static const int arities[] = {[UNARY] = 1, [BINARY] = 2, [TERNARY] = 3, [SEQUENCE] = 1, [TWO_SEQUENCES] = 2};
    const int code = ((Callable *)op)->code;
    PyObject *out = NULL;
    if (code >= 0 && count == arities[shapes[code]]) {
        switch (shapes[code]) {
        case UNARY:
            out = call_unary(code, args[0]);
            break;
        case BINARY:
            out = call_binary(code, args[0], args[1]);
            break;
        case TERNARY:
            out = call_ternary(code, args);
            break;
        default:
            return call_variadic(op, args, (int)count);
        }
        if (out || PyErr_Occurred())
            return out;
    }
    return call_in_python(op, args, count);
}

static PyObject *callable_vectorcall(PyObject *self, PyObject *const *args, size_t count, PyObject *names)
{
    if (names && PyTuple_GET_SIZE(names)) {
        PyObject *call = PyObject_GetAttrString(self, "_call");
        PyObject *out = call ? PyObject_Vectorcall(call, args, PyVectorcall_NARGS(count), names) : NULL;
        Py_XDECREF(call);
        return out;
    }
    return call_op(self, args, PyVectorcall_NARGS(count));
}

static PyObject *callable_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    Callable *self = (Callable *)type->tp_alloc(type, 0);
    if (self) {
        self->vectorcall = callable_vectorcall;
        self->code = -1;
    }
    return (PyObject *)self;
}

static void callable_dealloc(Callable *self)
{
    Py_XDECREF(self->known);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMemberDef callable_members[] = {
    {"_code", T_INT, offsetof(Callable, code), READONLY, "the op's place in the compiled table; or -1"},
    {"collects", T_BOOL, offsetof(Callable, collects), 0, "whether the op is a Call or an Output"},
    {"_known", T_OBJECT, offsetof(Callable, known), 0, "the slopes of a Call of one result by its operands, or None"},
    {NULL},
};

static PyTypeObject callable_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.Callable",
    .tp_doc = "The base of Op: what is called.",
    .tp_basicsize = sizeof(Callable),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = callable_new,
    .tp_dealloc = (destructor)callable_dealloc,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Callable, vectorcall),
    .tp_members = callable_members,
};

/* Ops whose rules are in Python */

/* Make sure that a node may have these operands, and note in the op which operands have slopes. */
static int check_operands(PyObject *op, PyObject *args)
{
    PyObject *partials = PyObject_GetAttrString(op, "partials");
    if (!partials)
        return -1;
    const Py_ssize_t arity = PyTuple_GET_SIZE(args);
    int fit = PyTuple_CheckExact(partials) && PyTuple_GET_SIZE(partials) == arity;
    uint64_t slopes = 0;
    for (Py_ssize_t i = 0; i < arity && fit; i++) {
        PyObject *operand = PyTuple_GET_ITEM(args, i);
        fit = IS_VALUE(operand) || PyFloat_CheckExact(operand)
              || (PyTuple_CheckExact(operand) && is_plain(operand));
        if (PyTuple_GET_ITEM(partials, i) != Py_None)
            slopes |= (uint64_t)1 << (i < 63 ? i : 63);
    }
    Py_DECREF(partials);
    if (!fit) {
        PyErr_SetString(PyExc_TypeError, "the operands of a node are Values and floats, one for each partial");
        return -1;
    }
    ((Callable *)op)->slopes = slopes;
    return 0;
}

static PyObject *record_custom(PyObject *op, PyObject *args, double data)
{
    return record_objects(CUSTOM, data, Py_NewRef(args), Py_NewRef(op));
}

/* Read the number that the forward rule of an op returned; -1 with TypeError. */
static int result_number(PyObject *op, PyObject *result, double *number)
{
    if (PyFloat_CheckExact(result)) {
        *number = PyFloat_AS_DOUBLE(result);
        return 0;
    }
    PyObject *name = PyObject_GetAttrString(op, "name");
    PyObject *where = name ? PyUnicode_FromFormat("the result of %S", name) : NULL;
    PyObject *found = where ? PyObject_CallFunctionObjArgs(python.number, result, where, NULL) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(where);
    return convert(found, number);
}

static PyObject *call_custom(PyObject *op, PyObject *args)
{
    if (check_operands(op, args) < 0)
        return NULL;
    const uint64_t made = tick; /* before the numbers are read: a rule may set a leaf */
    PyObject *numbers = PyObject_CallFunctionObjArgs(python.numbers, op, args, NULL);
    PyObject *forward = numbers ? PyObject_GetAttrString(op, "forward") : NULL;
    PyObject *result = forward ? PyObject_CallObject(forward, numbers) : NULL;
    PyObject *out = NULL;
    double data;
    if (result && result_number(op, result, &data) == 0)
        out = record_custom(op, args, data);
    if (out && ((Value *)out)->code != LEAF)
        ((Value *)out)->tick = made;
    Py_XDECREF(numbers);
    Py_XDECREF(forward);
    Py_XDECREF(result);
    return out;
}

/* Value.apply_op(op, args), which apply() in table/op.py calls with floats and Values. */
static PyObject *value_apply_op(PyObject *type, PyObject *const *given, Py_ssize_t count)
{
    if (count != 2 || !PyObject_TypeCheck(given[0], &callable_type) || !PyTuple_CheckExact(given[1]))
        return PyErr_Format(PyExc_TypeError, "apply_op takes an Op and a tuple of its operands");
    if (((Callable *)given[0])->code < 0)
        return call_custom(given[0], given[1]);
    return call_op(given[0], &PyTuple_GET_ITEM(given[1], 0), PyTuple_GET_SIZE(given[1]));
}
