/* Flattening: the lines of a Program as the flat arrays that lowering reads, and the code that they give.
 *
 * Lines come as tuples of Python, or flat already, as the native engine has them (autograd/_native/lines.c).
 */

/* A program as Python has it: `lines` is a list, or the tuple (ops, starts, operands, constants, other ops), of
 * bytes and a list. `codes` has for each op of the table its code, and for the class Output -1; for
 * another op, `calls(op)` gives None, if the machine cannot run it, or the tuple (paths, size, uniform,
 * summed, hides): the parts of Lanes. A path is the tuple (lines, inputs, outputs, guards). */
typedef struct {
    PyObject *lines, *outputs, *guards, *codes, *calls;
    int inputs, strict;
} Source;

typedef struct {
    Lines lines;
    Words ops, starts, operands;
    double *constants;
    int constant_count, constant_room;
    int32_t *slots; /* a hash table of constants by their bits: places, counted from 1 */
    int slot_count;
    PyObject *calls; /* the parts of the Lanes that calls run, a list */
} Flat;

static int unsupported(const char *what)
{
    PyErr_Format(PyExc_NotImplementedError, "the machine does not run %s", what);
    return -1;
}

static int slot_of_constant(const Flat *flat, uint64_t bits)
{
    int slot = (int)(mixed(0, bits) & (flat->slot_count - 1));
    while (flat->slots[slot]) {
        uint64_t other;
        memcpy(&other, &flat->constants[flat->slots[slot] - 1], sizeof(double));
        if (other == bits)
            break;
        slot = (slot + 1) & (flat->slot_count - 1);
    }
    return slot;
}

/* The operand that stands for a number; 0 with an exception. */
static int32_t constant(Flat *flat, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(double));
    if (2 * flat->constant_count >= flat->slot_count) {
        const int room = flat->slot_count ? 2 * flat->slot_count : 64;
        int32_t *slots = calloc(room, sizeof(int32_t));
        double *constants = realloc(flat->constants, room * sizeof(double));
        if (constants)
            flat->constants = constants;
        if (!slots || !constants) {
            free(slots);
            PyErr_NoMemory();
            return 0;
        }
        free(flat->slots);
        flat->slots = slots;
        flat->slot_count = room;
        for (int i = 0; i < flat->constant_count; i++) {
            uint64_t other;
            memcpy(&other, &flat->constants[i], sizeof(double));
            flat->slots[slot_of_constant(flat, other)] = i + 1;
        }
    }
    const int slot = slot_of_constant(flat, bits);
    if (!flat->slots[slot]) {
        flat->constants[flat->constant_count++] = number;
        flat->slots[slot] = flat->constant_count;
    }
    return -flat->slots[slot];
}

/* Whether there was not memory enough for the lines, with an exception: they have gaps then, and are not read. */
static int is_short(const Flat *flat)
{
    const int failed = flat->ops.failed || flat->starts.failed || flat->operands.failed;
    if (failed)
        PyErr_NoMemory();
    return failed;
}

/* Whether a place is that of a call, whose numbers only its Outputs have. */
static int is_call(const Flat *flat, long place)
{
    return place >= flat->lines.inputs && flat->ops.words[place - flat->lines.inputs] == OP_CALL;
}

/* An operand, a place before `end` or a float. */
static int operand(Flat *flat, PyObject *x, long end, int of_output, int32_t *found)
{
    if (PyFloat_CheckExact(x)) {
        *found = constant(flat, PyFloat_AS_DOUBLE(x));
        return *found ? 0 : -1;
    }
    const long place = PyLong_CheckExact(x) ? PyLong_AsLong(x) : -1;
    if (place < 0 || place >= end || (!of_output && is_call(flat, place))) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%R is no operand here: a float, or a place below %ld", x, end);
        return -1;
    }
    *found = (int32_t)place;
    return 0;
}

