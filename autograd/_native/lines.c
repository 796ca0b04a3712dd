/* Lines: the lines of a program in flat arrays, which the passes over programs read and make.
 *
 * An operand is the place of an input or of an earlier line, or -1 - k for constant k. The operands of a line stand
 * one after the other; those of several sequences, which are equally long, sequence after sequence.
 */

/* Hash tables of numbered entries. The user compares the entries of a slot, and the next slots, with what is sought. */

typedef struct {
    uint32_t hash;
    int32_t entry; /* the number of the entry plus 1; 0 in an empty slot */
} Slot;

typedef struct {
    Slot *slots;
    size_t mask, used;
} Table;

static Slot *first_slot(const Table *table, uint32_t hash)
{
    return &table->slots[hash & table->mask];
}

static Slot *next_slot(const Table *table, const Slot *slot)
{
    return &table->slots[(slot - table->slots + 1) & table->mask];
}

/* Make room for `more` entries, before they are sought; -1 with MemoryError. */
static int table_room(Table *table, size_t more)
{
    if (table->slots && 2 * (table->used + more - 1) <= table->mask)
        return 0;
    Table larger = {.mask = table->slots ? table->mask : 31, .used = table->used};
    while (2 * (table->used + more - 1) > larger.mask || larger.mask < 63)
        larger.mask = 2 * larger.mask + 1;
    larger.slots = PyMem_RawCalloc(larger.mask + 1, sizeof(Slot));
    if (!larger.slots) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; table->slots && i <= table->mask; i++)
        if (table->slots[i].entry) {
            Slot *slot = first_slot(&larger, table->slots[i].hash);
            while (slot->entry)
                slot = next_slot(&larger, slot);
            *slot = table->slots[i];
        }
    PyMem_RawFree(table->slots);
    *table = larger;
    return 0;
}

static void fill_slot(Table *table, Slot *slot, uint32_t hash, Py_ssize_t entry)
{
    *slot = (Slot){hash, (int32_t)entry + 1};
    table->used++;
}

static void free_table(Table *table)
{
    PyMem_RawFree(table->slots);
    *table = (Table){NULL};
}

ALWAYS_INLINE uint64_t mix(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

static uint32_t hash_operands(uint64_t hash, const int32_t *operands, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++)
        hash = mix(hash, (uint32_t)operands[i]);
    return (uint32_t)(hash ^ hash >> 29);
}

/* The arrays */

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

/* Reading lines. These functions return 1 if the operands are none that lines have. */

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

/* Lines in Python */

/* Objects for operands, each made once. */
typedef struct {
    const Lines *lines;
    PyObject **places, **constants;
    Table known;         /* the sequences, */
    PyObject *sequences; /* a list of tuples */
    int32_t *firsts;     /* where the operands of each sequence start */
    Py_ssize_t first_room;
} Objects;

