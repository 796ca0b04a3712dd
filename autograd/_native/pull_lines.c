/* The reverse sweep over Lines, which makes lines of the adjoints.
 *
 * It makes the lines that a trace would record in which the lines are replayed on Values and pull_gathered sweeps back,
 * in the same order. Lines whose slopes only Python knows are left to such a trace.
 */

/* An adjoint and a slope, both operands, whose product is part of the adjoint of a place. */
typedef struct {
    int32_t carried, slope, next; /* `next` as in Passed */
} Part;

typedef struct {
    const Lines *lines;  /* that are differentiated */
    Builder builder;     /* of the new lines: first those of `lines`, then those of the adjoints */
    int32_t *values;     /* the new operand for each place of `lines` */
    PassedTo *passed_to; /* by the new places of `lines` */
    char *is_wanted;     /* of these places, whether their adjoints are computed */
    Part *parts;
    Py_ssize_t part_count, part_room;
    int32_t free_part;
} Pull;

/* Add a line, or the constant that it is. */
static int record(Builder *builder, int op, const int32_t *operands, Py_ssize_t count, int32_t *result)
{
    if (are_constants(operands, count))
        return fold(builder, op, operands, count, result);
    *result = (int32_t)(builder->lines->inputs + builder->lines->count);
    return add_line(builder->lines, op, operands, count);
}

static int is_constant(const Lines *lines, int32_t operand, double number)
{
    return operand < 0 && lines->constants[-1 - operand] == number;
}

/* The lines that the roots need, in the order of a walk over nodes, by places; -1 with MemoryError. `seen` has a 0 for
 * each place. */
static int walk_lines(const Lines *lines, const int32_t *roots, Py_ssize_t root_count, char *seen, int32_t **order,
                      Py_ssize_t *count)
{
    Py_ssize_t depth = 0, room = 0, order_room = 0;
    int32_t *stack = NULL;
    int done = grow(&stack, &room, root_count + 1, sizeof(int32_t));
    *count = 0;
    for (Py_ssize_t i = 0; done == 0 && i < root_count; i++)
        if (roots[i] >= 0)
            stack[depth++] = roots[i];
    while (done == 0 && depth) {
        const int32_t top = stack[--depth];
        if (top < 0) {
            done = grow(order, &order_room, *count + 1, sizeof(int32_t));
            if (done == 0)
                (*order)[(*count)++] = -1 - top;
            continue;
        }
        if (seen[top] || top < lines->inputs)
            continue;
        seen[top] = 1;
        Py_ssize_t n;
        const int32_t *operands = operands_of(lines, top - lines->inputs, &n);
        done = grow(&stack, &room, depth + n + 1, sizeof(int32_t));
        if (done < 0)
            break;
        stack[depth++] = -1 - top;
        while (n-- > 0)
            if (operands[n] >= lines->inputs && !seen[operands[n]])
                stack[depth++] = operands[n];
    }
    PyMem_RawFree(stack);
    return done;
}

static int pass_part_on(Pull *pull, int32_t place, int32_t carried, int32_t slope)
{
    int32_t number = pull->free_part;
    if (is_constant(pull->builder.lines, slope, 0.0))
        return 0;
    if (number >= 0)
        pull->free_part = pull->parts[number].next;
    else {
        if (grow(&pull->parts, &pull->part_room, pull->part_count + 1, sizeof(Part)) < 0)
            return -1;
        number = (int32_t)pull->part_count++;
    }
    pull->parts[number] = (Part){carried, slope, -1};
    PassedTo *to = &pull->passed_to[place];
    if (to->count++)
        pull->parts[to->last].next = number;
    else
        to->first = number;
    to->last = number;
    return 0;
}

