/* Quick calls: a jitted function is called with numbers, lists and arrays without a step in Python.
 *
 * A *structure* is what a jitted function keeps programs for: a pattern of the arguments, and the list of its
 * programs, which Python owns and keeps in the order in which they are tried. A call compares its arguments with
 * the patterns, copies the numbers into the frame of a Machine, runs it, and builds the result. Wherever a pattern
 * is not sure, a guard fails or a result is not finite, the call starts again in Python, by the method `_call`,
 * whose results are the same.
 *
 * Included by machine.c.
 */

enum { MOST_STRUCTURES = 8 }; /* of a function that are quick: each call may compare with all of them */

/* The engine; NULL without it. In a trace, which it counts, a jitted function calls its function. */
static const Connection *engine;

static struct {
    PyTypeObject *array, *number; /* numpy.ndarray and numpy.float64 */
    PyObject *empty;              /* numpy.empty */
} numpy;                          /* all NULL until connect_numpy() */

static PyObject *recorded_name; /* "recorded" */

/* Patterns: the nodes of a tree, each in front of its branches */

typedef enum { NUMBER, NUMBERS, ARRAY, ROWS, LIST, TUPLE, DICT, SAME, IDENTICAL } Kind;

typedef struct {
    Kind kind;
    int ndim;
    Py_ssize_t count;  /* branches, or numbers of NUMBERS, ARRAY and ROWS */
    PyObject *object;  /* the type of NUMBERS, the shape of ARRAY, or of all ROWS in one, the keys of DICT, or the object itself */
    Py_ssize_t *shape; /* of an array */
    PyTypeObject *type; /* of an object that is IDENTICAL, held by its key in Python; list or tuple, of ROWS */
} Node;

typedef struct {
    Node *nodes;
    Py_ssize_t count, room;
    Py_ssize_t numbers; /* leaves */
} Pattern;

static void free_pattern(Pattern *pattern)
{
    for (Py_ssize_t i = 0; i < pattern->count; i++) {
        Py_XDECREF(pattern->nodes[i].object);
        PyMem_Free(pattern->nodes[i].shape);
    }
    PyMem_Free(pattern->nodes);
    *pattern = (Pattern){0};
}

static int visit_pattern(const Pattern *pattern, visitproc visit, void *arg)
{
    for (Py_ssize_t i = 0; i < pattern->count; i++)
        Py_VISIT(pattern->nodes[i].object);
    return 0;
}

static int read_shape(Node *node)
{
    const Py_ssize_t ndim = PyTuple_GET_SIZE(node->object);
    node->ndim = (int)ndim;
    node->count = 1;
    node->shape = PyMem_Malloc((ndim + 1) * sizeof(Py_ssize_t));
    if (!node->shape) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < ndim; i++) {
        node->shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(node->object, i));
        if (node->shape[i] == -1 && PyErr_Occurred())
            return -1;
        node->count *= node->shape[i];
    }
    return 0;
}

/* Append the nodes of a pattern that patterns.py describes: tuples of a kind, an object, and branches, or the count
 * of NUMBERS, or the type of ROWS. */
static int read_pattern(Pattern *pattern, PyObject *described)
{
    int kind;
    PyObject *object, *branches;
    if (!PyTuple_Check(described)) {
        PyErr_SetString(PyExc_TypeError, "a pattern is a tuple of a kind, an object and branches");
        return -1;
    }
    if (!PyArg_ParseTuple(described, "iOO", &kind, &object, &branches))
        return -1;
    if (pattern->count == pattern->room) {
        const Py_ssize_t room = 2 * pattern->room + 4;
        Node *nodes = PyMem_Realloc(pattern->nodes, room * sizeof(Node));
        if (!nodes) {
            PyErr_NoMemory();
            return -1;
        }
        pattern->nodes = nodes;
        pattern->room = room;
    }
    Node *node = &pattern->nodes[pattern->count++];
    *node = (Node){.kind = (Kind)kind, .object = Py_NewRef(object)};
    switch (node->kind) {
    case NUMBER:
        pattern->numbers++;
        return 0;
    case NUMBERS:
        node->count = PyLong_AsSsize_t(branches);
        if (node->count < 0 || (object != (PyObject *)&PyList_Type && object != (PyObject *)&PyTuple_Type))
            break;
        pattern->numbers += node->count;
        return 0;
    case ARRAY:
    case ROWS: /* arrays of one shape in a list or tuple: of results alone */
        node->type = (PyTypeObject *)branches;
        if (!PyTuple_CheckExact(object) || read_shape(node) < 0 || (kind == ROWS && node->ndim < 2))
            break;
        pattern->numbers += node->count;
        return 0;
    case LIST:
    case TUPLE:
    case DICT:
        if (!PyTuple_CheckExact(branches)
            || (kind == DICT
                && (!PyTuple_CheckExact(object) || PyTuple_GET_SIZE(object) != PyTuple_GET_SIZE(branches))))
            break;
        node->count = PyTuple_GET_SIZE(branches); /* `node` may move in what follows */
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(branches); i++)
            if (read_pattern(pattern, PyTuple_GET_ITEM(branches, i)) < 0)
                return -1;
        return 0;
    case SAME:
    case IDENTICAL: /* hashed by its address: Python's key does not see a change of it either */
        node->type = Py_TYPE(object);
        return 0;
    }
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "a pattern of no kind");
    return -1;
}

