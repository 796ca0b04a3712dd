/* Making and freeing nodes, and the attributes of Value. */

/* A node with one reference and no operands yet, or NULL with MemoryError. */
ALWAYS_INLINE Value *new_node(double data, int code, int flags)
{
    Value *node = take_place(code == LEAF ? LEAVES : NODES);
    if (RARELY(!node))
        return (Value *)PyErr_NoMemory();
    Py_SET_TYPE(node, value_type);
    Py_SET_REFCNT(node, 1);
    node->seen = 0;
    if (code == LEAF) {
        node->tick = 0;
        node->x.birth = tick;
    }
    else
        node->tick = tick;
    node->code = code;
    node->flags = flags;
    node->data = data;
    node->grad = 0.0;
    node->note = NULL;
    node->weakrefs = NULL;
    return node;
}

static PyObject *new_leaf(double data, int flags)
{
    Value *node = new_node(data, LEAF, flags);
    const State *state = state_of_node();
    if (node && state)
        node->note = Py_XNewRef(state->origin);
    return (PyObject *)node;
}

ALWAYS_INLINE int x_is_object(const Value *node)
{
    return node->code != LEAF && !(node->flags & X_IS_NUMBER);
}

ALWAYS_INLINE int y_is_object(const Value *node)
{
    const int shape = shapes[node->code];
    return shape == TWO_SEQUENCES || node->code == CUSTOM || (shape == BINARY && !(node->flags & Y_IS_NUMBER));
}

/* Freeing a node may free its operands, and so on. They wait in a list, so that nothing recurs. Each thread
 * has a list of its own: freeing other objects on the way may run any code, and other threads.
 */
static THREAD_LOCAL struct {
    Value *waiting;
    int at_it;
} freeing;

/* Give up a reference to an operand; a Value without any other reference joins the list. */
ALWAYS_INLINE Value *release(PyObject *operand, Value *waiting)
{
    Value *node = (Value *)operand;
    if (!IS_VALUE(operand) || Py_REFCNT(operand) != 1 || node->weakrefs)
        Py_DECREF(operand);
    else {
        Py_SET_REFCNT(operand, 0);
        node->next = waiting;
        waiting = node;
    }
    return waiting;
}

static void value_dealloc(PyObject *self)
{
    Value *node = (Value *)self;
    if (RARELY(node->weakrefs != NULL))
        PyObject_ClearWeakRefs(self);
    if (freeing.at_it) {
        node->next = freeing.waiting;
        freeing.waiting = node;
        return;
    }
    freeing.at_it = 1;
    Value *waiting = node;
    node->next = NULL;
    while ((node = waiting)) {
        waiting = node->next;
        if (x_is_object(node))
            waiting = release(node->x.object, waiting);
        if (y_is_object(node))
            waiting = release(node->y.object, waiting);
        Py_XDECREF(node->note);
        give_back(node);
        if (!waiting) { /* nodes that tuples and other objects have released meanwhile */
            waiting = freeing.waiting;
            freeing.waiting = NULL;
        }
    }
    freeing.at_it = 0;
}

/* Making leaves */

static PyObject *value_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"data", "label", "requires_grad", "parameter", NULL};
    PyObject *data, *label = NULL;
    int requires_grad = 1, parameter = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O$pp:Value", names, &data, &label, &requires_grad,
                                     &parameter))
        return NULL;
    double number;
    if (to_double(data, "a Value", &number) < 0)
        return NULL;
    PyObject *leaf = new_leaf(number, (requires_grad ? 0 : CONSTANT) | (parameter ? PARAMETER : 0));
    if (leaf && label && PyObject_SetAttrString(leaf, "label", label) < 0)
        Py_CLEAR(leaf);
    return leaf;
}