static int begin_objects(Objects *objects, const Lines *lines)
{
    *objects = (Objects){.lines = lines, .sequences = PyList_New(0)};
    objects->places = PyMem_RawCalloc(lines->inputs + lines->count + 1, sizeof(PyObject *));
    objects->constants = PyMem_RawCalloc(lines->constant_count + 1, sizeof(PyObject *));
    if (!objects->sequences || !objects->places || !objects->constants) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static void end_objects(Objects *objects)
{
    for (Py_ssize_t i = 0; objects->places && i < objects->lines->inputs + objects->lines->count; i++)
        Py_XDECREF(objects->places[i]);
    for (Py_ssize_t i = 0; objects->constants && i < objects->lines->constant_count; i++)
        Py_XDECREF(objects->constants[i]);
    PyMem_RawFree(objects->places);
    PyMem_RawFree(objects->constants);
    PyMem_RawFree(objects->firsts);
    free_table(&objects->known);
    Py_XDECREF(objects->sequences);
}

static PyObject *object_of(Objects *objects, int32_t operand)
{
    PyObject **object = operand >= 0 ? &objects->places[operand] : &objects->constants[-1 - operand];
    if (!*object)
        *object = place_or_float(objects->lines, operand);
    return Py_XNewRef(*object);
}

static PyObject *objects_tuple(Objects *objects, const int32_t *operands, Py_ssize_t count)
{
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0; tuple && i < count; i++) {
        PyObject *object = object_of(objects, operands[i]);
        if (object)
            PyTuple_SET_ITEM(tuple, i, object);
        else
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* The same tuple for all equal sequences. */
static PyObject *sequence_of(Objects *objects, const int32_t *operands, Py_ssize_t count)
{
    const uint32_t hash = hash_operands((uint64_t)count, operands, count);
    if (table_room(&objects->known, 1) < 0)
        return NULL;
    Slot *slot = first_slot(&objects->known, hash);
    for (; slot->entry; slot = next_slot(&objects->known, slot)) {
        PyObject *tuple = PyList_GET_ITEM(objects->sequences, slot->entry - 1);
        if (slot->hash == hash && PyTuple_GET_SIZE(tuple) == count
            && !memcmp(objects->lines->operands + objects->firsts[slot->entry - 1], operands, count * sizeof(int32_t)))
            return Py_NewRef(tuple);
    }
    const Py_ssize_t entry = PyList_GET_SIZE(objects->sequences);
    PyObject *tuple = objects_tuple(objects, operands, count);
    if (!tuple || grow(&objects->firsts, &objects->first_room, entry + 1, sizeof(int32_t)) < 0
        || PyList_Append(objects->sequences, tuple) < 0) {
        Py_XDECREF(tuple);
        return NULL;
    }
    objects->firsts[entry] = (int32_t)(operands - objects->lines->operands);
    fill_slot(&objects->known, slot, hash, entry);
    return tuple;
}

/* The operands of a line as a tuple. */
static PyObject *args_of(Objects *objects, Py_ssize_t i)
{
    const Lines *lines = objects->lines;
    Py_ssize_t count, arity;
    const int32_t *operands = operands_of(lines, i, &count);
    const int sequences = op_sequences(op_object(lines, lines->ops[i]), &arity);
    if (sequences <= 0)
        return sequences < 0 ? NULL : objects_tuple(objects, operands, count);
    PyObject *args = PyTuple_New(sequences);
    for (int k = 0; args && k < sequences; k++) {
        PyObject *sequence = sequence_of(objects, operands + k * (count / sequences), count / sequences);
        if (sequence)
            PyTuple_SET_ITEM(args, k, sequence);
        else
            Py_CLEAR(args);
    }
    return args;
}

static PyObject *lines_as_list(PyObject *self, PyObject *unused)
{
    const Lines *lines = (Lines *)self;
    const int collects_garbage = PyGC_Disable(); /* which would look at all tuples again and again */
    Objects objects;
    PyObject *list = begin_objects(&objects, lines) == 0 ? PyList_New(lines->count) : NULL;
    for (Py_ssize_t i = 0; list && i < lines->count; i++) {
        PyObject *args = args_of(&objects, i);
        PyObject *line = args ? PyTuple_Pack(2, op_object(lines, lines->ops[i]), args) : NULL;
        Py_XDECREF(args);
        if (line)
            PyList_SET_ITEM(list, i, line);
        else
            Py_CLEAR(list);
    }
    end_objects(&objects);
    if (collects_garbage)
        PyGC_Enable();
    return list;
}

static PyObject *bytes_of(const void *items, Py_ssize_t count, size_t size)
{
    return PyBytes_FromStringAndSize(items ? items : "", count * (Py_ssize_t)size);
}

static PyObject *lines_flat(PyObject *self, PyObject *unused)
{
    const Lines *lines = (Lines *)self;
    return Py_BuildValue("(NNNNN)", bytes_of(lines->ops, lines->count, sizeof(int32_t)),
                         bytes_of(lines->starts, lines->count + 1, sizeof(int32_t)),
                         bytes_of(lines->operands, lines->starts[lines->count], sizeof(int32_t)),
                         bytes_of(lines->constants, lines->constant_count, sizeof(double)),
                         PySequence_List(lines->others));
}

static PyObject *lines_used_ops(PyObject *self, PyObject *unused)
{
    const Lines *lines = (Lines *)self;
    unsigned char used[TABLE_SIZE] = {0};
    PyObject *list = PySequence_List(lines->others);
    for (Py_ssize_t i = 0; i < lines->count; i++)
        if (lines->ops[i] >= 0)
            used[lines->ops[i]] = 1;
    for (int code = 0; list && code < TABLE_SIZE; code++)
        if (used[code] && PyList_Append(list, python.ops[code]) < 0)
            Py_CLEAR(list);
    return list;
}

static Py_ssize_t lines_length(PyObject *self)
{
    return ((Lines *)self)->count;
}