static int multiply_operands(Builder *builder, int32_t carried, int32_t slope, int32_t *product)
{
    const Lines *lines = builder->lines;
    if (is_constant(lines, carried, 0.0) || is_constant(lines, slope, 0.0))
        return constant_operand(builder->lines, 0.0, product);
    if (carried >= 0 ? is_constant(lines, slope, 1.0) : is_constant(lines, carried, 1.0)) {
        *product = carried >= 0 ? carried : slope;
        return 0;
    }
    if (carried >= 0 && is_constant(lines, slope, -1.0))
        return record(builder, OP_neg, &carried, 1, product);
    return record(builder, carried < 0 && slope < 0 ? OP_mul : OP_chain, (int32_t[]){carried, slope}, 2, product);
}

/* The adjoint of a place: what was passed on to it, as one operand. */
static int gather_parts(Pull *pull, int32_t place, int32_t *sum)
{
    PassedTo *to = &pull->passed_to[place];
    Builder *builder = &pull->builder;
    if (!to->count)
        return constant_operand(builder->lines, 0.0, sum);
    const Part *first = &pull->parts[to->first];
    int all_ones = 1, done;
    for (int32_t number = to->first; number >= 0; number = pull->parts[number].next)
        all_ones &= is_constant(builder->lines, pull->parts[number].slope, 1.0);
    if (to->count == 1)
        done = multiply_operands(builder, first->carried, first->slope, sum);
    else if (to->count == 2 && all_ones)
        done = record(builder, OP_add, (int32_t[]){first->carried, pull->parts[to->last].carried}, 2, sum);
    else {
        const Py_ssize_t n = to->count, count = all_ones ? n : 2 * n;
        int32_t *operands = PyMem_RawMalloc(count * sizeof(int32_t)), k = 0;
        if (!operands) {
            PyErr_NoMemory();
            return -1;
        }
        for (int32_t number = to->first; number >= 0; number = pull->parts[number].next, k++) {
            operands[k] = pull->parts[number].carried;
            if (!all_ones)
                operands[n + k] = pull->parts[number].slope;
        }
        done = record(builder, all_ones ? OP_sum_of : OP_chain_dot, operands, count, sum);
        PyMem_RawFree(operands);
    }
    pull->parts[to->last].next = pull->free_part;
    pull->free_part = to->first;
    *to = (PassedTo){0};
    return done;
}

/* The operand for a place in a template: one of the slots or a number. */
static int slot_operand(Builder *builder, const int32_t *slots, int place, int32_t *operand)
{
    if (place < 0)
        return constant_operand(builder->lines, template_numbers[-1 - place], operand);
    *operand = slots[place];
    return 0;
}

/* The slope of a line by operand i, from its template. */
static int slope_operand(Builder *builder, int op, int i, const int32_t *operands, int32_t out, int32_t *slope)
{
    const int constant = shapes[op] != BINARY ? 0 : operands[0] < 0 ? 1 : operands[1] < 0 ? 2 : 0;
    const Template *template = &templates[op][i][constant];
    int32_t slots[4 + MOST_STEPS] = {operands[0], operands[1], operands[2], out}, given[3];
    for (int k = 0; k < template->count; k++) {
        const Step *step = &template_steps[template->first + k];
        const int arity = arities[shapes[step->op]];
        for (int j = 0; j < arity; j++)
            if (slot_operand(builder, slots, step->operands[j], &given[j]) < 0)
                return -1;
        if (record(builder, step->op, given, arity, &slots[4 + k]) < 0)
            return -1;
    }
    return slot_operand(builder, slots, template->slope, slope);
}

