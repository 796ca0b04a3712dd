/* The native engine: Value and its sweeps in C. graph/value.py explains the same engine in Python. */

#include "native.h"

#include "recording.c"
#include "memory.c"
#include "node.c"
#include "walk.c"
#include "sweep.c"
#include "operators.c"
#include "call.c"
#include "neurons.c"
#include "jacobian.c"
#include "graph_sweep.c"
#include "functions.c"
#include "bulk.c"
#include "tables.c"
#include "lines.c"
#include "read_lines.c"
#include "listed_lines.c"
#include "replay.c"
#include "rules.c"
#include "simplify.c"
#include "pull_lines.c"
#include "loops.c"

/* Raise the error that a function of graph/errors.py makes from these arguments; always NULL. */
static PyObject *refuse(const char *what, PyObject *a, PyObject *b)
{
    PyObject *function = PyObject_GetAttrString(python.errors, what);
    PyObject *error = function ? PyObject_CallFunctionObjArgs(function, a, b, NULL) : NULL;
    if (error)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_XDECREF(function);
    Py_XDECREF(error);
    return NULL;
}

/* Read a float that Python has returned, and give up the reference to it; NULL is an exception. */
static int convert(PyObject *found, double *number)
{
    *number = found ? PyFloat_AsDouble(found) : -1.0;
    Py_XDECREF(found);
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/* The number of a Python object; `where` names the argument in an error. */
static int to_double(PyObject *object, const char *where, double *number)
{
    if (PyFloat_CheckExact(object)) {
        *number = PyFloat_AS_DOUBLE(object);
        return 0;
    }
    if (PyLong_CheckExact(object)) {
        *number = PyLong_AsDouble(object);
        if (*number != -1.0 || !PyErr_Occurred())
            return 0;
        PyErr_Clear();
    }
    return convert(PyObject_CallFunction(python.number, "Os", object, where), number);
}

/* Never called: it keeps the type from inheriting garbage collection from its base, a class in Python. The
 * cyclic collector need not track Values: operands are older than their users, so nodes form no cycle.
 * (Except through an op of a user whose rules hold on to a Value computed with it.) */
static int value_traverse(PyObject *self, visitproc visit, void *argument)
{
    return 0;
}

#define METHOD(op, method, doc) {#method, method_##op, METH_NOARGS, #method "($self, /)\n--\n\n" doc},
#define METHOD_O(op, method, doc) {#method, method_##op, METH_O, #method "($self, other, /)\n--\n\n" doc},
static PyMethodDef value_methods[] = {
    UNARY_METHODS(METHOD) BINARY_METHODS(METHOD_O)
    {"backward", (PyCFunction)(void (*)(void))value_backward, METH_VARARGS | METH_KEYWORDS,
     "backward($self, /, seed=1.0)\n--\n\n"},
    {"apply_op", (PyCFunction)(void (*)(void))value_apply_op, METH_FASTCALL | METH_CLASS},
    {NULL},
};
#undef METHOD
#undef METHOD_O

static PyMemberDef value_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Value, weakrefs), READONLY},
    {NULL},
};

static PyType_Slot value_slots[] = {
    {Py_tp_doc, "Value(data, label='', *, requires_grad=True, parameter=False)\n--\n\n"},
    {Py_tp_new, value_new},
    {Py_tp_dealloc, value_dealloc},
    {Py_tp_free, PyObject_Free},
    {Py_tp_traverse, value_traverse},
    {Py_tp_richcompare, value_compare},
    {Py_tp_hash, value_hash},
    {Py_tp_getset, value_attributes},
    {Py_tp_setattro, value_setattro},
    {Py_tp_methods, value_methods},
    {Py_nb_add, operator_add},
    {Py_nb_subtract, operator_sub},
    {Py_nb_multiply, operator_mul},
    {Py_nb_true_divide, operator_div},
    {Py_nb_power, operator_pow},
    {Py_nb_negative, operator_neg},
    {Py_nb_absolute, operator_abs},
    {Py_nb_bool, operator_bool},
    {Py_tp_members, value_members},
    {0, NULL},
};

