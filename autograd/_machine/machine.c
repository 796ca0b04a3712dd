/* The module autograd._machine.machine: Machines, which run programs. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <limits.h>
#include <stdlib.h>

#include "machine.h"
#include "kernels.h"
#include "lowering.c"
#include "widths.c"
#include "flattening.c"

/* The executor in use: the widest that this processor has. */
static const Executor *executor = &executor_base;

typedef struct {
    PyObject_HEAD
    Code code;
    double *spare; /* the frame of a call that has ended, for the next */
} Machine;

static PyTypeObject machine_type;

enum { WORTH_RELEASING = 20000 }; /* operations: releasing the interpreter's lock costs as much as a hundred */

/* Memory for numbers, from a line of the cache on; in front of it stands where its block of memory begins. */
static double *new_frame(size_t numbers)
{
    if (numbers > (PY_SSIZE_T_MAX - CACHE_LINE) / sizeof(double))
        return NULL;
    char *memory = PyMem_RawMalloc(numbers * sizeof(double) + CACHE_LINE);
    if (!memory)
        return NULL;
    char *frame = memory + CACHE_LINE - (uintptr_t)memory % CACHE_LINE; /* memory begins at a multiple of 16 or 8 */
    ((void **)frame)[-1] = memory;
    return (double *)frame;
}

static void free_frame(double *frame)
{
    if (frame)
        PyMem_RawFree(((void **)frame)[-1]);
}

/* A frame for a call, which takes it for itself; NULL with an exception. */
static double *take_frame(Machine *machine)
{
    double *frame = machine->spare;
    machine->spare = NULL;
    if (!frame) {
        frame = new_frame(machine->code.frame + machine->code.output_count); /* see ordered_outputs */
        if (!frame) {
            PyErr_NoMemory();
            return NULL;
        }
        fill_constants(&machine->code, frame);
    }
    return frame;
}

static void give_frame(Machine *machine, double *frame)
{
    if (machine->spare)
        free_frame(frame);
    else
        machine->spare = frame;
}

/* Run a machine whose inputs are in the frame: 0, or the number of the guard that failed, from 1. */
static int run_machine(const Machine *machine, double *frame)
{
    int failed;
    if (machine->code.work < WORTH_RELEASING)
        return run_code(executor, &machine->code, frame);
    Py_BEGIN_ALLOW_THREADS
    failed = run_code(executor, &machine->code, frame);
    Py_END_ALLOW_THREADS
    return failed;
}

static double output_of(const Machine *machine, const double *frame, int k)
{
    return frame[UNIFORM_OPERAND(machine->code.outputs[k])];
}

static void copy_outputs(const Machine *machine, const double *frame, double *out)
{
    const int32_t *column = machine->code.output_tables;
    while (column[0]) {
        const int width = column[0], rows = column[1];
        column += 2;
        if (width == 1 && column[1] == 1)
            copy_numbers(out, frame + column[0], rows);
        else
            for (int first = 0; first < rows; first += TILE)
                for (int i = 0; i < width; i++) {
                    const int step = column[2 * i + 1], end = first + TILE < rows ? first + TILE : rows;
                    const double *from = frame + column[2 * i];
                    for (int row = first; row < end; row++)
                        out[(size_t)row * width + i] = from[row * step];
                }
        column += 2 * width;
        out += (size_t)width * rows;
    }
}

