/* Sweeps whose adjoints or tangents are Values: they build graphs, which can be differentiated again.
 *
 * They do what graph/sweeps.py does for Values. The slopes come from the templates in kernels.h. A sweep that gathers
 * keeps what is passed on to a node until the node's turn comes, and then makes one node of it: see pull_gathered.
 */

/* A Value, or a number if `value` is NULL. */
typedef struct {
    Value *value;
    double number;
} Term;

static Term term_of(PyObject *operand) /* borrowed */
{
    return IS_VALUE(operand) ? (Term){(Value *)operand, ((Value *)operand)->data}
                             : (Term){NULL, PyFloat_AS_DOUBLE(operand)};
}

static Operand operand_of(Term term)
{
    return term.value ? (Operand){.value = term.value} : (Operand){.number = term.number};
}

static PyObject *term_object(Term term)
{
    return term.value ? Py_NewRef(term.value) : PyFloat_FromDouble(term.number);
}

static Term kept(Term term)
{
    Py_XINCREF(term.value);
    return term;
}

static int is_number(Term term, double number)
{
    return !term.value && term.number == number;
}

/* The result of a row for terms, a new reference if it is a Value; -1 with MemoryError. */
static int apply_row(int code, const Term *args, Term *result)
{
    const int shape = shapes[code];
    const double x = args[0].number;
    PyObject *made;
    if (shape == UNARY) {
        *result = (Term){NULL, number_unary(code, x)};
        if (!args[0].value)
            return 0;
        made = record_unary(code, result->number, args[0].value);
    }
    else if (shape == BINARY) {
        *result = (Term){NULL, number_binary(code, x, args[1].number)};
        if (!args[0].value && !args[1].value)
            return 0;
        made = record_binary(code, result->number, operand_of(args[0]), operand_of(args[1]),
                             (args[0].value ? 0 : X_IS_NUMBER) | (args[1].value ? 0 : Y_IS_NUMBER));
    }
    else {
        *result = (Term){NULL, number_ternary(code, x, args[1].number, args[2].number)};
        if (!args[0].value && !args[1].value && !args[2].value)
            return 0;
        PyObject *operands = PyTuple_New(3);
        for (int i = 0; operands && i < 3; i++) {
            PyObject *object = term_object(args[i]);
            if (!object)
                Py_CLEAR(operands);
            else
                PyTuple_SET_ITEM(operands, i, object);
        }
        made = operands ? record_objects(code, result->number, operands, NULL) : NULL;
    }
    result->value = (Value *)made;
    return made ? 0 : -1;
}

/* total + more; recorded only if neither is a plain 0. Takes over both references. */
static int add_term(Term *total, Term more)
{
    if (is_number(more, 0.0) && !is_number(*total, 0.0))
        return 0;
    Term sum = more;
    int done = 0;
    if (!is_number(*total, 0.0)) {
        done = apply_row(OP_add, (Term[]){*total, more}, &sum);
        Py_XDECREF(more.value);
    }
    Py_XDECREF(total->value);
    *total = done < 0 ? (Term){NULL, 0.0} : sum;
    return done;
}

/* carried * slope with strong zero, a new reference. */
static int multiply_terms(Term carried, Term slope, Term *product)
{
    *product = (Term){NULL, 0.0};
    if (is_number(carried, 0.0) || is_number(slope, 0.0))
        return 0;
    if (carried.value ? is_number(slope, 1.0) : is_number(carried, 1.0))
        *product = kept(carried.value ? carried : slope);
    else if (carried.value && is_number(slope, -1.0))
        return apply_row(OP_neg, &carried, product);
    else if (!carried.value && !slope.value)
        product->number = carried.number * slope.number;
    else
        return apply_row(OP_chain, (Term[]){carried, slope}, product);
    return 0;
}

/* An adjoint and a slope whose product is part of the adjoint of an operand; or a tangent and a slope whose product is
 * part of the tangent of a node. Both have references of their own. */
