/* Per-task and per-thread state: the native side of recording.py. */

static THREAD_LOCAL int sweeping; /* inside backward */

/* The settings of the innermost open block, in a context variable. Tasks that are started inside a block share
 * its State, so it is never changed once it is set, only replaced. */
typedef struct State {
    PyObject_HEAD
    char recording;      /* False inside no_grad */
    char matters;        /* whether new nodes differ from those outside of all blocks */
    PyObject *origin;    /* a tuple: the path of the module and the source line that run; NULL for neither */
    PyObject *traced;    /* the tuple of the inputs of all running traces, a list each */
    PyObject *program;   /* the Recorder of the program that is being traced; NULL for none */
    struct State *outer; /* the State that this one has replaced; NULL outside of all blocks */
} State;

static PyObject *state_variable; /* the context variable: a State, or None */

/* The number of States, and of those that matter to new nodes: while there is none, a new node skips the look-up of
 * its task's State. */
static Py_ssize_t open_blocks, blocks_that_matter;

/* The number of States with a program: while there is none, Values may be read without a look-up. The machine reads
 * the number, too (connection.h). */
static Py_ssize_t program_blocks;

static void state_dealloc(PyObject *object)
{
    State *self = (State *)object;
    while (self) { /* and those that only this one refers to, without recursion */
        State *outer = self->outer;
        const int matters = self->matters;
        Py_XDECREF(self->origin);
        Py_XDECREF(self->traced);
        program_blocks -= self->program != NULL;
        Py_XDECREF(self->program);
        PyObject_Free(self);
        open_blocks--;
        blocks_that_matter -= matters;
        if (outer && Py_REFCNT(outer) > 1) {
            Py_DECREF(outer);
            outer = NULL;
        }
        self = outer;
    }
}

static PyMemberDef state_members[] = {
    {"recording", T_BOOL, offsetof(State, recording), READONLY},
    {"origin", T_OBJECT, offsetof(State, origin), READONLY},
    {"traced", T_OBJECT, offsetof(State, traced), READONLY},
    {"program", T_OBJECT, offsetof(State, program), READONLY},
    {NULL},
};

static PyTypeObject state_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.State",
    .tp_doc = "The settings of a block.",
    .tp_basicsize = sizeof(State),
    .tp_dealloc = state_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_members = state_members,
};

static State outside = {PyObject_HEAD_INIT(&state_type).recording = 1}; /* PyInit_engine() sets `traced` */

/* The State that counts while C makes many nodes and runs no Python code; else NULL. */
static const State *held;

static void hold(const State *state)
{
    held = state;
    blocks_that_matter++;
}

static void let_go(void)
{
    held = NULL;
    blocks_that_matter--;
}