static int put_operands(Flat *flat, PyObject *xs, long end, int of_output)
{
    if (!PyTuple_CheckExact(xs)) {
        PyErr_Format(PyExc_TypeError, "the operands of a sequence are a tuple, not %R", xs);
        return -1;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(xs); i++) {
        int32_t found;
        if (operand(flat, PyTuple_GET_ITEM(xs, i), end, of_output, &found) < 0)
            return -1;
        put(&flat->operands, found);
    }
    return is_short(flat) ? -1 : 0;
}

/* The line of an op that is no row of the table: an Output, which has its call as operand, or Lanes. */
static int put_other(Flat *flat, const Source *source, PyObject *op, const int32_t *operands, int32_t count)
{
    PyObject *code = PyDict_GetItemWithError(source->codes, (PyObject *)Py_TYPE(op));
    if (!code && PyErr_Occurred())
        return -1;
    put(&flat->starts, (int32_t)flat->operands.count);
    if (code) {
        PyObject *place = PyObject_GetAttrString(op, "place");
        const long which = place ? PyLong_AsLong(place) : -1;
        Py_XDECREF(place);
        if (which < 0 || which > INT32_MAX || count != 1 || operands[0] < flat->lines.inputs
            || flat->ops.words[operands[0] - flat->lines.inputs] != OP_CALL)
            return PyErr_Occurred() ? -1 : unsupported("an Output of no call");
        put(&flat->ops, OP_OUTPUT);
        put(&flat->operands, operands[0]);
        put(&flat->operands, (int32_t)which);
        return 0;
    }
    for (int32_t k = 0; k < count; k++)
        if (is_call(flat, operands[k])) {
            PyErr_SetString(PyExc_ValueError, "only an Output has a call as its operand");
            return -1;
        }
    PyObject *parts = PyObject_CallOneArg(source->calls, op);
    const int known = parts && PyTuple_CheckExact(parts) && PyTuple_GET_SIZE(parts) == 5;
    const int kept = known ? PyList_Append(flat->calls, parts) : -1;
    Py_XDECREF(parts);
    if (kept < 0)
        return PyErr_Occurred() ? -1 : unsupported("an op of yours");
    put(&flat->ops, OP_CALL);
    put(&flat->operands, (int32_t)PyList_GET_SIZE(flat->calls) - 1);
    int32_t *to = grow(&flat->operands, count);
    if (to && count)
        memcpy(to, operands, count * sizeof(int32_t));
    return 0;
}

static int bytes_part(PyObject *tuple, int i, size_t size, const void **items, Py_ssize_t *count)
{
    PyObject *bytes = PyTuple_GET_ITEM(tuple, i);
    if (!PyBytes_CheckExact(bytes) || PyBytes_GET_SIZE(bytes) % size) {
        PyErr_Format(PyExc_TypeError, "part %d of flat lines is bytes of numbers, not %R", i, bytes);
        return -1;
    }
    *items = PyBytes_AS_STRING(bytes);
    *count = PyBytes_GET_SIZE(bytes) / size;
    return 0;
}

