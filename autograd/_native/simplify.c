/* Simplification of Lines: what programs/simplify.py explains and does in Python, with the same results. */

enum { FLOAT_ROOT = INT32_MIN }; /* in the place of an operand: a root that was given as a float */

/* Sums gathered: see gathered_sums and _gathered in Python */

typedef struct {
    const Lines *lines;
    int32_t *uses;   /* how often each place is an operand or a root */
    int32_t *length; /* of each line that is an addition, the number of terms that it adds; 0 for other lines */
    char *is_inner;  /* of each line, whether it is part of a later addition */
    int32_t *terms;
} Sums;

static int single_line(const Sums *sums, int32_t operand) /* of one user; -1 for any other operand */
{
    const Py_ssize_t inputs = sums->lines->inputs;
    return operand >= inputs && sums->uses[operand] == 1 ? (int)(operand - inputs) : -1;
}

static int has_op(const Sums *sums, int line, int op)
{
    return line >= 0 && sums->lines->ops[line] == op;
}

/* Add an addition, gathered if it has enough terms. */
static int gather_sum(Sums *sums, Py_ssize_t i, Lines *to)
{
    const Lines *lines = sums->lines;
    Py_ssize_t count = sums->length[i];
    int32_t *terms = sums->terms, one;
    Py_ssize_t line = i;
    for (Py_ssize_t k = count - 1; k > 0; k--) {
        const int32_t *operands = lines->operands + lines->starts[line];
        terms[k] = operands[1];
        terms[0] = operands[0];
        line = operands[0] - lines->inputs;
    }
    if (terms[0] < 0 && lines->constants[-1 - terms[0]] == 0.0) { /* with which `dot` and `sum_of` begin anyway */
        terms++;
        count--;
    }
    Py_ssize_t products = 0, before = 0;
    for (Py_ssize_t k = 0; k < count; k++)
        products += has_op(sums, single_line(sums, terms[k]), OP_mul);
    const int first = single_line(sums, terms[0]);
    const int continues_dot = has_op(sums, first, OP_dot), continues_sum = has_op(sums, first, OP_sum_of);
    const int32_t *begun = first >= 0 ? operands_of(lines, first, &before) : NULL;
    if (products + continues_dot < 2) {
        if (count < 3 && !continues_sum) {
            begun = operands_of(lines, i, &before);
            return add_line(to, OP_add, begun, 2);
        }
        if (!continues_sum)
            return add_line(to, OP_sum_of, terms, count);
        int32_t *place = line_room(to, before + count - 1);
        if (!place)
            return -1;
        memcpy(place, begun, before * sizeof(int32_t));
        memcpy(place + before, terms + 1, (count - 1) * sizeof(int32_t));
        end_line(to, OP_sum_of, before + count - 1);
        return 0;
    }
    before = continues_dot ? before / 2 : 0;
    const Py_ssize_t skipped = continues_dot, half = before + count - skipped;
    int32_t *place = constant_operand(to, 1.0, &one) < 0 ? NULL : line_room(to, 2 * half);
    if (!place)
        return -1;
    for (Py_ssize_t k = 0; k < before; k++) {
        place[k] = begun[k];
        place[half + k] = begun[before + k];
    }
    for (Py_ssize_t k = skipped; k < count; k++) {
        const int product = single_line(sums, terms[k]);
        const int is_product = has_op(sums, product, OP_mul);
        const int32_t *factors = is_product ? lines->operands + lines->starts[product] : NULL;
        place[before + k - skipped] = is_product ? factors[0] : one;
        place[half + before + k - skipped] = is_product ? factors[1] : terms[k];
    }
    end_line(to, OP_dot, 2 * half);
    return 0;
}

static Lines *copy_without_lines(const Lines *lines)
{
    Lines *copy = new_lines(lines->inputs);
    int32_t operand;
    int done = copy ? 0 : -1;
    for (Py_ssize_t i = 0; done == 0 && i < lines->constant_count; i++)
        done = constant_operand(copy, lines->constants[i], &operand);
    for (Py_ssize_t i = 0; done == 0 && i < PyList_GET_SIZE(lines->others); i++)
        done = op_number(copy, PyList_GET_ITEM(lines->others, i), &operand);
    if (done < 0)
        Py_CLEAR(copy);
    return copy;
}