/* Comparing arguments with a pattern. No Python code runs meanwhile, so that nothing changes under way. */

static int match_number(PyObject *object, double *number)
{
    if (PyFloat_CheckExact(object) || (numpy.number && Py_IS_TYPE(object, numpy.number))) {
        *number = PyFloat_AS_DOUBLE(object);
        return 1;
    }
    if (PyLong_CheckExact(object)) {
        int overflow;
        *number = (double)PyLong_AsLongLongAndOverflow(object, &overflow);
        return !overflow;
    }
    return 0;
}

/* Elements of arrays, which need not be aligned. */
#define READER(name, type)                                                                                   \
    static double read_##name(const char *from)                                                              \
    {                                                                                                        \
        type element;                                                                                        \
        memcpy(&element, from, sizeof(type));                                                                \
        return (double)element;                                                                              \
    }
#define ELEMENTS(F)                                                                                          \
    F('d', d, double) F('f', f, float) F('b', b, signed char) F('B', B, unsigned char) F('h', h, short)      \
    F('H', H, unsigned short) F('i', i, int) F('I', I, unsigned) F('l', l, long) F('q', q, long long)
#define ELEMENT_READER(format, name, type) READER(name, type)
ELEMENTS(ELEMENT_READER)

typedef double (*Reader)(const char *);

/* The function that reads an element of the array; NULL for types that are left to Python. */
static Reader reader_of(const Py_buffer *view)
{
    if (!view->format || !view->format[0] || view->format[1])
        return NULL;
    switch (view->format[0]) {
#define ELEMENT_CASE(format, name, type)                                                                     \
    case format:                                                                                             \
        return view->itemsize == sizeof(type) ? read_##name : NULL;
        ELEMENTS(ELEMENT_CASE)
    }
    return NULL;
}

static void copy_strided(const Py_buffer *view, Reader reader, int axis, const char *from, double **out)
{
    if (axis == view->ndim) {
        *(*out)++ = reader(from);
        return;
    }
    const Py_ssize_t count = view->shape[axis], stride = view->strides[axis];
    for (Py_ssize_t i = 0; i < count; i++, from += stride)
        copy_strided(view, reader, axis + 1, from, out);
}

/* An array of this shape and of common numbers; other arrays are for Python. */
static int match_array(const Node *node, PyObject *object, double **out)
{
    Py_buffer view;
    if (!numpy.array || !Py_IS_TYPE(object, numpy.array))
        return 0;
    if (PyObject_GetBuffer(object, &view, PyBUF_STRIDES | PyBUF_FORMAT) < 0) {
        PyErr_Clear();
        return 0;
    }
    const Reader reader = reader_of(&view);
    const int matches = reader && view.ndim == node->ndim
                        && (!node->ndim || memcmp(view.shape, node->shape, node->ndim * sizeof(Py_ssize_t)) == 0);
    if (matches && node->count && reader == read_d && PyBuffer_IsContiguous(&view, 'C')) {
        memcpy(*out, view.buf, node->count * sizeof(double));
        *out += node->count;
    }
    else if (matches && node->count)
        copy_strided(&view, reader, 0, view.buf, out);
    PyBuffer_Release(&view);
    return matches;
}

static int same_string(PyObject *a, PyObject *b)
{
    return a == b
           || (PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b) && PyUnicode_GET_LENGTH(a) == PyUnicode_GET_LENGTH(b)
               && PyUnicode_Compare(a, b) == 0);
}

static int same_object(PyObject *a, PyObject *b)
{
    return same_string(a, b)
           || (PyLong_CheckExact(a) && PyLong_CheckExact(b) && PyObject_RichCompareBool(a, b, Py_EQ) == 1);
}

/* Compare an object with a node and its branches: the next node behind these, or NULL if the object does not match.
 * Its numbers go to `*out`. */