static int put_flat_lines(Flat *flat, const Source *source)
{
    const int32_t *ops, *starts, *operands;
    const double *constants;
    Py_ssize_t count, start_count, operand_count, constant_count;
    PyObject *others;
    if (PyTuple_GET_SIZE(source->lines) != 5
        || bytes_part(source->lines, 0, sizeof(int32_t), (const void **)&ops, &count) < 0
        || bytes_part(source->lines, 1, sizeof(int32_t), (const void **)&starts, &start_count) < 0
        || bytes_part(source->lines, 2, sizeof(int32_t), (const void **)&operands, &operand_count) < 0
        || bytes_part(source->lines, 3, sizeof(double), (const void **)&constants, &constant_count) < 0
        || !PyList_CheckExact(others = PyTuple_GET_ITEM(source->lines, 4)) || start_count != count + 1
        || starts[0] != 0 || starts[count] != operand_count) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "these are no flat lines");
        return -1;
    }
    if (count > INT32_MAX / 8 || operand_count > INT32_MAX / 2)
        return unsupported("so many lines");
    for (Py_ssize_t k = 0; k < constant_count; k++) /* which have numbers of their own here */
        if (!constant(flat, constants[k]))
            return -1;
    if (flat->constant_count != constant_count) {
        PyErr_SetString(PyExc_ValueError, "two constants of flat lines are the same");
        return -1;
    }
    reserve(&flat->ops, count);
    reserve(&flat->starts, count + 1);
    reserve(&flat->operands, operand_count);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (is_short(flat))
            return -1;
        const int32_t *xs = operands + starts[i];
        const int64_t n = (int64_t)starts[i + 1] - starts[i];
        if (n < 0 || starts[i] < 0 || starts[i + 1] > operand_count)
            goto wrong;
        for (int64_t k = 0; k < n; k++)
            if (xs[k] >= source->inputs + i || xs[k] < -constant_count || (ops[i] >= 0 && is_call(flat, xs[k])))
                goto wrong;
        if (ops[i] < 0) {
            const Py_ssize_t which = -1 - (Py_ssize_t)ops[i];
            if (which >= PyList_GET_SIZE(others))
                goto wrong;
            PyObject *op = Py_NewRef(PyList_GET_ITEM(others, which));
            const int wrong = put_other(flat, source, op, xs, (int32_t)n);
            Py_DECREF(op);
            if (wrong)
                return -1;
            continue;
        }
        if (ops[i] >= TABLE_SIZE)
            goto wrong;
        const int shape = shape_of[ops[i]];
        if (shape == TWO_SEQUENCES ? n % 2 != 0 : shape != SEQUENCE && n != arity_of[shape])
            goto wrong;
        put(&flat->ops, ops[i]);
        put(&flat->starts, (int32_t)flat->operands.count);
        int32_t *to = grow(&flat->operands, n);
        if (to && n)
            memcpy(to, xs, n * sizeof(int32_t));
    }
    flat->lines.count = (int)count;
    return 0;
wrong:
    PyErr_SetString(PyExc_ValueError, "a flat line has other operands, or another op, than lines have");
    return -1;
}

static int put_line(Flat *flat, const Source *source, PyObject *line, long end)
{
    if (!PyTuple_CheckExact(line) || PyTuple_GET_SIZE(line) != 2 || !PyTuple_CheckExact(PyTuple_GET_ITEM(line, 1))) {
        PyErr_SetString(PyExc_TypeError, "a line is an op and a tuple of operands");
        return -1;
    }
    PyObject *op = PyTuple_GET_ITEM(line, 0), *args = PyTuple_GET_ITEM(line, 1);
    const Py_ssize_t arity = PyTuple_GET_SIZE(args);
    PyObject *code = PyDict_GetItemWithError(source->codes, op);
    if (!code && PyErr_Occurred())
        return -1;
    if (!code) {
        const Words found = flat->operands; /* behind which the operands are read, before they are put */
        PyObject *only = arity == 1 ? PyTuple_GET_ITEM(args, 0) : NULL;
        if (!only)
            return unsupported("an op of yours");
        int done = put_operands(flat, PyTuple_CheckExact(only) ? only : args, end, !PyTuple_CheckExact(only));
        const size_t count = flat->operands.count - found.count;
        int32_t *operands = malloc((count + 1) * sizeof(int32_t));
        if (!operands) {
            PyErr_NoMemory();
            return -1;
        }
        if (count)
            memcpy(operands, flat->operands.words + found.count, count * sizeof(int32_t));
        flat->operands.count = found.count;
        if (done == 0)
            done = put_other(flat, source, op, operands, (int32_t)count);
        free(operands);
        return done;
    }
    put(&flat->starts, (int32_t)flat->operands.count);
    const long known = PyLong_AsLong(code);
    if (known < 0 || known >= TABLE_SIZE) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "no such code of an op");
        return -1;
    }
    put(&flat->ops, (int32_t)known);
    const int shape = shape_of[known];
    if (arity != arity_of[shape]) {
        PyErr_Format(PyExc_ValueError, "%R takes %d operands, not %zd", op, arity_of[shape], arity);
        return -1;
    }
    if (shape == SEQUENCE || shape == TWO_SEQUENCES) {
        const size_t before = flat->operands.count;
        if (put_operands(flat, PyTuple_GET_ITEM(args, 0), end, 0) < 0)
            return -1;
        const size_t first = flat->operands.count - before;
        if (shape == TWO_SEQUENCES
            && (put_operands(flat, PyTuple_GET_ITEM(args, 1), end, 0) < 0 || flat->operands.count - before != 2 * first)) {
            if (!PyErr_Occurred())
                PyErr_Format(PyExc_ValueError, "the sequences of %R are of different lengths", op);
            return -1;
        }
        return 0;
    }
    return put_operands(flat, args, end, 0);
}

