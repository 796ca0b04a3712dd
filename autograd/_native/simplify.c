/* Simplification of Lines: what programs/simplify.py explains and does in Python, with the same results. */

/* The rules, from set_rules(): patterns and what replaces them. */

enum { MOST_VARIABLES = 8 };

typedef struct {
    enum { VARIABLE, NUMBER, OF_OP } kind;
    int32_t which; /* the variable; or the code of the op, */
    int parts[3];  /* whose operands match these patterns, */
    int count;     /* of which there are so many */
    double number;
} Pattern;

typedef struct {
    int pattern, result; /* places in `patterns` */
    int key;             /* the pattern of an operand that has to be there: the first number, or else the first of an
                          * op; -1 for none */
} Rule;

static struct {
    Pattern *patterns;
    Py_ssize_t count, room;
    Rule *rules;                 /* those of one op after the other */
    int starts[TABLE_SIZE + 1]; /* where the rules of each op start, and where they end */
} rules;

/* Read a pattern; its place in `patterns`, or -1 with an exception. */
static int read_pattern(PyObject *object, PyObject *variables)
{
    Pattern pattern = {0};
    if (PyFloat_CheckExact(object)) {
        pattern.kind = NUMBER;
        pattern.number = PyFloat_AS_DOUBLE(object);
    }
    else if (PyUnicode_CheckExact(object)) {
        Py_ssize_t which = PySequence_Contains(variables, object) ? PySequence_Index(variables, object)
                                                                  : PyList_GET_SIZE(variables);
        if (which < 0 || (which == PyList_GET_SIZE(variables) && PyList_Append(variables, object) < 0))
            return -1;
        pattern.kind = VARIABLE;
        pattern.which = (int32_t)which;
        if (which >= MOST_VARIABLES) {
            PyErr_Format(PyExc_ValueError, "a rule has at most %d variables", MOST_VARIABLES);
            return -1;
        }
    }
    else {
        pattern.kind = OF_OP;
        pattern.which = -1;
        pattern.count = PyTuple_CheckExact(object) ? (int)PyTuple_GET_SIZE(object) - 1 : -1;
        for (int code = 0; pattern.count >= 0 && code < TABLE_SIZE; code++)
            if (PyUnicode_CheckExact(PyTuple_GET_ITEM(object, 0))
                && !PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(object, 0), names[code]))
                pattern.which = code;
        if (pattern.which < 0 || shapes[pattern.which] > TERNARY || arities[shapes[pattern.which]] != pattern.count) {
            PyErr_Format(PyExc_ValueError, "%R is no pattern of a rule", object);
            return -1;
        }
        for (int i = 0; i < pattern.count; i++)
            if ((pattern.parts[i] = read_pattern(PyTuple_GET_ITEM(object, i + 1), variables)) < 0)
                return -1;
    }
    if (grow(&rules.patterns, &rules.room, rules.count + 1, sizeof(Pattern)) < 0)
        return -1;
    rules.patterns[rules.count] = pattern;
    return (int)rules.count++;
}

static int key_of(const Pattern *pattern)
{
    for (int kind = NUMBER; kind <= OF_OP; kind++)
        for (int i = 0; i < pattern->count; i++)
            if ((int)rules.patterns[pattern->parts[i]].kind == kind)
                return pattern->parts[i];
    return -1;
}