/* New lines in which chains of additions are one `dot` or `sum_of` each; no place changes. */
static Lines *gathered_sums(const Lines *lines, const int32_t *roots, Py_ssize_t root_count)
{
    const Py_ssize_t places = lines->inputs + lines->count;
    Sums sums = {.lines = lines,
                 .uses = PyMem_RawCalloc(places + 1, sizeof(int32_t)),
                 .length = PyMem_RawCalloc(lines->count + 1, sizeof(int32_t)),
                 .is_inner = PyMem_RawCalloc(lines->count + 1, 1),
                 .terms = PyMem_RawMalloc((lines->count + 2) * sizeof(int32_t))};
    Lines *made = NULL;
    int done = sums.uses && sums.length && sums.is_inner && sums.terms ? 0 : -1;
    if (done < 0)
        PyErr_NoMemory();
    else
        done = (made = copy_without_lines(lines)) ? 0 : -1;
    for (Py_ssize_t i = 0; done == 0 && i < lines->starts[lines->count]; i++)
        if (lines->operands[i] >= 0)
            sums.uses[lines->operands[i]]++;
    for (Py_ssize_t i = 0; done == 0 && i < root_count; i++)
        if (roots[i] >= 0)
            sums.uses[roots[i]]++;
    for (Py_ssize_t i = 0; done == 0 && i < lines->count; i++)
        if (lines->ops[i] == OP_add) {
            const int left = single_line(&sums, lines->operands[lines->starts[i]]);
            sums.length[i] = 2;
            if (has_op(&sums, left, OP_add)) {
                sums.is_inner[left] = 1;
                sums.length[i] = sums.length[left] + 1;
            }
        }
    for (Py_ssize_t i = 0; done == 0 && i < lines->count; i++) {
        Py_ssize_t count;
        const int32_t *operands = operands_of(lines, i, &count);
        if (sums.length[i] && !sums.is_inner[i])
            done = gather_sum(&sums, i, made);
        else
            done = add_line(made, lines->ops[i], operands, count);
    }
    PyMem_RawFree(sums.uses);
    PyMem_RawFree(sums.length);
    PyMem_RawFree(sums.is_inner);
    PyMem_RawFree(sums.terms);
    if (done < 0)
        Py_CLEAR(made);
    return made;
}

/* The operand of other lines whose places have become `new`. */
static int copy_operand(Lines *to, const Lines *from, const int32_t *new, int32_t operand, int32_t *copy)
{
    if (operand < 0)
        return constant_operand(to, from->constants[-1 - operand], copy);
    *copy = new[operand];
    return 0;
}

static int copy_line(Lines *to, const Lines *from, Py_ssize_t i, const int32_t *new)
{
    Py_ssize_t count;
    int32_t op = from->ops[i];
    const int32_t *operands = operands_of(from, i, &count);
    int32_t *copies = line_room(to, count);
    int done = copies ? 0 : -1;
    for (Py_ssize_t k = 0; done == 0 && k < count; k++)
        done = copy_operand(to, from, new, operands[k], &copies[k]);
    if (done == 0 && op < 0)
        done = op_number(to, op_object(from, op), &op);
    if (done == 0)
        end_line(to, op, count);
    return done;
}

/* New lines: those that the roots need, and the constants and ops that these need. `roots` gets the new places. */
static Lines *without_dead(const Lines *lines, int32_t *roots, Py_ssize_t root_count)
{
    const Py_ssize_t places = lines->inputs + lines->count;
    char *needed = PyMem_RawCalloc(places + 1, 1);
    int32_t *new = PyMem_RawMalloc((places + 1) * sizeof(int32_t));
    Lines *kept = needed && new ? new_lines(lines->inputs) : NULL;
    int done = kept ? 0 : -1;
    if (!needed || !new)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; done == 0 && i < root_count; i++)
        if (roots[i] >= 0)
            needed[roots[i]] = 1;
    for (Py_ssize_t i = lines->count; done == 0 && i-- > 0;)
        if (needed[lines->inputs + i])
            for (Py_ssize_t k = lines->starts[i]; k < lines->starts[i + 1]; k++)
                if (lines->operands[k] >= 0)
                    needed[lines->operands[k]] = 1;
    for (Py_ssize_t i = 0; done == 0 && i < lines->inputs; i++)
        new[i] = (int32_t)i;
    for (Py_ssize_t i = 0; done == 0 && i < lines->count; i++) {
        new[lines->inputs + i] = (int32_t)(kept->inputs + kept->count);
        if (needed[lines->inputs + i])
            done = copy_line(kept, lines, i, new);
    }
    for (Py_ssize_t i = 0; done == 0 && i < root_count; i++)
        if (roots[i] != FLOAT_ROOT)
            done = copy_operand(kept, lines, new, roots[i], &roots[i]);
    PyMem_RawFree(needed);
    PyMem_RawFree(new);
    if (done < 0)
        Py_CLEAR(kept);
    return kept;
}