static void free_flat(Flat *flat)
{
    for (int i = 0; flat->lines.lanes && i < flat->lines.lanes_count; i++)
        free_lanes(flat->lines.lanes[i]);
    free(flat->lines.lanes);
    free(flat->lines.hides);
    free(flat->ops.words);
    free(flat->starts.words);
    free(flat->operands.words);
    free(flat->constants);
    free(flat->slots);
    Py_XDECREF(flat->calls);
}

static Lanes *lanes_of(PyObject *parts, const Source *source, int strict);

/* The Lanes of calls: strict where a call is, which its Outputs tell. */
static int make_lanes(Flat *flat, const Source *source, const int32_t *outputs, int output_count,
                      const Guard *guards, int guard_count)
{
    Lines *lines = &flat->lines;
    const Py_ssize_t count = PyList_GET_SIZE(flat->calls);
    const size_t places = (size_t)lines->inputs + lines->count + 1;
    if (!count)
        return 0;
    lines->lanes = calloc(count, sizeof(Lanes *));
    lines->hides = calloc(count, 1);
    unsigned char *flags = calloc(2 * places, 1);
    int32_t *uses = calloc(places, sizeof(int32_t));
    int64_t results = 0;
    int result = -1;
    if (!lines->lanes || !lines->hides || !flags || !uses) {
        PyErr_NoMemory();
        goto done;
    }
    lines->lanes_count = (int)count;
    for (Py_ssize_t i = 0; i < count; i++)
        lines->hides[i] = PyObject_IsTrue(PyTuple_GET_ITEM(PyList_GET_ITEM(flat->calls, i), 4)) == 1;
    mark(lines, outputs, output_count, guards, guard_count, flags, flags + places, uses);
    for (int line = 0; line < lines->count; line++) {
        if (lines->ops[line] != OP_CALL)
            continue;
        const int which = lines->operands[lines->starts[line]];
        const int strict = source->strict || flags[places + lines->inputs + line];
        Lanes *lanes = lanes_of(PyList_GET_ITEM(flat->calls, which), source, strict);
        if (!lanes)
            goto done;
        lines->lanes[which] = lanes;
        const int64_t given = lines->starts[line + 1] - lines->starts[line] - 1;
        if (given != lanes->uniform + (int64_t)lanes->columns * lanes->size) {
            PyErr_SetString(PyExc_ValueError, "lanes have another number of operands");
            goto done;
        }
        results += lanes->result_count;
        if (results > INT32_MAX / 8) {
            unsupported("so many lanes");
            goto done;
        }
    }
    for (int line = 0; line < lines->count; line++)
        if (lines->ops[line] == OP_OUTPUT) {
            const int32_t *args = lines->operands + lines->starts[line];
            const int call = args[0] - lines->inputs;
            if (args[1] >= lines->lanes[lines->operands[lines->starts[call]]]->result_count) {
                PyErr_SetString(PyExc_ValueError, "lanes have no such result");
                goto done;
            }
        }
    result = 0;
done:
    free(flags);
    free(uses);
    return result;
}

