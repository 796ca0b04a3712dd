/* Recording: the operators and methods of Value, and the call of an op. */

/* What the operand `object` is: its number, and what a node keeps of it. */
ALWAYS_INLINE int read_operand(PyObject *object, double *number, Operand *kept, int *flags, int is_number)
{
    if (IS_VALUE(object)) {
        kept->value = (Value *)object;
        *number = kept->value->data;
        return 1;
    }
    if (PyFloat_CheckExact(object))
        *number = PyFloat_AS_DOUBLE(object);
    else if (PyLong_CheckExact(object)) {
        *number = PyLong_AsDouble(object);
        if (*number == -1.0 && PyErr_Occurred()) {
            PyErr_Clear(); /* too large: Python says so */
            return 0;
        }
    }
    else
        return 0;
    kept->number = *number;
    *flags |= is_number;
    return 1;
}

/* Under no_grad a result is a detached leaf. */
ALWAYS_INLINE int records(void)
{
    return !(in_a_block() && thread.paused);
}

ALWAYS_INLINE Value *new_result(int code, double data, int flags)
{
    Value *node = new_node(data, code, flags);
    if (node && in_a_block())
        node->note = Py_XNewRef(thread.path);
    return node;
}

ALWAYS_INLINE PyObject *record_unary(int code, double data, Value *x)
{
    if (!records())
        return new_leaf(data, CONSTANT);
    Value *node = new_result(code, data, 0);
    if (!node)
        return NULL;
    node->x.object = Py_NewRef(x);
    return (PyObject *)node;
}

ALWAYS_INLINE PyObject *record_binary(int code, double data, Operand x, Operand y, int flags)
{
    if (!records())
        return new_leaf(data, CONSTANT);
    Value *node = new_result(code, data, flags);
    if (!node)
        return NULL;
    if (!(flags & X_IS_NUMBER))
        Py_INCREF(x.object);
    if (!(flags & Y_IS_NUMBER))
        Py_INCREF(y.object);
    node->x = x;
    node->y = y;
    return (PyObject *)node;
}

/* A node whose operands are objects, of which it takes over the references; y may be NULL. */
static PyObject *record_objects(int code, double data, PyObject *x, PyObject *y)
{
    Value *node = records() ? new_result(code, data, 0) : NULL;
    if (node) {
        node->x.object = x;
        node->y.object = y;
        return (PyObject *)node;
    }
    Py_DECREF(x);
    Py_XDECREF(y);
    return PyErr_Occurred() ? NULL : new_leaf(data, CONSTANT);
}

/* The operators. `combine` of operand.py takes over where an operand is no plain number. */

ALWAYS_INLINE PyObject *operate(int code, double (*forward)(double, double), PyObject *a, PyObject *b)
{
    double x, y;
    Operand left, right;
    int flags = 0;
    if (RARELY(!read_operand(a, &x, &left, &flags, X_IS_NUMBER)
               || !read_operand(b, &y, &right, &flags, Y_IS_NUMBER)))
        return PyObject_CallFunctionObjArgs(python.combine, python.ops[code], a, b, NULL);
    return record_binary(code, forward(x, y), left, right, flags);
}

