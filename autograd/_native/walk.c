/* Walks over a graph, operands before users, without recursion; dependence and staleness. */

/* Arrays that grow */

/* Room for `needed` items, given the address of the pointer to them; -1 with MemoryError. */
static int grow(void *items, Py_ssize_t *room, Py_ssize_t needed, size_t size)
{
    if (needed <= *room)
        return 0;
    Py_ssize_t larger = *room + *room / 2 > 64 ? *room + *room / 2 : 64;
    if (larger < needed)
        larger = needed;
    void *moved;
    memcpy(&moved, items, sizeof moved); /* whatever type of pointer it is */
    moved = needed < INT32_MAX ? PyMem_RawRealloc(moved, (size_t)larger * size) : NULL;
    if (!moved) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(items, &moved, sizeof moved);
    *room = larger;
    return 0;
}

/* Arrays of borrowed nodes */

typedef struct {
    Value **nodes;
    Py_ssize_t count, room;
} Array;

static int make_room(Array *array, Py_ssize_t more)
{
    Py_ssize_t room = array->room ? array->room : 64;
    while (room < array->count + more)
        room += room / 2;
    Value **nodes = PyMem_RawRealloc(array->nodes, room * sizeof(Value *));
    if (!nodes) {
        PyErr_NoMemory();
        return -1;
    }
    array->nodes = nodes;
    array->room = room;
    return 0;
}

ALWAYS_INLINE int has_room(Array *array, Py_ssize_t more)
{
    return !RARELY(array->count + more > array->room) || make_room(array, more) == 0;
}

/* Walks */

typedef struct {
    Array stack, order, leaves;
    uint64_t first;  /* the number of the first node visited; a node with a lower number is unseen */
    uint64_t since;  /* nodes of a lower tick count as leaves */
    uint64_t oldest; /* the least tick of the nodes in `order` */
    int rules;       /* whether `order` has a CUSTOM node */
    int seeks;       /* whether to end, with 1, at the first leaf that wants gradients */
} Walk;

static int wants_gradients(const Value *leaf)
{
    return !(leaf->flags & CONSTANT);
}

static void begin_walk(Walk *walk)
{
    *walk = (Walk){.first = walks + 1, .oldest = UINT64_MAX};
}

static void end_walk(Walk *walk)
{
    PyMem_RawFree(walk->stack.nodes);
    PyMem_RawFree(walk->order.nodes);
    PyMem_RawFree(walk->leaves.nodes);
}

ALWAYS_INLINE void push_operand(Walk *walk, Value *operand)
{
    if (operand->seen < walk->first)
        walk->stack.nodes[walk->stack.count++] = operand;
}

/* The last is pushed first, so that the first is on top. */
static int push_operands(Walk *walk, PyObject *tuple)
{
    for (Py_ssize_t i = PyTuple_GET_SIZE(tuple); i-- > 0;) {
        PyObject *item = PyTuple_GET_ITEM(tuple, i);
        if (!has_room(&walk->stack, 1))
            return -1;
        if (IS_VALUE(item))
            push_operand(walk, (Value *)item);
        else if (PyTuple_CheckExact(item) && push_operands(walk, item) < 0)
            return -1;
    }
    return 0;
}

/* A node is asked for in advance where it lies if the next visits lie as the last ones did: in a loop of 1, 2, 3, 4, 6
 * ... nodes a round, the nodes of a round are as far from those of the round before in every round. */
enum { PERIOD = 36 };

/* Walk from the nodes on the stack: inner nodes go to `order`, operands before users, leaves to `leaves`. Each
 * node gets a number, in the order of visits, which is the same in every walk over the graph.
 *
 * On the stack, a set last bit marks a node whose operands are all above it. 0; or 1 if `seeks` and found.
 */
static int place(Walk *walk)
{
    Array *stack = &walk->stack, *order = &walk->order, *leaves = &walk->leaves;
    uint64_t last = walks;
    uintptr_t earlier[PERIOD] = {0};
    int done = -1, k = 0;
    while (stack->count) {
        if (!has_room(order, 1) || !has_room(leaves, 1) || !has_room(stack, 2))
            goto end;
        const uintptr_t top = (uintptr_t)stack->nodes[--stack->count];
        Value *node = (Value *)(top & ~(uintptr_t)1);
        if (top & 1) {
            order->nodes[order->count++] = node;
            continue;
        }
        if (node->seen >= walk->first)
            continue;
        node->seen = ++last;
        PREFETCH((void *)(2 * (uintptr_t)node - earlier[k]));
        earlier[k] = (uintptr_t)node;
        k = k + 1 < PERIOD ? k + 1 : 0;
        if (node->code == LEAF || node->tick < walk->since) {
            leaves->nodes[leaves->count++] = node;
            if (RARELY(walk->seeks) && node->code == LEAF && wants_gradients(node)) {
                done = 1;
                goto end;
            }
            continue;
        }
        if (node->tick < walk->oldest)
            walk->oldest = node->tick;
        stack->nodes[stack->count++] = (Value *)(top | 1);
        switch (shapes[node->code]) {
        case BINARY:
            if (!(node->flags & Y_IS_NUMBER))
                push_operand(walk, node->y.value);
            if (!(node->flags & X_IS_NUMBER))
                push_operand(walk, node->x.value);
            break;
        case UNARY:
            push_operand(walk, node->x.value);
            break;
        case TWO_SEQUENCES:
            if (push_operands(walk, node->y.object) < 0)
                goto end; /* fall through */
        default:
            walk->rules |= node->code == CUSTOM;
            if (push_operands(walk, node->x.object) < 0)
                goto end;
        }
    }
    done = 0;
end:
    walks = last;
    return done;
}