static int read_number(PyObject *object, double *number)
{
    if (PyFloat_CheckExact(object)) {
        *number = PyFloat_AS_DOUBLE(object);
        return 0;
    }
    *number = PyFloat_AsDouble(object);
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *wrong_count(const Machine *machine, Py_ssize_t count)
{
    return PyErr_Format(PyExc_ValueError,
                        "the machine takes %d numbers, not %zd: pass one for each of the inputs of the program",
                        machine->code.inputs, count);
}

/* run(numbers): the outputs for a list or tuple of floats; or the place of the guard that failed, an int. */
static PyObject *machine_run(Machine *self, PyObject *numbers)
{
    PyObject *fast = PySequence_Fast(numbers, "the machine takes a sequence of numbers");
    if (!fast)
        return NULL;
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(fast);
    double *frame = count == self->code.inputs ? take_frame(self) : NULL;
    if (!frame) {
        Py_DECREF(fast);
        return PyErr_Occurred() ? NULL : wrong_count(self, count);
    }
    PyObject *result = NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (i >= PySequence_Fast_GET_SIZE(fast)) { /* __float__ of a number has made the list shorter */
            wrong_count(self, PySequence_Fast_GET_SIZE(fast));
            goto done;
        }
        PyObject *number = Py_NewRef(PySequence_Fast_GET_ITEM(fast, i));
        const int wrong = read_number(number, &frame[i]);
        Py_DECREF(number);
        if (wrong)
            goto done;
    }
    const int failed = run_machine(self, frame);
    if (failed)
        result = PyLong_FromLong(failed - 1);
    else if ((result = PyList_New(self->code.output_count)))
        for (int k = 0; k < self->code.output_count; k++) {
            PyObject *number = PyFloat_FromDouble(output_of(self, frame, k));
            if (!number) {
                Py_CLEAR(result);
                break;
            }
            PyList_SET_ITEM(result, k, number);
        }
done:
    give_frame(self, frame);
    Py_DECREF(fast);
    return result;
}

static int doubles_of(PyObject *object, Py_buffer *view, Py_ssize_t count, int flags, const char *what)
{
    if (PyObject_GetBuffer(object, view, flags | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return -1;
    if (view->itemsize == sizeof(double) && view->format && strcmp(view->format, "d") == 0
        && view->len == count * (Py_ssize_t)sizeof(double))
        return 0;
    PyErr_Format(PyExc_ValueError, "%s of the machine are a contiguous buffer of %zd doubles", what, count);
    PyBuffer_Release(view);
    return -1;
}

/* run_into(inputs, outputs): the same for buffers of doubles; -1, or the place of the guard that failed. */
static PyObject *machine_run_into(Machine *self, PyObject *const *args, Py_ssize_t count)
{
    Py_buffer inputs, outputs;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "run_into takes a buffer of inputs and one of outputs");
        return NULL;
    }
    if (doubles_of(args[0], &inputs, self->code.inputs, 0, "the inputs") < 0)
        return NULL;
    if (doubles_of(args[1], &outputs, self->code.output_count, PyBUF_WRITABLE, "the outputs") < 0) {
        PyBuffer_Release(&inputs);
        return NULL;
    }
    double *frame = take_frame(self);
    PyObject *result = NULL;
    if (frame) {
        memcpy(frame, inputs.buf, inputs.len);
        const int failed = run_machine(self, frame);
        if (!failed)
            copy_outputs(self, frame, outputs.buf);
        give_frame(self, frame);
        result = PyLong_FromLong(failed - 1);
    }
    PyBuffer_Release(&inputs);
    PyBuffer_Release(&outputs);
    return result;
}

#include "repeating.c"