static const Node *match(const Node *node, PyObject *object, double **out)
{
    const Node *next = node + 1;
    switch (node->kind) {
    case NUMBER:
        return match_number(object, (*out)++) ? next : NULL;
    case NUMBERS:
        if (!Py_IS_TYPE(object, (PyTypeObject *)node->object) || PySequence_Fast_GET_SIZE(object) != node->count)
            return NULL;
        for (Py_ssize_t i = 0; i < node->count; i++)
            if (!match_number(PySequence_Fast_GET_ITEM(object, i), (*out)++))
                return NULL;
        return next;
    case ARRAY:
        return match_array(node, object, out) ? next : NULL;
    case LIST:
    case TUPLE:
        if (!(node->kind == LIST ? PyList_CheckExact(object) : PyTuple_CheckExact(object))
            || PySequence_Fast_GET_SIZE(object) != node->count)
            return NULL;
        for (Py_ssize_t i = 0; next && i < node->count; i++)
            next = match(next, PySequence_Fast_GET_ITEM(object, i), out);
        return next;
    case DICT: {
        PyObject *key, *value;
        Py_ssize_t place = 0;
        if (!PyDict_CheckExact(object) || PyDict_GET_SIZE(object) != node->count)
            return NULL;
        for (Py_ssize_t i = 0; next && PyDict_Next(object, &place, &key, &value); i++)
            next = same_string(key, PyTuple_GET_ITEM(node->object, i)) ? match(next, value, out) : NULL;
        return next;
    }
    case SAME:
        return same_object(object, node->object) ? next : NULL;
    case IDENTICAL:
        return object == node->object && Py_TYPE(object) == node->type
                       && node->type->tp_hash == PyBaseObject_Type.tp_hash
                   ? next
                   : NULL;
    case ROWS: break;
    }
    return NULL;
}

/* Results */

typedef struct {
    const double *next; /* the output for the next leaf */
    const Node *node;
} Results;

static PyObject *next_number(Results *results)
{
    return PyFloat_FromDouble(*results->next++);
}

static PyObject *build_array(const Node *node, Results *results)
{
    PyObject *array = PyObject_CallOneArg(numpy.empty, node->object);
    Py_buffer view;
    if (!array)
        return NULL;
    if (PyObject_GetBuffer(array, &view, PyBUF_WRITABLE) < 0) {
        Py_DECREF(array);
        return NULL;
    }
    if (view.len == node->count * (Py_ssize_t)sizeof(double)) {
        memcpy(view.buf, results->next, view.len);
        results->next += node->count;
    }
    else {
        PyErr_SetString(PyExc_SystemError, "numpy.empty does not make arrays of doubles");
        Py_CLEAR(array);
    }
    PyBuffer_Release(&view);
    return array;
}

/* The object that the next node describes. */
static PyObject *build(Results *results)
{
    const Node *node = results->node++;
    PyObject *made = NULL;
    switch (node->kind) {
    case NUMBER:
        return next_number(results);
    case ARRAY:
        return build_array(node, results);
    case SAME:
    case IDENTICAL:
        return Py_NewRef(node->object);
    case NUMBERS:
    case ROWS: /* views of one array, which are quicker to make than arrays */
    case LIST:
    case TUPLE: {
        PyObject *rows = node->kind == ROWS ? build_array(node, results) : NULL;
        const int is_list = node->kind == NUMBERS ? node->object == (PyObject *)&PyList_Type
                            : node->kind == ROWS  ? node->type == &PyList_Type
                                                  : node->kind == LIST;
        const Py_ssize_t count = node->kind == ROWS ? node->shape[0] : node->count;
        if (node->kind != ROWS || rows)
            made = is_list ? PyList_New(count) : PyTuple_New(count);
        for (Py_ssize_t i = 0; made && i < count; i++) {
            PyObject *item = node->kind == NUMBERS ? next_number(results)
                             : rows                ? PySequence_GetItem(rows, i)
                                                   : build(results);
            if (!item)
                Py_CLEAR(made);
            else if (is_list)
                PyList_SET_ITEM(made, i, item);
            else
                PyTuple_SET_ITEM(made, i, item);
        }
        Py_XDECREF(rows);
        return made;
    }
    case DICT:
        made = PyDict_New();
        for (Py_ssize_t i = 0; made && i < node->count; i++) {
            PyObject *item = build(results);
            if (!item || PyDict_SetItem(made, PyTuple_GET_ITEM(node->object, i), item) < 0)
                Py_CLEAR(made);
            Py_XDECREF(item);
        }
        return made;
    }
    PyErr_SetString(PyExc_SystemError, "a pattern of no kind");
    return NULL;
}

/* QuickProgram: the base of the programs that a jitted function keeps */