typedef struct {
    Term carried, slope;
    int32_t next; /* the number of the one passed on after it to the same place, or that is free, too; -1 for none */
} Passed;

typedef struct {
    int32_t first, last, count;
} PassedTo;

typedef struct {
    Sweep places; /* without adjoints */
    Term *terms;  /* adjoints or tangents, by the places of nodes */
    int is_forward;
    const State *state; /* that new nodes are made in */
    PassedTo *passed_to; /* by the places of nodes; NULL unless the sweep gathers */
    Passed *passed;
    Py_ssize_t passed_count, passed_room;
    int32_t free_passed; /* the first of those to use again, or -1 */
} GraphSweep;

/* To be called after Python code has run. */
static int resume(GraphSweep *sweep)
{
    const State *state = current_state();
    sweep->state = state ? state : &outside;
    return keep_places(&sweep->places);
}

/* Sums that are gathered */

/* Keep an adjoint or tangent and a slope, borrowed references, for the node at this place. */
static int pass_on(GraphSweep *sweep, size_t place, Term carried, Term slope)
{
    int32_t number = sweep->free_passed;
    if (is_number(slope, 0.0))
        return 0;
    if (number >= 0)
        sweep->free_passed = sweep->passed[number].next;
    else {
        if (grow(&sweep->passed, &sweep->passed_room, sweep->passed_count + 1, sizeof(Passed)) < 0)
            return -1;
        number = (int32_t)sweep->passed_count++;
    }
    sweep->passed[number] = (Passed){kept(carried), kept(slope), -1};
    PassedTo *to = &sweep->passed_to[place];
    if (to->count++)
        sweep->passed[to->last].next = number;
    else
        to->first = number;
    to->last = number;
    return 0;
}

static void forget_passed(GraphSweep *sweep, size_t place)
{
    PassedTo *to = &sweep->passed_to[place];
    if (!to->count)
        return;
    for (int32_t number = to->first; number >= 0; number = sweep->passed[number].next) {
        Py_XDECREF(sweep->passed[number].carried.value);
        Py_XDECREF(sweep->passed[number].slope.value);
    }
    sweep->passed[to->last].next = sweep->free_passed;
    sweep->free_passed = to->first;
    *to = (PassedTo){0};
}