/* set_rules(rules): the rules of simplification, a list of patterns and results */
static PyObject *engine_set_rules(PyObject *module, PyObject *given)
{
    PyObject *read = is_connected() ? PySequence_Fast(given, "rules are a sequence") : NULL;
    const Py_ssize_t count = read ? PySequence_Fast_GET_SIZE(read) : 0;
    Rule *unsorted = PyMem_RawMalloc((size_t)(2 * count + 1) * sizeof(Rule));
    PyObject *done = NULL;
    rules.count = 0;
    if (!read || !unsorted)
        goto end;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *variables = PyList_New(0), *pair = PySequence_Fast_GET_ITEM(read, i);
        if (variables && PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2) {
            unsorted[i].pattern = read_pattern(PyTuple_GET_ITEM(pair, 0), variables);
            unsorted[i].result = unsorted[i].pattern < 0 ? -1 : read_pattern(PyTuple_GET_ITEM(pair, 1), variables);
        }
        else
            PyErr_SetString(PyExc_TypeError, "a rule is a pattern and a result");
        Py_XDECREF(variables);
        if (PyErr_Occurred())
            goto end;
        unsorted[i].key = key_of(&rules.patterns[unsorted[i].pattern]);
    }
    Rule *sorted = unsorted + count;
    for (int code = 0; code < TABLE_SIZE; code++) {
        rules.starts[code] = (int)(sorted - unsorted - count);
        for (Py_ssize_t i = 0; i < count; i++)
            if (rules.patterns[unsorted[i].pattern].kind == OF_OP && rules.patterns[unsorted[i].pattern].which == code)
                *sorted++ = unsorted[i];
    }
    rules.starts[TABLE_SIZE] = (int)(sorted - unsorted - count);
    memmove(unsorted, unsorted + count, count * sizeof(Rule));
    PyMem_RawFree(rules.rules);
    rules.rules = unsorted;
    unsorted = NULL;
    done = Py_NewRef(Py_None);
end:
    if (!done) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        memset(rules.starts, 0, sizeof rules.starts);
    }
    PyMem_RawFree(unsorted);
    Py_XDECREF(read);
    return done;
}

/* Adding lines, each simplified when it comes */

typedef struct {
    Lines *lines;
    Table known; /* the lines */
    double *numbers; /* of the operands of a line that is computed */
    Py_ssize_t number_room;
} Builder;

static int match(const Builder *builder, int place, int32_t operand, int32_t *found, unsigned *bound)
{
    const Pattern *pattern = &rules.patterns[place];
    const Lines *lines = builder->lines;
    if (pattern->kind == VARIABLE) {
        if (*bound >> pattern->which & 1)
            return found[pattern->which] == operand;
        found[pattern->which] = operand;
        *bound |= 1u << pattern->which;
        return 1;
    }
    if (pattern->kind == NUMBER)
        return operand < 0 && bits_of(lines->constants[-1 - operand]) == bits_of(pattern->number);
    const Py_ssize_t line = operand - lines->inputs;
    if (line < 0 || lines->ops[line] != pattern->which)
        return 0;
    for (int i = 0; i < pattern->count; i++)
        if (!match(builder, pattern->parts[i], lines->operands[lines->starts[line] + i], found, bound))
            return 0;
    return 1;
}

/* Whether an operand is one that the rule asks for. */
static int has_key(const Lines *lines, const Rule *rule, int32_t operand)
{
    const Pattern *key = &rules.patterns[rule->key];
    if (key->kind == NUMBER)
        return operand < 0 && lines->constants[-1 - operand] == key->number;
    return operand >= lines->inputs && lines->ops[operand - lines->inputs] == key->which;
}

static int build(Builder *builder, int op, const int32_t *operands, Py_ssize_t count, int32_t *result);

static int build_result(Builder *builder, int place, const int32_t *found, int32_t *result)
{
    const Pattern pattern = rules.patterns[place];
    int32_t operands[3];
    if (pattern.kind == VARIABLE) {
        *result = found[pattern.which];
        return 0;
    }
    if (pattern.kind == NUMBER)
        return constant_operand(builder->lines, pattern.number, result);
    for (int i = 0; i < pattern.count; i++)
        if (build_result(builder, pattern.parts[i], found, &operands[i]) < 0)
            return -1;
    return build(builder, pattern.which, operands, pattern.count, result);
}

/* Replace a line by a rule: 1 if one did, 0 if none matches, -1 with MemoryError. The rules come in the order of
 * Builder._candidates in Python: those without a key, then those with a key that an operand has, operand by operand. */
