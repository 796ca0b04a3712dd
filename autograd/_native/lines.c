/* Lines: the lines of a program in flat arrays, which the passes over programs read and make.
 *
 * An operand is the place of an input or of an earlier line, or -1 - k for constant k. The operands of a line stand
 * one after the other; those of several sequences, which are equally long, sequence after sequence.
 */

typedef struct {
    PyObject_HEAD
    Py_ssize_t inputs; /* how many places come before those of the lines */
    Py_ssize_t count, room;
    int32_t *ops;      /* the code of a row; or -1 - k for op k of `others` */
    int32_t *starts;   /* where the operands of each line start, and where those of the last line end */
    int32_t *operands;
    Py_ssize_t operand_room;
    double *constants; /* no two of them have the same bits */
    Py_ssize_t constant_count, constant_room;
    Table known;       /* the constants */
    PyObject *others;  /* a list of the ops that are no rows of the compiled table */
    Table known_ops;   /* these */
} Lines;

static PyTypeObject lines_type;

static const unsigned char sequence_counts[] = {[SEQUENCE] = 1, [TWO_SEQUENCES] = 2, [OTHER] = 0};
static const unsigned char arities[] = {[UNARY] = 1, [BINARY] = 2, [TERNARY] = 3, [SEQUENCE] = 1, [TWO_SEQUENCES] = 2,
                                        [OTHER] = 0};

static Lines *new_lines(Py_ssize_t inputs)
{
    if (inputs < 0 || inputs >= INT32_MAX) {
        PyErr_Format(PyExc_ValueError, "the number of inputs is not %zd", inputs);
        return NULL;
    }
    Lines *lines = PyObject_GC_New(Lines, &lines_type);
    if (!lines)
        return NULL;
    memset((char *)lines + offsetof(Lines, inputs), 0, sizeof(Lines) - offsetof(Lines, inputs));
    lines->inputs = inputs;
    lines->others = PyList_New(0);
    lines->starts = PyMem_RawCalloc(1, sizeof(int32_t));
    PyObject_GC_Track(lines);
    if (!lines->others || !lines->starts) {
        Py_DECREF(lines);
        return (Lines *)PyErr_NoMemory();
    }
    return lines;
}

static int lines_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Lines *)self)->others);
    return 0;
}

static int lines_clear(PyObject *self)
{
    Py_CLEAR(((Lines *)self)->others);
    return 0;
}

static void lines_dealloc(PyObject *self)
{
    Lines *lines = (Lines *)self;
    PyObject_GC_UnTrack(self);
    Py_XDECREF(lines->others);
    PyMem_RawFree(lines->ops);
    PyMem_RawFree(lines->starts);
    PyMem_RawFree(lines->operands);
    PyMem_RawFree(lines->constants);
    free_table(&lines->known);
    free_table(&lines->known_ops);
    PyObject_GC_Del(self);
}

/* Where the operands of the next line go, of which there are `count`; NULL with MemoryError. */
static int32_t *line_room(Lines *lines, Py_ssize_t count)
{
    const Py_ssize_t start = lines->starts[lines->count];
    Py_ssize_t room = lines->room;
    if (lines->inputs + lines->count + 1 >= INT32_MAX
        || grow(&lines->operands, &lines->operand_room, start + count + 1, sizeof(int32_t)) < 0
        || grow(&lines->ops, &room, lines->count + 1, sizeof(int32_t)) < 0)
        return PyErr_Occurred() ? NULL : (int32_t *)PyErr_NoMemory();
    if (room > lines->room) {
        int32_t *starts = PyMem_RawRealloc(lines->starts, (size_t)(room + 1) * sizeof(int32_t));
        if (!starts)
            return (int32_t *)PyErr_NoMemory();
        lines->starts = starts;
        lines->room = room;
    }
    return lines->operands + start;
}

/* Add the line whose operands have been written to `line_room`. */
ALWAYS_INLINE void end_line(Lines *lines, int op, Py_ssize_t count)
{
    const int32_t start = lines->starts[lines->count];
    lines->ops[lines->count++] = op;
    lines->starts[lines->count] = start + (int32_t)count;
}

static int add_line(Lines *lines, int op, const int32_t *operands, Py_ssize_t count)
{
    int32_t *place = line_room(lines, count);
    if (!place)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++)
        place[i] = operands[i];
    end_line(lines, op, count);
    return 0;
}

ALWAYS_INLINE const int32_t *operands_of(const Lines *lines, Py_ssize_t i, Py_ssize_t *count)
{
    *count = lines->starts[i + 1] - lines->starts[i];
    return lines->operands + lines->starts[i];
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    if (number != number)
        return UINT64_C(0x7FF8) << 48; /* all nans count as one */
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* The operand that stands for a number; -1 with MemoryError. */
static int constant_operand(Lines *lines, double number, int32_t *operand)
{
    const uint64_t bits = bits_of(number), mixed = mix(0, bits);
    const uint32_t hash = (uint32_t)(mixed ^ mixed >> 29);
    if (table_room(&lines->known, 1) < 0)
        return -1;
    Slot *slot = first_slot(&lines->known, hash);
    while (slot->entry && bits_of(lines->constants[slot->entry - 1]) != bits)
        slot = next_slot(&lines->known, slot);
    if (!slot->entry) {
        if (grow(&lines->constants, &lines->constant_room, lines->constant_count + 1, sizeof(double)) < 0)
            return -1;
        fill_slot(&lines->known, slot, hash, lines->constant_count);
        lines->constants[lines->constant_count++] = number;
    }
    *operand = -slot->entry;
    return 0;
}

/* The number of an op in `ops`; -1 with an exception. */
static int op_number(Lines *lines, PyObject *op, int32_t *number)
{
    *number = ((Callable *)op)->code;
    if (*number >= 0)
        return 0;
    const uint64_t mixed = mix(0, (uintptr_t)op);
    const uint32_t hash = (uint32_t)(mixed ^ mixed >> 29);
    if (table_room(&lines->known_ops, 1) < 0)
        return -1;
    Slot *slot = first_slot(&lines->known_ops, hash);
    while (slot->entry && PyList_GET_ITEM(lines->others, slot->entry - 1) != op)
        slot = next_slot(&lines->known_ops, slot);
    if (!slot->entry) {
        if (PyList_Append(lines->others, op) < 0)
            return -1;
        fill_slot(&lines->known_ops, slot, hash, PyList_GET_SIZE(lines->others) - 1);
    }
    *number = -slot->entry;
    return 0;
}

static PyObject *op_object(const Lines *lines, int32_t op) /* borrowed */
{
    return op >= 0 ? python.ops[op] : PyList_GET_ITEM(lines->others, -1 - op);
}

/* How many sequences an op takes, 0 for an op of single numbers; and how many numbers, if it is. -1 with an
 * exception. */
static int op_sequences(PyObject *op, Py_ssize_t *arity)
{
    const int code = ((Callable *)op)->code;
    if (code >= 0) {
        *arity = arities[shapes[code]];
        return sequence_counts[shapes[code]];
    }
    PyObject *variadic = PyObject_GetAttrString(op, "variadic"), *count = PyObject_GetAttrString(op, "arity");
    const int is_variadic = variadic && count ? PyObject_IsTrue(variadic) : -1;
    *arity = is_variadic >= 0 ? PyLong_AsSsize_t(count) : -1;
    Py_XDECREF(variadic);
    Py_XDECREF(count);
    return PyErr_Occurred() ? -1 : is_variadic ? (int)*arity : 0;
}