/* The code of a program: 0, or -1 with an exception. The first `uniform` inputs are the same in all lanes. With
 * `guard_code`, the program is one of several paths, and its guards have a code of their own. */
static int code_of(Code *code, const Source *source, int uniform, int most_lanes, const unsigned char *summed,
                   Code *guard_code)
{
    Flat flat = {.lines.inputs = source->inputs, .calls = PyList_New(0)};
    const int is_flat = PyTuple_CheckExact(source->lines);
    Py_ssize_t count = is_flat ? 0 : PyList_GET_SIZE(source->lines);
    const Py_ssize_t output_count = PyTuple_GET_SIZE(source->outputs);
    PyObject *guard_list = PySequence_Tuple(source->guards);
    const Py_ssize_t guard_count = guard_list ? PyTuple_GET_SIZE(guard_list) : 0;
    int32_t *outputs = malloc((output_count + 1) * sizeof(int32_t));
    Guard *guards = malloc((guard_count + 1) * sizeof(Guard));
    int result = -1;
    if (!guard_list || !flat.calls)
        goto done;
    if (!outputs || !guards) {
        PyErr_NoMemory();
        goto done;
    }
    if (count > INT32_MAX / 8 || source->inputs < 0 || source->inputs > INT32_MAX / 8) {
        unsupported("so many lines");
        goto done;
    }
    if (is_flat && put_flat_lines(&flat, source) < 0)
        goto done;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (is_short(&flat))
            goto done;
        if (i >= PyList_GET_SIZE(source->lines)) { /* `calls`, or the hash of an op, has changed the list */
            PyErr_SetString(PyExc_ValueError, "the list of lines became shorter while it was read");
            goto done;
        }
        PyObject *line = Py_NewRef(PyList_GET_ITEM(source->lines, i));
        const int wrong = put_line(&flat, source, line, source->inputs + i);
        Py_DECREF(line);
        if (wrong)
            goto done;
        if (flat.operands.count > INT32_MAX / 2) {
            unsupported("so many operands");
            goto done;
        }
    }
    count = is_flat ? flat.lines.count : count;
    const long end = source->inputs + (long)count;
    put(&flat.starts, (int32_t)flat.operands.count);
    if (is_short(&flat))
        goto done;
    for (Py_ssize_t k = 0; k < output_count; k++)
        if (operand(&flat, PyTuple_GET_ITEM(source->outputs, k), end, 0, &outputs[k]) < 0)
            goto done;
    for (Py_ssize_t i = 0; i < guard_count; i++) {
        PyObject *guard = PyTuple_GET_ITEM(guard_list, i);
        if (!PyTuple_Check(guard) || PyTuple_GET_SIZE(guard) < 2
            || operand(&flat, PyTuple_GET_ITEM(guard, 0), end, 0, &guards[i].place) < 0 || guards[i].place < 0) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "a guard is a place and a truth");
            goto done;
        }
        guards[i].truth = PyObject_IsTrue(PyTuple_GET_ITEM(guard, 1)) == 1;
    }
    flat.lines.count = (int)count;
    flat.lines.ops = flat.ops.words;
    flat.lines.starts = flat.starts.words;
    flat.lines.operands = flat.operands.words;
    flat.lines.constants = flat.constants;
    flat.lines.constant_count = flat.constant_count;
    if (make_lanes(&flat, source, outputs, (int)output_count, guards, (int)guard_count) < 0)
        goto done;
    result = lower(code, &flat.lines, uniform, most_lanes, outputs, (int)output_count, guard_code ? NULL : summed,
                   guards, guard_code ? 0 : (int)guard_count, source->strict);
    if (result == 0 && guard_code)
        result = lower(guard_code, &flat.lines, uniform, most_lanes, outputs, 0, NULL, guards, (int)guard_count,
                       source->strict);
    if (result < 0)
        PyErr_NoMemory();
    else {
        code->owns_lanes = 1;
        flat.lines.lanes_count = 0;
    }
done:
    free(outputs);
    free(guards);
    Py_XDECREF(guard_list);
    free_flat(&flat);
    return result;
}