/* Calls that give numbers; those of a program with captured leaves while the task records; with_gradients(). */
typedef enum { PLAIN, RECORDED, WITH_GRADIENTS, MODES } Mode;

/* What a call runs: a machine with the outputs of the program, after which slopes may come. */
typedef struct {
    Machine *machine; /* NULL if such calls are not quick */
    int finite;       /* whether results have to be finite; else the strict run in Python counts */
    PyObject *flags;  /* of each captured leaf whether it wants gradients, bytes of doubles; of PLAIN NULL */
    PyObject *values; /* RECORDED: what the method `recorded` takes besides numbers, None if no leaf wants gradients;
                         WITH_GRADIENTS: the leaves by which the slopes are, a list */
} Run;

typedef struct {
    PyObject_HEAD
    Run runs[MODES];
    Pattern result;     /* of no nodes if `rebuilt` makes the result from a list of numbers */
    PyObject *rebuilt;
    PyObject *captured; /* a tuple of the leaves from outside whose numbers are the last inputs */
} QuickProgram;

static PyTypeObject quick_program_type;

static Run held_run(const Run *run)
{
    Py_XINCREF(run->machine);
    Py_XINCREF(run->flags);
    Py_XINCREF(run->values);
    return *run;
}

static void drop_run(Run run)
{
    Py_XDECREF(run.machine);
    Py_XDECREF(run.flags);
    Py_XDECREF(run.values);
}

static int quick_program_traverse(QuickProgram *self, visitproc visit, void *arg)
{
    for (int mode = 0; mode < MODES; mode++) {
        Py_VISIT(self->runs[mode].machine);
        Py_VISIT(self->runs[mode].values);
    }
    Py_VISIT(self->rebuilt);
    Py_VISIT(self->captured);
    return visit_pattern(&self->result, visit, arg);
}

static int quick_program_clear(QuickProgram *self)
{
    for (int mode = 0; mode < MODES; mode++) { /* no call uses them: a call holds a reference to the program */
        const Run run = self->runs[mode];
        self->runs[mode] = (Run){NULL};
        drop_run(run);
    }
    Py_CLEAR(self->rebuilt);
    Py_CLEAR(self->captured);
    return 0;
}

static void quick_program_dealloc(QuickProgram *self)
{
    PyObject_GC_UnTrack(self);
    quick_program_clear(self);
    free_pattern(&self->result);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *quick_program_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    return type->tp_alloc(type, 0);
}

/* run_quickly(machine, finite, result, rebuilt, captured): let calls that give numbers be quick, once. */
static PyObject *run_quickly(QuickProgram *self, PyObject *args)
{
    PyObject *machine, *result, *rebuilt, *captured;
    int finite;
    Pattern pattern = {0};
    if (!PyArg_ParseTuple(args, "O!pOOO!", &machine_type, &machine, &finite, &result, &rebuilt, &PyTuple_Type, &captured))
        return NULL;
    if (result != Py_None
        && (read_pattern(&pattern, result) < 0 || pattern.numbers != ((Machine *)machine)->code.output_count)) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "the result has another number of leaves than the machine");
        free_pattern(&pattern);
        return NULL;
    }
    if (self->runs[PLAIN].machine) /* another thread was first */
        free_pattern(&pattern);
    else {
        self->result = pattern;
        self->rebuilt = Py_NewRef(rebuilt);
        self->captured = Py_NewRef(captured);
        self->runs[PLAIN] = (Run){(Machine *)Py_NewRef(machine), finite, NULL, NULL};
    }
    Py_RETURN_NONE;
}

/* differentiate_quickly(mode, machine, finite, flags, values): let calls of a mode be quick as long as the captured
 * leaves have these flags. */
static PyObject *differentiate_quickly(QuickProgram *self, PyObject *args)
{
    PyObject *machine, *flags, *values;
    int mode, finite;
    if (!PyArg_ParseTuple(args, "iO!pSO", &mode, &machine_type, &machine, &finite, &flags, &values))
        return NULL;
    const Machine *plain = self->runs[PLAIN].machine;
    const Code *code = &((Machine *)machine)->code;
    if (mode <= PLAIN || mode >= MODES || !plain || code->inputs != plain->code.inputs
        || code->output_count < plain->code.output_count
        || PyBytes_GET_SIZE(flags) != PyTuple_GET_SIZE(self->captured) * (Py_ssize_t)sizeof(double)) {
        PyErr_SetString(PyExc_ValueError, "the machine does not fit that of calls that give numbers");
        return NULL;
    }
    const Run made = {(Machine *)machine, finite, flags, values}, before = self->runs[mode];
    self->runs[mode] = held_run(&made);
    drop_run(before);
    Py_RETURN_NONE;
}