/* Machine(lines, inputs, outputs, guards, codes, calls, strict): see machines.py. */
static PyObject *machine_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *lines, *outputs, *guards, *codes, *calls;
    int inputs, strict;
    static char *names[] = {"lines", "inputs", "outputs", "guards", "codes", "calls", "strict", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OiO!OO!Op", names, &lines, &inputs, &PyTuple_Type,
                                     &outputs, &guards, &PyDict_Type, &codes, &calls, &strict))
        return NULL;
    if (check_lines(lines) < 0)
        return NULL;
    Machine *self = (Machine *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    const Source source = {lines, outputs, guards, codes, calls, inputs, strict};
    if (code_of(&self->code, &source, inputs, 1, NULL, NULL) < 0)
        Py_CLEAR(self);
    else if (find_tables(&self->code) < 0) {
        PyErr_NoMemory();
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void machine_dealloc(Machine *self)
{
    free_frame(self->spare);
    free_code(&self->code);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *machine_bytes(Machine *self, void *closure)
{
    (void)closure;
    return PyLong_FromSize_t(self->code.frame * sizeof(double));
}

static const char *const instruction_names[] = {"END", "COLUMN", "SCALARS", "SUMS", "TERMS", "GEMV", "PACK", "FILL",
                                                "OUTER", "SUM", "PRODUCT", "REPEAT", "LANES", "NESTED"};

static int add_instructions(PyObject *list, const Code *code)
{
    const int32_t *const codes[] = {code->uniform_code, code->lane_code};
    for (int i = 0; i < 2; i++)
        for (const int32_t *at = codes[i]; *at != I_END; at = after(at)) {
            PyObject *words = Py_BuildValue("[s]", instruction_names[*at]);
            for (const int32_t *word = at + 1; words && word < after(at); word++) {
                PyObject *number = PyLong_FromLong(*word);
                if (!number || PyList_Append(words, number) < 0)
                    Py_CLEAR(words);
                Py_XDECREF(number);
            }
            if (!words || PyList_Append(list, words) < 0) {
                Py_XDECREF(words);
                return -1;
            }
            Py_DECREF(words);
        }
    for (int i = 0; i < code->lanes_count; i++)
        for (int path = 0; path < code->lanes[i]->path_count; path++)
            if (add_instructions(list, &code->lanes[i]->paths[path]) < 0)
                return -1;
    return 0;
}

/* instructions(): the instructions, each a list of its name and its words; those of lanes come last. */
static PyObject *machine_instructions(Machine *self, PyObject *ignored)
{
    PyObject *list = PyList_New(0);
    if (list && add_instructions(list, &self->code) < 0)
        Py_CLEAR(list);
    return list;
}

static PyMethodDef machine_methods[] = {
    {"run", (PyCFunction)machine_run, METH_O},
    {"instructions", (PyCFunction)machine_instructions, METH_NOARGS},
    {"run_into", (PyCFunction)(void (*)(void))machine_run_into, METH_FASTCALL},
    {"repeat", (PyCFunction)machine_repeat, METH_VARARGS},
    {NULL},
};

static PyGetSetDef machine_attributes[] = {
    {"bytes", (getter)machine_bytes, NULL, "the memory that a call needs, in bytes"},
    {NULL},
};

static PyTypeObject machine_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd._machine.machine.Machine",
    .tp_basicsize = sizeof(Machine),
    .tp_doc = "A lowered program.",
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = machine_new,
    .tp_dealloc = (destructor)machine_dealloc,
    .tp_methods = machine_methods,
    .tp_getset = machine_attributes,
};

#include "calls.c"

/* widths(): the vector instructions that this processor has, the narrowest first. */
static PyObject *machine_widths(PyObject *module, PyObject *ignored)
{
    PyObject *names = PyList_New(0);
    for (size_t i = 0; names && i < EXECUTORS; i++)
        if (supported(executors[i])) {
            PyObject *name = PyUnicode_FromString(executors[i]->name);
            if (!name || PyList_Append(names, name) < 0)
                Py_CLEAR(names);
            Py_XDECREF(name);
        }
    return names;
}

/* use(width, block): run all machines with these vector instructions, and lower later ones for blocks of so many
 * lanes (0: as many as suit the caches). For tests. */
static PyObject *machine_use(PyObject *module, PyObject *args)
{
    const char *width;
    int block;
    if (!PyArg_ParseTuple(args, "si", &width, &block))
        return NULL;
    for (size_t i = 0; i < EXECUTORS; i++)
        if (strcmp(executors[i]->name, width) == 0 && supported(executors[i]) && block >= 0 && block <= MOST_LANES) {
            executor = executors[i];
            set_block = block;
            Py_RETURN_NONE;
        }
    return PyErr_Format(PyExc_ValueError, "no width %s for blocks of %d lanes", width, block);
}

static PyMethodDef machine_functions[] = {
    {"widths", machine_widths, METH_NOARGS},
    {"use", machine_use, METH_VARARGS},
    {"connect", machine_connect, METH_O},
    {"connect_numpy", machine_connect_numpy, METH_VARARGS},
    {NULL},
};

static struct PyModuleDef machine_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "machine",
    .m_doc = "The machine that runs programs.",
    .m_size = -1,
    .m_methods = machine_functions,
};

PyMODINIT_FUNC PyInit_machine(void)
{
    for (size_t i = 0; i < EXECUTORS; i++)
        if (supported(executors[i]))
            executor = executors[i];
    if (PyType_Ready(&machine_type) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&machine_module);
    if (module
        && (PyModule_AddObjectRef(module, "Machine", (PyObject *)&machine_type) < 0
            || PyModule_AddIntConstant(module, "table_fingerprint", TABLE_FINGERPRINT) < 0 || add_calls(module) < 0))
        Py_CLEAR(module);
    return module;
}