/* Pass the adjoint of a line on to its operands. */
static int pull_line(Pull *pull, int32_t place)
{
    Builder *builder = &pull->builder;
    int32_t carried, slope, args[3] = {0};
    if (!pull->passed_to[place].count)
        return 0;
    if (gather_parts(pull, place, &carried) < 0)
        return -1;
    if (is_constant(builder->lines, carried, 0.0))
        return 0;
    const Py_ssize_t line = place - builder->lines->inputs, start = builder->lines->starts[line];
    const Py_ssize_t count = builder->lines->starts[line + 1] - start;
    const int op = builder->lines->ops[line], sequences = sequence_counts[shapes[op]];
    const Py_ssize_t size = sequences ? count / sequences : 1;
    for (Py_ssize_t k = 0; k < count; k++) {
        const int32_t x = builder->lines->operands[start + k];
        if (x < 0 || !pull->is_wanted[x])
            continue;
        const int i = (int)(k / size);
        for (Py_ssize_t j = 0; j < (sequences ? sequences : count); j++)
            args[j] = builder->lines->operands[start + (sequences ? j * size + k % size : j)];
        if (has_slopes[op] >> i & 1
            && (slope_operand(builder, op, i, args, place, &slope) < 0
                || pass_part_on(pull, x, carried, slope) < 0))
            return -1;
    }
    return 0;
}

/* The lines of the program on the new inputs. */
static int replay_flat(Pull *pull)
{
    const Lines *lines = pull->lines;
    int32_t *operands = NULL;
    Py_ssize_t room = 0, count;
    int done = 0;
    for (Py_ssize_t i = 0; done == 0 && i < lines->count; i++) {
        const int32_t *given = operands_of(lines, i, &count);
        done = grow(&operands, &room, count + 1, sizeof(int32_t));
        for (Py_ssize_t k = 0; done == 0 && k < count; k++)
            if (given[k] >= 0)
                operands[k] = pull->values[given[k]];
            else
                done = constant_operand(pull->builder.lines, lines->constants[-1 - given[k]], &operands[k]);
        if (done == 0)
            done = record(&pull->builder, lines->ops[i], operands, count, &pull->values[lines->inputs + i]);
    }
    PyMem_RawFree(operands);
    return done;
}

/* Mark the lines that depend on wanted places, as between() does for nodes. */
static int mark_wanted(Pull *pull, int32_t place)
{
    const Lines *made = pull->builder.lines;
    Py_ssize_t count;
    const int32_t *operands = operands_of(made, place - made->inputs, &count);
    const int op = made->ops[place - made->inputs], sequences = sequence_counts[shapes[op]];
    const Py_ssize_t size = sequences && count ? count / sequences : 1;
    for (Py_ssize_t k = 0; k < count; k++)
        if (operands[k] >= 0 && pull->is_wanted[operands[k]] && has_slopes[op] >> (k / size) & 1)
            return pull->is_wanted[place] = 1;
    return 0;
}

/* Sweep from the outputs, which have these adjoints, to all places that are wanted. */
static int sweep_lines(Pull *pull, const int32_t *outputs, const int32_t *seeds, Py_ssize_t count)
{
    const Lines *made = pull->builder.lines;
    int32_t *order = NULL, one;
    Py_ssize_t length = 0;
    char *seen = PyMem_RawCalloc(made->inputs + made->count + 1, 1);
    int done = -1;
    if (!seen)
        PyErr_NoMemory();
    else if (constant_operand(pull->builder.lines, 1.0, &one) == 0)
        done = walk_lines(made, outputs, count, seen, &order, &length);
    for (Py_ssize_t i = 0; done == 0 && i < length; i++)
        if (!mark_wanted(pull, order[i]))
            order[i] = -1;
    for (Py_ssize_t i = 0; done == 0 && i < count; i++)
        if (outputs[i] >= 0 && pull->is_wanted[outputs[i]])
            done = pass_part_on(pull, outputs[i], seeds[i], one);
    for (Py_ssize_t i = length; done == 0 && i-- > 0;)
        if (order[i] >= 0)
            done = pull_line(pull, order[i]);
    PyMem_RawFree(seen);
    PyMem_RawFree(order);
    return done;
}

/* New lines: those that the roots need, in the order of a walk from the last of them, the guards, and then from the
 * outputs, as in traces. `roots` gets the new places. */
