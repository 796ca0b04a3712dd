/* Lines that are alike, among which programs/loops.py looks for loops that a user wrote out. */

enum { MOST_SIZE = 40 }; /* sizes end at 2**40 */

/* lines.alike(fewest, size): for each form of a line of which there are `fewest` lines or more, and which has `size`
 * lines below all of these together, its size and a list of the places of these lines.
 *
 * Two lines have one form if they have the same op, and their operands have the same forms; all inputs have one, all
 * constants another. The size of a form is the number of lines below, each counted as often as it is used. */
static PyObject *lines_alike(PyObject *self, PyObject *args)
{
    const Lines *lines = (Lines *)self;
    const Py_ssize_t inputs = lines->inputs, count = lines->count;
    long long fewest, least;
    if (!PyArg_ParseTuple(args, "LL", &fewest, &least))
        return NULL;
    int32_t *forms = PyMem_RawCalloc(inputs + count + 1, sizeof(int32_t)); /* by places */
    int32_t *examples = PyMem_RawMalloc((count + 2) * sizeof(int32_t)); /* a line of each form, by forms from 2 on */
    int32_t *members = PyMem_RawCalloc(count + 2, sizeof(int32_t));
    int64_t *sizes = PyMem_RawMalloc((count + 2) * sizeof(int64_t));
    PyObject *list = NULL, **groups = NULL;
    Table known = {NULL};
    int form_count = 2, done = 0;
    if (!forms || !examples || !members || !sizes) {
        PyErr_NoMemory();
        goto end;
    }
    if (table_room(&known, count + 1) < 0)
        goto end;
#define FORM(operand) ((operand) >= 0 ? forms[operand] : 1)
    sizes[0] = sizes[1] = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t n, other_n, k;
        const int32_t *operands = operands_of(lines, i, &n);
        uint64_t mixed = mix(0, (uint32_t)lines->ops[i]);
        for (k = 0; k < n; k++)
            mixed = mix(mixed, (uint32_t)FORM(operands[k]));
        const uint32_t hash = (uint32_t)(mixed ^ mixed >> 29);
        Slot *slot = first_slot(&known, hash);
        for (; slot->entry; slot = next_slot(&known, slot)) {
            const int32_t example = examples[slot->entry - 1];
            const int32_t *others = operands_of(lines, example, &other_n);
            if (slot->hash != hash || lines->ops[example] != lines->ops[i] || other_n != n)
                continue;
            for (k = 0; k < n && FORM(operands[k]) == FORM(others[k]); k++)
                ;
            if (k == n)
                break;
        }
        if (!slot->entry) {
            const int collects = lines->ops[i] < 0 && ((Callable *)op_object(lines, lines->ops[i]))->collects;
            int64_t size = !collects; /* lanes end at calls, and have nothing below them */
            for (k = 0; !collects && k < n && size < (int64_t)1 << MOST_SIZE; k++)
                size += sizes[FORM(operands[k])];
            sizes[form_count] = size < (int64_t)1 << MOST_SIZE ? size : (int64_t)1 << MOST_SIZE;
            examples[form_count] = (int32_t)i;
            fill_slot(&known, slot, hash, form_count++);
        }
        forms[inputs + i] = slot->entry - 1;
        members[slot->entry - 1]++;
    }
#undef FORM
    list = PyList_New(0);
    groups = PyMem_RawCalloc(form_count, sizeof(PyObject *)); /* borrowed from `list` */
    if (list && !groups)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; list && groups && done == 0 && i < count; i++) {
        const int32_t form = forms[inputs + i];
        if (members[form] < fewest || (double)members[form] * (double)sizes[form] < (double)least
            || (lines->ops[i] < 0 && ((Callable *)op_object(lines, lines->ops[i]))->collects))
            continue;
        if (!groups[form]) {
            PyObject *group = PyList_New(0);
            PyObject *pair = group ? Py_BuildValue("(LN)", (long long)sizes[form], group) : NULL;
            done = pair ? PyList_Append(list, pair) : -1;
            Py_XDECREF(pair);
            groups[form] = group;
        }
        PyObject *place = done == 0 ? PyLong_FromSsize_t(inputs + i) : NULL;
        done = place ? PyList_Append(groups[form], place) : -1;
        Py_XDECREF(place);
    }
    if (done < 0 || !groups)
        Py_CLEAR(list);
end:
    PyMem_RawFree(forms);
    PyMem_RawFree(examples);
    PyMem_RawFree(members);
    PyMem_RawFree(sizes);
    PyMem_RawFree(groups);
    free_table(&known);
    return list;
}

/* lines.used_by_others(owners): a list of the places whose owner, a number for each place, is 0 or more, and that a line
 * of another owner uses */
static PyObject *lines_used_by_others(PyObject *self, PyObject *given)
{
    const Lines *lines = (Lines *)self;
    const Py_ssize_t places = lines->inputs + lines->count;
    PyObject *read = PySequence_Fast(given, "owners are a sequence"), *list = NULL;
    long *owners = PyMem_RawMalloc((places + 1) * sizeof(long));
    char *used = PyMem_RawCalloc(places + 1, 1);
    if (!owners || !used)
        PyErr_NoMemory();
    else if (read && PySequence_Fast_GET_SIZE(read) != places)
        PyErr_Format(PyExc_ValueError, "there are %zd places, not %zd", places, PySequence_Fast_GET_SIZE(read));
    else if (read)
        list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < places; i++) {
        owners[i] = PyLong_AsLong(PySequence_Fast_GET_ITEM(read, i));
        if (owners[i] == -1 && PyErr_Occurred())
            Py_CLEAR(list);
    }
    for (Py_ssize_t i = 0; list && i < lines->count; i++)
        for (Py_ssize_t k = lines->starts[i]; k < lines->starts[i + 1]; k++) {
            const int32_t x = lines->operands[k];
            if (x >= 0 && owners[x] >= 0 && owners[x] != owners[lines->inputs + i])
                used[x] = 1;
        }
    for (Py_ssize_t i = 0; list && i < places; i++)
        if (used[i]) {
            PyObject *place = PyLong_FromSsize_t(i);
            if (!place || PyList_Append(list, place) < 0)
                Py_CLEAR(list);
            Py_XDECREF(place);
        }
    PyMem_RawFree(owners);
    PyMem_RawFree(used);
    Py_XDECREF(read);
    return list;
}
