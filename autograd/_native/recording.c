/* What a new node records besides its operands, for each thread: the native side of recording.py. */

static THREAD_LOCAL struct {
    int paused;     /* inside no_grad */
    int sweeping;   /* inside backward */
    PyObject *path; /* of the module whose forward is running; NULL for none */
} thread;

ALWAYS_INLINE int in_a_block(void)
{
    return RARELY(PyList_GET_SIZE(python.open_blocks) > 0);
}

/* The object `thread` of recording.py: its attributes are those of the thread that asks. */

static PyObject *thread_recording(PyObject *self, void *unused)
{
    return PyBool_FromLong(!thread.paused);
}

static int thread_set_recording(PyObject *self, PyObject *flag, void *unused)
{
    const int truth = flag ? PyObject_IsTrue(flag) : 1;
    if (truth < 0)
        return -1;
    thread.paused = !truth;
    return 0;
}

static PyObject *thread_sweeping(PyObject *self, void *unused)
{
    return PyBool_FromLong(thread.sweeping);
}

static int thread_set_sweeping(PyObject *self, PyObject *flag, void *unused)
{
    const int truth = flag ? PyObject_IsTrue(flag) : 0;
    if (truth < 0)
        return -1;
    thread.sweeping = truth;
    return 0;
}

static PyObject *thread_path(PyObject *self, void *unused)
{
    return thread.path ? Py_NewRef(thread.path) : PyUnicode_FromString("");
}

static int thread_set_path(PyObject *self, PyObject *path, void *unused)
{
    if (path && !PyUnicode_CheckExact(path)) {
        PyErr_SetString(PyExc_TypeError, "a path is a str");
        return -1;
    }
    PyObject *before = thread.path;
    thread.path = path && PyUnicode_GET_LENGTH(path) ? Py_NewRef(path) : NULL;
    Py_XDECREF(before);
    return 0;
}

static PyGetSetDef thread_attributes[] = {
    {"recording", thread_recording, thread_set_recording},
    {"sweeping", thread_sweeping, thread_set_sweeping},
    {"path", thread_path, thread_set_path},
    {NULL},
};

static PyTypeObject thread_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.Thread",
    .tp_doc = "What the thread that asks records.",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_getset = thread_attributes,
};

/* A block that sets one of them for the thread that enters it: the base of Block in recording.py. */

typedef struct {
    PyObject_HEAD
    int is_path;                    /* else it is about recording */
    int paused;                     /* what to set */
    PyObject *path;                 /* the name to append to the path */
    PyObject *outer_path, *joined;  /* the last path it was entered in, and what that gave */
} Block;

/* What the blocks that this thread is in have replaced, the innermost first. */
typedef struct Replaced {
    struct Replaced *outer;
    int paused;
    PyObject *path;
} Replaced;

static THREAD_LOCAL Replaced *replaced;

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
static PyObject *path_inside(Block *self)
{
    if (!thread.path)
        return Py_NewRef(self->path);
    if (self->outer_path != thread.path) {
        PyObject *joined = PyUnicode_FromFormat("%U.%U", thread.path, self->path);
        if (!joined)
            return NULL;
        Py_XSETREF(self->joined, joined);
        Py_XSETREF(self->outer_path, Py_NewRef(thread.path));
    }
    return Py_NewRef(self->joined);
}

static PyObject *block_enter(PyObject *object, PyObject *unused)
{
    Block *self = (Block *)object;
    PyObject *path = self->is_path ? path_inside(self) : Py_XNewRef(thread.path);
    if (!path && PyErr_Occurred())
        return NULL;
    Replaced *top = PyMem_RawMalloc(sizeof(Replaced));
    if (!top || PyList_Append(python.open_blocks, Py_None) < 0) {
        PyMem_RawFree(top);
        Py_XDECREF(path);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    if (path && !PyUnicode_GET_LENGTH(path))
        Py_CLEAR(path);
    *top = (Replaced){replaced, thread.paused, thread.path};
    replaced = top;
    thread.path = path;
    if (!self->is_path)
        thread.paused = self->paused;
    Py_RETURN_NONE;
}

static PyObject *block_exit(PyObject *self, PyObject *const *exception, Py_ssize_t count)
{
    Replaced *top = replaced;
    if (!top) {
        PyErr_SetString(PyExc_RuntimeError, "this thread is in no block that it could leave");
        return NULL;
    }
    PyObject *path = thread.path;
    thread.path = top->path;
    thread.paused = top->paused;
    replaced = top->outer;
    PyMem_RawFree(top);
    Py_XDECREF(path);
    const Py_ssize_t open = PyList_GET_SIZE(python.open_blocks);
    if (PyList_SetSlice(python.open_blocks, open - 1, open, NULL) < 0)
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