static int replace(Builder *builder, int op, const int32_t *operands, Py_ssize_t count, int32_t *result)
{
    for (Py_ssize_t i = -1; i < count; i++)
        for (int k = rules.starts[op]; k < rules.starts[op + 1]; k++) {
            const Rule *rule = &rules.rules[k];
            if (i < 0 ? rule->key >= 0 : rule->key < 0 || !has_key(builder->lines, rule, operands[i]))
                continue;
            const Pattern *pattern = &rules.patterns[rule->pattern];
            int32_t found[MOST_VARIABLES];
            unsigned bound = 0;
            int matches = 1;
            for (int part = 0; matches && part < pattern->count; part++)
                matches = match(builder, pattern->parts[part], operands[part], found, &bound);
            if (matches)
                return build_result(builder, rule->result, found, result) < 0 ? -1 : 1;
        }
    return 0;
}

/* The number that a row of the table gives, as in the native engine. */
static double computed(int code, Py_ssize_t count, const double *numbers)
{
    switch (shapes[code]) {
    case UNARY:
        return number_unary(code, numbers[0]);
    case BINARY:
        return number_binary(code, numbers[0], numbers[1]);
    case TERNARY:
        return number_ternary(code, numbers[0], numbers[1], numbers[2]);
    case SEQUENCE:
        return number_sequences(code, (int)count, numbers, numbers);
    default:
        return number_sequences(code, (int)(count / 2), numbers, numbers + count / 2);
    }
}

static int fold(Builder *builder, int op, const int32_t *operands, Py_ssize_t count, int32_t *result)
{
    if (grow(&builder->numbers, &builder->number_room, count + 1, sizeof(double)) < 0)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++)
        builder->numbers[i] = builder->lines->constants[-1 - operands[i]];
    return constant_operand(builder->lines, computed(op, count, builder->numbers), result);
}

/* The operand that stands for the result of an op: a place or a constant. -1 with MemoryError. */
static int build(Builder *builder, int op, const int32_t *operands, Py_ssize_t count, int32_t *result)
{
    Lines *lines = builder->lines;
    if (op >= 0) {
        Py_ssize_t constants = 0;
        while (constants < count && operands[constants] < 0)
            constants++;
        if (constants == count)
            return fold(builder, op, operands, count, result);
        const int done = rules.starts[op] < rules.starts[op + 1] ? replace(builder, op, operands, count, result) : 0;
        if (done)
            return done < 0 ? -1 : 0;
    }
    const uint32_t hash = hash_operands(mix(0, (uint32_t)op), operands, count);
    if (table_room(&builder->known) < 0)
        return -1;
    Slot *slot = first_slot(&builder->known, hash);
    for (; slot->entry; slot = next_slot(&builder->known, slot)) {
        const Py_ssize_t line = slot->entry - 1;
        if (slot->hash == hash && lines->ops[line] == op && lines->starts[line + 1] - lines->starts[line] == count
            && !memcmp(lines->operands + lines->starts[line], operands, count * sizeof(int32_t))) {
            *result = (int32_t)(lines->inputs + line);
            return 0;
        }
    }
    *result = (int32_t)(lines->inputs + lines->count);
    fill_slot(&builder->known, slot, hash, lines->count);
    return add_line(lines, op, operands, count);
}

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
#define MOVED(operand)                                                                                                 \
    ((operand) >= 0 ? (*place = new[operand], 0) : constant_operand(kept, lines->constants[-1 - (operand)], place))
    for (Py_ssize_t i = 0; done == 0 && i < lines->count; i++) {
        Py_ssize_t count;
        int32_t op = lines->ops[i];
        const int32_t *operands = operands_of(lines, i, &count);
        new[lines->inputs + i] = (int32_t)(kept->inputs + kept->count);
        if (!needed[lines->inputs + i])
            continue;
        int32_t *place = line_room(kept, count);
        done = place ? 0 : -1;
        for (Py_ssize_t k = 0; done == 0 && k < count; k++, place++)
            done = MOVED(operands[k]);
        if (done == 0 && op < 0)
            done = op_number(kept, op_object(lines, op), &op);
        if (done == 0)
            end_line(kept, op, count);
    }
    for (Py_ssize_t i = 0; done == 0 && i < root_count; i++) {
        int32_t *place = &roots[i];
        if (*place != FLOAT_ROOT)
            done = MOVED(roots[i]);
    }
#undef MOVED
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
    free_table(&builder->known);
    PyMem_RawFree(builder->numbers);
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