static PyObject *get_is_quick(QuickProgram *self, void *closure)
{
    return PyBool_FromLong(self->runs[PLAIN].machine != NULL);
}

static PyMethodDef quick_program_methods[] = {
    {"run_quickly", (PyCFunction)run_quickly, METH_VARARGS},
    {"differentiate_quickly", (PyCFunction)differentiate_quickly, METH_VARARGS},
    {NULL},
};

static PyGetSetDef quick_program_attributes[] = {
    {"is_quick", (getter)get_is_quick, NULL, "whether calls need no Python"},
    {NULL},
};

static PyTypeObject quick_program_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._machine.machine.QuickProgram",
    .tp_doc = "A program that is kept, with its Machine.",
    .tp_basicsize = sizeof(QuickProgram),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .tp_new = quick_program_new,
    .tp_dealloc = (destructor)quick_program_dealloc,
    .tp_traverse = (traverseproc)quick_program_traverse,
    .tp_clear = (inquiry)quick_program_clear,
    .tp_methods = quick_program_methods,
    .tp_getset = quick_program_attributes,
};

/* The outputs of a run side by side, behind the frame; `*finite` says whether all are finite. */
static const double *ordered_outputs(const Machine *machine, double *frame, int *finite)
{
    double *out = frame + machine->code.frame;
    const int count = machine->code.output_count;
    double sums[8] = {0.0}; /* of zeros, and of nan for each output that is not finite */
    int k = 0;
    copy_outputs(machine, frame, out);
    for (; k + 8 <= count; k += 8)
        for (int i = 0; i < 8; i++)
            sums[i] += out[k + i] - out[k + i];
    for (; k < count; k++)
        sums[0] += out[k] - out[k];
    for (int i = 1; i < 8; i++)
        sums[0] += sums[i];
    *finite = sums[0] == 0.0;
    return out;
}

static PyObject *list_of_numbers(const double *numbers, int count)
{
    PyObject *list = PyList_New(count);
    for (int k = 0; list && k < count; k++) {
        PyObject *number = PyFloat_FromDouble(numbers[k]);
        if (!number)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, k, number);
    }
    return list;
}

static PyObject *bytes_of_numbers(const double *numbers, int count)
{
    return PyBytes_FromStringAndSize((const char *)numbers, count * (Py_ssize_t)sizeof(double));
}

static PyObject *result_of(const QuickProgram *program, const double *outputs)
{
    Results results = {outputs, program->result.nodes};
    if (program->result.count)
        return build(&results);
    PyObject *numbers = list_of_numbers(outputs, program->runs[PLAIN].machine->code.output_count);
    PyObject *made = numbers ? PyObject_CallOneArg(program->rebuilt, numbers) : NULL;
    Py_XDECREF(numbers);
    return made;
}

/* The result of a call in a graph: the method `recorded` makes its Values. */
static PyObject *recorded_result(QuickProgram *program, const Run *run, const double *frame, const double *outputs)
{
    const Code *code = &run->machine->code;
    const int count = program->runs[PLAIN].machine->code.output_count, slopes = code->output_count - count;
    PyObject *inputs = bytes_of_numbers(frame, code->inputs), *results = list_of_numbers(outputs, count);
    PyObject *known = slopes ? bytes_of_numbers(outputs + count, slopes) : Py_NewRef(Py_None), *made = NULL;
    if (inputs && results && known)
        made = PyObject_CallMethodObjArgs((PyObject *)program, recorded_name, inputs, run->values, results, known, NULL);
    Py_XDECREF(inputs);
    Py_XDECREF(results);
    Py_XDECREF(known);
    return made;
}

/* The result of with_gradients(). */
static PyObject *result_with_gradients(const QuickProgram *program, const Run *run, const double *outputs)
{
    const int count = program->runs[PLAIN].machine->code.output_count;
    Py_ssize_t slopes = run->machine->code.output_count - count;
    PyObject *shape = Py_BuildValue("(n)", slopes), *result = shape ? result_of(program, outputs) : NULL, *made = NULL;
    if (result) {
        const Node node = {.kind = ARRAY, .count = slopes, .object = shape};
        Results rest = {outputs + count, NULL};
        PyObject *array = build_array(&node, &rest);
        made = array ? PyTuple_Pack(3, result, run->values, array) : NULL;
        Py_XDECREF(array);
    }
    Py_XDECREF(result);
    Py_XDECREF(shape);
    return made;
}

/* Structure: a pattern of arguments, and the programs for it */

typedef struct {
    PyObject_HEAD
    Pattern pattern;     /* nodes for each argument */
    PyObject *names;     /* of the last arguments */
    Py_ssize_t arguments;
    PyObject *programs;  /* a list that Python owns, of QuickPrograms: in the order in which they are tried */
} Structure;

