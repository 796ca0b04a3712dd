/* The extension module by_hand: the workloads of by_hand.h, called as the functions of jit are. */
#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>

#include "by_hand.h"

/* The numbers of an array of doubles of this size, or NULL with an error. */
static double *numbers(PyObject *array, Py_ssize_t size)
{
    if (PyArray_Check(array)) {
        PyArrayObject *a = (PyArrayObject *)array;
        if (PyArray_TYPE(a) == NPY_DOUBLE && PyArray_IS_C_CONTIGUOUS(a) && PyArray_SIZE(a) == size)
            return PyArray_DATA(a);
    }
    PyErr_Format(PyExc_TypeError, "a contiguous array of %zd float64 is needed", size);
    return NULL;
}

/* A new array like this one, whose numbers are not set. */
static PyObject *like(PyObject *array)
{
    PyArrayObject *a = (PyArrayObject *)array;
    return PyArray_SimpleNew(PyArray_NDIM(a), PyArray_DIMS(a), NPY_DOUBLE);
}

/* (value, part), which takes over the reference to part. */
static PyObject *pair(double value, PyObject *part)
{
    PyObject *first = PyFloat_FromDouble(value), *both = first ? PyTuple_New(2) : NULL;
    if (!both) {
        Py_XDECREF(first);
        Py_DECREF(part);
        return NULL;
    }
    PyTuple_SET_ITEM(both, 0, first);
    PyTuple_SET_ITEM(both, 1, part);
    return both;
}

/* Reads a list of parameters of these sizes, and makes the list of arrays for their gradients. */
static PyObject *parameters(PyObject *list, int count, const int *sizes, const double **p, double **g)
{
    if (!PyList_CheckExact(list) || PyList_GET_SIZE(list) != count)
        return PyErr_Format(PyExc_TypeError, "a list of %d arrays is needed", count);
    PyObject *gradients = PyList_New(count);
    if (!gradients)
        return NULL;
    for (int k = 0; k < count; k++) {
        PyObject *array = PyList_GET_ITEM(list, k), *gradient;
        if (!(p[k] = numbers(array, sizes[k])) || !(gradient = like(array))) {
            Py_DECREF(gradients);
            return NULL;
        }
        PyList_SET_ITEM(gradients, k, gradient);
        g[k] = PyArray_DATA((PyArrayObject *)gradient);
    }
    return gradients;
}

static int has(Py_ssize_t given, Py_ssize_t needed)
{
    if (given != needed) PyErr_Format(PyExc_TypeError, "%zd arguments are needed", needed);
    return given == needed;
}

static PyObject *call_moons(int tanh_is_meant, PyObject *const *args, Py_ssize_t count)
{
    static const int sizes[6] = {2 * HIDDEN, HIDDEN, HIDDEN * HIDDEN, HIDDEN, HIDDEN, 1};
    const double *p[6], *X, *y;
    double *g[6];
    if (!has(count, 3))
        return NULL;
    Py_ssize_t samples = PyArray_Check(args[2]) ? PyArray_SIZE((PyArrayObject *)args[2]) : -1;
    if (!(X = numbers(args[1], 2 * samples)) || !(y = numbers(args[2], samples)))
        return NULL;
    PyObject *gradients = parameters(args[0], 6, sizes, p, g);
    if (!gradients)
        return NULL;
    int n = (int)samples;
    return pair(tanh_is_meant ? moons(1, p, X, y, n, g) : moons(0, p, X, y, n, g), gradients);
}

static PyObject *moons_tanh(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return call_moons(1, args, count);
}

static PyObject *moons_relu(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return call_moons(0, args, count);
}

static PyObject *call_digits(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    static const int sizes[4] = {PIXELS * UNITS, UNITS, UNITS * CLASSES, CLASSES};
    const double *p[4], *X, *targets;
    double *g[4];
    if (!has(count, 3))
        return NULL;
    X = numbers(args[1], BATCH * PIXELS);
    targets = X ? numbers(args[2], BATCH * CLASSES) : NULL;
    if (!targets)
        return NULL;
    PyObject *gradients = parameters(args[0], 4, sizes, p, g);
    return gradients ? pair(digits(p, X, targets, NULL, BATCH, g), gradients) : NULL;
}

