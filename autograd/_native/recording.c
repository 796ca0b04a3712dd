/* Per-task and per-thread state: the native side of recording.py. */

static THREAD_LOCAL int sweeping; /* inside backward */

/* The settings of the innermost open block, in a context variable. Tasks that are started inside a block share
 * its State, so it is never changed once it is set, only replaced. */
typedef struct State {
    PyObject_HEAD
    int paused;          /* inside no_grad */
    PyObject *path;      /* of the module whose forward is running; NULL for none */
    PyObject *source;    /* the line of the program that is running; NULL if it is not followed */
    PyObject *note;      /* path and source as a new node keeps them (native.h) */
    PyObject *traced;    /* the tuple of the inputs of all running traces, a list each; NULL for none */
    struct State *outer; /* the State that this one has replaced; NULL outside of all blocks */
} State;

static PyObject *state_variable; /* the context variable: a State, or None */

/* The number of States: while there is none, a new node skips the look-up of its task's State. */
static Py_ssize_t open_blocks;

static void state_dealloc(PyObject *object)
{
    State *self = (State *)object;
    while (self) { /* and those that only this one refers to, without recursion */
        State *outer = self->outer;
        Py_XDECREF(self->path);
        Py_XDECREF(self->source);
        Py_XDECREF(self->note);
        Py_XDECREF(self->traced);
        PyObject_Free(self);
        open_blocks--;
        if (outer && Py_REFCNT(outer) > 1) {
            Py_DECREF(outer);
            outer = NULL;
        }
        self = outer;
    }
}

static PyObject *state_recording(State *self, void *unused)
{
    return PyBool_FromLong(!self->paused);
}

static PyObject *state_origin(State *self, void *unused)
{
    if (!self->path && !self->source)
        Py_RETURN_NONE;
    PyObject *empty = PyUnicode_FromString("");
    PyObject *origin = empty ? PyTuple_Pack(2, self->path ? self->path : empty, self->source ? self->source : empty)
                             : NULL;
    Py_XDECREF(empty);
    return origin;
}

static PyObject *state_traced(State *self, void *unused)
{
    return self->traced ? Py_NewRef(self->traced) : PyTuple_New(0);
}

static PyGetSetDef state_attributes[] = {
    {"recording", (getter)state_recording},
    {"origin", (getter)state_origin},
    {"traced", (getter)state_traced},
    {NULL},
};

static PyTypeObject state_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.State",
    .tp_doc = "The settings of a block.",
    .tp_basicsize = sizeof(State),
    .tp_dealloc = state_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_getset = state_attributes,
};

static State outside = {PyObject_HEAD_INIT(&state_type)};

/* The State of the calling task, borrowed from its context; NULL outside of all blocks. */
static const State *state_of_task(void)
{
    PyObject *found;
    if (PyContextVar_Get(state_variable, Py_None, &found) < 0) {
        PyErr_Clear(); /* no memory for a context, so there is no block in it */
        return NULL;
    }
    Py_DECREF(found);
    return found == Py_None ? NULL : (State *)found;
}

ALWAYS_INLINE const State *current_state(void)
{
    return RARELY(open_blocks > 0) ? state_of_task() : NULL;
}

static int set_state(const State *state)
{
    PyObject *token = PyContextVar_Set(state_variable, state ? (PyObject *)state : Py_None);
    Py_XDECREF(token);
    return token ? 0 : -1;
}

/* A new State with the settings of another, NULL for those outside of all blocks. The caller changes them, and
 * lets it begin. */
static State *copy_state(const State *from)
{
    State *state = PyObject_New(State, &state_type);
    if (!state)
        return NULL;
    if (!from)
        from = &outside;
    open_blocks++;
    state->paused = from->paused;
    state->path = Py_XNewRef(from->path);
    state->source = Py_XNewRef(from->source);
    state->note = Py_XNewRef(from->note);
    state->traced = Py_XNewRef(from->traced);
    state->outer = NULL;
    return state;
}

/* Let a State begin, and give up the reference to it; `outer` returns when it ends. */
static int begin_state(State *state, const State *outer)
{
    state->outer = (State *)Py_XNewRef(outer);
    const int done = set_state(state);
    Py_DECREF(state);
    return done;
}

static PyObject *engine_current(PyObject *module, PyObject *unused)
{
    const State *state = current_state();
    return Py_NewRef(state ? state : &outside);
}