#define OPERATOR(op)                                                                                         \
    static PyObject *operator_##op(PyObject *a, PyObject *b)                                                 \
    {                                                                                                        \
        return operate(OP_##op, forward_##op, a, b);                                                         \
    }
OPERATOR(add)
OPERATOR(sub)
OPERATOR(mul)
OPERATOR(div)
#undef OPERATOR

static PyObject *operator_pow(PyObject *a, PyObject *b, PyObject *modulus)
{
    if (modulus != Py_None)
        Py_RETURN_NOTIMPLEMENTED;
    return operate(OP_pow, forward_pow, a, b);
}

static int operator_bool(Value *self)
{
    return self->data != 0.0;
}

/* The methods that the table gives: tanh, maximum ... */

#define METHOD(op)                                                                                           \
    static inline PyObject *method_##op(PyObject *self, PyObject *unused)                                    \
    {                                                                                                        \
        return record_unary(OP_##op, forward_##op(((Value *)self)->data), (Value *)self);                    \
    }
UNARY_OPS(METHOD)
#undef METHOD

static PyObject *call_op(PyObject *op, PyObject *const *args, Py_ssize_t count);

#define METHOD(op, method, doc)                                                                              \
    static PyObject *method_##op(PyObject *self, PyObject *other)                                            \
    {                                                                                                        \
        return call_op(python.ops[OP_##op], (PyObject *[]){self, other}, 2);                                 \
    }
BINARY_METHODS(METHOD)
#undef METHOD

static PyObject *operator_neg(PyObject *self)
{
    return method_neg(self, NULL);
}

static PyObject *operator_abs(PyObject *self)
{
    return method_abs(self, NULL);
}

/* Comparisons are of numbers, and give a bool. */

static PyObject *value_compare(PyObject *self, PyObject *other, int comparison)
{
    const double x = ((Value *)self)->data;
    double y;
    Operand kept;
    int flags = 0;
    if (!read_operand(other, &y, &kept, &flags, 0)) {
        PyObject *number = PyObject_CallOneArg(python.compared, other);
        if (!number || number == Py_NotImplemented)
            return number;
        y = PyFloat_AsDouble(number);
        Py_DECREF(number);
        if (y == -1.0 && PyErr_Occurred())
            return NULL;
    }
    Py_RETURN_RICHCOMPARE(x, y, comparison);
}

static Py_hash_t value_hash(PyObject *self)
{
    const uintptr_t address = (uintptr_t)self;
    return (Py_hash_t)(address >> 4 | address << (8 * sizeof(address) - 4)); /* never -1: it is aligned */
}

/* The call of an op, from Python. For rows of the table on Values and plain numbers it stays here. */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    int code;        /* -1 for an op that the extension was not compiled with, */
    uint64_t slopes; /* for which these bits tell the operands that have a slope; the last bit for the rest */
} Callable;

static double number_unary(int code, double x)
{
    switch (code) {
#define CASE(op)                                                                                             \
    case OP_##op:                                                                                            \
        return forward_##op(x);
        UNARY_OPS(CASE)
#undef CASE
    }
    Py_UNREACHABLE();
}

static double number_binary(int code, double x, double y)
{
    switch (code) {
#define CASE(op)                                                                                             \
    case OP_##op:                                                                                            \
        return forward_##op(x, y);
        BINARY_OPS(CASE)
#undef CASE
    }
    Py_UNREACHABLE();
}

static double number_ternary(int code, double x, double y, double z)
{
    switch (code) {
#define CASE(op)                                                                                             \
    case OP_##op:                                                                                            \
        return forward_##op(x, y, z);
        TERNARY_OPS(CASE)
#undef CASE
    }
    Py_UNREACHABLE();
}

static uint64_t custom_slopes(const Value *node)
{
    return ((Callable *)node->y.object)->slopes;
}

/* These functions give NULL without an exception where Python has to look at the operands. */

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

/* Whether a tuple holds Values and floats alone, as the operands of a node do. */
static int is_plain(PyObject *tuple)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        if (!IS_VALUE(item) && !PyFloat_CheckExact(item))
            return 0;
    }
    return 1;
}

/* The numbers of a tuple of Values and floats, and whether there is a Value among them. */
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

static double number_sequences(int code, int n, const double *xs, const double *ys)
{
    switch (code) {
#define CASE(op)                                                                                             \
    case OP_##op:                                                                                            \
        return forward_##op(n, xs);
        SEQUENCE_OPS(CASE)
#undef CASE
#define CASE(op)                                                                                             \
    case OP_##op:                                                                                            \
        return forward_##op(n, xs, ys);
        TWO_SEQUENCES_OPS(CASE)
#undef CASE
    }
    Py_UNREACHABLE();
}

enum { FEW = 64 };

/* `sequences` are one or two tuples of equal length, whose references are the caller's. */
static PyObject *call_sequences(int code, PyObject **sequences, int count)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(sequences[0]);
    double few[2 * FEW], *numbers = few;
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

static PyMemberDef callable_members[] = {
    {"_code", T_INT, offsetof(Callable, code), READONLY, "the op's place among those that are compiled; or -1"},
    {NULL},
};

static PyTypeObject callable_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.Callable",
    .tp_doc = "The base of Op: what is called.",
    .tp_basicsize = sizeof(Callable),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = callable_new,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Callable, vectorcall),
    .tp_members = callable_members,
};

/* A node of an op whose rules are in Python */

/* Make sure that the operands are what a node may have, and note which of them have slopes. */
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

/* The number that the rule of an op has given; -1 with TypeError. */
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
    if (!found)
        return -1;
    *number = PyFloat_AsDouble(found);
    Py_DECREF(found);
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
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

/* Value.apply_op(op, args), which `apply` of op.py calls: the operands are floats and Values. */
static PyObject *value_apply_op(PyObject *type, PyObject *const *given, Py_ssize_t count)
{
    if (count != 2 || !PyObject_TypeCheck(given[0], &callable_type) || !PyTuple_CheckExact(given[1]))
        return PyErr_Format(PyExc_TypeError, "apply_op takes an Op and a tuple of its operands");
    if (((Callable *)given[0])->code < 0)
        return call_custom(given[0], given[1]);
    return call_op(given[0], &PyTuple_GET_ITEM(given[1], 0), PyTuple_GET_SIZE(given[1]));
}

/* A node of any op with a number that is known: how a pickled graph is built. */
static PyObject *engine_recorded(PyObject *module, PyObject *given)
{
    PyObject *op, *args;
    double data;
    if (!is_connected())
        return NULL;
    if (!PyArg_ParseTuple(given, "O!O!d", &callable_type, &op, &PyTuple_Type, &args, &data))
        return NULL;
    const int paused = thread.paused, code = ((Callable *)op)->code;
    thread.paused = 0;
    PyObject *out;
    if (code < 0)
        out = check_operands(op, args) < 0 ? NULL : record_custom(op, args, data);
    else {
        out = call_op(op, &PyTuple_GET_ITEM(args, 0), PyTuple_GET_SIZE(args));
        if (out && IS_VALUE(out))
            ((Value *)out)->data = data;
    }
    thread.paused = paused;
    if (out && !IS_VALUE(out)) {
        Py_CLEAR(out);
        PyErr_SetString(PyExc_TypeError, "no operand is a Value");
    }
    return out;
}

#define METHOD(op, method, doc) {#method, method_##op, METH_NOARGS, #method "($self, /)\n--\n\n" doc},
#define METHOD_O(op, method, doc) {#method, method_##op, METH_O, #method "($self, other, /)\n--\n\n" doc},
static PyMethodDef value_methods[] = {
    UNARY_METHODS(METHOD) BINARY_METHODS(METHOD_O)
    {"backward", (PyCFunction)(void (*)(void))value_backward, METH_VARARGS | METH_KEYWORDS,
     "backward($self, /, seed=1.0)\n--\n\n"},
    {"apply_op", (PyCFunction)(void (*)(void))value_apply_op, METH_FASTCALL | METH_CLASS},
    {NULL},
};
#undef METHOD
#undef METHOD_O
