/* Recording of nodes: the operators and methods of Value. */

/* Read an operand: its number, and what a node keeps of the object. 0 if it is no plain operand. */
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
            PyErr_Clear(); /* the int is too large, and Python raises an error that says so */
            return 0;
        }
    }
    else
        return 0;
    kept->number = *number;
    *flags |= is_number;
    return 1;
}

/* A node without its operands yet or, under no_grad, a detached leaf (but a program records all the same). */
ALWAYS_INLINE Value *new_result(int code, double data, int flags)
{
    const State *state = state_of_node();
    if (RARELY(state != NULL) && !state->recording && !state->program) {
        code = LEAF;
        flags = CONSTANT;
    }
    Value *node = new_node(data, code, flags);
    if (node && RARELY(state != NULL))
        node->note = Py_XNewRef(state->origin);
    return node;
}

/* A finished node of a program; under no_grad it has no slopes. */
ALWAYS_INLINE PyObject *finished(Value *node)
{
    if (RARELY(program_blocks > 0)) {
        const State *state = state_of_task();
        if (state && state->program && !state->recording && node->code != OP_stop_gradient) {
            Value *cut = new_result(OP_stop_gradient, node->data, 0);
            if (cut)
                cut->x.value = node;
            else
                Py_DECREF(node);
            return (PyObject *)cut;
        }
    }
    return (PyObject *)node;
}

ALWAYS_INLINE PyObject *record_unary(int code, double data, Value *x)
{
    Value *node = new_result(code, data, 0);
    if (!node || node->code == LEAF)
        return (PyObject *)node;
    node->x.object = Py_NewRef(x);
    return finished(node);
}

ALWAYS_INLINE PyObject *record_binary(int code, double data, Operand x, Operand y, int flags)
{
    Value *node = new_result(code, data, flags);
    if (!node || node->code == LEAF)
        return (PyObject *)node;
    if (!(flags & X_IS_NUMBER))
        Py_INCREF(x.object);
    if (!(flags & Y_IS_NUMBER))
        Py_INCREF(y.object);
    node->x = x;
    node->y = y;
    return finished(node);
}

/* A node whose operands are objects; it takes over the references. y may be NULL. */
static PyObject *record_objects(int code, double data, PyObject *x, PyObject *y)
{
    Value *node = new_result(code, data, 0);
    if (node && node->code != LEAF) {
        node->x.object = x;
        node->y.object = y;
        return finished(node);
    }
    Py_DECREF(x);
    Py_XDECREF(y);
    return (PyObject *)node;
}

/* The operators. `combine` of table/operand.py handles all other operands. */

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
    PyObject *program = traced_program();
    if (RARELY(program != NULL)) {
        PyObject *found = PyObject_CallMethod(program, "guard", "O", self);
        const int truth = found ? PyObject_IsTrue(found) : -1;
        Py_XDECREF(found);
        return truth;
    }
    return self->data != 0.0;
}

/* Methods made from the table: tanh, maximum ... */

#define METHOD(op)                                                                                           \
    static inline PyObject *method_##op(PyObject *self, PyObject *unused)                                    \
    {                                                                                                        \
        return record_unary(OP_##op, forward_##op(((Value *)self)->data), (Value *)self);                    \
    }
UNARY_OPS(METHOD)
#undef METHOD

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

/* Comparisons are of numbers, and give a bool; in the trace of a program they give a node of a relation. */

static PyObject *value_compare(PyObject *self, PyObject *other, int comparison)
{
    if (RARELY(traced_program() != NULL))
        return PyObject_CallFunction(python.condition, "OOi", self, other, comparison);
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