static PyObject *value_vectorcall(PyObject *type, PyObject *const *args, size_t count, PyObject *names)
{
    const Py_ssize_t positional = PyVectorcall_NARGS(count);
    if (positional == 1 && !names) {
        double number;
        return to_double(args[0], "a Value", &number) < 0 ? NULL : new_leaf(number, 0);
    }
    PyObject *node = NULL, *keywords = NULL, *tuple = PyTuple_New(positional);
    if (!tuple || (names && !(keywords = PyDict_New())))
        goto done;
    for (Py_ssize_t i = 0; i < positional; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++)
        if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, i), args[positional + i]) < 0)
            goto done;
    node = value_new((PyTypeObject *)type, tuple, keywords);
done:
    Py_XDECREF(tuple);
    Py_XDECREF(keywords);
    return node;
}

/* Attributes */

static int cannot_delete(PyObject *given, const char *name)
{
    if (given)
        return 0;
    PyErr_Format(PyExc_AttributeError, "the %s of a Value cannot be deleted", name);
    return -1;
}

/* -1 with TraceError while the task traces a program, in which a number that Python reads would be frozen. */
ALWAYS_INLINE int check_readable(Value *self, const char *what)
{
    PyObject *program = traced_program();
    if (RARELY(program != NULL)) {
        PyObject *error = PyObject_CallMethod(program, "refusal", "Os", self, what);
        if (error)
            PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_XDECREF(error);
        return -1;
    }
    return 0;
}

/* The number, also inside the trace of a program. */
static PyObject *get__number(Value *self, void *unused)
{
    return PyFloat_FromDouble(self->data);
}

static PyObject *get_data(Value *self, void *unused)
{
    return check_readable(self, ".data") < 0 ? NULL : PyFloat_FromDouble(self->data);
}

static int set_data(Value *self, PyObject *given, void *unused)
{
    if (cannot_delete(given, "data") < 0 || check_readable(self, ".data =") < 0)
        return -1;
    if (self->code != LEAF) {
        refuse("computed_data", (PyObject *)self, given);
        return -1;
    }
    double number;
    if (to_double(given, ".data", &number) < 0)
        return -1;
    self->data = number;
    self->tick = ++tick;
    return 0;
}

static PyObject *get_grad(Value *self, void *unused)
{
    return check_readable(self, ".grad") < 0 ? NULL : PyFloat_FromDouble(self->grad);
}

static int set_grad(Value *self, PyObject *given, void *unused)
{
    if (cannot_delete(given, "grad") < 0 || check_readable(self, ".grad =") < 0)
        return -1;
    if (given == Py_None) {
        refuse("missing_grad", NULL, NULL);
        return -1;
    }
    double number;
    if (to_double(given, ".grad", &number) < 0)
        return -1;
    self->grad = number;
    return 0;
}

static PyObject *op_of(const Value *node) /* borrowed; not of a leaf */
{
    return node->code == CUSTOM ? node->y.object : python.ops[node->code];
}

static PyObject *get_op(Value *self, void *unused)
{
    return Py_NewRef(self->code == LEAF ? Py_None : op_of(self));
}

static PyObject *operand_object(Operand operand, int is_number)
{
    return is_number ? PyFloat_FromDouble(operand.number) : Py_NewRef(operand.object);
}

static PyObject *get_args(Value *self, void *unused)
{
    if (self->code == LEAF)
        return PyTuple_New(0);
    const int shape = shapes[self->code];
    if (shape == TERNARY || shape == OTHER)
        return Py_NewRef(self->x.object);
    PyObject *args = PyTuple_New(shape == BINARY || shape == TWO_SEQUENCES ? 2 : 1);
    for (Py_ssize_t i = 0; args && i < PyTuple_GET_SIZE(args); i++) {
        PyObject *object = operand_object(i ? self->y : self->x, self->flags & (i ? Y_IS_NUMBER : X_IS_NUMBER));
        if (!object)
            Py_CLEAR(args);
        else
            PyTuple_SET_ITEM(args, i, object);
    }
    return args;
}

/* An item of a node's note, counted from its end: 1 is the source, 2 the path, 3 the label. */
static PyObject *note_part(const Value *self, int place)
{
    const Py_ssize_t size = self->note ? PyTuple_GET_SIZE(self->note) : 0;
    return place <= size ? Py_NewRef(PyTuple_GET_ITEM(self->note, size - place)) : PyUnicode_FromString("");
}