/* The State of the calling task, borrowed from its context; NULL outside of all blocks. */
static const State *state_of_task(void)
{
    PyObject *found;
    if (held)
        return held;
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

/* The State that a new node has to ask; NULL if there is none. */
ALWAYS_INLINE const State *state_of_node(void)
{
    return RARELY(blocks_that_matter > 0) ? state_of_task() : NULL;
}

/* The Recorder of the program that the calling task traces; borrowed, or NULL. */
ALWAYS_INLINE PyObject *traced_program(void)
{
    const State *state = RARELY(program_blocks > 0) ? state_of_task() : NULL;
    return state ? state->program : NULL;
}

static int is_recording(void)
{
    const State *state = current_state();
    return !state || state->recording;
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
    state->recording = from->recording;
    state->origin = Py_XNewRef(from->origin);
    state->traced = Py_NewRef(from->traced);
    state->program = Py_XNewRef(from->program);
    program_blocks += state->program != NULL;
    state->outer = NULL;
    state->matters = 0;
    return state;
}

/* Let a State begin, and give up the reference to it; `outer` returns when it ends. */
static int begin_state(State *state, const State *outer)
{
    state->outer = (State *)Py_XNewRef(outer);
    state->matters = !state->recording || state->origin;
    blocks_that_matter += state->matters;
    const int done = set_state(state);
    Py_DECREF(state);
    return done;
}

static PyObject *engine_current(PyObject *module, PyObject *unused)
{
    const State *state = current_state();
    return Py_NewRef(state ? state : &outside);
}

/* An origin (path, source) like another, NULL for none, with a name appended to the path, or another source.
 * A name that is a UnitPath, see recording.py, makes a path that is one. */
static PyObject *change_origin(PyObject *origin, PyObject *name, PyObject *source)
{
    PyObject *path = origin ? Py_NewRef(PyTuple_GET_ITEM(origin, 0)) : PyUnicode_FromString("");
    PyObject *same = origin ? Py_NewRef(PyTuple_GET_ITEM(origin, 1)) : PyUnicode_FromString("");
    if (path && name && !PyUnicode_CheckExact(name))
        Py_SETREF(path, PyObject_CallMethod(name, "inside", "O", path));
    else if (path && name && PyUnicode_GET_LENGTH(name))
        Py_SETREF(path, PyUnicode_GET_LENGTH(path) ? PyUnicode_FromFormat("%U.%U", path, name)
                                                   : Py_NewRef(name));
    PyObject *made = path && same ? PyTuple_Pack(2, path, source ? source : same) : NULL;
    Py_XDECREF(path);
    Py_XDECREF(same);
    return made;
}

/* Change the source line where the task is; the State that returns afterwards stays. */
static PyObject *engine_set_source(PyObject *module, PyObject *source)
{
    if (!PyUnicode_CheckExact(source))
        return PyErr_Format(PyExc_TypeError, "a source line is a str");
    const State *current = current_state();
    PyObject *origin = change_origin(current ? current->origin : NULL, NULL, source);
    State *state = origin ? copy_state(current) : NULL;
    if (!state) {
        Py_XDECREF(origin);
        return NULL;
    }
    Py_XSETREF(state->origin, origin);
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
    enum { RECORDING, PATH, TRACED, PROGRAM } setting;
    PyObject *value;                /* True or False; the name to append to the path; the inputs of a trace; a Recorder */
    PyObject *outer, *inner;        /* the origin it was last entered in, and the origin inside it */
} Block;

static PyObject *block_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    PyObject *value;
    if (!PyArg_ParseTuple(args, "sO", &name, &value))
        return NULL;
    const int setting = !strcmp(name, "path")      ? PATH
                        : !strcmp(name, "traced")  ? TRACED
                        : !strcmp(name, "program") ? PROGRAM
                                                   : RECORDING;
    if (setting == PATH && !PyUnicode_Check(value))
        return PyErr_Format(PyExc_TypeError, "the name of a module is a str");
    Block *self = (Block *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->setting = setting;
    self->value = Py_NewRef(value);
    return (PyObject *)self;
}

static void block_dealloc(PyObject *object)
{
    Block *self = (Block *)object;
    Py_XDECREF(self->value);
    Py_XDECREF(self->outer);
    Py_XDECREF(self->inner);
    Py_TYPE(self)->tp_free(self);
}

/* The origin inside a block, given the one outside; borrowed from the block, or NULL with an exception. It is the
 * same tuple for the same origin outside. */
static PyObject *origin_inside(Block *self, PyObject *outer)
{
    if (!self->inner || self->outer != outer) {
        PyObject *inner = change_origin(outer, self->value, NULL);
        if (!inner)
            return NULL;
        Py_XSETREF(self->inner, inner);
        Py_XSETREF(self->outer, Py_XNewRef(outer));
    }
    return self->inner;
}

static int enter_path(Block *self, State *state)
{
    PyObject *inner = origin_inside(self, state->origin);
    if (!inner)
        return -1;
    Py_XSETREF(state->origin, Py_NewRef(inner));
    return 0;
}

static int enter_trace(Block *self, State *state)
{
    const Py_ssize_t count = PyTuple_GET_SIZE(state->traced);
    PyObject *traced = PyTuple_New(count + 1);
    for (Py_ssize_t i = 0; traced && i <= count; i++)
        PyTuple_SET_ITEM(traced, i, Py_NewRef(i < count ? PyTuple_GET_ITEM(state->traced, i) : self->value));
    if (!traced)
        return -1;
    Py_SETREF(state->traced, traced);
    state->recording = 1;
    return 0;
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
    else if (self->setting == PROGRAM) {
        program_blocks += state->program == NULL;
        Py_XSETREF(state->program, Py_NewRef(self->value));
        state->recording = 1;
    }
    else
        state->recording = self->value != Py_False;
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