/* A base type, so that a subclass can be refused with a reason. */
static PyType_Spec value_spec = {
    .name = "autograd.Value",
    .basicsize = sizeof(Value),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = value_slots,
};

static int keep(PyObject *given, const char *name, PyObject **place)
{
    PyObject *object = PyDict_GetItemString(given, name);
    if (!object) {
        PyErr_Format(PyExc_TypeError, "connect() needs %s", name);
        return -1;
    }
    Py_XSETREF(*place, Py_NewRef(object));
    return 0;
}

static int make_value_type(PyObject *base)
{
    PyObject *bases = PyTuple_Pack(1, base);
    value_type = bases ? (PyTypeObject *)PyType_FromSpecWithBases(&value_spec, bases) : NULL;
    Py_XDECREF(bases);
    if (!value_type)
        return -1;
    value_type->tp_vectorcall = value_vectorcall;
    return 0;
}

/* When the package is imported again, Value stays the same type and gets the new base. */
static int rebase_value_type(PyObject *base)
{
    PyObject *bases = PyTuple_Pack(1, base);
    const int done = bases ? PyObject_SetAttrString((PyObject *)value_type, "__bases__", bases) : -1;
    Py_XDECREF(bases);
    return done;
}

/* connect(table, base, **objects): give the extension the rows of the table, and the objects of `python`.
 *
 * Returns Value, a subclass of `base`; the first call makes the type. */
static PyObject *engine_connect(PyObject *module, PyObject *args, PyObject *given)
{
    PyObject *table, *base;
    if (!PyArg_ParseTuple(args, "O!O", &PyDict_Type, &table, &base))
        return NULL;
    if (keep(given, "number", &python.number) < 0 || keep(given, "sequence", &python.sequence) < 0
        || keep(given, "combine", &python.combine) < 0 || keep(given, "compared", &python.compared) < 0
        || keep(given, "condition", &python.condition) < 0
        || keep(given, "carried_back", &python.carried_back) < 0
        || keep(given, "numbers", &python.numbers) < 0 || keep(given, "number_slopes", &python.number_slopes) < 0
        || keep(given, "node_slopes", &python.node_slopes) < 0        || keep(given, "errors", &python.errors) < 0)
        return NULL;
    for (int code = 0; code < TABLE_SIZE; code++) {
        PyObject *op = PyDict_GetItemString(table, names[code]);
        if (!op || !PyObject_TypeCheck(op, &callable_type))
            return PyErr_Format(PyExc_LookupError, "the table has no op %s", names[code]);
        ((Callable *)op)->code = code;
        Py_XSETREF(python.ops[code], Py_NewRef(op));
    }
#if PY_VERSION_HEX < 0x030c0000 /* which does not hand it down to classes */
    Py_TYPE(python.ops[0])->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
#endif
    if (!value_type ? make_value_type(base) < 0 : rebase_value_type(base) < 0)
        return NULL;
    return Py_NewRef(value_type);
}

static PyMethodDef lines_methods[] = {
    {"as_list", lines_as_list, METH_NOARGS, "The lines as a list of tuples of an op and its operands."},
    {"flat", lines_flat, METH_NOARGS,
     "The arrays as bytes: int32 ops, starts and operands, double constants; and a list of the ops below 0."},
    {"used_ops", lines_used_ops, METH_NOARGS, "A list of all ops, each once."},
    {"replayed", lines_replayed, METH_O, "The operands and the results of all lines for them."},
    {"simplified", lines_simplified, METH_O, "Simplified lines and the operands that stand for these roots."},
    {"pulled", lines_pulled, METH_VARARGS, "The lines that compute derivatives, too, and the places of these."},
    {"used_by_others", lines_used_by_others, METH_O, "The places that lines of another owner use."},
    {"alike", lines_alike, METH_VARARGS, "The places of lines of one form, of which there are enough."},
    {NULL},
};

static PySequenceMethods lines_sequence = {.sq_length = lines_length};
static PyMemberDef lines_members[] = {
    {"inputs", T_PYSSIZET, offsetof(Lines, inputs), READONLY, "how many places come before those of the lines"},
    {NULL},
};

