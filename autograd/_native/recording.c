/* What a new node records besides its operands, for each task and thread: the native side of recording.py. */

static THREAD_LOCAL int sweeping; /* inside backward */

/* What the innermost open block asks for. It is never changed, since tasks share it: each sees, in a context
 * variable, the block that it is in itself, or that it was started in. */
typedef struct State {
    PyObject_HEAD
    int paused;          /* inside no_grad */
    PyObject *path;      /* of the module whose forward is running; NULL for none */
    struct State *outer; /* what it has replaced; NULL outside of all blocks */
} State;

static PyObject *state_variable; /* the context variable: a State, or None */

/* How many States there are: while there is none, a node need not ask for that of its task. */
static Py_ssize_t open_blocks;

static void state_dealloc(PyObject *object)
{
    State *self = (State *)object;
    while (self) { /* and those that only this one refers to, without recursion */
        State *outer = self->outer;
        Py_XDECREF(self->path);
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

static PyObject *state_path(State *self, void *unused)
{
    return self->path ? Py_NewRef(self->path) : PyUnicode_FromString("");
}

static PyGetSetDef state_attributes[] = {
    {"recording", (getter)state_recording},
    {"path", (getter)state_path},
    {NULL},
};

static PyTypeObject state_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.State",
    .tp_doc = "What new nodes record.",
    .tp_basicsize = sizeof(State),
    .tp_dealloc = state_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_getset = state_attributes,
};

static State outside = {PyObject_HEAD_INIT(&state_type)};

/* That of the task which asks, borrowed from its context; NULL outside of all blocks. */
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

/* Let a State begin that stands on `outer`; it takes over the reference to the path. */
static int begin_state(int paused, PyObject *path, const State *outer)
{
    State *state = PyObject_New(State, &state_type);
    if (!state) {
        Py_XDECREF(path);
        return -1;
    }
    open_blocks++;
    if (path && !PyUnicode_GET_LENGTH(path))
        Py_CLEAR(path);
    state->paused = paused;
    state->path = path;
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

/* Change the path where the task is; what it returns to is as before. */
static PyObject *engine_set_path(PyObject *module, PyObject *path)
{
    if (!PyUnicode_CheckExact(path)) {
        PyErr_SetString(PyExc_TypeError, "a path is a str");
        return NULL;
    }
    const State *state = current_state();
    if (begin_state(state && state->paused, Py_NewRef(path), state ? state->outer : NULL) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* The object `open_blocks` of recording.py, which is true while there are any. */

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

/* A block that sets one of them for the task that enters it: the base of Block in recording.py. */

typedef struct {
    PyObject_HEAD
    int is_path;                    /* else it is about recording */
    int paused;                     /* what to set */
    PyObject *path;                 /* the name to append to the path */
    PyObject *outer_path, *joined;  /* the last path it was entered in, and what that gave */
} Block;

static PyObject *block_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    PyObject *value;
    if (!PyArg_ParseTuple(args, "sO", &name, &value))
        return NULL;
    const int is_path = strcmp(name, "path") == 0;
    const int flag = is_path ? 0 : PyObject_IsTrue(value);
    PyObject *path = is_path ? PyObject_Str(value) : NULL;
    Block *self = flag < 0 || (is_path && !path) ? NULL : (Block *)type->tp_alloc(type, 0);
    if (!self) {
        Py_XDECREF(path);
        return NULL;
    }
    self->is_path = is_path;
    self->paused = !flag;
    self->path = path;
    return (PyObject *)self;
}

static void block_dealloc(PyObject *object)
{
    Block *self = (Block *)object;
    Py_XDECREF(self->path);
    Py_XDECREF(self->outer_path);
    Py_XDECREF(self->joined);
    Py_TYPE(self)->tp_free(self);
}

/* The path inside the block; the same string for the same path outside of it. */
static PyObject *path_inside(Block *self, PyObject *outer_path)
{
    if (!outer_path)
        return Py_NewRef(self->path);
    if (self->outer_path != outer_path) {
        PyObject *joined = PyUnicode_FromFormat("%U.%U", outer_path, self->path);
        if (!joined)
            return NULL;
        Py_XSETREF(self->joined, joined);
        Py_XSETREF(self->outer_path, Py_NewRef(outer_path));
    }
    return Py_NewRef(self->joined);
}

static PyObject *block_enter(PyObject *object, PyObject *unused)
{
    Block *self = (Block *)object;
    const State *outer = current_state();
    PyObject *path = outer ? outer->path : NULL;
    if (self->is_path && !(path = path_inside(self, path)))
        return NULL;
    if (!self->is_path)
        Py_XINCREF(path);
    if (begin_state(self->is_path ? outer && outer->paused : self->paused, path, outer) < 0)
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