static PyObject *get_source(Value *self, void *unused)
{
    return note_part(self, 1);
}

static PyObject *get_path(Value *self, void *unused)
{
    return note_part(self, 2);
}

static PyObject *get_label(Value *self, void *unused)
{
    return note_part(self, 3);
}

static int set_note(Value *self, PyObject *label, PyObject *path, PyObject *source)
{
    if (!label || !path || !source)
        return -1;
    const int labelled = PyUnicode_GET_LENGTH(label) > 0;
    const int placed = PyUnicode_GET_LENGTH(path) > 0 || PyUnicode_GET_LENGTH(source) > 0;
    PyObject *note = labelled ? PyTuple_Pack(3, label, path, source)
                     : placed ? PyTuple_Pack(2, path, source)
                              : NULL;
    if (!note && (labelled || placed))
        return -1;
    Py_XSETREF(self->note, note);
    return 0;
}

static int set_label(Value *self, PyObject *label, void *unused)
{
    if (cannot_delete(label, "label") < 0)
        return -1;
    if (!PyUnicode_Check(label)) {
        refuse("label", label, NULL);
        return -1;
    }
    label = PyUnicode_FromObject(label); /* an object of a subclass might hold on to the node */
    PyObject *path = get_path(self, NULL), *source = get_source(self, NULL);
    const int done = set_note(self, label, path, source);
    Py_XDECREF(label);
    Py_XDECREF(path);
    Py_XDECREF(source);
    return done;
}

static PyObject *get_is_parameter(Value *self, void *unused)
{
    return PyBool_FromLong(self->flags & PARAMETER);
}

static int set_is_parameter(Value *self, PyObject *flag, void *unused)
{
    if (cannot_delete(flag, "is_parameter") < 0)
        return -1;
    const int truth = PyObject_IsTrue(flag);
    if (truth < 0)
        return -1;
    self->flags = truth ? self->flags | PARAMETER : self->flags & ~PARAMETER;
    return 0;
}

static PyObject *get_requires_grad(Value *self, void *unused)
{
    const int wanted = depends_on_wanting(self);
    return wanted < 0 ? NULL : PyBool_FromLong(wanted);
}

static int set_requires_grad(Value *self, PyObject *flag, void *unused)
{
    if (cannot_delete(flag, "requires_grad") < 0 || check_readable(self, ".requires_grad =") < 0)
        return -1;
    if (self->code != LEAF) {
        refuse("computed_requires_grad", (PyObject *)self, NULL);
        return -1;
    }
    const int truth = PyObject_IsTrue(flag);
    if (truth < 0)
        return -1;
    self->flags = truth ? self->flags & ~CONSTANT : self->flags | CONSTANT;
    return 0;
}

/* Refuse attributes that Value does not have. (The engine in Python does not: with a __setattr__, making a node
 * would take four times as long.) */
static int value_setattro(PyObject *self, PyObject *name, PyObject *given)
{
    const int done = PyObject_GenericSetAttr(self, name, given);
    if (done == 0 || !given || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return done;
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    if (PyObject_HasAttr((PyObject *)value_type, name))
        PyErr_Restore(type, error, traceback);
    else {
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        refuse("attribute", self, name);
    }
    return -1;
}

#define ATTRIBUTE(name, set) {#name, (getter)get_##name, (setter)(set)}
static PyGetSetDef value_attributes[] = {
    ATTRIBUTE(data, set_data),
    ATTRIBUTE(_number, NULL),
    ATTRIBUTE(grad, set_grad),
    ATTRIBUTE(op, NULL),
    ATTRIBUTE(args, NULL),
    ATTRIBUTE(label, set_label),
    ATTRIBUTE(path, NULL),
    ATTRIBUTE(source, NULL),
    ATTRIBUTE(is_parameter, set_is_parameter),
    ATTRIBUTE(requires_grad, set_requires_grad),
    {NULL},
};
