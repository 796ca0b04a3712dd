/* Repeated runs: a machine runs again and again, and some of its outputs become inputs of the next run.
 *
 * Before each run, rows of tables become inputs, too: a batch of samples, say. The inputs stay in the frame, so that
 * a run costs little more than its instructions. A run whose guards fail, or one of whose carried or kept outputs is
 * not finite, is not made, and ends the repetition.
 *
 * Included by machine.c.
 */

typedef struct { /* outputs that become inputs */
    int output, input, count;
} Carried;

typedef struct { /* a table, whose rows `rows[run * count]` to `rows[run * count + count - 1]` become inputs */
    Py_buffer numbers, rows;
    int first, count, width;
} Table;

typedef struct {
    Carried *carried;
    Table *tables;
    Py_ssize_t carried_count, table_count, runs;
    double *out;  /* for each run its first outputs */
    int kept;     /* how many */
    double *next; /* the carried outputs of a run, before they become inputs */
} Repetition;

static void free_repetition(Repetition *repetition)
{
    for (Py_ssize_t i = 0; i < repetition->table_count; i++) {
        PyBuffer_Release(&repetition->tables[i].numbers);
        PyBuffer_Release(&repetition->tables[i].rows);
    }
    PyMem_Free(repetition->tables);
    PyMem_Free(repetition->carried);
    PyMem_Free(repetition->next);
}

/* Whether a range of so many lies within another. */
static int is_within(int first, int count, int all)
{
    return first >= 0 && count >= 0 && first <= all && count <= all - first;
}

/* The carried outputs, from a sequence of (first output, first input, count). */
static int read_carried(Repetition *repetition, const Code *code, PyObject *given)
{
    PyObject *all = PySequence_Tuple(given);
    if (!all)
        return -1;
    const Py_ssize_t count = PyTuple_GET_SIZE(all);
    size_t numbers = 0;
    int result = -1;
    repetition->carried = PyMem_Calloc(count + 1, sizeof(Carried));
    if (!repetition->carried) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        Carried *carried = &repetition->carried[i];
        PyObject *item = PyTuple_GET_ITEM(all, i);
        if (!PyTuple_Check(item)) {
            PyErr_SetString(PyExc_TypeError, "carried outputs are tuples (output, input, count)");
            goto done;
        }
        if (!PyArg_ParseTuple(item, "iii;carried outputs are tuples (output, input, count)", &carried->output,
                              &carried->input, &carried->count)) {
            if (PyErr_ExceptionMatches(PyExc_OverflowError))
                PyErr_SetString(PyExc_ValueError, "carried outputs and inputs lie within those of the program");
            goto done;
        }
        if (!is_within(carried->output, carried->count, code->output_count)
            || !is_within(carried->input, carried->count, code->inputs)) {
            PyErr_SetString(PyExc_ValueError, "carried outputs and inputs lie within those of the program");
            goto done;
        }
        numbers += carried->count;
    }
    repetition->carried_count = count;
    repetition->next = PyMem_Malloc((numbers + 1) * sizeof(double));
    if (repetition->next)
        result = 0;
    else
        PyErr_NoMemory();
done:
    Py_DECREF(all);
    return result;
}

/* The i-th number of a row, which may lie at any address. */
static int64_t row_number(const Table *table, Py_ssize_t i)
{
    int64_t row;
    memcpy(&row, (const char *)table->rows.buf + i * sizeof row, sizeof row);
    return row;
}

