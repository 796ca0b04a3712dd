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
