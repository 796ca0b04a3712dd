/* Adding lines to Lines, each simplified when it comes by the rules: what Builder in programs/simplify.py does. */

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

static int are_constants(const int32_t *operands, Py_ssize_t count)
{
    while (count && operands[count - 1] < 0)
        count--;
    return count == 0;
}

/* The constant that is the result of an op of constants; -1 with MemoryError. */
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
        if (are_constants(operands, count))
            return fold(builder, op, operands, count, result);
        const int done = rules.starts[op] < rules.starts[op + 1] ? replace(builder, op, operands, count, result) : 0;
        if (done)
            return done < 0 ? -1 : 0;
    }
    const uint32_t hash = hash_operands(mix(0, (uint32_t)op), operands, count);
    if (table_room(&builder->known, 1) < 0)
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

static void end_builder(Builder *builder)
{
    free_table(&builder->known);
    PyMem_RawFree(builder->numbers);
}
