/* Lines in Python: as a list of tuples, as bytes, and their ops. */

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