/* Roots of lines, from a list or tuple of places and floats; NULL with an exception. */
static int32_t *read_roots(const Lines *lines, PyObject *given)
{
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(given);
    int32_t *roots = PyMem_RawMalloc((count + 1) * sizeof(int32_t));
    if (!roots)
        return (int32_t *)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *root = PySequence_Fast_GET_ITEM(given, i);
        const long place = PyLong_CheckExact(root) ? PyLong_AsLong(root) : -1;
        if (place < 0 || place >= lines->inputs + lines->count) {
            if (!PyFloat_CheckExact(root)) {
                PyErr_SetString(PyExc_TypeError, "a root of lines is the place of one, or of an input, or a float");
                PyMem_RawFree(roots);
                return NULL;
            }
            roots[i] = FLOAT_ROOT;
        }
        else
            roots[i] = (int32_t)place;
    }
    return roots;
}

static PyObject *roots_object(const Lines *lines, const int32_t *roots, PyObject *given)
{
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(given);
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list && i < count; i++) {
        PyObject *object = roots[i] == FLOAT_ROOT ? Py_NewRef(PySequence_Fast_GET_ITEM(given, i))
                                                  : place_or_float(lines, roots[i]);
        if (object)
            PyList_SET_ITEM(list, i, object);
        else
            Py_CLEAR(list);
    }
    return list;
}

/* The lines made anew, and the roots in them: 0, or -1 with an exception. */
static int build_all(Builder *builder, const Lines *lines, int32_t *roots, Py_ssize_t root_count)
{
    const Py_ssize_t places = lines->inputs + lines->count;
    int32_t *new = PyMem_RawMalloc((places + lines->constant_count + 1) * sizeof(int32_t)), *operands = NULL;
    Py_ssize_t room = 0;
    int done = new ? 0 : -1;
    if (!new)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; done == 0 && i < lines->inputs; i++)
        new[i] = (int32_t)i;
    if (done == 0)
        done = table_room(&builder->known, lines->count + 1);
    int32_t *constants = new + (new ? places : 0);
    for (Py_ssize_t i = 0; done == 0 && i < lines->constant_count; i++)
        done = constant_operand(builder->lines, lines->constants[i], &constants[i]);
#define MOVED(operand) ((operand) >= 0 ? new[operand] : constants[-1 - (operand)])
    for (Py_ssize_t i = 0; done == 0 && i < lines->count; i++) {
        Py_ssize_t count;
        int32_t op = lines->ops[i];
        const int32_t *given = operands_of(lines, i, &count);
        done = grow(&operands, &room, count + 1, sizeof(int32_t));
        for (Py_ssize_t k = 0; done == 0 && k < count; k++)
            operands[k] = MOVED(given[k]);
        if (done == 0 && op < 0)
            done = op_number(builder->lines, op_object(lines, op), &op);
        if (done == 0)
            done = build(builder, op, operands, count, &new[lines->inputs + i]);
    }
    for (Py_ssize_t i = 0; done == 0 && i < root_count; i++)
        if (roots[i] != FLOAT_ROOT)
            roots[i] = MOVED(roots[i]);
#undef MOVED
    PyMem_RawFree(new);
    PyMem_RawFree(operands);
    end_builder(builder);
    return done;
}

/* lines.simplified(roots): the simplified lines, and the operands that stand for the roots */
static PyObject *lines_simplified(PyObject *self, PyObject *given)
{
    Lines *lines = (Lines *)self, *made = NULL, *kept = NULL;
    PyObject *read = PySequence_Fast(given, "roots are a sequence"), *found = NULL, *operands = NULL;
    int32_t *roots = read ? read_roots(lines, read) : NULL;
    Builder builder = {.lines = roots ? new_lines(lines->inputs) : NULL};
    const Py_ssize_t count = read ? PySequence_Fast_GET_SIZE(read) : 0;
    if (builder.lines && build_all(&builder, lines, roots, count) == 0
        && (made = gathered_sums(builder.lines, roots, count)))
        kept = without_dead(made, roots, count);
    if (kept && (operands = roots_object(kept, roots, read)))
        found = PyTuple_Pack(2, kept, operands);
    PyMem_RawFree(roots);
    Py_XDECREF(read);
    Py_XDECREF(builder.lines);
    Py_XDECREF(made);
    Py_XDECREF(kept);
    Py_XDECREF(operands);
    return found;
}