static PyTypeObject structure_type;

static int structure_traverse(Structure *self, visitproc visit, void *arg)
{
    Py_VISIT(self->names);
    Py_VISIT(self->programs);
    return visit_pattern(&self->pattern, visit, arg);
}

static void structure_dealloc(Structure *self)
{
    PyObject_GC_UnTrack(self);
    free_pattern(&self->pattern);
    Py_XDECREF(self->names);
    Py_XDECREF(self->programs);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* Structure(patterns of the arguments, names of the last, programs) */
static PyObject *structure_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *patterns, *names, *programs;
    if (!PyArg_ParseTuple(args, "O!O!O!", &PyTuple_Type, &patterns, &PyTuple_Type, &names, &PyList_Type, &programs))
        return NULL;
    Structure *self = (Structure *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->arguments = PyTuple_GET_SIZE(patterns);
    self->names = Py_NewRef(names);
    self->programs = Py_NewRef(programs);
    for (Py_ssize_t i = 0; i < self->arguments; i++)
        if (read_pattern(&self->pattern, PyTuple_GET_ITEM(patterns, i)) < 0) {
            Py_DECREF(self);
            return NULL;
        }
    return (PyObject *)self;
}

static PyTypeObject structure_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._machine.machine.Structure",
    .tp_doc = "A pattern of arguments, and the programs for it.",
    .tp_basicsize = sizeof(Structure),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = structure_new,
    .tp_dealloc = (destructor)structure_dealloc,
    .tp_traverse = (traverseproc)structure_traverse,
};

/* The program at a place of the list, if it is quick and takes as many numbers; borrowed, else NULL. */
static QuickProgram *program_at(const Structure *structure, Py_ssize_t i)
{
    if (i >= PyList_GET_SIZE(structure->programs))
        return NULL;
    PyObject *found = PyList_GET_ITEM(structure->programs, i);
    if (!PyObject_TypeCheck(found, &quick_program_type))
        return NULL;
    QuickProgram *program = (QuickProgram *)found;
    const Machine *machine = program->runs[PLAIN].machine;
    const int fits = machine && machine->code.inputs == structure->pattern.numbers + PyTuple_GET_SIZE(program->captured);
    return fits ? program : NULL;
}

static int match_arguments(const Structure *structure, PyObject *const *args, double *out)
{
    const Node *node = structure->pattern.nodes;
    for (Py_ssize_t i = 0; node && i < structure->arguments; i++)
        node = match(node, args[i], &out);
    return !structure->arguments || node;
}

static int same_names(PyObject *names, PyObject *given)
{
    const Py_ssize_t count = given ? PyTuple_GET_SIZE(given) : 0;
    if (PyTuple_GET_SIZE(names) != count)
        return 0;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!same_string(PyTuple_GET_ITEM(names, i), PyTuple_GET_ITEM(given, i)))
            return 0;
    return 1;
}

/* The program that a call has used comes first from now on. */
static void move_to_front(PyObject *programs, QuickProgram *program)
{
    PyObject **items = ((PyListObject *)programs)->ob_item;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(programs); i++)
        if (items[i] == (PyObject *)program) {
            memmove(items + 1, items, i * sizeof(*items));
            items[0] = (PyObject *)program;
            return;
        }
}

typedef enum { FAILED = -1, OTHER_STRUCTURE, DONE, FOR_PYTHON } Outcome;

/* A call of a program, which holds references to what it uses: other threads and the collector may run meanwhile. */
typedef struct {
    QuickProgram *program;
    Mode mode;
    Run run;
    double *frame;
} Call;

static void end_call(Call *call)
{
    if (call->frame)
        give_frame(call->run.machine, call->frame);
    drop_run(call->run);
    Py_XDECREF(call->program);
}

/* Begin a call: DONE, or OTHER_STRUCTURE if such calls are not quick. */
static Outcome begin_call(Call *call, QuickProgram *program, Mode mode)
{
    if (mode == PLAIN && PyTuple_GET_SIZE(program->captured) && engine->is_recording())
        mode = RECORDED;
    *call = (Call){(QuickProgram *)Py_NewRef(program), mode, held_run(&program->runs[mode]), NULL};
    if (!call->run.machine)
        return OTHER_STRUCTURE;
    call->frame = take_frame(call->run.machine);
    return call->frame ? DONE : FAILED;
}

/* Make a call with the numbers of the arguments in its frame; FOR_PYTHON if its program does not hold, and `*failed` if
 * a guard said so. */