/* Change the source line where the task is; the State that returns afterwards stays. */
static PyObject *engine_set_source(PyObject *module, PyObject *source)
{
    if (!PyUnicode_CheckExact(source))
        return PyErr_Format(PyExc_TypeError, "a source line is a str");
    const State *current = current_state();
    State *state = copy_state(current);
    if (!state)
        return NULL;
    Py_XSETREF(state->source, Py_NewRef(source));
    Py_XSETREF(state->note, make_note(NULL, state->path, source));
    if (!state->note) {
        Py_DECREF(state);
        return NULL;
    }
    if (begin_state(state, current ? current->outer : NULL) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* The object `open_blocks` of recording.py: true while there is a State. */

static int any_open_blocks(PyObject *self)
{
    return open_blocks > 0;
}

static PyNumberMethods open_blocks_methods = {.nb_bool = any_open_blocks};
static PyTypeObject open_blocks_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.OpenBlocks",
    .tp_doc = "True while a block is open in some task.",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_as_number = &open_blocks_methods,
};

/* A block that changes one setting for the task that enters it: the base of Block in recording.py. */

typedef struct {
    PyObject_HEAD
    enum { RECORDING, PATH, TRACED } setting;
    PyObject *value;                /* True or False; the name to append to the path; the inputs of a trace */
    PyObject *outer_path, *joined;  /* the last path it was entered in, and that path with the name appended */
} Block;

static PyObject *block_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    PyObject *value;
    if (!PyArg_ParseTuple(args, "sO", &name, &value))
        return NULL;
    const int setting = !strcmp(name, "path") ? PATH : !strcmp(name, "traced") ? TRACED : RECORDING;
    value = setting == PATH ? PyObject_Str(value) : Py_NewRef(value);
    Block *self = value ? (Block *)type->tp_alloc(type, 0) : NULL;
    if (!self) {
        Py_XDECREF(value);
        return NULL;
    }
    self->setting = setting;
    self->value = value;
    return (PyObject *)self;
}

static void block_dealloc(PyObject *object)
{
    Block *self = (Block *)object;
    Py_XDECREF(self->value);
    Py_XDECREF(self->outer_path);
    Py_XDECREF(self->joined);
    Py_TYPE(self)->tp_free(self);
}

/* The path inside the block, NULL for none; the same string for the same path outside of it. */
static int enter_path(Block *self, State *state)
{
    if (!PyUnicode_GET_LENGTH(self->value))
        return 0;
    if (state->path && self->outer_path != state->path) {
        PyObject *joined = PyUnicode_FromFormat("%U.%U", state->path, self->value);
        if (!joined)
            return -1;
        Py_XSETREF(self->joined, joined);
        Py_XSETREF(self->outer_path, Py_NewRef(state->path));
    }
    Py_XSETREF(state->path, Py_NewRef(state->path ? self->joined : self->value));
    Py_XSETREF(state->note, make_note(NULL, state->path, state->source));
    return state->note ? 0 : -1;
}

static int enter_trace(Block *self, State *state)
{
    const Py_ssize_t count = state->traced ? PyTuple_GET_SIZE(state->traced) : 0;
    PyObject *traced = PyTuple_New(count + 1);
    for (Py_ssize_t i = 0; traced && i <= count; i++)
        PyTuple_SET_ITEM(traced, i, Py_NewRef(i < count ? PyTuple_GET_ITEM(state->traced, i) : self->value));
    Py_XSETREF(state->traced, traced);
    state->paused = 0;
    return traced ? 0 : -1;
}

static PyObject *block_enter(PyObject *object, PyObject *unused)
{
    Block *self = (Block *)object;
    const State *outer = current_state();
    State *state = copy_state(outer);
    if (!state)
        return NULL;
    int done = 0;
    if (self->setting == PATH)
        done = enter_path(self, state);
    else if (self->setting == TRACED)
        done = enter_trace(self, state);
    else
        state->paused = self->value == Py_False;
    if (done < 0) {
        Py_DECREF(state);
        return NULL;
    }
    if (begin_state(state, outer) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *block_exit(PyObject *self, PyObject *const *exception, Py_ssize_t count)
{
    const State *state = current_state();
    if (!state)
        return refuse("no_block", NULL, NULL);
    if (set_state(state->outer) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef block_methods[] = {
    {"__enter__", block_enter, METH_NOARGS},
    {"__exit__", (PyCFunction)(void (*)(void))block_exit, METH_FASTCALL},
    {NULL},
};

static PyTypeObject block_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.Block",
    .tp_doc = "What a with statement enters and leaves.",
    .tp_basicsize = sizeof(Block),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = block_new,
    .tp_dealloc = block_dealloc,
    .tp_methods = block_methods,
};