static PyTypeObject lines_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._native.engine.Lines",
    .tp_doc = "The lines of a program in flat arrays.",
    .tp_basicsize = sizeof(Lines),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = lines_dealloc,
    .tp_traverse = lines_traverse,
    .tp_clear = lines_clear,
    .tp_methods = lines_methods,
    .tp_members = lines_members,
    .tp_as_sequence = &lines_sequence,
};

static PyMethodDef engine_functions[] = {
    {"lines_of", engine_lines_of, METH_VARARGS},
    {"flattened", engine_flattened, METH_VARARGS},
    {"set_rules", engine_set_rules, METH_O},
    {"connect", (PyCFunction)(void (*)(void))engine_connect, METH_VARARGS | METH_KEYWORDS},
    {"walk", (PyCFunction)(void (*)(void))engine_walk, METH_VARARGS | METH_KEYWORDS},
    {"between", engine_between, METH_VARARGS},
    {"check_fresh", engine_check_fresh, METH_VARARGS},
    {"pull", engine_pull, METH_VARARGS},
    {"push", engine_push, METH_VARARGS},
    {"pull_graph", engine_pull_graph, METH_VARARGS},
    {"pull_gathered", engine_pull_gathered, METH_VARARGS},
    {"push_gathered", engine_push_gathered, METH_VARARGS},
    {"push_graph", engine_push_graph, METH_VARARGS},
    {"jacobian", engine_jacobian, METH_VARARGS},
    {"settled", engine_settled, METH_O},
    {"own", engine_own, METH_VARARGS},
    {"gather", (PyCFunction)(void (*)(void))engine_gather, METH_FASTCALL},
    {"scatter", (PyCFunction)(void (*)(void))engine_scatter, METH_FASTCALL},
    {"neurons", (PyCFunction)(void (*)(void))engine_neurons, METH_FASTCALL},
    {"is_stale", engine_is_stale, METH_O},
    {"recorded", engine_recorded, METH_VARARGS},
    {"current", engine_current, METH_NOARGS},
    {"set_source", engine_set_source, METH_O},
    {"advance_clock", engine_advance_clock, METH_NOARGS},
    {"clock", engine_clock, METH_NOARGS},
    {"birth", engine_birth, METH_O},
    {"restore", engine_restore, METH_VARARGS},
    {NULL},
};

static struct PyModuleDef engine_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "engine",
    .m_doc = "The native engine.",
    .m_size = 0, /* so that it is initialised again where it is imported again */
    .m_methods = engine_functions,
};

static Connection connection = {&program_blocks, is_recording, read_leaves};

PyMODINIT_FUNC PyInit_engine(void)
{
    static int64_t interpreter = -1;
    const int64_t current = PyInterpreterState_GetID(PyInterpreterState_Get());
    if (interpreter != -1 && interpreter != current) {
        PyErr_SetString(PyExc_ImportError, "another interpreter of this process is using it");
        return NULL;
    }
    interpreter = current;
    if (PyType_Ready(&callable_type) < 0 || PyType_Ready(&state_type) < 0 || PyType_Ready(&block_type) < 0
        || PyType_Ready(&open_blocks_type) < 0 || PyType_Ready(&lines_type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&engine_module);
    PyObject *blocks = PyObject_New(PyObject, &open_blocks_type);
    PyObject *capsule = PyCapsule_New(&connection, CONNECTION, NULL);
    if (!state_variable)
        state_variable = PyContextVar_New("autograd", NULL);
    if (!outside.traced)
        outside.traced = PyTuple_New(0);
    if (!module || !blocks || !capsule || !outside.traced || !state_variable
        || PyModule_AddObjectRef(module, "open_blocks", blocks) < 0
        || PyModule_AddObjectRef(module, "connection", capsule) < 0
        || PyModule_AddObjectRef(module, "Callable", (PyObject *)&callable_type) < 0
        || PyModule_AddObjectRef(module, "Block", (PyObject *)&block_type) < 0
        || PyModule_AddObjectRef(module, "Lines", (PyObject *)&lines_type) < 0
        || PyModule_AddIntConstant(module, "table_fingerprint", TABLE_FINGERPRINT) < 0)
        Py_CLEAR(module);
    Py_XDECREF(blocks);
    Py_XDECREF(capsule);
    return module;
}