static int check_lines(PyObject *lines)
{
    if (PyList_CheckExact(lines) || PyTuple_CheckExact(lines))
        return 0;
    PyErr_Format(PyExc_TypeError, "lines are a list, or flat, not %R", lines);
    return -1;
}

static int path_of(Lanes *lanes, int i, PyObject *path, const Source *around, int strict)
{
    Source source = {.codes = around->codes, .calls = around->calls, .strict = strict};
    if (!PyTuple_Check(path)) {
        PyErr_Format(PyExc_TypeError, "a path of lanes is a tuple, not %R", path);
        return -1;
    }
    if (!PyArg_ParseTuple(path, "OiO!O", &source.lines, &source.inputs, &PyTuple_Type, &source.outputs,
                          &source.guards))
        return -1;
    if (check_lines(source.lines) < 0)
        return -1;
    if (source.inputs < lanes->uniform || (i && source.inputs - lanes->uniform != lanes->columns)
        || PyTuple_GET_SIZE(source.outputs) != lanes->output_count) {
        PyErr_SetString(PyExc_ValueError, "the paths of lanes have other inputs or outputs");
        return -1;
    }
    lanes->columns = source.inputs - lanes->uniform;
    if (Py_EnterRecursiveCall(" in lanes inside lanes"))
        return -1;
    const int result = code_of(&lanes->paths[i], &source, lanes->uniform, lanes->size, lanes->summed,
                               lanes->guard_codes ? &lanes->guard_codes[i] : NULL);
    Py_LeaveRecursiveCall();
    return result;
}

/* Lanes from their parts; NULL with an exception. */
static Lanes *lanes_of(PyObject *parts, const Source *source, int strict)
{
    PyObject *paths, *summed, *hides;
    int size, uniform;
    if (!PyArg_ParseTuple(parts, "O!iiO!O", &PyTuple_Type, &paths, &size, &uniform, &PyTuple_Type, &summed, &hides))
        return NULL;
    const Py_ssize_t path_count = PyTuple_GET_SIZE(paths), output_count = PyTuple_GET_SIZE(summed);
    if (size < 0 || uniform < 0 || !path_count) {
        PyErr_SetString(PyExc_ValueError, "lanes have a size, uniform inputs, and paths");
        return NULL;
    }
    if (size > INT32_MAX / 8) {
        unsupported("so many lanes");
        return NULL;
    }
    Lanes *lanes = calloc(1, sizeof(Lanes));
    if (!lanes) {
        PyErr_NoMemory();
        return NULL;
    }
    lanes->size = size;
    lanes->uniform = uniform;
    lanes->path_count = (int)path_count;
    lanes->output_count = (int)output_count;
    lanes->paths = calloc(path_count, sizeof(Code));
    lanes->guard_codes = path_count > 1 ? calloc(path_count, sizeof(Code)) : NULL;
    lanes->summed = calloc(output_count + 1, 1);
    if (!lanes->paths || (path_count > 1 && !lanes->guard_codes) || !lanes->summed) {
        PyErr_NoMemory();
        goto failed;
    }
    int64_t results = 0;
    for (Py_ssize_t k = 0; k < output_count; k++) {
        lanes->summed[k] = PyObject_IsTrue(PyTuple_GET_ITEM(summed, k)) == 1;
        results += lanes->summed[k] ? 1 : size;
    }
    for (Py_ssize_t i = 0; i < path_count; i++)
        if (path_of(lanes, (int)i, PyTuple_GET_ITEM(paths, i), source, strict) < 0)
            goto failed;
    const int64_t operands = uniform + (int64_t)lanes->columns * size;
    if (results > INT32_MAX / 8 || operands > INT32_MAX / 8) {
        unsupported("so many lanes");
        goto failed;
    }
    if (finish_lanes(lanes) < 0) {
        PyErr_NoMemory();
        goto failed;
    }
    return lanes;
failed:
    free_lanes(lanes);
    return NULL;
}