/* A table, from (first input, table, rows): rows has for each run the numbers of the rows that it takes. */
static int read_table(Table *table, const Code *code, PyObject *given, Py_ssize_t runs)
{
    PyObject *numbers, *rows;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a table is a tuple of its first input, its numbers, and rows");
        return -1;
    }
    if (!PyArg_ParseTuple(given, "iOO", &table->first, &numbers, &rows)
        || PyObject_GetBuffer(numbers, &table->numbers, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0
        || PyObject_GetBuffer(rows, &table->rows, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return -1;
    const Py_buffer *n = &table->numbers, *r = &table->rows;
    if (n->ndim != 2 || strcmp(n->format, "d") != 0 || r->ndim != 2 || r->itemsize != sizeof(int64_t)
        || (strcmp(r->format, "l") != 0 && strcmp(r->format, "q") != 0) || r->shape[0] != runs) {
        PyErr_SetString(PyExc_ValueError, "a table has rows of doubles, and for each run as many 64-bit row numbers");
        return -1;
    }
    if (n->shape[1] > code->inputs || r->shape[1] > code->inputs
        || !is_within(table->first, (int)fmin((double)n->shape[1] * r->shape[1], INT_MAX), code->inputs)) {
        PyErr_SetString(PyExc_ValueError, "the rows of a table that a run takes lie within its inputs");
        return -1;
    }
    table->width = (int)n->shape[1];
    table->count = (int)r->shape[1];
    for (Py_ssize_t i = 0; i < runs * table->count; i++) {
        const int64_t row = row_number(table, i);
        if (row < 0 || row >= n->shape[0]) {
            PyErr_Format(PyExc_IndexError, "a table of %zd rows has no row %lld", n->shape[0], (long long)row);
            return -1;
        }
    }
    return 0;
}

static int read_tables(Repetition *repetition, const Code *code, PyObject *given)
{
    PyObject *all = PySequence_Tuple(given);
    if (!all)
        return -1;
    const Py_ssize_t count = PyTuple_GET_SIZE(all);
    int result = 0;
    repetition->tables = PyMem_Calloc(count + 1, sizeof(Table));
    if (!repetition->tables) {
        PyErr_NoMemory();
        result = -1;
    }
    while (result == 0 && repetition->table_count < count) {
        Table *table = &repetition->tables[repetition->table_count];
        result = read_table(table, code, PyTuple_GET_ITEM(all, repetition->table_count++), repetition->runs);
    }
    Py_DECREF(all);
    return result;
}

static void load_tables(const Repetition *repetition, Py_ssize_t run, double *frame)
{
    for (const Table *table = repetition->tables; table < repetition->tables + repetition->table_count; table++) {
        const char *numbers = table->numbers.buf;
        const size_t width = table->width * sizeof(double);
        double *input = frame + table->first;
        for (int i = 0; i < table->count; i++, input += table->width)
            memcpy(input, numbers + row_number(table, run * table->count + i) * width, width);
    }
}

/* A copy of numbers that lie side by side in the frame. */
typedef struct {
    const double *from;
    double *to;
    int count;
} Copy;

/* The copies of outputs to `to`, in runs that lie side by side; how many. */
static size_t find_copies(const Code *code, const double *frame, int first, int count, double *to, Copy *copies)
{
    size_t found = 0;
    for (int k = 0, run; k < count; k += run) {
        const int32_t start = UNIFORM_OPERAND(code->outputs[first + k]);
        for (run = 1; k + run < count && UNIFORM_OPERAND(code->outputs[first + k + run]) == start + run; run++)
            ;
        copies[found++] = (Copy){frame + start, to + k, run};
    }
    return found;
}

static int all_finite(const double *numbers, int count)
{
    const uint64_t exponent = 0x7ff0000000000000, lowest = 0x0010000000000000;
    uint64_t carry = 0; /* into the sign, from an exponent whose bits are all set: of nan and infinities */
    for (int i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        carry |= (bits & exponent) + lowest;
    }
    return !(carry >> 63);
}

/* The copies of carried outputs into the frame or, where one of them is an input that another replaces, into a
 * buffer; how many. */
static size_t find_carried(const Repetition *repetition, const Code *code, double *frame, Copy *copies, int *buffered)
{
    for (*buffered = 0;; *buffered = 1) {
        double *next = repetition->next;
        size_t count = 0, i = 0;
        for (Py_ssize_t j = 0; j < repetition->carried_count; next += repetition->carried[j++].count) {
            const Carried *carried = &repetition->carried[j];
            double *to = *buffered ? next : frame + carried->input;
            count += find_copies(code, frame, carried->output, carried->count, to, copies + count);
        }
        while (i < count && (copies[i].from >= frame + code->inputs || copies[i].from == copies[i].to))
            i++;
        if (i == count || *buffered)
            return count;
    }
}

/* Repeat: the number of runs that were made, -1 for want of memory. */
static Py_ssize_t repeat_machine(const Repetition *repetition, const Code *code, double *frame)
{
    size_t most = 1 + repetition->kept;
    for (Py_ssize_t j = 0; j < repetition->carried_count; j++)
        most += repetition->carried[j].count;
    Copy *copies = PyMem_RawMalloc(most * sizeof(Copy));
    if (!copies)
        return -1;
    int buffered;
    /* Those that are kept come first: they may be inputs, which carried ones replace. */
    const size_t kept = find_copies(code, frame, 0, repetition->kept, repetition->out, copies);
    const size_t all = kept + find_carried(repetition, code, frame, copies + kept, &buffered);
    Py_ssize_t run = 0;
    for (; run < repetition->runs; run++) {
        size_t i = 0;
        load_tables(repetition, run, frame);
        if (run_code(executor, code, frame))
            break;
        while (i < all && all_finite(copies[i].from, copies[i].count))
            i++;
        if (i < all)
            break;
        for (i = 0; i < all; i++)
            copy_numbers(copies[i].to + (i < kept ? run * repetition->kept : 0), copies[i].from, copies[i].count);
        const double *next = repetition->next;
        for (Py_ssize_t j = 0; buffered && j < repetition->carried_count; next += repetition->carried[j++].count)
            copy_numbers(frame + repetition->carried[j].input, next, repetition->carried[j].count);
    }
    PyMem_RawFree(copies);
    return run;
}

/* repeat(numbers, runs, carried, tables, out): see Program.repeat; how many runs were made. */
static PyObject *machine_repeat(Machine *self, PyObject *args)
{
    PyObject *numbers, *carried, *tables, *out;
    Py_buffer inputs, kept = {0};
    Repetition repetition = {0};
    const Code *code = &self->code;
    if (!PyArg_ParseTuple(args, "OnOOO", &numbers, &repetition.runs, &carried, &tables, &out)
        || doubles_of(numbers, &inputs, code->inputs, PyBUF_WRITABLE, "the inputs") < 0)
        return NULL;
    PyObject *result = NULL;
    double *frame = NULL;
    if (repetition.runs < 0) {
        PyErr_SetString(PyExc_ValueError, "the number of runs is 0 or more");
        goto done;
    }
    if (read_carried(&repetition, code, carried) < 0 || read_tables(&repetition, code, tables) < 0)
        goto done;
    if (out != Py_None) {
        if (PyObject_GetBuffer(out, &kept, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE | PyBUF_FORMAT) < 0)
            goto done;
        if (kept.ndim != 2 || strcmp(kept.format, "d") != 0 || kept.shape[0] != repetition.runs
            || kept.shape[1] > code->output_count) {
            PyErr_SetString(PyExc_ValueError, "out has a row of doubles for each run, for its first outputs");
            goto done;
        }
        repetition.out = kept.buf;
        repetition.kept = (int)kept.shape[1];
    }
    if (!(frame = take_frame(self)))
        goto done;
    memcpy(frame, inputs.buf, inputs.len);
    Py_ssize_t made;
    Py_BEGIN_ALLOW_THREADS
    made = repeat_machine(&repetition, code, frame);
    Py_END_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < repetition.carried_count; i++) {
        const Carried *some = &repetition.carried[i];
        memcpy((double *)inputs.buf + some->input, frame + some->input, some->count * sizeof(double));
    }
    give_frame(self, frame);
    result = made < 0 ? PyErr_NoMemory() : PyLong_FromSsize_t(made);
done:
    free_repetition(&repetition);
    if (kept.obj)
        PyBuffer_Release(&kept);
    PyBuffer_Release(&inputs);
    return result;
}