static int walk_from(Walk *walk, Value *root)
{
    begin_walk(walk);
    if (!has_room(&walk->stack, 1))
        return -1;
    walk->stack.nodes[walk->stack.count++] = root;
    return place(walk);
}

/* Whether a leaf behind the node wants gradients; -1 with MemoryError. */
static int depends_on_wanting(Value *node)
{
    if (node->code == LEAF)
        return wants_gradients(node);
    Walk walk;
    begin_walk(&walk);
    walk.seeks = 1;
    int found = -1;
    if (has_room(&walk.stack, 1)) {
        walk.stack.nodes[walk.stack.count++] = node;
        found = place(&walk);
    }
    end_walk(&walk);
    return found;
}

/* Operands */

ALWAYS_INLINE double operand_number(PyObject *operand)
{
    return IS_VALUE(operand) ? ((Value *)operand)->data : PyFloat_AS_DOUBLE(operand);
}

ALWAYS_INLINE int is_seen(PyObject *operand, uint64_t walk)
{
    return IS_VALUE(operand) && ((Value *)operand)->seen == walk;
}

static int any_seen(PyObject *operands, uint64_t walk)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(operands); i++)
        if (is_seen(PyTuple_GET_ITEM(operands, i), walk))
            return 1;
    return 0;
}

static const unsigned char has_slopes[] = {
#define SLOPES(op, shape, slopes) slopes,
    ALL_OPS(SLOPES)
#undef SLOPES
};

/* Whether the walk has seen an operand of an inner node; only operands whose bit is set in `which` count, the last
 * bit for the 64th and all others. */
ALWAYS_INLINE int any_chosen_operand_seen(const Value *node, uint64_t which, uint64_t walk)
{
    switch (shapes[node->code]) {
    case UNARY:
        return which & 1 && node->x.value->seen == walk;
    case BINARY:
        return (which & 1 && !(node->flags & X_IS_NUMBER) && node->x.value->seen == walk)
               || (which & 2 && !(node->flags & Y_IS_NUMBER) && node->y.value->seen == walk);
    case TWO_SEQUENCES:
        return (which & 2 && any_seen(node->y.object, walk)) || (which & 1 && any_seen(node->x.object, walk));
    case SEQUENCE:
        return which & 1 && any_seen(node->x.object, walk);
    default: /* TERNARY, or by the rules of a user's op */
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(node->x.object); i++) {
            PyObject *operand = PyTuple_GET_ITEM(node->x.object, i);
            if (which >> (i < 63 ? i : 63) & 1
                && (PyTuple_CheckExact(operand) ? any_seen(operand, walk) : is_seen(operand, walk)))
                return 1;
        }
        return 0;
    }
}

static int any_operand_seen(const Value *node, uint64_t walk)
{
    return any_chosen_operand_seen(node, UINT64_MAX, walk);
}

/* Whether an inner node has a slope by an operand that the walk has seen. */
static int any_sloped_operand_seen(const Value *node, uint64_t walk)
{
    const int code = node->code;
    return any_chosen_operand_seen(
        node, code == CUSTOM ? ((Callable *)node->y.object)->slopes : has_slopes[code], walk);
}

/* The nodes of `order` that depend on one of the sources, or are one, in `kept`. */
static int between(const Array *order, const Array *sources, Array *kept)
{
    const uint64_t walk = ++walks;
    for (Py_ssize_t i = 0; i < sources->count; i++)
        sources->nodes[i]->seen = walk;
    for (Py_ssize_t i = 0; i < order->count; i++) {
        Value *node = order->nodes[i];
        int depends = node->seen == walk;
        if (!depends && node->code != LEAF)
            depends = any_sloped_operand_seen(node, walk);
        if (depends) {
            if (!has_room(kept, 1))
                return -1;
            node->seen = walk;
            kept->nodes[kept->count++] = node;
        }
    }
    return 0;
}

/* Staleness */

static Value *newer_leaf(PyObject *operand, uint64_t made)
{
    if (PyTuple_CheckExact(operand)) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(operand); i++) {
            Value *leaf = newer_leaf(PyTuple_GET_ITEM(operand, i), made);
            if (leaf)
                return leaf;
        }
        return NULL;
    }
    Value *value = (Value *)operand;
    return IS_VALUE(operand) && value->code == LEAF && value->tick > made ? value : NULL;
}

/* A leaf among the operands that was set after the node was made; borrowed, or NULL. */
static Value *newer_leaf_of(const Value *node)
{
    Value *leaf = x_is_object(node) ? newer_leaf(node->x.object, node->tick) : NULL;
    if (!leaf && y_is_object(node) && node->code != CUSTOM)
        leaf = newer_leaf(node->y.object, node->tick);
    return leaf;
}

/* The error that a sweep ends with. Python makes it, which may run any code, so after the sweep. */
typedef struct {
    const char *what; /* a function of graph/errors.py, or NULL */
    Value *a, *b;     /* its arguments, borrowed from the graph */
} Refusal;

/* Refuse if a leaf was set after a node of `order` had used it; `oldest` is the least tick of the nodes. */
static int check_fresh(const Array *order, const Array *leaves, uint64_t oldest, Refusal *refusal)
{
    uint64_t newest = 0;
    for (Py_ssize_t i = 0; i < leaves->count; i++)
        if (leaves->nodes[i]->tick > newest)
            newest = leaves->nodes[i]->tick;
    for (Py_ssize_t i = 0; i < order->count && newest > oldest; i++) {
        Value *leaf = newer_leaf_of(order->nodes[i]);
        if (leaf) {
            *refusal = (Refusal){"stale", leaf, order->nodes[i]};
            return -1;
        }
    }
    return 0;
}