/* Reads a list of W1, b1, W2, b2 of the digits, or of numbers of Adam for each of theirs. */
static int digits_parts(PyObject *list, double *parts[4])
{
    static const int sizes[4] = {PIXELS * UNITS, UNITS, UNITS * CLASSES, CLASSES};
    if (!PyList_CheckExact(list) || PyList_GET_SIZE(list) != 4) {
        PyErr_SetString(PyExc_TypeError, "a list of 4 arrays is needed");
        return 0;
    }
    for (int k = 0; k < 4; k++)
        if (!(parts[k] = numbers(PyList_GET_ITEM(list, k), sizes[k])))
            return 0;
    return 1;
}

/* digits_epoch(parameters, means, squares, X, targets, order, steps, lr), which changes the first three */
static PyObject *call_digits_epoch(PyObject *self, PyObject *args)
{
    PyObject *lists[3], *arrays[3];
    double *parts[3][4];
    long long steps;
    double lr;
    if (!PyArg_ParseTuple(args, "OOOOOOLd", lists, lists + 1, lists + 2, arrays, arrays + 1, arrays + 2,
                          &steps, &lr))
        return NULL;
    for (int i = 0; i < 3; i++)
        if (!digits_parts(lists[i], parts[i]))
            return NULL;
    PyArrayObject *order = (PyArrayObject *)arrays[2];
    if (!PyArray_Check(arrays[2]) || PyArray_TYPE(order) != NPY_INT64 || !PyArray_IS_C_CONTIGUOUS(order))
        return PyErr_Format(PyExc_TypeError, "the order is a contiguous array of int64");
    Py_ssize_t samples = PyArray_SIZE(order);
    const double *X = numbers(arrays[0], samples * PIXELS), *targets = numbers(arrays[1], samples * CLASSES);
    if (!X || !targets)
        return NULL;
    return PyFloat_FromDouble(digits_epoch(parts[0], parts[1], parts[2], X, targets, PyArray_DATA(order),
                                           (int)samples, steps, lr));
}

static PyObject *call_formula(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    double x[3], g[3];
    if (!has(count, 3))
        return NULL;
    for (int i = 0; i < 3; i++) {
        x[i] = PyFloat_AsDouble(args[i]);
        if (x[i] == -1.0 && PyErr_Occurred())
            return NULL;
    }
    double value = formula(x[0], x[1], x[2], g);
    PyObject *slopes = PyTuple_New(3);
    for (int i = 0; slopes && i < 3; i++) {
        PyObject *slope = PyFloat_FromDouble(g[i]);
        if (!slope) {
            Py_DECREF(slopes);
            return NULL;
        }
        PyTuple_SET_ITEM(slopes, i, slope);
    }
    return slopes ? pair(value, slopes) : NULL;
}

static PyObject *call_rosenbrock(PyObject *self, PyObject *x)
{
    Py_ssize_t n = PyArray_Check(x) ? PyArray_SIZE((PyArrayObject *)x) : -1;
    const double *from = numbers(x, n);
    PyObject *gradient = from ? like(x) : NULL;
    if (!gradient)
        return NULL;
    return pair(rosenbrock(from, (int)n, PyArray_DATA((PyArrayObject *)gradient)), gradient);
}

static PyMethodDef functions[] = {
    {"moons_tanh", (PyCFunction)(void (*)(void))moons_tanh, METH_FASTCALL, NULL},
    {"moons_relu", (PyCFunction)(void (*)(void))moons_relu, METH_FASTCALL, NULL},
    {"digits", (PyCFunction)(void (*)(void))call_digits, METH_FASTCALL, NULL},
    {"digits_epoch", call_digits_epoch, METH_VARARGS, NULL},
    {"formula", (PyCFunction)(void (*)(void))call_formula, METH_FASTCALL, NULL},
    {"rosenbrock", call_rosenbrock, METH_O, NULL},
    {NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "by_hand", NULL, -1, functions};

PyMODINIT_FUNC PyInit_by_hand(void)
{
    import_array();
    return PyModule_Create(&definition);
}