static Lines *walked(const Lines *lines, int32_t *roots, Py_ssize_t output_count, Py_ssize_t guard_count)
{
    const Py_ssize_t places = lines->inputs + lines->count, root_count = output_count + guard_count;
    int32_t *last_first = PyMem_RawMalloc((root_count + 1) * sizeof(int32_t));
    char *seen = PyMem_RawCalloc(places + 1, 1);
    int32_t *new = PyMem_RawMalloc((places + 1) * sizeof(int32_t)), *order = NULL;
    Py_ssize_t length = 0;
    Lines *kept = last_first && seen && new ? new_lines(lines->inputs) : NULL;
    if (!last_first || !seen || !new)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; kept && i < root_count; i++)
        last_first[i] = roots[i < output_count ? output_count - 1 - i : root_count - 1 - (i - output_count)];
    int done = kept ? walk_lines(lines, last_first, root_count, seen, &order, &length) : -1;
    for (Py_ssize_t i = 0; done == 0 && i < lines->inputs; i++)
        new[i] = (int32_t)i;
    for (Py_ssize_t i = 0; done == 0 && i < length; i++) {
        new[order[i]] = (int32_t)(kept->inputs + kept->count);
        done = copy_line(kept, lines, order[i] - lines->inputs, new);
    }
    for (Py_ssize_t i = 0; done == 0 && i < root_count; i++)
        done = copy_operand(kept, lines, new, roots[i], &roots[i]);
    PyMem_RawFree(last_first);
    PyMem_RawFree(seen);
    PyMem_RawFree(new);
    PyMem_RawFree(order);
    if (done < 0)
        Py_CLEAR(kept);
    return kept;
}

/* Read operands into an array: places below `limit`, moved to `new` if it is not NULL, and floats, constants of `to`.
 * NULL with an exception. */
static int32_t *read_operands(PyObject *given, Lines *to, Py_ssize_t limit, const int32_t *new, Py_ssize_t *count)
{
    PyObject *read = PySequence_Fast(given, "operands are a sequence");
    *count = read ? PySequence_Fast_GET_SIZE(read) : 0;
    int32_t *operands = read ? PyMem_RawMalloc((*count + 1) * sizeof(int32_t)) : NULL;
    int done = operands ? 0 : -1;
    if (read && !operands)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; done == 0 && i < *count; i++) {
        PyObject *object = PySequence_Fast_GET_ITEM(read, i);
        const long place = PyLong_CheckExact(object) ? PyLong_AsLong(object) : -1;
        if (PyFloat_CheckExact(object))
            done = constant_operand(to, PyFloat_AS_DOUBLE(object), &operands[i]);
        else if (place >= 0 && place < limit)
            operands[i] = new ? new[place] : (int32_t)place;
        else {
            PyErr_Clear();
            PyErr_Format(PyExc_TypeError, "an operand is a float, or a place below %zd", limit);
            done = -1;
        }
    }
    Py_XDECREF(read);
    if (done == 0)
        return operands;
    PyMem_RawFree(operands);
    return NULL;
}

static int has_templates(const Lines *lines)
{
    for (Py_ssize_t i = 0; i < lines->count; i++)
        if (lines->ops[i] < 0 || templates[lines->ops[i]][0][0].count < 0)
            return 0;
    return 1;
}

/* lines.pulled(inputs, places, outputs, seeds, wanted, guards, keeps_outputs)
 *
 * New lines with so many inputs, among them those of these lines, at `places`; and a list of roots: the outputs if they
 * are kept, the adjoints of the wanted inputs, and the guards, which are places of these lines. The seeds are the
 * adjoints of the outputs: new inputs or floats. None if the slopes of some line are known to Python alone. */