static Outcome make_call(Call *call, Py_ssize_t arguments, int *failed, PyObject **result)
{
    const Run *run = &call->run;
    const double *flags = run->flags ? (const double *)PyBytes_AS_STRING(run->flags) : NULL;
    int finite;
    if (!engine->read_leaves(call->program->captured, call->frame + arguments, flags))
        return FOR_PYTHON;
    *failed = run_machine(run->machine, call->frame);
    if (*failed)
        return FOR_PYTHON;
    const double *outputs = ordered_outputs(run->machine, call->frame, &finite);
    if (run->finite && !finite)
        return FOR_PYTHON;
    if (call->mode == WITH_GRADIENTS)
        *result = result_with_gradients(call->program, run, outputs);
    else if (call->mode == RECORDED && run->values != Py_None)
        *result = recorded_result(call->program, run, call->frame, outputs);
    else
        *result = result_of(call->program, outputs);
    return *result ? DONE : FAILED;
}

/* Call the first program that holds for the arguments, as `_found` of jit.py does. */
static Outcome call_structure(const Structure *structure, Mode mode, PyObject *const *args, PyObject **result)
{
    const Py_ssize_t count = structure->pattern.numbers;
    QuickProgram *program;
    Call first = {0}, next;
    Outcome outcome = OTHER_STRUCTURE;
    int failed = 1;
    for (Py_ssize_t i = 0; failed && (program = program_at(structure, i)); i++) {
        Call *call = i ? &next : &first;
        outcome = begin_call(call, program, mode);
        failed = 0;
        if (outcome == DONE && i)
            memcpy(call->frame, first.frame, count * sizeof(double));
        else if (outcome == DONE && !match_arguments(structure, args, call->frame))
            outcome = OTHER_STRUCTURE;
        if (outcome == DONE)
            outcome = make_call(call, count, &failed, result);
        if (outcome == DONE && i)
            move_to_front(structure->programs, program);
        if (i)
            end_call(call);
    }
    end_call(&first);
    return outcome;
}

/* QuickCallable: the base of jitted functions */

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    int count;
    Structure *structures[MOST_STRUCTURES]; /* the last used first */
} QuickCallable;

static PyTypeObject quick_callable_type;
static PyObject *call_name; /* "_call" */

static void put_first(QuickCallable *self, int place)
{
    Structure *structure = self->structures[place];
    memmove(self->structures + 1, self->structures, place * sizeof(*self->structures));
    self->structures[0] = structure;
}

/* Make a call without Python: FOR_PYTHON if that is not sure. */
static Outcome call_machine(QuickCallable *self, Mode mode, PyObject *const *args, Py_ssize_t count, PyObject *names,
                            PyObject **result)
{
    count += names ? PyTuple_GET_SIZE(names) : 0;
    for (int i = 0; engine && *engine->running_traces == 0 && i < self->count; i++) {
        Structure *structure = self->structures[i];
        if (structure->arguments != count || !same_names(structure->names, names))
            continue;
        Py_INCREF(structure);
        const Outcome outcome = call_structure(structure, mode, args, result);
        if (outcome != OTHER_STRUCTURE && i && i < self->count && self->structures[i] == structure)
            put_first(self, i);
        Py_DECREF(structure);
        if (outcome != OTHER_STRUCTURE)
            return outcome;
    }
    return FOR_PYTHON;
}

static PyObject *quick_call(PyObject *object, PyObject *const *args, size_t flags, PyObject *names)
{
    PyObject *result = NULL;
    if (call_machine((QuickCallable *)object, PLAIN, args, PyVectorcall_NARGS(flags), names, &result) != FOR_PYTHON)
        return result;
    PyObject *call = PyObject_GetAttr(object, call_name);
    result = call ? PyObject_Vectorcall(call, args, flags, names) : NULL;
    Py_XDECREF(call);
    return result;
}

/* quick_gradients(*args, **kwargs): what with_gradients() returns, or None if Python has to make the call. */
static PyObject *quick_gradients(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    PyObject *result = NULL;
    if (call_machine((QuickCallable *)object, WITH_GRADIENTS, args, count, names, &result) == FOR_PYTHON)
        Py_RETURN_NONE;
    return result;
}

static PyObject *quick_callable_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    QuickCallable *self = (QuickCallable *)type->tp_alloc(type, 0);
#if PY_VERSION_HEX < 0x030c0000 /* which does not hand it down to classes */
    if (type->tp_call == PyVectorcall_Call)
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
#endif
    if (self)
        self->vectorcall = quick_call;
    return (PyObject *)self;
}

static int quick_callable_traverse(QuickCallable *self, visitproc visit, void *arg)
{
    for (int i = 0; i < self->count; i++)
        Py_VISIT(self->structures[i]);
    return 0;
}