static PyObject *tuple_of_passed(const GraphSweep *sweep, const PassedTo *to, int slopes, double *numbers)
{
    PyObject *tuple = PyTuple_New(to->count);
    int32_t number = to->first;
    for (Py_ssize_t i = 0; tuple && i < to->count; i++, number = sweep->passed[number].next) {
        const Term term = slopes ? sweep->passed[number].slope : sweep->passed[number].carried;
        PyObject *object = term_object(term);
        numbers[i] = term.number;
        if (object)
            PyTuple_SET_ITEM(tuple, i, object);
        else
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* The result of `sum_of` of all adjoints, or of `chain_dot` of these and the slopes. */
static int apply_to_passed(GraphSweep *sweep, int code, const PassedTo *to, int any_values, Term *result)
{
    const Py_ssize_t n = to->count;
    const int count = code == OP_chain_dot ? 2 : 1;
    double *numbers = PyMem_RawMalloc(2 * n * sizeof(double));
    PyObject *xs = numbers ? tuple_of_passed(sweep, to, 0, numbers) : PyErr_NoMemory();
    PyObject *ys = xs && count == 2 ? tuple_of_passed(sweep, to, 1, numbers + n) : NULL;
    *result = (Term){NULL, 0.0};
    int done = xs && (count == 1 || ys) ? 0 : -1;
    if (done == 0) {
        result->number = number_sequences(code, (int)n, numbers, numbers + n);
        if (any_values) {
            hold(sweep->state);
            result->value = (Value *)record_objects(code, result->number, Py_NewRef(xs), Py_XNewRef(ys));
            let_go();
            done = result->value ? 0 : -1;
        }
    }
    PyMem_RawFree(numbers);
    Py_XDECREF(xs);
    Py_XDECREF(ys);
    return done;
}

/* The adjoint or tangent at this place, a new reference: what was passed on, as one node. */
static int gather(GraphSweep *sweep, size_t place, Term *sum)
{
    const PassedTo to = sweep->passed_to[place];
    int all_ones = 1, any_values = 0, done = 0;
    *sum = (Term){NULL, 0.0};
    if (!to.count)
        return 0;
    for (int32_t number = to.first; number >= 0; number = sweep->passed[number].next) {
        const Passed *passed = &sweep->passed[number];
        all_ones &= is_number(passed->slope, 1.0);
        any_values |= passed->carried.value || passed->slope.value;
    }
    const Passed *first = &sweep->passed[to.first];
    if (to.count <= 2 && (to.count == 1 || all_ones)) {
        hold(sweep->state);
        done = to.count == 1 ? multiply_terms(first->carried, first->slope, sum)
                             : apply_row(OP_add, (Term[]){first->carried, sweep->passed[to.last].carried}, sum);
        let_go();
    }
    else
        done = apply_to_passed(sweep, all_ones ? OP_sum_of : OP_chain_dot, &to, any_values, sum);
    forget_passed(sweep, place);
    return done;
}

/* Carry from or to one operand: with the slope by it, a borrowed reference. */
static int carry_term(GraphSweep *sweep, Term *of_node, Term *of_operand, Term slope)
{
    Term product;
    if (sweep->passed_to && sweep->is_forward)
        return is_number(*of_operand, 0.0) ? 0 : pass_on(sweep, of_node - sweep->terms, *of_operand, slope);
    if (sweep->passed_to)
        return pass_on(sweep, of_operand - sweep->terms, *of_node, slope);
    if (multiply_terms(sweep->is_forward ? *of_operand : *of_node, slope, &product) < 0)
        return -1;
    return add_term(sweep->is_forward ? of_node : of_operand, product);
}

/* The same with the slope from a template; x, y and z are borrowed. */
static int carry_by_template(GraphSweep *sweep, Value *node, Term *of_node, Term of[3], int i)
{
    if (!of[i].value)
        return 0;
    const size_t place = place_of(&sweep->places, of[i].value);
    if (place >= sweep->places.count || (sweep->is_forward && is_number(sweep->terms[place], 0.0)))
        return 0;
    const int constant = shapes[node->code] != BINARY ? 0 : !of[0].value ? 1 : !of[1].value ? 2 : 0;
    const Template *template = &templates[node->code][i][constant];
    Term slots[4 + MOST_STEPS] = {of[0], of[1], of[2], {node, node->data}};
    int done = 0, made = 4;
    hold(sweep->state);
#define SLOT(place) ((place) >= 0 ? slots[place] : (Term){NULL, template_numbers[-1 - (place)]})
    for (; done == 0 && made < 4 + template->count; made++) {
        const Step *step = &template_steps[template->first + made - 4];
        Term args[3] = {{NULL, 0.0}};
        for (int k = 0; k < 3; k++)
            args[k] = SLOT(step->operands[k]);
        done = apply_row(step->op, args, &slots[made]);
    }
    if (done == 0)
        done = carry_term(sweep, of_node, &sweep->terms[place], SLOT(template->slope));
#undef SLOT
    let_go();
    for (int k = 4; k < made; k++)
        Py_XDECREF(slots[k].value);
    return done;
}

static int carry_by_rules(GraphSweep *sweep, Value *node, Term *of_node)
{
    const int passes = !sweep->is_forward && collects(node);
    PyObject *pairs = passes ? passed_back(&sweep->places, node, term_object(*of_node), Py_True)
                             : PyObject_CallOneArg(python.node_slopes, (PyObject *)node);
    int done = pairs ? resume(sweep) : -1;
    for (Py_ssize_t k = 0; done == 0 && k < PyList_GET_SIZE(pairs); k++) {
        PyObject *pair = PyList_GET_ITEM(pairs, k), *slope = PyTuple_GET_ITEM(pair, 1);
        const size_t place = place_of(&sweep->places, (Value *)PyTuple_GET_ITEM(pair, 0));
        Term term = {NULL, 0.0};
        if (place >= sweep->places.count)
            continue;
        if (IS_VALUE(slope))
            term = term_of(slope);
        else
            done = to_double(slope, "a partial", &term.number);
        if (done == 0 && passes)
            done = sweep->passed_to ? pass_on(sweep, place, term, (Term){NULL, 1.0})
                                    : add_term(&sweep->terms[place], kept(term));
        else if (done == 0)
            done = carry_term(sweep, of_node, &sweep->terms[place], term);
    }
    Py_XDECREF(pairs);
    return done;
}

/* Carry between a node and its operands. */
static int carry_node(GraphSweep *sweep, Value *node, Term *of_node)
{
    if (node->code == CUSTOM || templates[node->code][0][0].count < 0)
        return carry_by_rules(sweep, node, of_node);
    Term of[3] = {{NULL, 0.0}};
    switch (shapes[node->code]) {
    case UNARY:
        of[0] = (Term){node->x.value, node->x.value->data};
        return carry_by_template(sweep, node, of_node, of, 0);
    case BINARY:
        of[0] = node->flags & X_IS_NUMBER ? (Term){NULL, node->x.number}
                                          : (Term){node->x.value, node->x.value->data};
        of[1] = node->flags & Y_IS_NUMBER ? (Term){NULL, node->y.number}
                                          : (Term){node->y.value, node->y.value->data};
        return carry_by_template(sweep, node, of_node, of, 0) < 0
                       || carry_by_template(sweep, node, of_node, of, 1) < 0
                   ? -1
                   : 0;
    case TERNARY:
        for (int i = 0; i < 3; i++)
            of[i] = term_of(PyTuple_GET_ITEM(node->x.object, i));
        for (int i = 0; i < 3; i++)
            if (carry_by_template(sweep, node, of_node, of, i) < 0)
                return -1;
        return 0;
    default: /* one or two sequences */
        for (int i = 0; i < (shapes[node->code] == TWO_SEQUENCES ? 2 : 1); i++)
            for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(node->x.object); k++) {
                of[0] = term_of(PyTuple_GET_ITEM(node->x.object, k));
                if (shapes[node->code] == TWO_SEQUENCES)
                    of[1] = term_of(PyTuple_GET_ITEM(node->y.object, k));
                if (carry_by_template(sweep, node, of_node, of, i) < 0)
                    return -1;
            }
        return 0;
    }
}

static int sweep_node(GraphSweep *sweep, Value *node)
{
    const size_t own = place_of(&sweep->places, node);
    Term *of_node = &sweep->terms[own];
    if (node->code == LEAF)
        return 0;
    if (sweep->passed_to && !sweep->is_forward && gather(sweep, own, of_node) < 0)
        return -1;
    if (!sweep->is_forward && is_number(*of_node, 0.0))
        return 0;
    if (carry_node(sweep, node, of_node) < 0)
        return -1;
    return sweep->passed_to && sweep->is_forward && sweep->passed_to[own].count ? gather(sweep, own, of_node) : 0;
}

static int sweep_graph(GraphSweep *sweep, const Array *order)
{
    if (resume(sweep) < 0)
        return -1;
    for (Py_ssize_t k = 0; k < order->count; k++) {
        if (RARELY((k & 0xffff) == 0xffff) && (PyErr_CheckSignals() < 0 || resume(sweep) < 0))
            return -1;
        if (sweep_node(sweep, order->nodes[sweep->is_forward ? k : order->count - 1 - k]) < 0)
            return -1;
    }
    return 0;
}