static PyObject *lines_pulled(PyObject *self, PyObject *args)
{
    const Lines *lines = (Lines *)self;
    PyObject *given[5], *found = NULL;
    Py_ssize_t inputs, counts[5], kept_outputs, root_count = 0;
    int keeps_outputs;
    if (!PyArg_ParseTuple(args, "nOOOOOp", &inputs, &given[0], &given[1], &given[2], &given[3], &given[4],
                          &keeps_outputs))
        return NULL;
    if (!has_templates(lines))
        Py_RETURN_NONE;
    const Py_ssize_t places = lines->inputs + lines->count;
    int32_t *starts = NULL, *outputs = NULL, *seeds = NULL, *wanted = NULL, *guards = NULL, *roots = NULL;
    Lines *made = new_lines(inputs), *kept = NULL;
    Pull pull = {.lines = lines, .builder = {.lines = made}, .free_part = -1};
    if (!made || !(starts = read_operands(given[0], made, inputs, NULL, &counts[0])))
        goto end;
    if (counts[0] != lines->inputs) {
        PyErr_Format(PyExc_ValueError, "these lines have %zd inputs, not %zd", lines->inputs, counts[0]);
        goto end;
    }
    pull.values = PyMem_RawMalloc((places + 1) * sizeof(int32_t));
    pull.passed_to = PyMem_RawCalloc(inputs + lines->count + 1, sizeof(PassedTo));
    pull.is_wanted = PyMem_RawCalloc(inputs + lines->count + 1, 1);
    if (!pull.values || !pull.passed_to || !pull.is_wanted) {
        PyErr_NoMemory();
        goto end;
    }
    memcpy(pull.values, starts, lines->inputs * sizeof(int32_t));
    if (replay_flat(&pull) < 0 || !(outputs = read_operands(given[1], made, places, pull.values, &counts[1]))
        || !(seeds = read_operands(given[2], made, inputs, NULL, &counts[2]))
        || !(wanted = read_operands(given[3], made, lines->inputs, pull.values, &counts[3]))
        || !(guards = read_operands(given[4], made, places, pull.values, &counts[4])))
        goto end;
    if (counts[2] != counts[1]) {
        PyErr_SetString(PyExc_ValueError, "there is a seed for each output");
        goto end;
    }
    for (Py_ssize_t i = 0; i < counts[3]; i++)
        if (wanted[i] >= 0)
            pull.is_wanted[wanted[i]] = 1;
    kept_outputs = keeps_outputs ? counts[1] : 0;
    root_count = kept_outputs + counts[3] + counts[4];
    roots = PyMem_RawMalloc((root_count + 1) * sizeof(int32_t));
    if (!roots) {
        PyErr_NoMemory();
        goto end;
    }
    memcpy(roots, outputs, kept_outputs * sizeof(int32_t));
    memcpy(roots + kept_outputs + counts[3], guards, counts[4] * sizeof(int32_t));
    int done = sweep_lines(&pull, outputs, seeds, counts[1]);
    for (Py_ssize_t i = 0; done == 0 && i < counts[3]; i++) {
        int32_t one, *root = &roots[kept_outputs + i];
        if (wanted[i] < 0)
            done = constant_operand(made, 0.0, root);
        else if (gather_parts(&pull, wanted[i], root) < 0 || constant_operand(made, 1.0, &one) < 0)
            done = -1;
        else /* for the same input, wanted again */
            done = pass_part_on(&pull, wanted[i], *root, one);
    }
    if (done == 0)
        kept = walked(made, roots, kept_outputs + counts[3], counts[4]);
    PyObject *list = kept ? PyList_New(root_count) : NULL;
    for (Py_ssize_t i = 0; list && i < root_count; i++) {
        PyObject *object = place_or_float(kept, roots[i]);
        if (object)
            PyList_SET_ITEM(list, i, object);
        else
            Py_CLEAR(list);
    }
    found = list ? PyTuple_Pack(2, kept, list) : NULL;
    Py_XDECREF(list);
end:
    PyMem_RawFree(starts);
    PyMem_RawFree(outputs);
    PyMem_RawFree(seeds);
    PyMem_RawFree(wanted);
    PyMem_RawFree(guards);
    PyMem_RawFree(roots);
    PyMem_RawFree(pull.values);
    PyMem_RawFree(pull.passed_to);
    PyMem_RawFree(pull.is_wanted);
    PyMem_RawFree(pull.parts);
    end_builder(&pull.builder);
    Py_XDECREF(made);
    Py_XDECREF(kept);
    return found;
}