static int quick_callable_clear(QuickCallable *self)
{
    while (self->count) {
        Structure *structure = self->structures[--self->count];
        Py_DECREF(structure);
    }
    return 0;
}

static void quick_callable_dealloc(QuickCallable *self)
{
    PyObject_GC_UnTrack(self);
    quick_callable_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* call_quickly(structure): let calls with such arguments be quick; the structure used longest ago is dropped. */
static PyObject *call_quickly(QuickCallable *self, PyObject *structure)
{
    Structure *dropped = NULL;
    if (!Py_IS_TYPE(structure, &structure_type))
        return PyErr_Format(PyExc_TypeError, "call_quickly takes a Structure, not a %s", Py_TYPE(structure)->tp_name);
    for (int i = 0; i < self->count; i++)
        if (self->structures[i] == (Structure *)structure) {
            put_first(self, i);
            Py_RETURN_NONE;
        }
    if (self->count == MOST_STRUCTURES)
        dropped = self->structures[--self->count];
    self->structures[self->count++] = (Structure *)Py_NewRef(structure);
    put_first(self, self->count - 1);
    Py_XDECREF(dropped);
    Py_RETURN_NONE;
}

/* forget_quick_calls(): for tests. */
static PyObject *forget_quick_calls(QuickCallable *self, PyObject *ignored)
{
    quick_callable_clear(self);
    Py_RETURN_NONE;
}

static PyMethodDef quick_callable_methods[] = {
    {"call_quickly", (PyCFunction)call_quickly, METH_O},
    {"forget_quick_calls", (PyCFunction)forget_quick_calls, METH_NOARGS},
    {"quick_gradients", (PyCFunction)(void (*)(void))quick_gradients, METH_FASTCALL | METH_KEYWORDS},
    {NULL},
};

static PyTypeObject quick_callable_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._machine.machine.QuickCallable",
    .tp_doc = "The base of jitted functions: what is called.",
    .tp_basicsize = sizeof(QuickCallable),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = quick_callable_new,
    .tp_dealloc = (destructor)quick_callable_dealloc,
    .tp_traverse = (traverseproc)quick_callable_traverse,
    .tp_clear = (inquiry)quick_callable_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(QuickCallable, vectorcall),
    .tp_methods = quick_callable_methods,
};

/* connect(capsule): what the engine lets the machine use; without it no call is quick. */
static PyObject *machine_connect(PyObject *module, PyObject *capsule)
{
    const void *found = PyCapsule_GetPointer(capsule, CONNECTION);
    if (!found)
        return NULL;
    engine = found;
    Py_RETURN_NONE;
}

/* connect_numpy(ndarray, float64, empty): let arrays and numbers of NumPy be quick, once. */
static PyObject *machine_connect_numpy(PyObject *module, PyObject *args)
{
    PyObject *array, *number, *empty;
    if (!PyArg_ParseTuple(args, "O!O!O", &PyType_Type, &array, &PyType_Type, &number, &empty))
        return NULL;
    if (!numpy.array && PyType_IsSubtype((PyTypeObject *)number, &PyFloat_Type)) {
        numpy.array = (PyTypeObject *)Py_NewRef(array);
        numpy.number = (PyTypeObject *)Py_NewRef(number);
        numpy.empty = Py_NewRef(empty);
    }
    Py_RETURN_NONE;
}

/* Add the types and kinds to the module. */
static int add_calls(PyObject *module)
{
    static const char *const kinds[] = {"NUMBER", "NUMBERS", "ARRAY", "ROWS", "LIST",
                                        "TUPLE",  "DICT",    "SAME",  "IDENTICAL"};
    if (!call_name)
        call_name = PyUnicode_InternFromString("_call");
    if (!recorded_name)
        recorded_name = PyUnicode_InternFromString("recorded");
    if (!call_name || !recorded_name || PyType_Ready(&quick_program_type) < 0 || PyType_Ready(&structure_type) < 0
        || PyType_Ready(&quick_callable_type) < 0)
        return -1;
    if (PyModule_AddIntMacro(module, RECORDED) < 0 || PyModule_AddIntMacro(module, WITH_GRADIENTS) < 0)
        return -1;
    for (int kind = NUMBER; kind <= IDENTICAL; kind++)
        if (PyModule_AddIntConstant(module, kinds[kind], kind) < 0)
            return -1;
    if (PyModule_AddObjectRef(module, "QuickProgram", (PyObject *)&quick_program_type) < 0
        || PyModule_AddObjectRef(module, "Structure", (PyObject *)&structure_type) < 0)
        return -1;
    return PyModule_AddObjectRef(module, "QuickCallable", (PyObject *)&quick_callable_type);
}
